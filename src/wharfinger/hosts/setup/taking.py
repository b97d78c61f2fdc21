"""
What `--reset`, `deactivate`, `activate` and `remove` come to: volumes given back and taken away.

Whatever can be taken back comes first: files, units and mounts. The volumes go last, and with them all
that was on them, as the peer does it. Nothing is removed that an engine is using.
"""

from __future__ import annotations

from collections.abc import Sequence

from wharfinger.hosts.on_host.storage.facts import StorageFacts, Volume
from wharfinger.hosts.on_host.storage.steps import (
    KeepFile,
    RemoveGroup,
    RemovePartition,
    RemoveTree,
    RemoveVolume,
    SetActive,
    Step,
)
from wharfinger.hosts.setup import drafts, options, pools, records, roots
from wharfinger.hosts.setup.errors import CannotSetUp
from wharfinger.hosts.setup.keys import DEVICEMAPPER, Settings
from wharfinger.hosts.setup.planning import OUTPUT, Planned, Seen
from wharfinger.hosts.setup.records import Record
from wharfinger.hosts.setup.roots import Root
from wharfinger.hosts.storage import candidates


def reset(settings: Settings, facts: StorageFacts, seen: Seen) -> Planned:
    """Take away what was set up for Docker; what is not there need not be. Raise `CannotSetUp` or
    `NotManaged`."""
    group = drafts.group_of(settings, facts)
    roots_there = [root for root in (seen.root, seen.docker_root) if root is not None]
    first: list[Step] = []
    last: list[Step] = []
    for root in roots_there:
        first += roots.unmounted(root, group, facts)
        last += roots.removed(root, group, facts)
    pool = _pool_to_reset(settings, facts, seen)
    if pool is not None:
        _require_unused(pool, facts)
        first += pools.unextended(pool)
        last.append(RemoveVolume(pool.group, pool.name))
    if seen.output is not None:
        first.append(KeepFile(OUTPUT, None))
    return Planned(
        drafts.ordered(facts, (*first, *last), _names(last), "take away what Docker was given"),
        notes=_left(settings, facts, group, pool),
    )


def deactivate(name: str, record: Record, facts: StorageFacts) -> Planned:
    steps = _let_go(record, facts)
    steps.append(KeepFile(records.path(name, "status"), f"{records.INACTIVE}\n"))
    return _planned(facts, steps, f"deactivate the storage configuration {name}")


def activate(name: str, record: Record, facts: StorageFacts) -> Planned:
    """Raise `CannotSetUp` where a volume is not there, or something else is mounted in its place."""
    steps: list[Step] = []
    if record.driver == DEVICEMAPPER:
        found = facts.volume(record.group, record.pool)
        pool = pools.require_pool(found, record.group, record.pool)
        if not pool.active:
            steps.append(SetActive(pool.group, pool.name, active=True))
    root = _root(record)
    if root is not None:
        volume = facts.volume(record.group, root.name)
        if volume is None:
            raise CannotSetUp(
                f"cannot activate the storage configuration {name}: there is no volume "
                f"{record.group}/{root.name}",
                remedy="attach the disk that it is on",
            )
        if not volume.active:
            steps.append(SetActive(volume.group, volume.name, active=True))
        steps += roots.mounted(root, record.group, facts)
    steps.append(KeepFile(records.path(name, "status"), f"{records.ACTIVE}\n"))
    return _planned(facts, steps, f"activate the storage configuration {name}")


def remove(name: str, record: Record, facts: StorageFacts) -> Planned:
    """All that the configuration made. Raise `CannotSetUp` where others have come to use it."""
    first: list[Step] = []
    last: list[Step] = []
    root = _root(record)
    if root is not None:
        first += roots.unmounted(root, record.group, facts)
        last += roots.removed(root, record.group, facts)
    pool = _pool(record, facts)
    if pool is not None:
        _require_unused(pool, facts)
        first += pools.unextended(pool)
        last.append(RemoveVolume(pool.group, pool.name))
    notes: tuple[str, ...] = ()
    if record.made_group and facts.group(record.group) is not None:
        _require_own_group(record, facts, root, pool)
        partitions, notes = _partitions(record, facts)
        last += [RemoveGroup(record.group), *partitions]
    first.append(KeepFile(records.path(name, "status"), f"{records.INVALID}\n"))
    last.append(RemoveTree(records.path(name)))
    summary = f"remove the storage configuration {name}"
    return Planned(drafts.ordered(facts, (*first, *last), _names(last), summary), notes=notes)


