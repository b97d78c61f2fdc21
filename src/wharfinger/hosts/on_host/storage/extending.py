"""
How thin pools are extended before they are full: an order of steps that only grow. Pure.

A pool that is over its threshold grows by its percentage, and its metadata by half once that is 80 percent
full, as far as the group has room above the reserve. What LVM is told for the pool counts (`wharf storage
apply` writes there what the site file says), else what whoever watches was told for pools without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Union

from wharfinger.hosts.on_host.storage import facts as storage_facts
from wharfinger.hosts.on_host.storage.facts import StorageFacts, Volume, VolumeGroup
from wharfinger.hosts.on_host.storage.steps import (
    ExtendMetadata,
    ExtendVolume,
    StorageOrder,
)
from wharfinger.hosts.on_host.storage.troubles import Trouble

Growth = Union[ExtendVolume, ExtendMetadata]

METADATA_THRESHOLD: Final = 80
METADATA_PERCENT: Final = 50
LARGEST_METADATA: Final = 16_978_542_592
"""What LVM takes at most (15.81 GiB)."""


_NOTHING: Final = StorageOrder()


@dataclass(frozen=True)
class Rule:
    """`threshold` and `percent` are for pools for which LVM is told nothing, `None` for leaving those
    alone. `reserve` is the part of a group that stays free, in percent."""

    threshold: int | None = None
    percent: int = 20
    reserve: int = 2


@dataclass(frozen=True)
class Extension:
    """What may be done now, and the pools for which there is no room."""

    order: StorageOrder = _NOTHING
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class _Need:
    volume: Volume
    metadata: bool
    size: int
    wanted: int

    @property
    def name(self) -> str:
        return f"{self.volume.group}/{self.volume.name}"

    @property
    def copies(self) -> int:
        """LVM keeps spare metadata as large as that of the largest pool."""
        return 2 if self.metadata else 1


def extension(facts: StorageFacts, rule: Rule) -> Extension:
    """Nothing while an order is unfinished, or where a device of the group is not there."""
    if facts.unfinished:
        return Extension()
    steps: list[Growth] = []
    short: list[Trouble] = []
    for group in facts.groups:
        if any(one.missing for one in facts.physical_of(group.name)):
            continue
        room = _whole(group.free - group.size * rule.reserve // 100, group)
        for need in _needs(facts, group, rule):
            growth = min(need.wanted - need.size, _whole(room // need.copies, group))
            if growth > 0:
                steps.append(_step(need, need.size + growth))
                room -= growth * need.copies
            if need.size + max(growth, 0) < need.wanted:
                short.append(_no_room(need, group))
    return Extension(_order(facts, tuple(steps)), tuple(short))


def _needs(facts: StorageFacts, group: VolumeGroup, rule: Rule) -> Iterator[_Need]:
    """Metadata first: a pool whose metadata is full is worse off, and it takes little."""
    pools = [one for one in facts.volumes if one.group == group.name and _is_meant(one, rule)]
    for pool in pools:
        if (pool.metadata_percent or 0) >= METADATA_THRESHOLD and pool.metadata_size:
            wanted = _up(pool.metadata_size * (100 + METADATA_PERCENT) // 100, group)
            yield _Need(pool, True, pool.metadata_size, min(wanted, LARGEST_METADATA))
    for pool in pools:
        threshold, percent = _said(pool, rule)
        if (pool.data_percent or 0) >= threshold:
            yield _Need(pool, False, pool.size, _up(pool.size * (100 + percent) // 100, group))


def _is_meant(volume: Volume, rule: Rule) -> bool:
    told = volume.threshold is not None or rule.threshold is not None
    return volume.kind == "thin-pool" and volume.active and told


def _said(pool: Volume, rule: Rule) -> tuple[int, int]:
    if pool.threshold is not None and pool.percent is not None:
        return pool.threshold, pool.percent
    return rule.threshold or 100, rule.percent


def _step(need: _Need, size: int) -> Growth:
    group, name = need.volume.group, need.volume.name
    return ExtendMetadata(group, name, size) if need.metadata else ExtendVolume(group, name, size)


def _order(facts: StorageFacts, steps: tuple[Growth, ...]) -> StorageOrder:
    """It rests on the volumes and groups of the steps being what they are."""
    told = storage_facts.fingerprints(facts)
    named = [(one.group, one.name if isinstance(one, ExtendVolume) else one.pool) for one in steps]
    subjects = {f"volume group {group}" for group, _ in named}
    subjects |= {f"volume {group}/{name}" for group, name in named}
    pools = ", ".join(sorted({f"{group}/{name}" for group, name in named}))
    expects = {subject: told[subject] for subject in sorted(subjects)}
    return StorageOrder(
        steps, expects, summary=f"extend {pools} before it is full" if pools else ""
    )


def _no_room(need: _Need, group: VolumeGroup) -> Trouble:
    part = "metadata" if need.metadata else "data"
    return Trouble(
        "no-room",
        need.name,
        f"its {part} should grow, and the group {group.name} has no room for that",
        f"add a disk to {group.name} (`devices` in the site file, then wharf storage apply), or remove "
        "images and containers that nobody needs",
    )


def _up(amount: int, group: VolumeGroup) -> int:
    """To whole extents."""
    return -(-amount // group.extent) * group.extent


def _whole(amount: int, group: VolumeGroup) -> int:
    return max(amount, 0) // group.extent * group.extent
