"""
Secrets, and what each of the known types must hold.

A message never repeats a value: errors end up in logs and terminals.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster.kind import Column, FieldError, Kind, Object
from wharfinger.cluster.kinds.columns import AGE, NAME, count
from wharfinger.cluster.kinds.core import SIZE_LIMIT, decoded_size, immutable, keys
from wharfinger.cluster.kinds.meta import annotations_of, top
from wharfinger.cluster.kinds.shapes import flag, mapping, text
from wharfinger.cluster.validation import IMMUTABLE

OPAQUE: Final = "Opaque"
SERVICE_ACCOUNT_TOKEN: Final = "kubernetes.io/service-account-token"  # noqa: S105 - a type, not a token
DOCKER_CFG: Final = "kubernetes.io/dockercfg"
DOCKER_CONFIG_JSON: Final = "kubernetes.io/dockerconfigjson"
BASIC_AUTH: Final = "kubernetes.io/basic-auth"
SSH_AUTH: Final = "kubernetes.io/ssh-auth"
TLS: Final = "kubernetes.io/tls"

ACCOUNT_NAME: Final = "kubernetes.io/service-account.name"
"""The annotation that says whose token a secret holds."""
ACCOUNT_UID: Final = "kubernetes.io/service-account.uid"

_REDACTED: Final = "<secret contents redacted>"
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    DOCKER_CFG: (".dockercfg",),
    DOCKER_CONFIG_JSON: (".dockerconfigjson",),
    SSH_AUTH: ("ssh-privatekey",),
    TLS: ("tls.crt", "tls.key"),
}


def _default(obj: Object) -> None:
    obj["type"] = obj.get("type") or OPAQUE
    written = obj.pop("stringData", None)
    if written:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in written.items()}
        obj["data"] = (obj.get("data") or {}) | encoded


def _validate(obj: Object) -> Iterator[FieldError]:
    data: Mapping[str, str] = obj.get("data") or {}
    yield from keys(data, "data")
    if sum(decoded_size(value) for value in data.values()) > SIZE_LIMIT:
        yield FieldError.too_long("data", SIZE_LIMIT)
    kind = obj.get("type")
    if kind == SERVICE_ACCOUNT_TOKEN and not annotations_of(obj).get(ACCOUNT_NAME):
        yield FieldError.required(f"metadata.annotations[{ACCOUNT_NAME}]")
    if kind == BASIC_AUTH and not data.keys() & {"username", "password"}:
        yield FieldError.required("data[username]")
        yield FieldError.required("data[password]")
    for key in _REQUIRED.get(str(kind), ()):
        if key not in data or (kind == SSH_AUTH and not data[key]):
            yield FieldError.required(f"data[{key}]")
    if kind in (DOCKER_CFG, DOCKER_CONFIG_JSON):
        yield from _docker(data, _REQUIRED[kind][0])


def _docker(data: Mapping[str, str], key: str) -> Iterator[FieldError]:
    if key not in data:
        return
    try:
        held = json.loads(base64.b64decode(data[key]))
    except (ValueError, RecursionError):
        held = None
    if not isinstance(held, dict):
        yield FieldError.invalid(f"data[{key}]", _REDACTED, "must be a JSON object")


def _validate_update(new: Object, old: Object) -> Sequence[FieldError]:
    errors = list(immutable(new, old, "data"))
    if new.get("type") != old.get("type"):
        errors.append(FieldError.invalid("type", new.get("type"), IMMUTABLE))
    return errors


def _type(obj: Object) -> Any:
    return obj.get("type", "")


SECRET = Kind(
    group="",
    version="v1",
    kind="Secret",
    plural="secrets",
    singular="secret",
    namespaced=True,
    schema=top(
        "io.k8s.api.core.v1.Secret",
        "Values to keep from eyes that need not see them, up to 1 MiB together.",
        {
            "data": mapping("The values, in base64.", {"type": "string", "format": "byte"}),
            "stringData": mapping(
                "Values as plain text: merged into data when written, never shown."
            ),
            "type": text("What the values are for; cannot be changed. Opaque if not given."),
            "immutable": flag("Once true, the values cannot be changed any more."),
        },
    ),
    default=_default,
    validate=lambda obj: tuple(_validate(obj)),
    validate_update=_validate_update,
    columns=(
        NAME,
        Column("Type", lambda obj, _: _type(obj), description="What the values are for."),
        Column("Data", lambda obj, _: count(obj, "data"), description="Values held."),
        AGE,
    ),
    selectable={"type": _type},
)
