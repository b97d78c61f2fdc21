"""
Workers for what lies directly on disks: signatures and partitions.

A table is written only on a disk without any signature, looked at right before, and what stood at both
ends of the disk is kept: going back leaves it byte for byte as it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from wharfinger.hosts.on_host.storage import probes, saved_bytes
from wharfinger.hosts.on_host.storage.facts import Signature
from wharfinger.hosts.on_host.storage.probes import ForeignSignature
from wharfinger.hosts.on_host.storage.saved_bytes import MIB
from wharfinger.hosts.on_host.storage.steps import (
    GrowPartition,
    MakePartition,
    RemovePartition,
    WipeSignatures,
)
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting, StepFailed, Worker

_START: Final = 2048
_SECTOR: Final = 512
_TYPES: Final = {"dos": "8e", "gpt": "E6D6D379-F507-44C2-A23C-238F2A3DF928"}
_ROUNDS: Final = 64
_FORGET_SECONDS: Final = 60
_HEAD: Final = 4 * MIB
"""Where a partition that begins at 1 MiB would show what it had in an earlier life."""


class NotTheLast(Refused):
    code = "storage-partition-not-last"

    def __init__(self, disk: str, number: int) -> None:
        super().__init__(
            f"cannot grow partition {number} of {disk}: another one lies behind it",
            remedy="use the room as a partition of its own",
        )


# Signatures


def _wipe(step: WipeSignatures, setting: Setting) -> Notes:
    """A signature may show up only once the one over it has gone, so until none is left."""
    device = step.device
    head = min(_HEAD, probes.size(setting, device))
    saved_bytes.save(setting, device, "head", [(0, head)])
    notes = dict(setting.notes)
    for _ in range(_ROUNDS):
        found = probes.signatures(setting, device)
        if not found:
            break
        notes = _note_beyond(notes, found, setting, device)
        offsets = [word for one, _ in found for word in ("--offset", str(one.offset))]
        setting.command("wipefs", *offsets, device, doing=f"wipe the signatures of {device}")
    else:
        raise StepFailed(f"wipe the signatures of {device}", "there are more and more of them")
    kernel = setting.machine.kernel
    if any(kernel.read_device(device, 0, head)):
        kernel.write_device(device, 0, bytes(head))
    probes.settle(setting)
    return notes


def _note_beyond(
    notes: dict[str, Any], found: list[tuple[Signature, int]], setting: Setting, device: str
) -> dict[str, Any]:
    """The bytes that go and are not in the head that is saved."""
    kernel = setting.machine.kernel
    beyond = [
        [one.offset, kernel.read_device(device, one.offset, length).hex()]
        for one, length in found
        if one.offset + length > _HEAD
    ]
    notes = {"beyond": [*notes.get("beyond", []), *beyond]}
    setting.remember(notes)
    return notes


def _put_signatures_back(step: WipeSignatures, setting: Setting) -> None:
    for offset, content in reversed(setting.notes.get("beyond", [])):
        setting.machine.kernel.write_device(step.device, int(offset), bytes.fromhex(content))
    saved_bytes.put_back(setting, step.device, "head")
    _reread(setting, step.device)


# Partitions


def _partition(step: MakePartition, setting: Setting) -> Notes:
    notes = dict(setting.notes)
    there = bool(notes) and _is_ours(step, setting)
    if not notes:
        probes.refuse_signed(setting, step.disk)
        _refuse_earlier_life(setting, step.disk)
        size = probes.size(setting, step.disk)
        saved_bytes.save(setting, step.disk, "table", saved_bytes.ends(size))
        notes = {"began": True}
        setting.remember(notes)
    elif not there:
        _refuse_others(step, setting)
    if not there:
        _run_sfdisk(
            setting,
            ("--wipe", "never", "--wipe-partitions", "never", step.disk),
            f"label: {step.table}\nstart={_START}, type={_TYPES[step.table]}\n",
            f"partition {step.disk}",
        )
    probes.member(setting, step.disk, partitioned=True)
    return notes


def _refuse_earlier_life(setting: Setting, disk: str) -> None:
    """The new partition would show what an old one at the same place had."""
    words = ("blkid", "--probe", "--offset", str(_START * _SECTOR), "--output", "export", disk)
    (ran,) = setting.machine.report(words)
    if ran.ok and ran.output.strip():
        said = dict(line.partition("=")[::2] for line in ran.output.splitlines())
        kind = said.get("TYPE") or said.get("PTTYPE") or "something"
        raise ForeignSignature(disk, Signature(kind, _START * _SECTOR))


def _refuse_others(step: MakePartition, setting: Setting) -> None:
    """Killed while it was written, there is our table or nothing."""
    for found, _ in probes.signatures(setting, step.disk):
        if found.type not in (step.table, "PMBR"):
            raise ForeignSignature(step.disk, found)
    if _table(setting, step.disk).get("partitions"):
        raise ForeignSignature(step.disk, Signature(step.table, 0))


def _is_ours(step: MakePartition, setting: Setting) -> bool:
    table = _table(setting, step.disk)
    parts = table.get("partitions", [])
    return (
        table.get("label") == step.table
        and len(parts) == 1
        and parts[0]["start"] == _START
        and parts[0]["type"].lower() == _TYPES[step.table].lower()
    )


def _take_table_away(step: MakePartition, setting: Setting) -> None:
    if not setting.notes:
        return
    if _is_ours(step, setting):
        for partition in probes.partitions(setting, step.disk):
            probes.refuse_signed(setting, partition)
    saved_bytes.put_back(setting, step.disk, "table")
    _forget(setting, step.disk)


def _grow(step: GrowPartition, setting: Setting) -> Notes:
    parts = _table(setting, step.disk).get("partitions", [])
    ours = next((one for one in parts if _number_of(one["node"]) == step.number), None)
    if ours is None:
        raise StepFailed(f"grow partition {step.number} of {step.disk}", "there is none")
    if any(one["start"] > ours["start"] for one in parts):
        raise NotTheLast(step.disk, step.number)
    _run_sfdisk(
        setting,
        ("--no-reread", "--no-tell-kernel", "--force", "-N", str(step.number), step.disk),
        ", +\n",
        f"grow partition {step.number} of {step.disk}",
    )
    setting.command("partx", "--update", "--nr", str(step.number), step.disk)
    probes.settle(setting)
    return {}


def _remove_partition(step: RemovePartition, setting: Setting) -> Notes:
    parts = _table(setting, step.disk).get("partitions", [])
    node = next((one["node"] for one in parts if _number_of(one["node"]) == step.number), None)
    if node is not None:
        probes.refuse_signed(setting, node)
        setting.command("sfdisk", "--delete", step.disk, str(step.number))
        probes.settle(setting)
    return {}


def _run_sfdisk(setting: Setting, words: tuple[str, ...], given: str, doing: str) -> None:
    (ran,) = setting.machine.run(("sfdisk", "--quiet", *words), given=given)
    if not ran.ok:
        raise StepFailed(doing, ran.output)


def _table(setting: Setting, disk: str) -> dict[str, Any]:
    """What sfdisk tells; nothing where there is no table."""
    (ran,) = setting.machine.report(("sfdisk", "--json", disk))
    found: dict[str, Any] = json.loads(ran.output)["partitiontable"] if ran.ok else {}
    return found


def _number_of(node: str) -> int:
    """`/dev/nvme0n1p2` is the second."""
    digits = node[len(node.rstrip("0123456789")) :]
    return int(digits or 0)


def _forget(setting: Setting, disk: str) -> None:
    """Have the kernel see that there are no partitions any more. It does not look while somebody has
    one open, as udev has for a moment whenever one was written to."""
    for _ in setting.machine.pauses(_FORGET_SECONDS):
        _reread(setting, disk)
        if not probes.partitions(setting, disk):
            return
    raise StepFailed(f"take the partition of {disk} away", "something has it open")


def _reread(setting: Setting, disk: str) -> None:
    """Have the kernel see which partitions there are; what is no whole disk has none."""
    probes.settle(setting)
    setting.machine.run(("blockdev", "--rereadpt", disk))
    probes.settle(setting)


WORKERS: Final[Mapping[type, Worker[Any]]] = {
    WipeSignatures: Worker(_wipe, _put_signatures_back),
    MakePartition: Worker(_partition, _take_table_away),
    GrowPartition: Worker(_grow),
    RemovePartition: Worker(_remove_partition),
}
