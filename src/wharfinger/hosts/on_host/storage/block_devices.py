"""
The block devices of a host: what lies on what, what each is known by, and what is written on it.

`lsblk` tells the tree, `wipefs` every signature, sysfs where a partition lies, and /dev the other names.
Signatures are read of what a person could give away by mistake: disks, partitions and volumes; not of
thin pools, whose first block may be anybody's, nor of what an engine has made for a container. Where a
device cannot be read, its signature is `UNREADABLE`: it is never taken for an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wharfinger.errors import Unsupported
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import mount_table, reports, saved_bytes
from wharfinger.hosts.on_host.storage.facts import Device, PartitionFacts, Signature, Volume
from wharfinger.hosts.on_host.storage.readable import names_in, target_of, text_of
from wharfinger.hosts.on_host.storage.reports import Row, text, truth, whole
from wharfinger.hosts.on_host.tree import Tree

UNREADABLE: Final = "unreadable"

_LSBLK: Final = (
    "lsblk",
    "--json",
    "--bytes",
    "--paths",
    "--output",
    "NAME,KNAME,MAJ:MIN,TYPE,SIZE,RO,MODEL,SERIAL,WWN,PARTUUID,PARTTYPE,FSTYPE,UUID,LABEL",
)
_WIPEFS: Final = ("wipefs", "--json", "--no-act", "--output", "DEVICE,OFFSET,TYPE,UUID,LABEL")
_UNSIGNED: Final = ("rom", "dm")
_TABLES: Final = ("gpt", "dos")
_LVM: Final = re.compile(r"LVM-\w{32}(\w{6})(\w{4})(\w{4})(\w{4})(\w{4})(\w{4})(\w{6})")
_DEPTH: Final = 32
_AT_ONCE: Final = 32


class LsblkTooOld(Unsupported):
    code = "lsblk-too-old"

    def __init__(self) -> None:
        super().__init__(
            "cannot read the block devices of this host: its lsblk gives no JSON",
            remedy="have util-linux 2.31 or newer (RHEL 8, Debian 10, Ubuntu 20.04)",
        )


@dataclass
class _Node:
    """A device as lsblk tells it, once for each that it lies on."""

    row: Row
    parents: list[str] = field(default_factory=list)


def read(machine: Machine, volumes: Iterable[Volume]) -> tuple[Device, ...]:
    """In lsblk's order. `volumes` are the logical volumes that a person sees."""
    nodes = _nodes(machine)
    links = _links(machine.files)
    for one in volumes:
        links.setdefault(one.device, []).append(one.path)
    plain = {one.device for one in volumes if one.kind != "thin-pool"}
    swaps = _swaps(machine.files)
    mounts = _mounted(machine)
    devices = [
        _device(machine, node, links, swaps, mounts)
        for node in nodes.values()
        if whole(node.row, "size")
    ]
    signed = [
        one
        for one in devices
        if one.kind not in _UNSIGNED and (one.kind != "lvm" or one.path in plain)
    ]
    signatures = _signatures(machine, signed, nodes)
    return tuple(_signed(one, signatures.get(one.path, ())) for one in devices)


def _nodes(machine: Machine) -> dict[str, _Node]:
    """By number. A device that lies on several stands in lsblk's tree below each of them."""
    (ran,) = machine.report(_LSBLK)
    if "invalid option" in ran.complaints or "unrecognized option" in ran.complaints:
        raise LsblkTooOld
    if not ran.ok:
        raise reports.ReportFailed(_LSBLK, ran)
    nodes: dict[str, _Node] = {}
    for row, parent in _walk(reports.document(_LSBLK, ran).get("blockdevices"), "", _DEPTH):
        node = nodes.setdefault(text(row, "maj:min"), _Node(row))
        if parent and parent not in node.parents:
            node.parents.append(parent)
    return nodes


def _walk(found: Any, parent: str, depth: int) -> Iterator[tuple[Row, str]]:
    for row in reports.rows(found):
        yield row, parent
        if depth:
            yield from _walk(row.get("children"), text(row, "name"), depth - 1)


def _device(
    machine: Machine,
    node: _Node,
    links: Mapping[str, list[str]],
    swaps: set[str],
    mounts: Mapping[str, tuple[str, ...]],
) -> Device:
    row = node.row
    path, kernel_name, number = text(row, "name"), text(row, "kname"), text(row, "maj:min")
    names = {*links.get(path, ()), *links.get(kernel_name, ()), kernel_name} - {path, ""}
    return Device(
        path=path,
        kind=text(row, "type"),
        size=whole(row, "size") or 0,
        number=number,
        parents=tuple(node.parents),
        links=tuple(sorted(names)),
        identity=_identity(machine, row, number),
        model=text(row, "model"),
        partition=_partition(machine, row, number),
        read_only=truth(row, "ro"),
        swap=bool(swaps & {path, *names}),
        mounts=tuple(
            target for name in (number, path, *sorted(names)) for target in mounts.get(name, ())
        ),
    )


