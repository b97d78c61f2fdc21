"""
Plan the volume group: its disks, new ones and those that have grown under it.

A new disk gets one partition over all of it, as docker-storage-setup makes it, so that other systems
see that it is not empty. A disk that has grown is grown into: its last partition where the site says
so, then the physical volume. Nothing is moved, and no disk leaves a group.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wharfinger.hosts.on_host.storage.facts import (
    Device,
    PartitionFacts,
    PhysicalVolume,
    StorageFacts,
)
from wharfinger.hosts.on_host.storage.steps import (
    ExtendGroup,
    GrowPartition,
    GrowPhysicalVolume,
    MakeGroup,
    MakePartition,
    MakePhysicalVolume,
    WipeSignatures,
)
from wharfinger.hosts.site.sizes import readable
from wharfinger.hosts.site.storage import Storage
from wharfinger.hosts.storage import candidates, device_rules, parts, space
from wharfinger.hosts.storage.parts import Part
from wharfinger.hosts.storage.planned import PlannedStep, Refusal
from wharfinger.hosts.storage.space import Space

_PRIMARY: Final = 4
_ROUGHLY: Final = 100
"""A disk that is larger than its partition by less than this part of it is not worth a note."""


def group(wanted: Storage, facts: StorageFacts) -> tuple[Part, Space]:
    """What to do for the group, and its space thereafter."""
    name = wanted.volume_group
    if name is None:
        return Part(), Space("")
    chosen = candidates.choose(wanted, facts)
    found = facts.group(name)
    own = facts.physical_of(name)
    if found is None and not chosen.new:
        return parts.joined((chosen.told, *_nothing_to_make(wanted, chosen.told))), Space(name)
    room = Space(name) if found is None else Space.of(found, len(own))
    told = [chosen.told, *_missing(own), Part(rests_on=_names(name, own))]
    for volume in own:
        part, room = _grown(wanted, facts, volume, room)
        told.append(part)
    if chosen.new:
        made, room = _with_disks(wanted, chosen.new, facts, room)
        told.append(made)
    return parts.joined(told), room


def _names(group: str, own: tuple[PhysicalVolume, ...]) -> tuple[str, ...]:
    return (f"volume group {group}", *(f"physical volume {one.path}" for one in own))


def _nothing_to_make(wanted: Storage, told: Part) -> Iterator[Part]:
    """Where a device is refused, that is the reason, and it is told already."""
    if not told.refusals:
        yield parts.refused(
            Refusal(
                "no-group",
                str(wanted.volume_group),
                "there is no such volume group, and no disk to make it of",
                "name the disks in devices",
            )
        )


def _missing(own: tuple[PhysicalVolume, ...]) -> Iterator[Part]:
    for one in own:
        if one.missing:
            yield parts.refused(
                Refusal(
                    "vanished",
                    one.group,
                    f"the device of its physical volume {one.uuid} is not there",
                    f"attach it again; if it is lost, see vgreduce(8) --removemissing {one.group}",
                )
            )


# New disks


def _with_disks(
    wanted: Storage, disks: tuple[Device, ...], facts: StorageFacts, room: Space
) -> tuple[Part, Space]:
    told = [_prepared(disk, facts, wipe=wanted.wipe_signatures) for disk in disks]
    paths = tuple(disk.path for disk in disks)
    listed = ", ".join(paths)
    if facts.group(room.group) is None:
        made = PlannedStep(MakeGroup(room.group, paths, paths), f"{room.group} is not there yet")
        summary = f"make volume group {room.group} of {listed}"
    else:
        made = PlannedStep(ExtendGroup(room.group, paths, paths), f"{room.group} gets {listed}")
        summary = f"add {listed} to volume group {room.group}"
    told.append(parts.step(made, f"volume group {room.group}", summary=summary))
    for disk in disks:
        room = room.with_device(space.partition_size(disk.size))
    return parts.joined(told), room


def _prepared(disk: Device, facts: StorageFacts, *, wipe: bool) -> Part:
    table = space.table_for(disk.size)
    new = (
        PlannedStep(
            MakePartition(disk.path, table),
            f"{readable(disk.size)}, for LVM as a whole"
            + (f" ({table})" if table == "gpt" else ""),
        ),
        PlannedStep(MakePhysicalVolume(disk.path, partitioned=True), "what LVM puts volumes on"),
    )
    inner = tuple(device_rules.above(disk, facts))
    rests_on = [f"device {one.path}" for one in (disk, *inner)]
    if disk.kind != "mpath":
        rests_on.append(f"device {_first_partition(disk.path)}")
    wiped = _wiped(disk, inner) if wipe else ()
    return Part((*wiped, *new), rests_on=tuple(rests_on))


def _wiped(disk: Device, inner: tuple[Device, ...]) -> Iterator[PlannedStep]:
    """From the top: what lies on the partitions first, which cannot be found without their table. The
    disk in any case: where its table is gone, what was on the partitions is there still, and a new
    partition would show it again."""
    for one in (*reversed(inner), disk):
        if one.signatures or one is disk:
            found = ", ".join(sign.type for sign in one.signatures) or "nothing that one could see"
            yield PlannedStep(WipeSignatures(one.path), f"wipeSignatures allows it: {found}")


def _first_partition(disk: str) -> str:
    return f"{disk}p1" if disk[-1].isdecimal() else f"{disk}1"


# Disks that have grown


def _grown(
    wanted: Storage, facts: StorageFacts, volume: PhysicalVolume, room: Space
) -> tuple[Part, Space]:
    device = facts.device(volume.path)
    if device is None or volume.missing:
        return Part(), room
    grows, size = _partition_grows(wanted, facts, device, room)
    gained = space.gain(volume, size, room.extent)
    if not gained:
        return Part(notes=grows.notes), room
    step = PlannedStep(
        GrowPhysicalVolume(volume.path),
        f"{device.path} has {readable(room.bytes(gained))} more than LVM knows of",
    )
    part = parts.step(
        step,
        f"device {device.path}",
        f"physical volume {volume.path}",
        summary=f"grow volume group {room.group} with {volume.path}",
    )
    return parts.joined((grows, part)), room.with_more(gained)


def _partition_grows(
    wanted: Storage, facts: StorageFacts, device: Device, room: Space
) -> tuple[Part, int]:
    """What to do for the partition below a physical volume, and its size thereafter."""
    own = device.partition
    disk = next((one for one in facts.devices if one.path in device.parents), None)
    if own is None or disk is None:
        return Part(), device.size
    size = space.grown_partition(disk.size, own.start, disk.table)
    if size - device.size < room.extent + space.MIB:
        return Part(), device.size
    if (why := _why_not(own, disk, facts)) is not None:
        note = f"{disk.path} has grown, and {device.path} cannot: {why}"
        return _worth_a_note(note, size - device.size, disk), device.size
    if not wanted.grow_partition:
        note = (
            f"{disk.path} has {readable(size - device.size)} behind {device.path}:"
            " growPartition would let it grow"
        )
        return _worth_a_note(note, size - device.size, disk), device.size
    step = PlannedStep(
        GrowPartition(disk.path, own.number),
        f"{disk.path} has grown to {readable(disk.size)}",
    )
    return parts.step(step, f"device {disk.path}", f"device {device.path}"), size


def _worth_a_note(note: str, more: int, disk: Device) -> Part:
    return parts.noted(note) if more > disk.size // _ROUGHLY else Part()


def _why_not(own: PartitionFacts, disk: Device, facts: StorageFacts) -> str | None:
    others = (one.partition for one in facts.devices if disk.path in one.parents)
    if any(one is not None and one.start > own.start for one in others):
        return "another partition follows it"
    if disk.table == "dos" and own.number > _PRIMARY:
        return "it lies within an extended partition"
    return None
