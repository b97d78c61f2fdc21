"""
The space of a volume group in its extents, as it is and as steps will make it.

How many extents a device gives is known exactly only once LVM has it, since LVM aligns their begin to
what the device likes. What is foretold here may be a little less than that. So where nothing else
changes, a share that a volume lacks only this little of is taken as fulfilled (`trifle`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

from wharfinger.hosts.on_host.storage.facts import PhysicalVolume, VolumeGroup
from wharfinger.hosts.site.sizes import Size

MIB: Final = 1 << 20
SECTOR: Final = 512
DEFAULT_EXTENT: Final = 4 * MIB
LARGEST_DOS: Final = 2199023255040
"""Bytes that a DOS partition table can count."""

_LABEL: Final = MIB
"""What LVM keeps of a physical volume, where the device asks for no other alignment."""
_WIDEST_LABEL: Final = 8 * MIB
_FIRST: Final = MIB
_BACKUP_TABLE: Final = 33 * SECTOR


@dataclass(frozen=True, slots=True)
class Space:
    """`total` and `free` are extents of `extent` bytes; `trifle` of them are not worth a step."""

    group: str
    extent: int = DEFAULT_EXTENT
    total: int = 0
    free: int = 0
    trifle: int = 0

    @classmethod
    def of(cls, group: VolumeGroup, volumes: int) -> Self:
        """Of a group as it is, on so many physical volumes."""
        extent = group.extent or DEFAULT_EXTENT
        trifle = volumes * (_WIDEST_LABEL // extent + 1)
        return cls(group.name, extent, group.size // extent, group.free // extent, trifle)

    def with_device(self, size: int) -> Self:
        """With a physical volume on a device of this size."""
        return self.with_more(extents_on(size, self.extent))

    def with_more(self, extents: int) -> Self:
        """With so many more, as foretold; now each of them is worth a step."""
        return replace(self, total=self.total + extents, free=self.free + extents, trifle=0)

    def without(self, extents: int) -> Self:
        """With so many of them given to a volume."""
        return replace(self, free=self.free - extents)

    def target(self, size: Size, has: int) -> int:
        """The extents that a size means for what has `has` already. As LVM does it, an amount is
        rounded up to whole extents and a share down."""
        return self.share(size, has) if size.amount is None else self.count(size.amount)

    def share(self, size: Size, has: int) -> int:
        whole = self.total if size.of == "VG" else has + self.free
        return whole * (size.percent or 0) // 100

    def count(self, amount: int) -> int:
        """The extents that hold an amount; rounded up."""
        return -(-amount // self.extent)

    def bytes(self, extents: int) -> int:
        return extents * self.extent


def extents_on(size: int, extent: int) -> int:
    return max((size - _LABEL) // extent, 0)


def partition_size(disk: int) -> int:
    """Of the one partition that we make over a whole disk."""
    if table_for(disk) == "dos":
        return disk - _FIRST
    return (disk - _BACKUP_TABLE) // MIB * MIB - _FIRST


def table_for(disk: int) -> str:
    return "gpt" if disk > LARGEST_DOS else "dos"


def grown_partition(disk: int, start: int, table: str) -> int:
    """Of a partition from sector `start` that grows to the end of its disk, at least."""
    end = (disk - _BACKUP_TABLE) // MIB * MIB
    return (min(end, LARGEST_DOS) if table == "dos" else end) - start * SECTOR


def gain(volume: PhysicalVolume, device: int, extent: int) -> int:
    """By how many extents at least a physical volume grows with a device of this size."""
    if device - volume.size < _WIDEST_LABEL + extent:
        return 0
    return (device - volume.size - _WIDEST_LABEL) // extent
