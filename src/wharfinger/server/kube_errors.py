"""
Errors as `Status` objects, the form in which clients of the object API read them.

One table gives code and reason for each kind of error; the words are the error's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.responses import Response
from starlette.types import Scope

from wharfinger import errors
from wharfinger.cluster import errors as cluster
from wharfinger.cluster import protobuf
from wharfinger.cluster.errors import ObjectError
from wharfinger.errors import WharfingerError
from wharfinger.server import audit
from wharfinger.server.errors import status_of
from wharfinger.server.kube_warnings import warned

REASONS: Final[Mapping[type[WharfingerError], tuple[int, str]]] = {
    cluster.ObjectInvalid: (422, "Invalid"),
    cluster.OptionsInvalid: (422, "Invalid"),
    cluster.PatchFailed: (422, "Invalid"),
    cluster.PatchTypeUnsupported: (415, "UnsupportedMediaType"),
    cluster.Expired: (410, "Expired"),
    cluster.RevisionTooLarge: (504, "Timeout"),
    cluster.OverlappingBudgets: (500, "InternalError"),
    protobuf.NoProtobuf: (415, "UnsupportedMediaType"),
}
_BY_STATUS: Final[Mapping[int, str]] = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    408: "Timeout",
    409: "Conflict",
    410: "Gone",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    429: "TooManyRequests",
    431: "RequestHeaderFieldsTooLarge",
    503: "ServiceUnavailable",
    507: "InsufficientStorage",
}
_RETRY_SECONDS: Final = 1


class NotAcceptable(errors.Unsupported):
    """No form that the client takes is one that we have."""

    code = "not-acceptable"

    def __init__(self, accept: str) -> None:
        super().__init__(
            "only the following media types are accepted: application/json, "
            "application/json;as=Table;v=v1;g=meta.k8s.io, "
            "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
        )
        self.accept = accept


class MediaTypeUnsupported(errors.Unsupported):
    code = "media-type-unsupported"

    def __init__(self, media_type: str, accepted: Sequence[str]) -> None:
        super().__init__(
            f"the body of the request was in an unknown format {media_type!r} - "
            f"accepted media types include: {', '.join(accepted)}"
        )


_OURS: Final = {NotAcceptable: 406, MediaTypeUnsupported: 415}


def body(scope: Scope, error: WharfingerError) -> Response:
    """The whole answer for an error that a request to the object API ended in."""
    status = status_object(error)
    audit.trail(scope).reason = status["reason"]
    code: int = status["code"]
    headers = {}
    if code == 401:
        headers["www-authenticate"] = 'Basic realm="wharfinger"'
    if pause := status.get("details", {}).get("retryAfterSeconds"):
        headers["retry-after"] = str(pause)
    content = msgspec.json.encode(status)
    response = Response(content, code, headers, media_type="application/json")
    causes = error.causes if isinstance(error, ObjectError) else ()
    return warned(response, list(dict.fromkeys(one.hint for one in causes if one.hint)))


def status_object(error: WharfingerError) -> dict[str, Any]:
    code, reason = _judge(error)
    metadata: dict[str, Any] = {}
    if isinstance(error, cluster.Expired) and error.continue_token:
        metadata["continue"] = error.continue_token
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": metadata,
        "status": "Failure",
        "message": _message(error, code),
        "reason": reason,
        "code": code,
    }
    if details := _details(error, code):
        status["details"] = details
    return status


def _judge(error: WharfingerError) -> tuple[int, str]:
    for kind in type(error).__mro__:
        if kind in REASONS:
            return REASONS[kind]
        if kind in _OURS:
            return _OURS[kind], _BY_STATUS[_OURS[kind]]
    code = status_of(error)
    if isinstance(error, errors.AlreadyExists):
        return code, "AlreadyExists"
    return code, _BY_STATUS.get(code, "InternalError")


def _message(error: WharfingerError, code: int) -> str:
    if code == 401:
        return "Unauthorized"  # what exactly does not hold is for the log, not for whoever guesses
    if error.remedy is not None and not isinstance(error, ObjectError):
        return f"{error.message}; {error.remedy}"
    return error.message


def _details(error: WharfingerError, code: int) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if isinstance(error, ObjectError):
        if error.name:
            details["name"] = error.name
        if error.resource is not None:
            details["group"] = error.resource.group
            details["kind"] = error.resource.resource
        if isinstance(error, cluster.ObjectInvalid):
            details["kind"] = error.kind_name
        if error.causes:
            details["causes"] = [
                {"reason": cause.reason, "message": cause.message, "field": cause.field}
                for cause in error.causes
            ]
    if code in (429, 503, 504):
        details["retryAfterSeconds"] = getattr(error, "retry_after", _RETRY_SECONDS)
    return {name: value for name, value in details.items() if value}
