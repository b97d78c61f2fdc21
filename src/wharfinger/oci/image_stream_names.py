"""
Names of image stream tags (`name:tag`), of images (`name@id`) and of notes on them; the order of tags.

People want `latest` first, then the newest version. Versions compare as semantic versions
(https://semver.org, section 11); `7.1` and `v7.1` stand for a moving minor version, so they come
before the full versions they may point to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from functools import total_ordering
from typing import Final, NamedTuple

from wharfinger.errors import BadInput
from wharfinger.oci.reference import DEFAULT_TAG

INSECURE: Final = "openshift.io/image.insecureRepository"
"""The annotation of a stream by which all its sources may be without TLS."""


class InvalidImageStreamName(BadInput):
    code = "invalid-image-stream-name"

    def __init__(self, text: str, reason: str, remedy: str) -> None:
        super().__init__(f"cannot read image stream name {text!r}: {reason}", remedy=remedy)
        self.text = text


class TagName(NamedTuple):
    name: str
    tag: str


class ImageName(NamedTuple):
    name: str
    id: str


def parse_tag_name(text: str) -> TagName:
    remedy = "write it as NAME:TAG"
    if "@" in text:
        raise InvalidImageStreamName(text, "it names an image, not a tag", remedy)
    name, colon, tag = text.partition(":")
    if not colon or ":" in tag:
        raise InvalidImageStreamName(text, "it must have exactly one ':'", remedy)
    if not name or not tag:
        raise InvalidImageStreamName(text, "it must have a name and a tag", remedy)
    return TagName(name, tag)


def parse_image_name(text: str) -> ImageName:
    remedy = "write it as NAME@ID"
    name, at, identity = text.partition("@")
    if not at or "@" in identity:
        raise InvalidImageStreamName(text, "it must have exactly one '@'", remedy)
    if not name or not identity:
        raise InvalidImageStreamName(text, "it must have a name and an id", remedy)
    return ImageName(name, identity)


def join_tag(name: str, tag: str = "") -> str:
    return f"{name}:{tag or DEFAULT_TAG}"


def join_image(name: str, identity: str) -> str:
    return f"{name}@{identity}"


class _Rank(IntEnum):
    LATEST = 0
    MINOR = 1
    FULL = 2
    OTHER = 3


_NUMBER = r"(?:0|[1-9]\d*)"
_IDENTIFIER = r"(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)"
_FULL: Final = re.compile(
    rf"(?P<numbers>{_NUMBER}\.{_NUMBER}\.{_NUMBER})"
    rf"(?:-(?P<pre>{_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)
_MINOR: Final = re.compile(r"(?P<numbers>\d+\.\d+)(?P<rest>-\w+)?", re.ASCII)


@total_ordering
@dataclass(frozen=True, slots=True)
class _Version:
    """A semantic version; one with a pre-release comes before the same one without."""

    numbers: tuple[int, ...]
    pre: tuple[str, ...]

    def __lt__(self, other: _Version) -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[tuple[int, ...], bool, list[tuple[bool, int, str]]]:
        identifiers = [
            (False, int(part), "") if part.isdecimal() else (True, 0, part) for part in self.pre
        ]
        return self.numbers, not self.pre, identifiers


def prioritize(tags: Iterable[str]) -> list[str]:
    """Order tags as people look for them: `latest`, minor versions, full versions, the rest."""
    groups: dict[_Rank, list[tuple[_Version, str, str]]] = {rank: [] for rank in _Rank}
    for tag in tags:
        rank, version = _rank(tag)
        groups[rank].append((version, "v" if tag.startswith("v") else "", tag))
    ordered: list[str] = []
    for rank, members in groups.items():
        if rank is _Rank.OTHER:
            members.sort(key=lambda member: member[2])
        else:
            members.sort(key=lambda member: member[1])
            members.sort(key=lambda member: member[0], reverse=True)
        ordered.extend(tag for _, _, tag in members)
    return ordered


_NONE = _Version((), ())


def _rank(tag: str) -> tuple[_Rank, _Version]:
    if tag == DEFAULT_TAG:
        return _Rank.LATEST, _NONE
    short = tag.removeprefix("v")
    if version := _version(short):
        return _Rank.FULL, version
    if (minor := _MINOR.fullmatch(short)) and (
        version := _version(f"{minor['numbers']}.0{minor['rest'] or ''}")
    ):
        return _Rank.MINOR, version
    return _Rank.OTHER, _NONE


def _version(text: str) -> _Version | None:
    match = _FULL.fullmatch(text)
    if match is None:
        return None
    numbers = tuple(int(number) for number in match["numbers"].split("."))
    return _Version(numbers, tuple(match["pre"].split(".")) if match["pre"] else ())


_NEVER = datetime.min.replace(tzinfo=UTC)


def newest_first(created: Mapping[str, datetime | None]) -> list[str]:
    """Order the tags of a status by their newest event, to the second, then by name."""

    def age(tag: str) -> datetime:
        moment = created[tag]
        return _NEVER if moment is None else _to_second(moment)

    return sorted(sorted(created), key=age, reverse=True)


def _to_second(moment: datetime) -> datetime:
    """The API keeps seconds, so a finer order would not survive a round trip."""
    return datetime.fromtimestamp(round(moment.timestamp()), UTC)
