"""
Entries of directory trees that anybody may have filled: names of any bytes, links to anywhere.

A tree is walked by descriptors and without following a link, and not into what is mounted in it. What
is at hand in one moment is one directory, however deep and wide the tree is.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

_WALK: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KEPT_BY_THE_KERNEL: Final = ("security.evm", "security.ima")
_OF_THE_FILESYSTEM: Final = "lost+found"
"""What mkfs.ext4 puts at the top of a filesystem; it belongs to no tree."""


@dataclass(frozen=True)
class Entry:
    """What stands at `name` in an open `directory`; `path` is from the top of the tree, for people."""

    directory: int
    name: str
    path: str
    status: os.stat_result

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.status.st_mode)

    def attributes(self) -> Mapping[str, bytes]:
        return attributes(self.directory, self.name)

    def target(self) -> str:
        """Where the symbolic link points."""
        return os.readlink(self.name, dir_fd=self.directory)

    @contextmanager
    def reading(self) -> Iterator[int]:
        descriptor = os.open(self.name, _READ, dir_fd=self.directory)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


@contextmanager
def opened(top: int, path: str) -> Iterator[int]:
    """The directory at `path` below `top`, a descriptor; an empty path is the top itself."""
    descriptor = os.dup(top)
    try:
        for name in filter(None, path.split("/")):
            inner = os.open(name, _WALK, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def entry(directory: int, name: str, path: str) -> Entry | None:
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Entry(directory, name, path, status)


def names(directory: int) -> list[str]:
    return sorted(os.listdir(directory))


def walk(top: int, only: Sequence[str] = ()) -> Iterator[Entry]:
    """Each entry below `top`, a directory before what is in it, always in the same order; with `only`
    those that have one of these names at the top, and what is below them."""
    pending = [""]
    device = os.fstat(top).st_dev
    while pending:
        path = pending.pop()
        with opened(top, path) as directory:
            listed = names(directory) if path or not only else sorted(set(only))
            for name in listed:
                at = f"{path}/{name}" if path else name
                found = None if at == _OF_THE_FILESYSTEM else entry(directory, name, at)
                if found is None:
                    continue
                yield found
                if found.is_directory and found.status.st_dev == device:
                    pending.append(at)


def attributes(directory: int, name: str) -> dict[str, bytes]:
    """Extended ones: labels, access lists, capabilities, marks of overlayfs."""
    path = through(directory, name)
    try:
        found = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        return {}
    kept = (one for one in found if one not in _KEPT_BY_THE_KERNEL)
    return {one: os.getxattr(path, one, follow_symlinks=False) for one in kept}


def through(directory: int, name: str) -> str:
    """A path for calls that take no descriptor of a directory; only its last name may be a link."""
    return f"/proc/self/fd/{directory}/{name}"


def printed(path: str) -> str:
    """A path for a message: what no terminal shows is spelled out."""
    text = os.fsencode(path).decode(errors="backslashreplace")
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def remove(top: int, only: Sequence[str] = ()) -> None:
    """Take away what `walk` finds, from within; what is mounted somewhere in it stays."""
    directories: list[str] = []
    for found in walk(top, only):
        if found.is_directory:
            directories.append(found.path)
        else:
            os.unlink(found.name, dir_fd=found.directory)
    for path in reversed(directories):
        above, _, name = path.rpartition("/")
        with opened(top, above) as directory:
            os.rmdir(name, dir_fd=directory)
