"""
What is mounted, from the kernel's own table.

File systems of the kernel that store nothing (proc, cgroups, …) are left out. One that lies on another
machine is told without its fill: asking for that may wait forever.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.on_host.kernel import Kernel
from wharfinger.hosts.on_host.storage.facts import Mount

_FTYPE: Final = 1 << 16  # XFS_FSOP_GEOM_FLAGS_FTYPE
_REMOTE: Final = ("nfs", "cifs", "smb", "ceph", "glusterfs", "lustre", "gpfs", "afs", "fuse.")
_ASKING_MOUNTS: Final = "autofs"
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")
_FIELDS_BEFORE: Final = 6
_FIELDS_AFTER: Final = 3


@dataclass(frozen=True)
class Line:
    """A line of the table. `number` is that of the device, or made up by the kernel (`0:21`)."""

    number: str
    root: str
    target: str
    type: str
    source: str
    options: tuple[str, ...]


def lines(table: str) -> Iterator[Line]:
    """Lines of another form are passed over."""
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        left, right = before.split(" "), after.split(" ")
        if len(left) < _FIELDS_BEFORE or len(right) < _FIELDS_AFTER:
            continue
        options = (*left[5].split(","), *right[2].split(","))
        yield Line(
            left[2],
            _plain(left[3]),
            _plain(left[4]),
            right[0],
            _plain(right[1]),
            tuple(dict.fromkeys(options)),
        )


def read(kernel: Kernel, canonical: Callable[[str, str], str]) -> tuple[Mount, ...]:
    """The mounts in their order. `canonical` gives the path of a device for its number and what the
    table calls it."""
    table = list(lines(kernel.mount_table()))
    seen = {line.target: at for at, line in enumerate(table)}
    found = (
        _mount(kernel, line, canonical(line.number, line.source), seen=seen[line.target] == at)
        for at, line in enumerate(table)
    )
    return tuple(one for one in found if one is not None)


def _mount(kernel: Kernel, line: Line, source: str, *, seen: bool) -> Mount | None:
    """`seen` says that nothing is mounted over it: what the kernel tells of the path is of it."""
    if line.type == _ASKING_MOUNTS:
        return None
    bare = Mount(line.target, source, line.type, line.options, root=line.root)
    if not seen or line.type.startswith(_REMOTE):
        return bare
    room = kernel.room(line.target)
    if room is None:
        return bare
    if room.f_blocks == 0:
        return None
    return Mount(
        line.target,
        source,
        line.type,
        line.options,
        **_amounts(room),
        root=line.root,
        type_in_directories=_type_in_directories(kernel, line),
    )


def _amounts(room: os.statvfs_result) -> dict[str, int]:
    """`free` is what is free to all: what is kept for root is neither used nor free."""
    return {
        "size": room.f_blocks * room.f_frsize,
        "used": (room.f_blocks - room.f_bfree) * room.f_frsize,
        "free": room.f_bavail * room.f_frsize,
        "inodes": room.f_files,
        "inodes_free": room.f_ffree,
    }


def _type_in_directories(kernel: Kernel, line: Line) -> bool | None:
    flags = kernel.xfs_flags(line.target) if line.type == "xfs" else None
    return None if flags is None else bool(flags & _FTYPE)


def _plain(field: str) -> str:
    r"""`\040` is a blank, as the kernel writes it."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), field)