def _pool_to_reset(settings: Settings, facts: StorageFacts, seen: Seen) -> Volume | None:
    """The pool that the output file names, whatever the driver is now; else the one of this driver."""
    told = options.read(seen.output or "", options.COMPAT_VARIABLE)
    device = options.pool_device(told)
    if device:
        return facts.volume(options.group_of(device, settings.pool_name), settings.pool_name)
    if settings.driver != DEVICEMAPPER:
        return None
    found = facts.volume(drafts.group_of(settings, facts), settings.pool_name)
    return found if found is not None and found.kind == pools.KIND else None


def _left(
    settings: Settings, facts: StorageFacts, group: str, pool: Volume | None
) -> tuple[str, ...]:
    found = facts.volume(group, settings.pool_name)
    if pool is not None or found is None or found.kind != pools.KIND:
        return ()
    return (
        f"the thin pool {group}/{found.name} is left: neither {OUTPUT} nor STORAGE_DRIVER speaks of it",
    )


def _let_go(record: Record, facts: StorageFacts) -> list[Step]:
    steps: list[Step] = []
    root = _root(record)
    if root is not None:
        steps += roots.unmounted(root, record.group, facts)
    names = [root.name] if root is not None else []
    pool = _pool(record, facts)
    if pool is not None:
        _require_unused(pool, facts)
        names.append(pool.name)
    volumes = (facts.volume(record.group, one) for one in names)
    steps += [
        SetActive(one.group, one.name, active=False)
        for one in volumes
        if one is not None and one.active
    ]
    return steps


def _pool(record: Record, facts: StorageFacts) -> Volume | None:
    if record.driver != DEVICEMAPPER:
        return None
    found = facts.volume(record.group, record.pool)
    return found if found is not None and found.kind == pools.KIND else None


def _root(record: Record) -> Root | None:
    if not record.root_name:
        return None
    return Root(record.root_name, record.root_path)


def _require_unused(pool: Volume, facts: StorageFacts) -> None:
    """Thin volumes in it, or an engine that runs on it."""
    for engine in facts.engines:
        if engine.pool and engine.pool in (pool.device, pool.device.rpartition("/")[2]):
            raise CannotSetUp(
                f"cannot take the thin pool {pool.group}/{pool.name} away: "
                f"{engine.name} runs on it",
                remedy=f"stop {engine.unit or engine.name} first",
            )


def _require_own_group(
    record: Record, facts: StorageFacts, root: Root | None, pool: Volume | None
) -> None:
    own = {"" if root is None else root.name, "" if pool is None else pool.name}
    for one in facts.volumes:
        if one.group == record.group and one.name not in own and one.pool not in own - {""}:
            raise CannotSetUp(
                f"cannot remove the volume group {record.group}: {one.name} is in it, and was not "
                "made by this configuration",
                remedy=f"look who needs it, then: lvremove {record.group}/{one.name}",
            )


def _partitions(record: Record, facts: StorageFacts) -> tuple[list[Step], tuple[str, ...]]:
    """The partitions that were made for the group. A disk that the kernel calls otherwise by now, or
    that somebody else brought into the group, keeps its own."""
    recorded = {facts.device(one) for one in record.devices} - {None}
    steps: list[Step] = []
    notes: list[str] = []
    for physical in facts.physical_of(record.group):
        device = facts.device(physical.path)
        disk = None if device is None or not device.parents else facts.device(device.parents[0])
        if device is None or device.partition is None or disk is None:
            continue
        if disk in recorded and candidates.is_member(disk, facts, record.group):
            steps.append(RemovePartition(disk.path, device.partition.number))
        else:
            notes.append(
                f"the partition {device.path} stays: it was not made by this configuration"
            )
    return steps, tuple(notes)


def _names(steps: Sequence[Step]) -> list[str]:
    """What the final steps rest on."""
    found: list[str] = []
    for step in steps:
        if isinstance(step, RemoveVolume):
            found.append(f"volume {step.group}/{step.name}")
        elif isinstance(step, RemoveGroup):
            found.append(f"volume group {step.group}")
    return found


def _planned(facts: StorageFacts, steps: Sequence[Step], summary: str) -> Planned:
    return Planned(drafts.ordered(facts, steps, (), summary))
