"""
Names of repositories and tags, by the grammar of the distribution specification.

    name      := component ("/" component)+              at most 255 characters
    component := [a-z0-9]+ (("." | "_" | "__" | "-"+) [a-z0-9]+)*
    tag       := [A-Za-z0-9_] [A-Za-z0-9._-]{0,127}

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests

Ours is stricter in one point: a name has at least two components, because the first is the
project that owns the repository. The grammar leaves no room for `..`, empty components, NUL or
percent signs, so a parsed name is safe wherever it goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from wharfinger.oci.errors import InvalidName, InvalidTag

MAX_NAME: Final = 255

_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})+")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True, order=True)
class RepositoryName:
    """`project/rest`, where `rest` may hold more slashes."""

    project: str
    rest: str

    @classmethod
    def parse(cls, text: str) -> Self:
        if len(text) > MAX_NAME or _NAME.fullmatch(text) is None:
            raise InvalidName(text)
        project, _, rest = text.partition("/")
        return cls(project, rest)

    def __str__(self) -> str:
        return f"{self.project}/{self.rest}"


@dataclass(frozen=True, slots=True, order=True)
class Tag:
    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        tag = cls.find(text)
        if tag is None:
            raise InvalidTag(text)
        return tag

    @classmethod
    def find(cls, text: str) -> Self | None:
        """None for what can be no tag, where that only means that there is none."""
        return cls(text) if _TAG.fullmatch(text) is not None else None

    def __str__(self) -> str:
        return self.text
