"""
Where the images of a kind stand that we do not know, as a configuration says it.

    path := step ("." step)*        step := name ["[*]"]

`[*]` means each item of a list, as in `spec.template.spec.containers[*].image`. The path ends at a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.policy.imagepolicy.resources import Resource

DEPTH_LIMIT: Final = 32
_STEP: Final = re.compile(r"(?P<name>[A-Za-z0-9_-]{1,128})(?P<each>\[\*\])?")


@dataclass(frozen=True, slots=True)
class ImagePath:
    """`steps` are pairs of a name and whether each item of the list there is meant."""

    text: str
    steps: tuple[tuple[str, bool], ...]

    @classmethod
    def parse(cls, text: str) -> ImagePath | None:
        """Read a path; None if it is outside the grammar."""
        found = [_STEP.fullmatch(step) for step in text.split(".")]
        if len(found) > DEPTH_LIMIT or None in found:
            return None
        return cls(text, tuple((one["name"], one["each"] is not None) for one in found if one))

    def values(self, obj: Any) -> Iterator[tuple[tuple[str | int, ...], Any, str]]:
        """Yield place, value and fault; with a fault, the path cannot be followed beyond the place."""
        return _follow(obj, (), self.steps)


@dataclass(frozen=True, slots=True)
class KindPaths:
    target: Resource
    images: tuple[ImagePath, ...]


def _follow(
    value: Any, place: tuple[str | int, ...], steps: tuple[tuple[str, bool], ...]
) -> Iterator[tuple[tuple[str | int, ...], Any, str]]:
    if not steps:
        yield place, value, "" if isinstance(value, str) else "the name of an image must be text"
        return
    if not isinstance(value, dict):
        yield place, value, "must be an object"
        return
    (name, each), others = steps[0], steps[1:]
    inner, here = value.get(name), (*place, name)
    if inner is None:
        return
    if not each:
        yield from _follow(inner, here, others)
    elif not isinstance(inner, list):
        yield here, inner, "must be a list"
    else:
        for index, item in enumerate(inner):
            yield from _follow(item, (*here, index), others)
