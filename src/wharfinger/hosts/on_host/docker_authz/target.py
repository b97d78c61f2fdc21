"""
Read the target of a request as the Docker daemon's router reads it.

    target := path ["?" query]
    path   := ["/v" version] rest

The daemon parses with Go's net/url and routes with gorilla/mux on the decoded path: `%69mages` is
`images`, and a path with `//`, `.` or `..` is answered with a redirect before anybody is asked. The
first value of a name in a query counts there, and before Go 1.17 `;` parted values as `&` does. What
can be read in two ways is refused here instead of read in one.

https://pkg.go.dev/net/url, https://github.com/gorilla/mux/blob/v1.8.0/mux.go
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from wharfinger.errors import BadInput

_VERSION: Final = re.compile(r"/v[0-9.]+(?=/)")
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


class UnclearRequest(BadInput):
    """A request whose meaning to the daemon cannot be told for sure; it is refused."""

    code = "unclear-docker-request"

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot tell what the request asks for: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Target:
    """`path` is decoded and without its version; `query` is as it came."""

    path: str
    query: str = ""

    @classmethod
    def parse(cls, text: str) -> Target:
        raw, _, query = text.partition("?")
        if not raw.startswith("/"):
            raise UnclearRequest("its target is not a path")
        path = _unescaped(raw)
        if not path.isprintable():
            raise UnclearRequest("its path has control characters")
        if any(segment in ("", ".", "..") for segment in path[1:].split("/")[:-1]):
            raise UnclearRequest("its path is not in its shortest form")
        version = _VERSION.match(path)
        return cls(path[version.end() :] if version else path, query)

    def values(self) -> Mapping[str, tuple[str, ...]]:
        """The query's values by name. Names keep their case, as they do for the daemon."""
        if ";" in self.query:
            raise UnclearRequest("its query has a semicolon")
        found: dict[str, tuple[str, ...]] = {}
        for part in filter(None, self.query.split("&")):
            name, _, value = part.replace("+", " ").partition("=")
            key = _unescaped(name)
            found[key] = (*found.get(key, ()), _unescaped(value))
        return found


def _unescaped(text: str) -> str:
    if _BROKEN_ESCAPE.search(text):
        raise UnclearRequest("it has a '%' without two hex digits")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeError:
        raise UnclearRequest("its target is not UTF-8") from None
