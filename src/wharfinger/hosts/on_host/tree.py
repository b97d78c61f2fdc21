"""
Files of a host below a root, reached without following a symbolic link at any step.

A path is walked name by name from the root with descriptors, so whoever can swap a directory for a
link in between gains nothing. A link on the way is refused, also one that the administrator made: we
cannot tell the two apart. Where a directory has to lie elsewhere, a bind mount does it.

What changes something goes through `Disk`, one call each, so tests can stop it after any of them.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from wharfinger.errors import BadInput, Conflict

_WALK: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe or a device that is put there in between must not hold us up, nor become our terminal.
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class UnsafePath(BadInput):
    """A path that is not absolute and plain: `..`, an empty part, a control character."""

    code = "unsafe-path"

    def __init__(self, path: str) -> None:
        super().__init__(f"cannot use the path {path!r}: it has to be absolute and plain")
        self.path = path


class LinkInPath(Conflict):
    """A directory on the way is a symbolic link."""

    code = "link-in-path"

    def __init__(self, path: str, link: str, target: str) -> None:
        super().__init__(
            f"cannot use {path}: {link} is a symbolic link to {target}",
            remedy=f"make {link} a directory; where it has to lie elsewhere, mount it there "
            f"(mount --bind {target} {link})",
        )
        self.path, self.link, self.target = path, link, target


class NotADirectory(Conflict):
    """Something else stands where a directory belongs."""

    code = "not-a-directory"

    def __init__(self, path: str) -> None:
        super().__init__(f"cannot use {path}: it is no directory", remedy="look at it, move it")
        self.path = path


class Disk:
    """The calls that change something below a directory descriptor, each of them one step."""

    def create(self, directory: int, name: str) -> int:
        return os.open(name, _CREATE, 0o600, dir_fd=directory)

    def write(self, file: int, content: bytes) -> None:
        view = memoryview(content)
        while view:
            view = view[os.write(file, view) :]

    def sync(self, file: int) -> None:
        os.fsync(file)

    def chown(self, file: int, uid: int, gid: int) -> None:
        os.fchown(file, uid, gid)

    def chmod(self, file: int, mode: int) -> None:
        os.fchmod(file, mode)

    def set_attribute(self, file: int, name: str, value: bytes) -> None:
        os.setxattr(file, name, value)

    def remove_attribute(self, file: int, name: str) -> None:
        os.removexattr(file, name)

    def set_time(self, file: int, modified: int) -> None:
        os.utime(file, ns=(modified, modified))

    def link(self, directory: int, name: str, target: str) -> None:
        os.symlink(target, name, dir_fd=directory)

    def rename(self, directory: int, name: str, to: str) -> None:
        os.rename(name, to, src_dir_fd=directory, dst_dir_fd=directory)

    def remove(self, directory: int, name: str) -> None:
        os.unlink(name, dir_fd=directory)

    def make_directory(self, directory: int, name: str, mode: int) -> None:
        os.mkdir(name, mode, dir_fd=directory)

    def remove_directory(self, directory: int, name: str) -> None:
        os.rmdir(name, dir_fd=directory)


class Tree:
    """Paths are absolute as the host sees them; `root` is where they lie for us."""

    def __init__(self, root: str = "/", *, disk: Disk | None = None) -> None:
        self.root = root
        self.disk = Disk() if disk is None else disk

    @contextmanager
    def directory(self, path: str) -> Iterator[int]:
        """A descriptor of the directory at `path`.

        Raise `FileNotFoundError`, `LinkInPath` or `NotADirectory`.
        """
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        walked = ""
        try:
            for name in parts(path):
                walked = f"{walked}/{name}"
                inner = _enter(descriptor, name, path, walked)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def parent(self, path: str) -> Iterator[tuple[int, str]]:
        """A descriptor of the directory that `path` is in, and its name there."""
        names = parts(path)
        if not names:
            raise UnsafePath(path)
        with self.directory("/" + "/".join(names[:-1])) as descriptor:
            yield descriptor, names[-1]

    def look(self, path: str) -> os.stat_result | None:
        """What stands at `path`, `None` for nothing. A link there is itself, not its target."""
        try:
            with self.parent(path) as (directory, name):
                return os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def names(self, path: str) -> list[str]:
        """What is in the directory, sorted; nothing where there is none."""
        try:
            with self.directory(path) as descriptor:
                return sorted(os.listdir(descriptor))  # noqa: PTH208 (a descriptor is no path)
        except FileNotFoundError:
            return []

    def target(self, path: str) -> str:
        """Where the symbolic link at `path` points."""
        with self.parent(path) as (directory, name):
            return os.readlink(name, dir_fd=directory)

    @contextmanager
    def reading(self, path: str) -> Iterator[int]:
        """A descriptor of the regular file at `path`; nothing else is ever opened to read."""
        with self.parent(path) as (directory, name):
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "it is no regular file", path)
            descriptor = os.open(name, _READ, dir_fd=directory)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file any more", path)
            yield descriptor
        finally:
            os.close(descriptor)

    def read(self, path: str, *, limit: int) -> bytes | None:
        """The bytes of a regular file; `None` where there is none or it has more than `limit`."""
        try:
            with self.reading(path) as file:
                content = read_all(file, limit)
        except FileNotFoundError:
            return None
        return content if len(content) <= limit else None

    def make_private(self, path: str) -> None:
        """Make a directory for root alone, and what is missing above it for everybody."""
        for folder in (*above(path), path):
            with self.parent(folder) as (directory, name), suppress(FileExistsError):
                mode = 0o700 if folder == path else 0o755
                self.disk.make_directory(directory, name, mode)
                self.disk.sync(directory)

    def sync(self, path: str) -> None:
        """Make the names in a directory outlive a power cut."""
        with self.directory(path) as descriptor:
            self.disk.sync(descriptor)


def parts(path: str) -> list[str]:
    """The names of an absolute path. Raise `UnsafePath` for one that could lead elsewhere."""
    if path == "/":
        return []
    names = path.split("/")[1:]
    plain = all(name not in ("", ".", "..") and name.isprintable() for name in names)
    if not path.startswith("/") or not plain:
        raise UnsafePath(path)
    return names


def above(path: str) -> list[str]:
    """The directories that lead to `path`, from the outermost, without the root."""
    names = parts(path)[:-1]
    return ["/" + "/".join(names[: count + 1]) for count in range(len(names))]


def read_all(file: int, limit: int) -> bytes:
    """Read at most one byte more than `limit`, so that the caller sees that there is more."""
    pieces: list[bytes] = []
    missing = limit + 1
    while missing > 0 and (piece := os.read(file, min(missing, 1 << 20))):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _enter(directory: int, name: str, path: str, walked: str) -> int:
    try:
        return os.open(name, _WALK, dir_fd=directory)
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
    try:
        target = os.readlink(name, dir_fd=directory)
    except OSError:
        raise NotADirectory(walked) from None
    raise LinkInPath(path, walked, target)
