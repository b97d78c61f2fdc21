"""
What would stop a change half way, found before the first one: looked at, nothing is written.
"""

from __future__ import annotations

import array
import fcntl
import os
import stat
import struct
from collections.abc import Sequence
from typing import Final

from wharfinger.errors import Conflict
from wharfinger.hosts.on_host.states import DiskFull, State
from wharfinger.hosts.on_host.tree import Tree, above

# linux/fs.h; the number carries the size of the `long` that the call fills in.
_GET_FLAGS: Final = 0x8000_6601 | struct.calcsize("l") << 16
_IMMUTABLE: Final = 0x10
_APPEND_ONLY: Final = 0x20

_MARGIN: Final = 1 << 16


class NotWritable(Conflict):
    """A file or its directory that cannot be changed, and why."""

    code = "not-writable"

    def __init__(self, path: str, reason: str, remedy: str) -> None:
        super().__init__(f"cannot change {path}: {reason}", remedy=remedy)
        self.path, self.reason = path, reason


def check(tree: Tree, states: Sequence[State]) -> None:
    """Raise `NotWritable`, `DiskFull` or an error of `tree` if these states cannot be put."""
    for folder in sorted({folder for state in states for folder in above(state.path)}):
        _check_safe(tree, folder)
    for state in states:
        _check_entry(tree, state.path)
    _check_room(tree, states)


def _check_safe(tree: Tree, folder: str) -> None:
    found = tree.look(folder)
    if found is not None and found.st_mode & stat.S_IWOTH and stat.S_ISDIR(found.st_mode):
        raise NotWritable(folder, "everybody may write there", f"chmod o-w {folder}")


def _check_entry(tree: Tree, path: str) -> None:
    folder = _standing(tree, path)
    with tree.directory(folder) as descriptor:
        if os.fstatvfs(descriptor).f_flag & os.ST_RDONLY:
            raise NotWritable(path, "its file system is read-only", "mount it for writing")
        _check_flags(descriptor, folder)
        if not os.access(".", os.W_OK | os.X_OK, dir_fd=descriptor):
            raise NotWritable(path, f"we may not write to {folder}", "do it as root")
    found = tree.look(path)
    if found is not None and stat.S_ISREG(found.st_mode):
        with tree.reading(path) as descriptor:
            _check_flags(descriptor, path)


def _check_flags(descriptor: int, path: str) -> None:
    flags = array.array("L", [0])
    try:
        fcntl.ioctl(descriptor, _GET_FLAGS, flags)
    except OSError:
        return  # a file system without flags
    if flags[0] & _IMMUTABLE:
        raise NotWritable(path, "it is immutable", f"chattr -i {path}")
    if flags[0] & _APPEND_ONLY:
        raise NotWritable(path, "it can only grow", f"chattr -a {path}")


def _check_room(tree: Tree, states: Sequence[State]) -> None:
    """Room for all that is wanted beside all that is there, on each file system."""
    needed: dict[int, int] = {}
    for state in states:
        folder = _standing(tree, state.path)
        with tree.directory(folder) as descriptor:
            device = os.fstat(descriptor).st_dev
            needed[device] = needed.get(device, _MARGIN) + len(state.content or b"")
            room = os.fstatvfs(descriptor)
            if room.f_blocks and room.f_bfree * room.f_frsize < needed[device]:
                raise DiskFull(state.path)


def _standing(tree: Tree, path: str) -> str:
    """The innermost directory on the way to `path` that is there."""
    for folder in reversed(above(path)):
        if tree.look(folder) is not None:
            return folder
    return "/"
