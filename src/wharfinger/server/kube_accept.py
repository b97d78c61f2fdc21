"""
Which form of an answer a client takes: what its `Accept` and `Accept-Encoding` say.

Pure. We answer in JSON alone. A client that would rather have protobuf, and most do, names JSON
after it and gets that; one that takes nothing else is refused. Of several forms the one with the
highest weight is taken (RFC 9110, section 12.4.2), the first of equals.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

from wharfinger.server.kube_errors import NotAcceptable

_META: Final = "meta.k8s.io"
_OURS: Final = ("application/json", "application/*", "*/*")
_WEIGHT: Final = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?", re.ASCII)
_REMEMBERED: Final = 256  # clients say the same again and again


class Form(Enum):
    PLAIN = "plain"
    TABLE = "Table"
    PARTIAL = "PartialObjectMetadata"


_FORMS: Final = {
    "Table": Form.TABLE,
    "PartialObjectMetadata": Form.PARTIAL,
    "PartialObjectMetadataList": Form.PARTIAL,
}


@functools.lru_cache(_REMEMBERED)
def negotiate(accept: str | None) -> Form:
    """Raise `NotAcceptable` if the client takes nothing that we have."""
    for media_type, parameters in _preferred(accept or "*/*"):
        if media_type not in _OURS:
            continue
        if "as" not in parameters:
            return Form.PLAIN
        named = (parameters.get("g"), parameters.get("v"))
        if parameters["as"] in _FORMS and named == (_META, "v1"):
            return _FORMS[parameters["as"]]
    raise NotAcceptable(accept or "")


@functools.lru_cache(_REMEMBERED)
def gzip(accept_encoding: str | None) -> bool:
    """Whether the client asks for gzip by name."""
    return any(coding in ("gzip", "x-gzip") for coding, _ in _preferred(accept_encoding or ""))


def _preferred(header: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The elements of a list with weights, best first; those of weight 0 are refusals."""
    weighed = []
    for element in header.split(","):
        value, *rest = (part.strip() for part in element.split(";"))
        parameters = dict(part.partition("=")[::2] for part in rest)
        weight = parameters.pop("q", "1")
        weighed.append((_weight(weight), value.lower(), parameters))
    for counted, value, parameters in sorted(weighed, key=lambda one: -one[0]):
        if counted:
            yield value, parameters


def _weight(text: str) -> float:
    """What is no weight counts as none being given, as elsewhere."""
    return float(text) if _WEIGHT.fullmatch(text) else 1.0
