"""
Errors as the registry's clients read them: one table from class to code, one shape of body.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from starlette.responses import Response
from starlette.types import Scope

from wharfinger import errors
from wharfinger.errors import WharfingerError
from wharfinger.oci import errors as oci
from wharfinger.registry import errors as registry
from wharfinger.server.errors import ErrorBody, status_of
from wharfinger.server.ranges import RangeNotSatisfiable
from wharfinger.server.v2_http import JSON, VERSION, MethodNotAllowed
from wharfinger.server.v2_lists import InvalidPage
from wharfinger.server.v2_policy import InsufficientScope

CHALLENGE: Final = "wharfinger.v2.scope"
"""Where the scope of a request keeps what a token would have to be good for."""

CODES: Final[Mapping[type[WharfingerError], str]] = {
    oci.InvalidDigest: "DIGEST_INVALID",
    oci.InvalidJson: "MANIFEST_INVALID",
    oci.InvalidManifest: "MANIFEST_INVALID",
    oci.InvalidName: "NAME_INVALID",
    oci.InvalidTag: "TAG_INVALID",
    oci.UnsupportedManifest: "MANIFEST_INVALID",
    registry.BlobUnknown: "BLOB_UNKNOWN",
    registry.DigestMismatch: "DIGEST_INVALID",
    registry.InvalidContentRange: "BLOB_UPLOAD_INVALID",
    registry.ManifestIncomplete: "MANIFEST_BLOB_UNKNOWN",
    registry.ManifestUnknown: "MANIFEST_UNKNOWN",
    registry.OffsetMismatch: "BLOB_UPLOAD_INVALID",
    registry.RepositoryUnknown: "NAME_UNKNOWN",
    registry.SizeMismatch: "SIZE_INVALID",
    registry.UploadBusy: "BLOB_UPLOAD_INVALID",
    registry.UploadInterrupted: "BLOB_UPLOAD_INVALID",
    registry.UploadUnknown: "BLOB_UPLOAD_UNKNOWN",
    InvalidPage: "PAGINATION_NUMBER_INVALID",
    RangeNotSatisfiable: "RANGE_INVALID",
    errors.BadInput: "BAD_REQUEST",
    errors.Conflict: "CONFLICT",
    errors.Forbidden: "DENIED",
    errors.NotFound: "NOT_FOUND",
    errors.StorageFull: "STORAGE_FULL",
    errors.TooLarge: "SIZE_INVALID",
    errors.TooManyRequests: "TOOMANYREQUESTS",
    errors.Unauthenticated: "UNAUTHORIZED",
    errors.Unavailable: "UNAVAILABLE",
    errors.Unsupported: "UNSUPPORTED",
    WharfingerError: "UNKNOWN",
}

_STATUS: Final[Mapping[type[WharfingerError], int]] = {
    oci.UnsupportedManifest: 400,
    registry.OffsetMismatch: 416,
    RangeNotSatisfiable: 416,
}
"""Where the specification wants another status than the kind of the error has."""


class OciError(NamedTuple):
    status: int
    code: str
    message: str
    detail: Mapping[str, Any] | None


def oci_error_body(error: WharfingerError) -> OciError:
    kinds = type(error).__mro__
    status = next((_STATUS[kind] for kind in kinds if kind in _STATUS), status_of(error))
    code = next(CODES[kind] for kind in kinds if kind in CODES)
    return OciError(status, code, error.message, _detail(error))


def _detail(error: WharfingerError) -> Mapping[str, Any] | None:
    detail: dict[str, Any] = {}
    if error.remedy is not None:
        detail["remedy"] = error.remedy
    if isinstance(error, registry.ManifestIncomplete):
        detail["missing"] = [str(digest) for digest in error.missing[:100]]
    return detail or None


def answer(realm: Callable[[str | None], str]) -> ErrorBody:
    """Shape answers; `realm` gives the URL of the token endpoint for a `Host` header."""

    def shape(scope: Scope, error: WharfingerError) -> Response:
        status, code, message, detail = oci_error_body(error)
        entry = {"code": code, "message": message} | ({"detail": detail} if detail else {})
        response = Response(msgspec.json.encode({"errors": [entry]}), status, media_type=JSON)
        response.raw_headers.append(VERSION)
        if isinstance(error, errors.Unauthenticated):
            response.headers["www-authenticate"] = _challenge(scope, error, realm)
        for name, value in _headers(scope, error).items():
            response.headers[name] = value
        return response

    return shape


def _challenge(scope: Scope, error: WharfingerError, realm: Callable[[str | None], str]) -> str:
    host = next(
        (value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), None
    )
    challenge = f'Bearer realm="{realm(host)}",service="registry"'
    if wanted := scope.get(CHALLENGE):
        challenge += f',scope="{wanted}"'
    if isinstance(error, InsufficientScope):
        challenge += ',error="insufficient_scope"'
    return challenge


def _headers(scope: Scope, error: WharfingerError) -> Mapping[str, str]:
    match error:
        case registry.OffsetMismatch():
            path: str = scope["path"]
            return {
                "location": path,
                "range": f"0-{max(error.received - 1, 0)}",
                "docker-upload-uuid": path.rpartition("/")[2],
            }
        case RangeNotSatisfiable():
            return {"content-range": f"bytes */{error.size}"}
        case MethodNotAllowed():
            return {"allow": ", ".join(error.allowed)}
        case errors.TooManyRequests():
            return {"retry-after": "1"}
        case _:
            return {}