def _identity(machine: Machine, row: Row, number: str) -> str:
    """The first that it has. A partition has the WWN of its disk, too, and so is known by its own."""
    if text(row, "type") == "part":
        return text(row, "partuuid")
    says = machine.kernel.block_attribute
    mapped = says(number, "dm/uuid")
    if mapped:
        volume = _LVM.fullmatch(mapped)
        return mapped if volume is None else "-".join(volume.groups())
    told = (text(row, "wwn"), text(row, "serial"))
    kept = (says(number, name) for name in ("wwid", "device/wwid", "serial", "device/serial"))
    return next((one for one in (*told, *kept) if one), "")


def _partition(machine: Machine, row: Row, number: str) -> PartitionFacts | None:
    says = machine.kernel.block_attribute
    partition, start, sectors = (says(number, name) for name in ("partition", "start", "size"))
    if not (partition.isdecimal() and start.isdecimal() and sectors.isdecimal()):
        return None
    return PartitionFacts(
        int(partition), int(start), int(sectors), text(row, "parttype"), text(row, "partuuid")
    )


def _signatures(
    machine: Machine, devices: list[Device], nodes: Mapping[str, _Node]
) -> dict[str, tuple[Signature, ...]]:
    """By path. Of a device that answers with errors `wipefs` says that nothing is on it."""
    rows = [nodes[one.number].row for one in devices]
    told = _told_together(machine, [text(row, "kname") for row in rows])
    if told is None:
        told = _told_apart(machine, devices)
    return {
        one.path: (_known_to_udev(row),) if not signs and not _readable(machine, one) else signs
        for one, row, signs in zip(devices, rows, told)
    }


def _told_together(machine: Machine, names: list[str]) -> list[tuple[Signature, ...]] | None:
    """What is on the devices with these names of the kernel. `wipefs` calls each by what is behind the
    last slash, and tells nothing at all where it cannot open one of them."""
    short = [name.rpartition("/")[2] for name in names]
    if not names or len(set(short)) < len(names):
        return None
    command = (*_WIPEFS, *names)
    (ran,) = machine.report(command)
    if not ran.ok:
        return None
    found: dict[str, list[Signature]] = {name: [] for name in short}
    for row in reports.rows(reports.document(command, ran).get("signatures")):
        found[text(row, "device")].append(_signature(row))
    return [tuple(found[name]) for name in short]


def _told_apart(machine: Machine, devices: list[Device]) -> list[tuple[Signature, ...]]:
    commands = [(*_WIPEFS, one.path) for one in devices]
    answers = [
        ran
        for at in range(0, len(commands), _AT_ONCE)
        for ran in machine.report(*commands[at : at + _AT_ONCE])
    ]
    return [
        tuple(map(_signature, reports.rows(reports.document(command, ran).get("signatures"))))
        if ran.ok
        else ()
        for command, ran in zip(commands, answers)
    ]


def _readable(machine: Machine, device: Device) -> bool:
    """Do both ends come back, where tables and signatures are?"""
    read = machine.kernel.read_device
    try:
        return all(len(read(device.path, *end)) == end[1] for end in saved_bytes.ends(device.size))
    except OSError:
        return False


def _signature(row: Row) -> Signature:
    return Signature(
        text(row, "type"), whole(row, "offset") or 0, text(row, "uuid"), text(row, "label")
    )


def _known_to_udev(row: Row) -> Signature:
    """Whoever may not read the device learns what udev has seen there, though not where."""
    return Signature(text(row, "fstype") or UNREADABLE, 0, text(row, "uuid"), text(row, "label"))


def _signed(device: Device, signatures: tuple[Signature, ...]) -> Device:
    table = next((one.type for one in signatures if one.type in _TABLES), "")
    return replace(device, signatures=signatures, table=table)


def _links(tree: Tree) -> dict[str, list[str]]:
    """What points where, of the names that udev gives."""
    found: dict[str, list[str]] = {}
    folders = (f"/dev/disk/{name}" for name in names_in(tree, "/dev/disk"))
    for folder in (*folders, "/dev/mapper"):
        for name in names_in(tree, folder):
            path = f"{folder}/{name}"
            target = target_of(tree, path)
            if target:
                found.setdefault(_joined(folder, target), []).append(path)
    return found


def _joined(folder: str, target: str) -> str:
    names: list[str] = [] if target.startswith("/") else folder.split("/")[1:]
    for name in target.split("/"):
        if name == "..":
            del names[-1:]
        elif name not in ("", "."):
            names.append(name)
    return "/" + "/".join(names)


def _swaps(tree: Tree) -> set[str]:
    """The devices (and files) that are swapped to."""
    lines = text_of(tree, "/proc/swaps").splitlines()[1:]
    return {line.split()[0] for line in lines if line.split()}


def _mounted(machine: Machine) -> dict[str, tuple[str, ...]]:
    """Where each device is mounted, by its number. Btrfs has a made-up one, and is told by name."""
    found: dict[str, list[str]] = {}
    for line in mount_table.lines(machine.kernel.mount_table()):
        made_up = line.number.startswith("0:")
        targets = found.setdefault(line.source if made_up else line.number, [])
        if line.target not in targets:
            targets.append(line.target)
    return {number: tuple(targets) for number, targets in found.items()}
