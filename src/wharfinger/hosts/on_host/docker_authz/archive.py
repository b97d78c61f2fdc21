"""
An archive of `docker save`: which images it holds under which names, and a plain copy of just that.

The plugin is not shown what `docker load` sends. `wharf docker-load` reads the archive here, and sends
a copy that holds what was decided on and no more: one manifest, configurations and layers under names
of ours, and no links. So it does not matter that an archive can say one thing to Python and another to
the engine (two members of one name, links, the older `repositories`, an index for other engines).

https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md#combined-image-json--filesystem-changeset-format
"""

from __future__ import annotations

import json
import posixpath
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

from wharfinger.errors import BadInput
from wharfinger.hosts.on_host.docker_authz import asks
from wharfinger.hosts.on_host.docker_authz.target import UnclearRequest
from wharfinger.oci.reference import ImageReference

MANIFEST: Final = "manifest.json"
MEMBERS_LIMIT: Final = 100_000
DOCUMENT_LIMIT: Final = 8 << 20
_LINKS_LIMIT: Final = 8
_PIECE: Final = 1 << 20


class InvalidArchive(BadInput):
    code = "invalid-image-archive"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"cannot read the image archive: {reason}", remedy="make it with `docker save`"
        )


@dataclass(frozen=True)
class SavedImage:
    """`config` and `layers` are members of the archive."""

    names: tuple[ImageReference, ...]
    config: str
    layers: tuple[str, ...]


class Archive:
    """An open archive. Compression is undone; nothing is unpacked to the disk."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            self._tar = tarfile.open(fileobj=file)  # noqa: SIM115 - as long as its file
            self._members = self._index()
            self.images = self._images()
        except (tarfile.TarError, EOFError, OSError) as error:
            raise InvalidArchive(str(error) or "it ends too early") from None

    def copy(self) -> Iterator[bytes]:
        """The archive again, in the order of the original so that it is read once."""
        places: dict[str, str] = {}
        for image in self.images:
            for name in (image.config, *image.layers):
                places.setdefault(name, f"{len(places)}.part")
        manifest = [
            {
                "Config": places[image.config],
                "RepoTags": [name.full() for name in image.names] or None,
                "Layers": [places[layer] for layer in image.layers],
            }
            for image in self.images
        ]
        content = json.dumps(manifest).encode()
        yield _header(MANIFEST, len(content)) + content + _padding(len(content))
        for name in sorted(places, key=lambda one: self._members[one].offset_data):
            yield from self._copied(self._members[name], places[name])
        yield bytes(2 * tarfile.BLOCKSIZE)

    def _index(self) -> dict[str, tarfile.TarInfo]:
        members: dict[str, tarfile.TarInfo] = {}
        for number, member in enumerate(self._tar):
            if number >= MEMBERS_LIMIT:
                raise InvalidArchive(f"it has more than {MEMBERS_LIMIT} members")
            members[posixpath.normpath(member.name)] = member
        return members

    def _images(self) -> tuple[SavedImage, ...]:
        try:
            document = json.loads(self._document(MANIFEST))
            return tuple(self._image(item) for item in document)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise InvalidArchive(f"its {MANIFEST} is not as `docker save` writes it") from None

    def _image(self, item: dict[str, Any]) -> SavedImage:
        config = self._real(item["Config"])
        self._document(config)
        return SavedImage(
            names=tuple(_name(text) for text in item.get("RepoTags") or ()),
            config=config,
            layers=tuple(self._real(layer) for layer in item["Layers"]),
        )

    def _document(self, name: str) -> bytes:
        member = self._members[self._real(name)]
        if member.size > DOCUMENT_LIMIT:
            raise InvalidArchive(f"its {name[:80]} has more than {DOCUMENT_LIMIT >> 20} MiB")
        file = self._tar.extractfile(member)
        assert file is not None
        return file.read()

    def _real(self, name: str) -> str:
        """The regular member that `name` leads to over links."""
        place = posixpath.normpath(name)
        for _ in range(_LINKS_LIMIT):
            member = self._members.get(place)
            if member is None:
                break
            if member.isreg():
                return place
            folder = posixpath.dirname(place) if member.issym() else ""
            place = posixpath.normpath(posixpath.join(folder, member.linkname))
        raise InvalidArchive(f"it has no {name[:80]!r}, which its manifest names")

    def _copied(self, member: tarfile.TarInfo, name: str) -> Iterator[bytes]:
        file = self._tar.extractfile(member)
        assert file is not None
        yield _header(name, member.size)
        left = member.size
        while left:
            piece = file.read(min(left, _PIECE))
            if not piece:
                raise InvalidArchive("it ends too early")
            left -= len(piece)
            yield piece
        yield _padding(member.size)


def _name(text: str) -> ImageReference:
    try:
        return asks.image_name(text)
    except UnclearRequest as error:
        raise InvalidArchive(error.reason) from None


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
