"""
Copy a directory tree as it is: owners, modes, times, hard links, holes, devices, pipes, sockets and
extended attributes.

What is copied already is known by its size and time, which a file gets last, so a copy that was cut
short goes on. Whether the bytes are the same is `tree_compare`'s to say.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from wharfinger.hosts.on_host.storage import tree_entries
from wharfinger.hosts.on_host.storage.tree_entries import Entry

_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PIECE: Final = 1 << 20
_SECOND: Final = 10**9
"""Some filesystems keep no parts of it."""

Inode = tuple[int, int]


def size(source: int, only: Sequence[str]) -> int:
    """Of all files, in bytes that are on the disk."""
    return sum(one.status.st_blocks * 512 for one in tree_entries.walk(source, only))


def copy(source: int, target: int, only: Sequence[str], copied: Callable[[int], None]) -> None:
    """Bring below `target` what is below `source`; `copied` is told the bytes of each entry."""
    first: dict[Inode, str] = {}
    directories: list[str] = []
    for found in tree_entries.walk(source, only):
        with tree_entries.opened(target, _above(found.path)) as directory:
            if found.is_directory:
                directories.append(found.path)
                with suppress(FileExistsError):
                    os.mkdir(found.name, 0o700, dir_fd=directory)
            elif _inode(found) in first:
                _link(target, first[_inode(found)], directory, found.name)
            else:
                if found.status.st_nlink > 1:
                    first[_inode(found)] = found.path
                with named(found.path):
                    _copy_one(found, directory)
        copied(found.status.st_blocks * 512)
    for path in reversed(directories):  # last, since what is put into one changes its time
        _dress_directory(source, target, path)


def dress_top(source: int, target: int) -> None:
    """Give the top what the source's has: who may enter it, its labels, its time."""
    _dress_as(Entry(source, ".", "", os.fstat(source)), target)


def is_copied(found: Entry, other: Entry) -> bool:
    """Does the other look like a whole copy, as far as can be seen without reading it?"""
    if _look(found) != _look(other):
        return False
    wanted, there = found.attributes(), other.attributes()
    return all(
        wanted.get(name) == there.get(name) or (name not in wanted and _is_given(name))
        for name in wanted.keys() | there.keys()
    )


@contextmanager
def named(path: str) -> Iterator[None]:
    """Let an error of reading or writing say of which file."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise OSError(error.errno, error.strerror, path) from error
        raise


def segments(file: int, whole: int) -> Iterator[tuple[int, int]]:
    """Where a file has data: start and end. A filesystem that knows no holes has data everywhere."""
    at = 0
    while at < whole:
        try:
            start = os.lseek(file, at, os.SEEK_DATA)
            end = os.lseek(file, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            if error.errno != errno.EINVAL:
                raise
            start, end = at, whole
        yield start, end
        at = end


def _copy_one(found: Entry, directory: int) -> None:
    old = tree_entries.entry(directory, found.name, found.path)
    if old is not None:
        if is_copied(found, old):
            return
        os.unlink(found.name, dir_fd=directory)
    if found.is_file:
        _write(found, directory)
    elif found.is_link:
        os.symlink(found.target(), found.name, dir_fd=directory)
    else:
        status = found.status
        os.mknod(found.name, status.st_mode, status.st_rdev, dir_fd=directory)
    _dress_as(found, directory)


def _write(found: Entry, directory: int) -> None:
    file = os.open(found.name, _CREATE, 0o600, dir_fd=directory)
    try:
        with found.reading() as source:
            for start, end in segments(source, found.status.st_size):
                _write_segment(source, file, start, end)
        os.ftruncate(file, found.status.st_size)
    finally:
        os.close(file)


def _write_segment(source: int, file: int, start: int, end: int) -> None:
    at = start
    while at < end and (piece := os.pread(source, min(_PIECE, end - at), at)):
        view = memoryview(piece)
        while view:
            written = os.pwrite(file, view, at)
            at, view = at + written, view[written:]


def _link(target: int, first: str, directory: int, name: str) -> None:
    with tree_entries.opened(target, _above(first)) as other:
        original = first.rpartition("/")[2]
        wanted = os.stat(original, dir_fd=other, follow_symlinks=False)
        old = tree_entries.entry(directory, name, name)
        if old is not None:
            if old.status.st_ino == wanted.st_ino:
                return
            os.unlink(name, dir_fd=directory)
        os.link(original, name, src_dir_fd=other, dst_dir_fd=directory, follow_symlinks=False)


def _dress_directory(source: int, target: int, path: str) -> None:
    above = _above(path)
    with tree_entries.opened(source, above) as inner, tree_entries.opened(target, above) as outer:
        found = tree_entries.entry(inner, path.rpartition("/")[2], path)
        if found is not None:
            _dress_as(found, outer)


def _dress_as(found: Entry, directory: int) -> None:
    """Owner first, since the kernel takes attributes and bits away from what changes hands; time
    last, since by it a whole copy is known."""
    status, name = found.status, found.name
    os.chown(name, status.st_uid, status.st_gid, dir_fd=directory, follow_symlinks=False)
    path, wanted = tree_entries.through(directory, name), found.attributes()
    old = tree_entries.attributes(directory, name)
    for one in old.keys() - wanted.keys():
        if not _is_given(one):
            os.removexattr(path, one, follow_symlinks=False)
    for one, value in wanted.items():
        if old.get(one) != value:
            os.setxattr(path, one, value, follow_symlinks=False)
    if not found.is_link:
        os.chmod(name, stat.S_IMODE(status.st_mode), dir_fd=directory)
    times = (status.st_atime_ns, status.st_mtime_ns)
    os.utime(name, ns=times, dir_fd=directory, follow_symlinks=False)


def _is_given(attribute: str) -> bool:
    """A label that the policy of the host gives whatever has none."""
    return attribute.startswith("security.")


def _look(one: Entry) -> tuple[object, ...]:
    status = one.status
    common = (status.st_mode, status.st_uid, status.st_gid)
    if one.is_directory:
        return common
    if one.is_link:
        return (*common, one.target())
    return (*common, status.st_rdev, status.st_size, status.st_mtime_ns // _SECOND)


def _inode(one: Entry) -> Inode:
    return (one.status.st_dev, one.status.st_ino)


def _above(path: str) -> str:
    return path.rpartition("/")[0]
