"""
Which disks of DEVS are new, which are there already, and which nobody may have.

A disk that holds a physical volume of the group is there already: it may stay in DEVS for ever, so the
same configuration can be run at each boot. What somebody uses is refused by the rules of every plan
(`hosts.storage.device_rules`), also with WIPE_SIGNATURES.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wharfinger.hosts.on_host.storage.facts import Device, StorageFacts
from wharfinger.hosts.on_host.storage.steps import (
    ExtendGroup,
    MakeGroup,
    MakePartition,
    MakePhysicalVolume,
    Step,
    WipeSignatures,
)
from wharfinger.hosts.setup.errors import DeviceInUse, PartitionGiven
from wharfinger.hosts.storage import candidates, device_rules, space
from wharfinger.hosts.storage.space import Space

_NO_WHOLE_DISK = ("partition", "not-a-disk")


@dataclass(frozen=True, slots=True)
class Disks:
    """`wiped` are the devices whose signatures go, partitions before their disk."""

    new: tuple[Device, ...] = ()
    wiped: tuple[Device, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def rests_on(self) -> tuple[str, ...]:
        return tuple(f"device {one.path}" for one in dict.fromkeys((*self.new, *self.wiped)))

    def steps(self, group: str, *, exists: bool) -> list[Step]:
        paths = tuple(one.path for one in self.new)
        if not paths:
            return []
        joined = ExtendGroup if exists else MakeGroup
        return [
            *(WipeSignatures(one.path) for one in self.wiped),
            *(MakePartition(one.path, space.table_for(one.size)) for one in self.new),
            *(MakePhysicalVolume(path, partitioned=True) for path in paths),
            joined(group, paths, paths),
        ]

    def added_to(self, room: Space) -> Space:
        for one in self.new:
            room = room.with_device(space.partition_size(one.size))
        return room


def chosen(devices: Sequence[Device], group: str, facts: StorageFacts, *, wipe: bool) -> Disks:
    """Raise `PartitionGiven` or `DeviceInUse`."""
    new: list[Device] = []
    wiped: list[Device] = []
    notes: list[str] = []
    for device in dict.fromkeys(devices):
        candidate = device_rules.candidate(device, facts, group, wipe=wipe)
        refusal = device_rules.refusal(candidate)
        if refusal is not None and refusal.code in _NO_WHOLE_DISK:
            raise PartitionGiven(device.path)
        if candidates.is_member(device, facts, group):
            notes.append(f"{device.path} is already partitioned and part of volume group {group}")
            continue
        if refusal is not None:
            raise DeviceInUse(
                f"cannot take {device.path}: {refusal.why}",
                remedy=refusal.remedy.replace("wipeSignatures: true", "WIPE_SIGNATURES=true"),
            )
        new.append(device)
        # The disk also without any: what nobody sees now would show up in the new partition.
        inner = [one for one in reversed(candidate.above) if one.signatures]
        wiped += [*inner, device] if wipe else []
    signed = (one for one in wiped if one.signatures)
    notes += [f"the signatures on {one.path} are taken away" for one in signed]
    return Disks(tuple(new), tuple(wiped), tuple(notes))
