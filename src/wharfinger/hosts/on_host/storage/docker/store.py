"""
The folder that a copy of an engine's data stands in: blobs by their digest, and what belongs together.

    layers/<hex>        an image's layer, uncompressed, by its diff id
    configs/<hex>       an image's configuration, by the image's id
    written/<hex>       what a container wrote over its image, as an archive
    volumes/<n>/        a volume's tree
    images.json, containers.json, volumes.json

A blob has its name only once it is whole, right and synced, so another attempt goes on where the last
one ended. What was begun has a name that is known as such, and is begun anew. The folder is root's
alone: what is in images and volumes may be secret.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage.docker.engine import plain
from wharfinger.hosts.on_host.storage.work import Refused, StepFailed
from wharfinger.hosts.on_host.tree import Tree

LAYERS: Final = "layers"
CONFIGS: Final = "configs"
WRITTEN: Final = "written"
PIECE: Final = 1 << 20
_INCOMING: Final = "incoming"
_SPARE: Final = 64 << 20
"""Bytes that a file system is not filled beyond: documents and directories need some."""


class Incoming:
    """A blob on its way to the disk. It stays if `keep` is called."""

    def __init__(self, tree: Tree, directory: int, file: int) -> None:
        self._tree, self._directory, self._file = tree, directory, file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, piece: bytes) -> int:
        self._tree.disk.write(self._file, piece)
        self._hash.update(piece)
        self.size += len(piece)
        return len(piece)

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def keep(self, store: Store, kind: str) -> None:
        self._tree.disk.sync(self._file)
        with store.tree.directory(f"{store.folder}/{kind}") as target:
            os.rename(_INCOMING, plain(self.digest), src_dir_fd=self._directory, dst_dir_fd=target)
            self._tree.disk.sync(target)


@dataclass(frozen=True)
class Store:
    tree: Tree
    folder: str

    @classmethod
    def made(cls, machine: Machine, folder: str) -> Store:
        """Make the folder if it is not there."""
        store = cls(machine.files, folder)
        for path in (folder, *(f"{folder}/{kind}" for kind in (LAYERS, CONFIGS, WRITTEN))):
            store.tree.make_private(path)
        return store

    def has(self, kind: str, digest: str) -> bool:
        return self.tree.look(self.path(kind, digest)) is not None

    def path(self, kind: str, digest: str) -> str:
        return f"{self.folder}/{kind}/{plain(digest)}"

    def size(self, kind: str, digest: str) -> int:
        found = self.tree.look(self.path(kind, digest))
        if found is None:
            raise StepFailed(f"read {self.path(kind, digest)}", "it is not there")
        return found.st_size

    def pieces(self, kind: str, digest: str) -> Iterator[bytes]:
        """The bytes of a blob; raise `StepFailed` in place of the last ones if they have changed."""
        path = self.path(kind, digest)
        count = hashlib.sha256()
        with self.tree.reading(path) as file:
            last = b""
            while piece := os.read(file, PIECE):
                count.update(piece)
                if last:
                    yield last
                last = piece
        if f"sha256:{count.hexdigest()}" != digest:
            raise StepFailed(f"read {path}", "its bytes have changed since it was written")
        if last:
            yield last

    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """Raise `StepFailed` where the disk is full; what was begun is gone then."""
        with self.tree.directory(self.folder) as directory:
            with suppress(FileNotFoundError):
                self.tree.disk.remove(directory, _INCOMING)
            file = self.tree.disk.create(directory, _INCOMING)
            try:
                yield Incoming(self.tree, directory, file)
            except OSError as error:
                raise self.failed(error) from error
            finally:
                os.close(file)
                with suppress(FileNotFoundError):
                    self.tree.disk.remove(directory, _INCOMING)

    def failed(self, error: OSError) -> StepFailed:
        return StepFailed(
            f"copy into {self.folder}",
            f"{error.strerror}. What it is copied from is untouched",
            remedy="make room or name another place for archives, then do it again: what stands "
            "there already is not copied again",
        )

    def read(self, name: str) -> Any:
        """A document; raise `StepFailed` where the copy has none, so was not finished."""
        return read(self.tree, f"{self.folder}/{name}")

    def write(self, name: str, document: Any) -> None:
        write(self.tree, f"{self.folder}/{name}", document)

    def require_room(self, size: int, what: str) -> None:
        """Raise `Refused` if `size` more bytes do not fit."""
        with self.tree.directory(self.folder) as directory:
            found = os.fstatvfs(directory)
        free = found.f_bavail * found.f_frsize
        if size + _SPARE > free:
            raise Refused(
                f"cannot copy {what} into {self.folder}: they need {size >> 20} MiB, and "
                f"{free >> 20} MiB are free there",
                remedy="make room, or name another place for archives",
            )


def read(tree: Tree, path: str) -> Any:
    found = tree.look(path)
    content = None if found is None else tree.read(path, limit=found.st_size)
    if content is None:
        raise StepFailed(f"read {path}", "it is not there: what should write it has not ended")
    try:
        return json.loads(content)
    except ValueError as error:
        raise StepFailed(f"read {path}", "it is no JSON") from error


def write(tree: Tree, path: str, document: Any) -> None:
    """Put a document there whole, for root alone."""
    with writing(tree, path) as file:
        tree.disk.write(file, json.dumps(document, indent=1, sort_keys=True).encode())


@contextmanager
def writing(tree: Tree, path: str) -> Iterator[int]:
    """A descriptor of a file that stands at `path` once it is whole and synced."""
    with tree.parent(path) as (directory, name):
        partial = f"{name}.partial"
        with suppress(FileNotFoundError):
            tree.disk.remove(directory, partial)
        file = tree.disk.create(directory, partial)
        try:
            yield file
            tree.disk.sync(file)
        finally:
            os.close(file)
        tree.disk.rename(directory, partial, name)
        tree.disk.sync(directory)
