"""
A host that is only values: does to its facts what steps would do to a real one.

Extents are counted as LVM does it, with a label of 1 MiB at the begin of each physical volume.
"""

from __future__ import annotations

from dataclasses import replace

from wharfinger.hosts.on_host.storage.facts import (
    Device,
    Mount,
    PartitionFacts,
    PhysicalVolume,
    Signature,
    StorageFacts,
    Volume,
    VolumeGroup,
)
from wharfinger.hosts.on_host.storage.steps import (
    ExtendGroup,
    ExtendMetadata,
    ExtendVolume,
    GrowFilesystem,
    GrowPartition,
    GrowPhysicalVolume,
    MakeFilesystem,
    MakeGroup,
    MakePartition,
    MakePhysicalVolume,
    MakePool,
    MakeVolume,
    MountFilesystem,
    ProveInventory,
    SetAutoExtend,
    Step,
    TakeInventory,
    WipeSignatures,
)
from wharfinger.hosts.storage.planned import StoragePlan

MIB = 1 << 20
GIB = 1 << 30
EXTENT = 4 * MIB
LABEL = MIB


def disk(path: str, size: int, **more: object) -> Device:
    known = {"kind": "disk", "number": "8:0", "identity": f"wwn-{path}", **more}
    return Device(path=path, size=size, **known)


def host(*devices: Device, **more: object) -> StorageFacts:
    return StorageFacts("host.test", devices=devices, **more)


class NoRoom(AssertionError):
    """A plan has asked for more than there is."""


def done(plan: StoragePlan, facts: StorageFacts) -> StorageFacts:
    """The host after all steps of a plan."""
    assert not plan.refusals, plan.refusals
    for step in plan.order.steps:
        facts = after(step, facts)
    return facts


def after(step: Step, facts: StorageFacts) -> StorageFacts:
    match step:
        case WipeSignatures(path):
            return _device(facts, path, signatures=(), table="")
        case MakePartition(path, table):
            return _partitioned(facts, path, table)
        case MakePhysicalVolume(path, partitioned):
            return _physical(facts, f"{path}1" if partitioned else path)
        case MakeGroup(group, devices, partitioned) | ExtendGroup(group, devices, partitioned):
            return _joined(
                facts, group, [f"{one}1" if one in partitioned else one for one in devices]
            )
        case GrowPartition(path, number):
            return _grown_partition(facts, path, number)
        case GrowPhysicalVolume(path):
            return _grown_physical(facts, path)
        case MakePool(group, name, size, metadata, chunk):
            return _pool(facts, group, name, size, metadata, chunk)
        case MakeVolume(group, name, size):
            facts = _with(
                facts, Volume(group, name, name, size, "linear", f"/dev/{group}/{name}", True)
            )
            return _taken(facts, group, size)
        case ExtendVolume(group, name, size):
            volume = facts.volume(group, name)
            return _taken(_volume(facts, volume, size=size), group, size - volume.size)
        case ExtendMetadata(group, name, size):
            volume = facts.volume(group, name)
            more = 2 * (size - volume.metadata_size)
            return _taken(_volume(facts, volume, metadata_size=size), group, more)
        case SetAutoExtend(group, name, threshold, percent):
            return _volume(facts, facts.volume(group, name), threshold=threshold, percent=percent)
        case MakeFilesystem(path, kind):
            device = Device(path, "lvm", 1, "254:0", signatures=(Signature(kind, 0),))
            return replace(facts, devices=(*facts.devices, device))
        case MountFilesystem(path, target, kind, options):
            mount = Mount(target, path, kind, options, size=_size(facts, path), free=GIB)
            return replace(facts, mounts=(*facts.mounts, mount))
        case GrowFilesystem(path, target, _):
            grown = replace(facts.mount(target), size=_size(facts, path))
            mounts = tuple(grown if one.target == target else one for one in facts.mounts)
            return replace(facts, mounts=mounts)
        case TakeInventory() | ProveInventory():
            return facts
    raise NotImplementedError(step)


def grown(facts: StorageFacts, path: str, size: int) -> StorageFacts:
    """A disk has become larger under the host."""
    return _device(facts, path, size=size)


