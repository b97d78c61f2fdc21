"""
Read what stores data on a host. Nothing is written, activated or mounted by it.

In a directory tree nothing runs, so that there are no devices, and of engines only what their files say.
Whoever is not root learns what the kernel and udev tell everybody: devices and mounts, not LVM and orders.
"""

from __future__ import annotations

from typing import Final

from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import (
    block_devices,
    docker_facts,
    journal,
    lvm_reports,
    mount_table,
    other_engines,
)
from wharfinger.hosts.on_host.storage.facts import Device, Engine, Mount, StorageFacts
from wharfinger.hosts.on_host.storage.lvm_reports import Lvm
from wharfinger.hosts.on_host.storage.readable import found_in

TOOLS: Final = (
    "blkid",
    "blockdev",
    "containerd",
    "ctr",
    "dmsetup",
    "docker",
    "dockerd",
    "growpart",
    "lvm",
    "lvmconfig",
    "mkfs.ext4",
    "mkfs.xfs",
    "mount",
    "parted",
    "partprobe",
    "partx",
    "resize2fs",
    "restorecon",
    "sfdisk",
    "skopeo",
    "systemctl",
    "tar",
    "thin_check",
    "udevadm",
    "umount",
    "wipefs",
    "xfs_growfs",
)


def read_storage(machine: Machine, *, usage: bool = True) -> StorageFacts:
    """What the host is like now. Raise `ReportFailed`, `ReportUnreadable` or `LsblkTooOld`, or
    what the journal of orders raises.

    `usage` says to have Docker count what it keeps, which can take it minutes.
    """
    tools = tuple(name for name in TOOLS if found_in(machine.files, name))
    engines = _engines(machine, usage=usage)
    if machine.is_tree:
        return StorageFacts(machine.hostname(), engines=engines, tools=tools)
    is_root = machine.kernel.is_root()
    lvm = lvm_reports.read(machine) if is_root and "lvm" in tools else Lvm()
    devices = block_devices.read(machine, lvm.volumes)
    return StorageFacts(
        hostname=machine.hostname(),
        systemd=machine.files.look("/run/systemd/system") is not None,
        devices=devices,
        physical=lvm.physical,
        groups=lvm.groups,
        volumes=lvm.volumes,
        mounts=_mounts(machine, devices),
        engines=engines,
        tools=tools,
        unfinished=journal.unfinished_id(machine.files) if is_root else "",
        kept=journal.kept(machine.files) if is_root else {},
    )


def _engines(machine: Machine, *, usage: bool) -> tuple[Engine, ...]:
    docker = docker_facts.read(machine, usage=usage)
    return (*(() if docker is None else (docker,)), *other_engines.read(machine))


def _mounts(machine: Machine, devices: tuple[Device, ...]) -> tuple[Mount, ...]:
    numbers = {one.number: one.path for one in devices}
    names = {name: one.path for one in devices for name in (one.path, *one.links)}

    def canonical(number: str, source: str) -> str:
        return numbers.get(number) or names.get(source, source)

    return mount_table.read(machine.kernel, canonical)
