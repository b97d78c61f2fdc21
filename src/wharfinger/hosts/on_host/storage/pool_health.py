"""
What ails a thin pool, in LVM's word for it, and what a person can do about it.

A pool that is full does not only fail those who write. Docker's devicemapper reads an image through a
snapshot that it mounts, which takes blocks of the pool: nothing can be copied out of it before it grows.
It may grow while it is full. One whose metadata has to be checked may not; the kernel would refuse.
"""

from __future__ import annotations

from typing import Final

from wharfinger.hosts.on_host.storage.facts import Volume

DATA_FULL: Final = "out_of_data"
METADATA_FULL: Final = "metadata_read_only"
CHECK_NEEDED: Final = "check_needed"
"""Not LVM's health, but its field beside that: a pool can be read-only for this, too."""

_WHAT: Final = {
    DATA_FULL: "its data are full, so that nothing is written to it",
    METADATA_FULL: "its metadata is full, so that nothing is written to it",
    CHECK_NEEDED: "its metadata has to be checked before anything is written to it again",
}
_DEVICES: Final = "and `devices` if its group has no room, then: wharf storage apply"
_REMEDY: Final = {
    DATA_FULL: f"extend it: state a larger dataSize for it in the site file, {_DEVICES}",
    METADATA_FULL: f"extend it: state a larger metadataSize for it in the site file, {_DEVICES}",
    CHECK_NEEDED: "stop the engine, then: lvchange --activate n {name}; lvchange --activate y {name}",
}


def what(pool: Volume) -> str:
    known = _WHAT.get(pool.health)
    said = f"LVM says of it: {pool.health}"
    return said if known is None else f"{known} ({said})"


def remedy(pool: Volume) -> str:
    name = f"{pool.group}/{pool.name}"
    unknown = "see lvmthin(7); `lvconvert --repair {name}` while it is inactive"
    return _REMEDY.get(pool.health, unknown).format(name=name)
