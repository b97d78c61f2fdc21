"""Probes and what is done around the life of a container: one handler each, and sensible numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from wharfinger.cluster.kind import FieldError
from wharfinger.cluster.kinds.pods.rules.common import (
    Fields,
    given,
    named,
    not_negative,
    only_one,
    port,
    sources,
    supported,
    within,
)

_HEADER: Final = "[-A-Za-z0-9]+"
_HEADER_WORDS: Final = (
    "a valid HTTP header must consist of alphanumeric characters or '-' "
    f"(e.g. 'X-Header-Name', regex used for validation is '{_HEADER}')"
)
_NUMBERS: Final = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)
_ONCE: Final = ("livenessProbe", "startupProbe")


def probe(found: Fields, path: str) -> Iterator[FieldError]:
    """Judge one probe; which it is stands at the end of its path."""
    yield from _handler(found, path, ("exec", "httpGet", "tcpSocket", "grpc"))
    yield from not_negative(found, path, *_NUMBERS)
    if path.rpartition(".")[2] in _ONCE and found.get("successThreshold") != 1:
        times = found.get("successThreshold")
        yield FieldError.invalid(f"{path}.successThreshold", times, "must be 1")
    grace = found.get("terminationGracePeriodSeconds")
    if grace is None:
        return
    at = f"{path}.terminationGracePeriodSeconds"
    if path.endswith(".readinessProbe"):
        yield FieldError.invalid(at, grace, "must not be set for readinessProbes")
    elif grace <= 0:
        yield FieldError.invalid(at, grace, "must be greater than 0")


def lifecycle(found: Fields, path: str) -> Iterator[FieldError]:
    for name in ("postStart", "preStop"):
        if found.get(name) is not None:
            handlers = ("exec", "httpGet", "tcpSocket", "sleep")
            yield from _handler(found[name], f"{path}.{name}", handlers)


def _handler(found: Fields, path: str, known: tuple[str, ...]) -> Iterator[FieldError]:
    for name in sources(found, known)[:1]:
        yield from _HANDLERS[name](found[name], f"{path}.{name}")
    yield from only_one(found, path, known, "handler")


def _exec(action: Fields, path: str) -> Iterator[FieldError]:
    yield from given(action, path, "command")


def _http(action: Fields, path: str) -> Iterator[FieldError]:
    yield from given(action, path, "path")
    yield from port(action.get("port"), f"{path}.port")
    yield from supported(action, path, "scheme", ("HTTP", "HTTPS"), required=True)
    for index, header in enumerate(action.get("httpHeaders") or ()):
        at = f"{path}.httpHeaders[{index}].name"
        yield from named(header.get("name") or "", at, _header_name)


def _header_name(name: str) -> list[str]:
    return [] if re.fullmatch(_HEADER, name) is not None else [_HEADER_WORDS]


def _tcp(action: Fields, path: str) -> Iterator[FieldError]:
    yield from port(action.get("port"), f"{path}.port")


def _grpc(action: Fields, path: str) -> Iterator[FieldError]:
    yield from within(action.get("port") or 0, f"{path}.port", 1, 65535)


def _sleep(action: Fields, path: str) -> Iterator[FieldError]:
    yield from not_negative(action, path, "seconds")


_HANDLERS: Final[Mapping[str, Callable[[Fields, str], Iterator[FieldError]]]] = {
    "exec": _exec,
    "grpc": _grpc,
    "httpGet": _http,
    "sleep": _sleep,
    "tcpSocket": _tcp,
}
