"""
Where an image is copied from or to, as users of skopeo type it.

    location := "docker://" name [":" tag] ["@" digest]
              | "oci:" path [":" ref]
              | "docker-archive:" path [":" name ":" tag | ":@" number]

An image name is read as a Docker client reads it: `docker://busybox` is `docker.io/library/busybox`.
A path ends at its first ":", so it has none itself. The number is the place of an image in an archive,
from 0. containers-transports(5)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from wharfinger.errors import BadInput
from wharfinger.oci.reference import ImageReference

DOCKER: Final = "docker://"
LAYOUT: Final = "oci:"
ARCHIVE: Final = "docker-archive:"
_FORMS: Final = f"{DOCKER}NAME[:TAG][@DIGEST], {LAYOUT}PATH[:TAG] or {ARCHIVE}PATH[:NAME:TAG]"
_REF_LIMIT: Final = 1_024
_NUMBER_DIGITS: Final = 6


class InvalidLocation(BadInput):
    code = "invalid-location"

    def __init__(self, text: str, reason: str) -> None:
        shown = text if len(text) <= 200 else text[:197] + "..."
        super().__init__(
            f"cannot copy from or to {shown!r}: {reason}", remedy=f"write it as {_FORMS}"
        )
        self.text, self.reason = text, reason


@dataclass(frozen=True, slots=True)
class DockerLocation:
    """`image` has its registry; tag and digest are as they were typed."""

    image: ImageReference

    def __str__(self) -> str:
        return f"{DOCKER}{self.image.full()}"


@dataclass(frozen=True, slots=True)
class LayoutLocation:
    """An empty `ref` means the only image of the layout, or one without a name."""

    path: Path
    ref: str = ""

    def __str__(self) -> str:
        return f"{LAYOUT}{self.path}" + (f":{self.ref}" if self.ref else "")


@dataclass(frozen=True, slots=True)
class ArchiveLocation:
    """An image of an archive by its name or its `number`, or else the only one."""

    path: Path
    image: ImageReference | None = None
    number: int | None = None

    def __str__(self) -> str:
        if self.number is not None:
            return f"{ARCHIVE}{self.path}:@{self.number}"
        return f"{ARCHIVE}{self.path}" + (f":{self.image.full()}" if self.image else "")


Location = DockerLocation | LayoutLocation | ArchiveLocation


def parse(text: str) -> Location:
    """Raise `InvalidLocation`, or `InvalidReference` for what should be an image name in it."""
    if text.startswith(DOCKER):
        return DockerLocation(_named(text, text.removeprefix(DOCKER)))
    if text.startswith(LAYOUT):
        path, ref = _path(text, LAYOUT)
        if len(ref) > _REF_LIMIT or not all(" " < character <= "~" for character in ref):
            raise InvalidLocation(text, "what stands behind the path is no name of an image")
        return LayoutLocation(path, ref)
    if text.startswith(ARCHIVE):
        path, ref = _path(text, ARCHIVE)
        if ref.startswith("@"):
            return ArchiveLocation(path, number=_number(text, ref[1:]))
        return ArchiveLocation(path, _tagged(text, ref) if ref else None)
    raise InvalidLocation(text, "it does not begin with a way to get there")


def _path(text: str, prefix: str) -> tuple[Path, str]:
    path, _, ref = text.removeprefix(prefix).partition(":")
    if not path or "\0" in path:
        raise InvalidLocation(text, "it has no path")
    return Path(path), ref


def _named(text: str, name: str) -> ImageReference:
    image = ImageReference.parse(name)
    if not image.name:
        raise InvalidLocation(text, "it names a registry, and no repository there")
    return replace(image.with_client_defaults(), tag=image.tag)


def _tagged(text: str, name: str) -> ImageReference:
    image = _named(text, name)
    if image.id:
        raise InvalidLocation(text, "an image of an archive is named by a tag, not by a digest")
    return image.with_client_defaults()


def _number(text: str, digits: str) -> int:
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > _NUMBER_DIGITS:
        raise InvalidLocation(text, "the number of an image in an archive is from 0 on")
    return int(digits)
