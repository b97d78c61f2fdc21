"""
What the kernel itself tells of mounts and block devices, where no tool has to be asked.

It is the same on all systems, for every user, and never waits for a disk. Nothing here changes
anything, and nothing is mounted by looking; but for the bytes of a device, which are read and written
by whoever knows what they are.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import Final

_MOUNTS: Final = Path("/proc/self/mountinfo")
_BLOCK: Final = Path("/sys/dev/block")
_XFS_GEOMETRY: Final = 0x80705864  # XFS_IOC_FSGEOMETRY_V1, which each kernel with XFS answers
_XFS_GEOMETRY_SIZE: Final = 112
_XFS_FLAGS: Final = slice(92, 96)


class Kernel:
    """The kernel that we run on."""

    def is_root(self) -> bool:
        return os.geteuid() == 0

    def mount_table(self) -> str:
        """What is mounted for us, in the form of proc(5), mountinfo."""
        return os.fsdecode(_MOUNTS.read_bytes())

    def room(self, path: str) -> os.statvfs_result | None:
        """How full the filesystem at `path` is, `None` where we may not look."""
        try:
            return os.statvfs(path)
        except OSError:
            return None

    def device_number(self, path: str) -> str:
        """The number of the block device at `path`, `254:1`. Raise `OSError`."""
        found = Path(path).stat()
        if not stat.S_ISBLK(found.st_mode):
            raise OSError(errno.ENOTBLK, os.strerror(errno.ENOTBLK), path)
        return f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"

    def block_attribute(self, number: str, name: str) -> str:
        """What sysfs says of the block device with this number (`254:1`), empty where it has no such
        attribute."""
        try:
            return _BLOCK.joinpath(number, name).read_text("utf-8", "replace").strip()
        except OSError:
            return ""

    def xfs_flags(self, path: str) -> int | None:
        """What the XFS that is mounted at `path` can do, as the XFS_FSOP_GEOM_FLAGS of the kernel;
        `None` where we may not ask."""
        geometry = bytearray(_XFS_GEOMETRY_SIZE)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.ioctl(descriptor, _XFS_GEOMETRY, geometry)
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return int.from_bytes(geometry[_XFS_FLAGS], "little")

    def read_device(self, path: str, offset: int, length: int) -> bytes:
        """Bytes of a block device, fewer at its end. Raise `OSError`."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _require_device(descriptor, path)
            return os.pread(descriptor, length, offset)
        finally:
            os.close(descriptor)

    def write_device(self, path: str, offset: int, content: bytes) -> None:
        """Put bytes on a block device, synced. Raise `OSError`, with `EBUSY` for one that is mounted
        or otherwise in use."""
        descriptor = os.open(path, os.O_WRONLY | os.O_EXCL | os.O_CLOEXEC)
        try:
            _require_device(descriptor, path)
            view = memoryview(content)
            while view:
                written = os.pwrite(descriptor, view, offset)
                view, offset = view[written:], offset + written
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _require_device(descriptor: int, path: str) -> None:
    if not stat.S_ISBLK(os.fstat(descriptor).st_mode):
        raise OSError(errno.ENOTBLK, os.strerror(errno.ENOTBLK), path)
