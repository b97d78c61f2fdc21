"""
How full each thing is that can run full: the halves of a thin pool, filesystems and their inodes.

A filesystem counts once, however often it is mounted, and only if it lies on a device of this host.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.on_host.storage.facts import Mount, StorageFacts, Volume

DATA: Final = "data"
METADATA: Final = "metadata"
FILESYSTEM: Final = "filesystem"
INODES: Final = "inodes"


@dataclass(frozen=True)
class Fill:
    """`kind` is one of the words above, `name` the pool (`group/name`) or where it is mounted. `used`
    and `size` are bytes, or inodes. What is kept for root does not count as room."""

    kind: str
    name: str
    used: int
    size: int

    @property
    def ratio(self) -> float:
        return self.used / self.size

    @property
    def key(self) -> str:
        """What names it in the samples."""
        return f"{self.kind} {self.name}"


def fills(facts: StorageFacts) -> tuple[Fill, ...]:
    found = [*_pools(facts), *_filesystems(facts)]
    return tuple(one for one in found if one.size > 0)


def pool_fills(volume: Volume) -> Iterator[Fill]:
    """Nothing for what is no thin pool, or does not tell since it is not active."""
    name = f"{volume.group}/{volume.name}"
    if volume.kind == "thin-pool" and volume.data_percent is not None:
        yield Fill(DATA, name, _share(volume.size, volume.data_percent), volume.size)
    if volume.metadata_size is not None and volume.metadata_percent is not None:
        used = _share(volume.metadata_size, volume.metadata_percent)
        yield Fill(METADATA, name, used, volume.metadata_size)


def mount_fills(mount: Mount) -> Iterator[Fill]:
    yield Fill(FILESYSTEM, mount.target, mount.used, mount.used + mount.free)
    yield Fill(INODES, mount.target, mount.inodes - mount.inodes_free, mount.inodes)


def own_mounts(facts: StorageFacts) -> Iterator[Mount]:
    """The first mount of each filesystem that lies on a device of this host and can be written. What an
    engine has made for a container ("dm") comes and goes, and its room is the pool's."""
    ours = (one for one in facts.devices if one.kind not in ("rom", "dm") and not one.read_only)
    paths = {one.path for one in ours}
    seen: set[str] = set()
    for mount in facts.mounts:
        if mount.source in paths and mount.source not in seen and mount.size:
            seen.add(mount.source)
            yield mount


def _pools(facts: StorageFacts) -> Iterator[Fill]:
    for volume in facts.volumes:
        yield from pool_fills(volume)


def _filesystems(facts: StorageFacts) -> Iterator[Fill]:
    for mount in own_mounts(facts):
        yield from mount_fills(mount)


def _share(size: int, percent: float) -> int:
    return round(size * percent / 100)