def _device(facts: StorageFacts, path: str, **changed: object) -> StorageFacts:
    return replace(
        facts,
        devices=tuple(
            replace(one, **changed) if one.path == path else one for one in facts.devices
        ),
    )


def _partitioned(facts: StorageFacts, path: str, table: str) -> StorageFacts:
    whole = facts.device(path)
    sectors = whole.size // 512 - 2048
    if table == "gpt":
        sectors = (whole.size // 512 - 33) // 2048 * 2048 - 2048
    part = Device(
        f"{path}1",
        "part",
        sectors * 512,
        "8:1",
        (path,),
        identity=f"part-{path}",
        partition=PartitionFacts(1, 2048, sectors),
    )
    facts = _device(facts, path, table=table, signatures=(Signature(table, 510),))
    return replace(facts, devices=(*facts.devices, part))


def _physical(facts: StorageFacts, path: str) -> StorageFacts:
    size = facts.device(path).size
    made = PhysicalVolume(path, f"uuid-{path}", "", size, size, size)
    facts = _device(facts, path, signatures=(Signature("LVM2_member", 536),))
    return replace(facts, physical=(*facts.physical, made))


def _joined(facts: StorageFacts, group: str, paths: list[str]) -> StorageFacts:
    found = facts.group(group) or VolumeGroup(group, f"uuid-{group}", 0, 0, EXTENT)
    gained = 0
    physical = list(facts.physical)
    for index, one in enumerate(physical):
        if one.path in paths:
            size = (one.device_size - LABEL) // EXTENT * EXTENT
            physical[index] = replace(one, group=group, size=size, free=size)
            gained += size
    groups = [one for one in facts.groups if one.name != group]
    groups.append(replace(found, size=found.size + gained, free=found.free + gained))
    return replace(facts, physical=tuple(physical), groups=tuple(groups))


def _grown_partition(facts: StorageFacts, path: str, number: int) -> StorageFacts:
    whole, part = facts.device(path), facts.device(f"{path}{number}")
    sectors = whole.size // 512 - 33 - part.partition.start
    partition = replace(part.partition, sectors=sectors)
    return _device(facts, part.path, size=sectors * 512, partition=partition)


def _grown_physical(facts: StorageFacts, path: str) -> StorageFacts:
    volume = next(one for one in facts.physical if one.path == path)
    device = facts.device(path).size
    size = (device - LABEL) // EXTENT * EXTENT
    larger = replace(volume, size=size, device_size=device)
    facts = replace(
        facts, physical=tuple(larger if one.path == path else one for one in facts.physical)
    )
    return _taken(_total(facts, volume.group, size - volume.size), volume.group, volume.size - size)


def _total(facts: StorageFacts, group: str, more: int) -> StorageFacts:
    return replace(
        facts,
        groups=tuple(
            replace(one, size=one.size + more) if one.name == group else one for one in facts.groups
        ),
    )


def _taken(facts: StorageFacts, group: str, amount: int) -> StorageFacts:
    found = facts.group(group)
    if found.free < amount:
        raise NoRoom(f"{amount} of {found.free}")
    return replace(
        facts,
        groups=tuple(
            replace(one, free=one.free - amount) if one.name == group else one
            for one in facts.groups
        ),
    )


def _pool(
    facts: StorageFacts, group: str, name: str, size: int, metadata: int, chunk: int | None
) -> StorageFacts:
    made = Volume(
        group,
        name,
        name,
        size,
        "thin-pool",
        f"/dev/{group}/{name}",
        True,
        metadata_size=metadata,
        chunk=chunk,
    )
    return _taken(_with(facts, made), group, size + 2 * metadata)


def _with(facts: StorageFacts, volume: Volume) -> StorageFacts:
    return replace(facts, volumes=(*facts.volumes, volume))


def _volume(facts: StorageFacts, volume: Volume, **changed: object) -> StorageFacts:
    return replace(
        facts,
        volumes=tuple(replace(one, **changed) if one == volume else one for one in facts.volumes),
    )


def _size(facts: StorageFacts, path: str) -> int:
    return next(one.size for one in facts.volumes if one.path == path)
