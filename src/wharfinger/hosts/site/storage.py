"""
What a site says of the storage of its hosts, as values.

What is `None` or empty is not said, and nothing on a host is changed about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wharfinger.hosts.site.sizes import Size

DEFAULT_THRESHOLD: Final = 60
DEFAULT_PERCENT: Final = 20
DEFAULT_CHUNK: Final = Size(amount=512 << 10)
DEFAULT_SHARE: Final = Size(percent=40, of="FREE")


class Driver(StrEnum):
    """Where Docker keeps images. `CONTAINERD` is the image store of containerd."""

    OVERLAY2 = "overlay2"
    DEVICEMAPPER = "devicemapper"
    CONTAINERD = "containerd"


class Filesystem(StrEnum):
    XFS = "xfs"
    EXT4 = "ext4"


@dataclass(frozen=True, slots=True)
class AutoExtend:
    """Once the pool is `threshold` percent full, it grows by `percent` of its size."""

    threshold: int = DEFAULT_THRESHOLD
    percent: int = DEFAULT_PERCENT


@dataclass(frozen=True, slots=True)
class ThinPool:
    """`metadata_size` of `None` is a thousandth of the group, as docker-storage-setup takes it;
    `auto_extend` of `None` is none."""

    name: str
    data_size: Size = DEFAULT_SHARE
    metadata_size: Size | None = None
    chunk_size: Size = DEFAULT_CHUNK
    auto_extend: AutoExtend | None = AutoExtend()


@dataclass(frozen=True, slots=True)
class RootVolume:
    """A volume with a filesystem on which an engine keeps its data."""

    name: str
    mount_path: str
    size: Size = DEFAULT_SHARE
    filesystem: Filesystem = Filesystem.XFS


@dataclass(frozen=True, slots=True)
class Storage:
    """`devices` are whole disks: paths, other names below /dev/disk, or globs of either. `archives` is a
    directory for what is carried from one driver to another."""

    driver: Driver | None = None
    devices: tuple[str, ...] = ()
    volume_group: str | None = None
    thin_pool: ThinPool | None = None
    root_volume: RootVolume | None = None
    wipe_signatures: bool = False
    grow_partition: bool = False
    archives: str | None = None
