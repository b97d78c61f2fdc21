"""
The room `storage:` of the site file: its keys, declared once, and what cannot be said together.

What each statement means for a host, and whether the host can be so, is for `hosts.storage` to plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from wharfinger.hosts.site import storage_grammars as grammars
from wharfinger.hosts.site.coherent import Clash, Coherent
from wharfinger.hosts.site.shapes import Choice, Flag, Key, Many, OrFalse, Record, Shape, Whole
from wharfinger.hosts.site.storage import (
    DEFAULT_CHUNK,
    DEFAULT_PERCENT,
    DEFAULT_SHARE,
    DEFAULT_THRESHOLD,
    AutoExtend,
    Driver,
    Filesystem,
    RootVolume,
    Storage,
    ThinPool,
)

_IN_GROUP: Final = ("devices", "thinPool", "rootVolume", "growPartition")


def shape() -> Shape[Storage]:
    return Coherent(
        Record(
            {
                "driver": Key(
                    Choice(Driver), "Where Docker keeps images: containerd is its image store."
                ),
                "devices": Key(
                    Many(grammars.DEVICE),
                    "Whole disks for the group: paths below /dev, or globs of them.",
                ),
                "volumeGroup": Key(grammars.GROUP, "The volume group that the disks are for."),
                "thinPool": Key(_pool(), "A thin pool for devicemapper."),
                "rootVolume": Key(_volume(), "A volume on which an engine keeps its data."),
                "wipeSignatures": Key(
                    Flag(), "Whether a disk may lose what a program has left on it."
                ),
                "growPartition": Key(
                    Flag(), "Whether the last partition of a disk grows with the disk."
                ),
                "archives": Key(
                    grammars.FOLDER, "Directory for what moves from one driver to another."
                ),
            },
            _build,
        ),
        lambda storage: (clash for rule in RULES for clash in rule(storage)),
    )


def _pool() -> Record[ThinPool]:
    auto_extend: Record[AutoExtend] = Record(
        {
            "threshold": Key(Whole(50, 99), "How full the pool is, in percent, when it grows."),
            "percent": Key(Whole(1, 1000), "By how much of its size it grows."),
        },
        lambda values: AutoExtend(
            values.get("threshold", DEFAULT_THRESHOLD), values.get("percent", DEFAULT_PERCENT)
        ),
    )
    return Record(
        {
            "name": Key(grammars.VOLUME, "The name of the pool.", needed=True),
            "dataSize": Key(grammars.SIZE, "An amount (10G) or a share (40%FREE, 95%VG)."),
            "metadataSize": Key(
                grammars.METADATA, "An amount; a thousandth of the group if it is not said."
            ),
            "chunkSize": Key(grammars.CHUNK, "A multiple of 64K."),
            "autoExtend": Key(OrFalse(auto_extend), "When the pool grows by itself, or false."),
        },
        _build_pool,
    )


def _build_pool(values: Mapping[str, Any]) -> ThinPool:
    extend = values.get("autoExtend", AutoExtend())
    return ThinPool(
        values["name"],
        values.get("dataSize", DEFAULT_SHARE),
        values.get("metadataSize"),
        values.get("chunkSize", DEFAULT_CHUNK),
        None if extend is False else extend,
    )


def _volume() -> Record[RootVolume]:
    return Record(
        {
            "name": Key(grammars.VOLUME, "The name of the volume.", needed=True),
            "mountPath": Key(
                grammars.MOUNT_PATH, "Where it is mounted, now and at boot.", needed=True
            ),
            "size": Key(grammars.SIZE, "An amount (10G) or a share (40%FREE, 95%VG)."),
            "filesystem": Key(Choice(Filesystem), "What is made on it."),
        },
        lambda values: RootVolume(
            values["name"],
            values["mountPath"],
            values.get("size", DEFAULT_SHARE),
            values.get("filesystem", Filesystem.XFS),
        ),
    )


def _build(values: Mapping[str, Any]) -> Storage:
    return Storage(
        values.get("driver"),
        values.get("devices", ()),
        values.get("volumeGroup"),
        values.get("thinPool"),
        values.get("rootVolume"),
        values.get("wipeSignatures", False),
        values.get("growPartition", False),
        values.get("archives"),
    )


# What cannot be said together


def group_is_named(storage: Storage) -> Iterator[Clash]:
    if storage.volume_group is not None:
        return
    said = (storage.devices, storage.thin_pool, storage.root_volume, storage.grow_partition)
    for key, value in zip(_IN_GROUP, said, strict=True):
        if value:
            yield Clash(
                key,
                "cannot tell which volume group is meant: volumeGroup is missing",
                "name the group with volumeGroup",
                lacks="volumeGroup",
            )


def devicemapper_has_a_pool(storage: Storage) -> Iterator[Clash]:
    if storage.driver is Driver.DEVICEMAPPER and storage.thin_pool is None:
        yield Clash(
            "driver",
            "cannot use devicemapper without a thin pool: thinPool is missing",
            "add thinPool, or use overlay2",
            lacks="thinPool",
        )


def names_differ(storage: Storage) -> Iterator[Clash]:
    pool, volume = storage.thin_pool, storage.root_volume
    if pool is not None and volume is not None and pool.name == volume.name:
        yield Clash("rootVolume", f"cannot name it {volume.name!r}: thinPool has that name")


def names_fit(storage: Storage) -> Iterator[Clash]:
    """Device-mapper knows a volume by the names of both, and by a little more."""
    for key, one in (("thinPool", storage.thin_pool), ("rootVolume", storage.root_volume)):
        if (
            one
            and storage.volume_group
            and not grammars.fits_mapper(storage.volume_group, one.name)
        ):
            yield Clash(
                key,
                f"cannot name it {one.name[:60]!r}: with its group the name is too long",
                f"together they have at most {grammars.LONGEST} characters, a hyphen counting twice",
            )


def shares_fit(storage: Storage) -> Iterator[Clash]:
    pool, volume = storage.thin_pool, storage.root_volume
    if pool is None or volume is None:
        return
    shares = [one.percent or 0 for one in (pool.data_size, volume.size) if one.of == "VG"]
    if sum(shares) > 100:
        yield Clash(
            "rootVolume",
            f"cannot give it {volume.size}: with the thin pool's {pool.data_size} that is more than"
            " the group has",
        )


RULES: Final[tuple[Callable[[Storage], Iterator[Clash]], ...]] = (
    group_is_named,
    devicemapper_has_a_pool,
    names_differ,
    names_fit,
    shares_fit,
)
