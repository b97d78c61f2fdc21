"""
What a server asks for in `WWW-Authenticate`: a scheme, and parameters for it.

    challenge := scheme [1*SP parameter *( "," parameter )]
    parameter := token "=" ( token | quoted-string )

RFC 9110, section 11.6.1. Several may stand in one header. What is outside the grammar ends the
reading: what came before it counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SCHEME: Final = re.compile(rf"[\s,]*({_WORD})(?=\s|,|\Z)")
_PARAMETER: Final = re.compile(rf'[\s,]*({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD}))')


@dataclass(frozen=True, slots=True)
class Challenge:
    """`scheme` and the names of `parameters` are in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def parse(headers: Iterable[str]) -> Iterator[Challenge]:
    for header in headers:
        at = 0
        while (scheme := _SCHEME.match(header, at)) is not None:
            parameters: dict[str, str] = {}
            at = scheme.end()
            while (found := _PARAMETER.match(header, at)) is not None:
                quoted = re.sub(r"\\(.)", r"\1", found[2] or "")
                parameters[found[1].lower()] = found[3] or quoted
                at = found.end()
            yield Challenge(scheme[1].lower(), parameters)
