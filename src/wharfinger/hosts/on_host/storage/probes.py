"""
What stands on one device or in one group at this very moment: asked right before it is written to.

Facts are read once for a whole order (`reading`). Between them and a step somebody may have come first,
so each worker that writes looks again, by the same tools and as JSON.
"""

from __future__ import annotations

from typing import Final

from wharfinger.hosts.on_host.storage import reports
from wharfinger.hosts.on_host.storage.facts import Signature
from wharfinger.hosts.on_host.storage.reports import Row, text, whole
from wharfinger.hosts.on_host.storage.work import Refused, Setting, StepFailed

_WIPEFS: Final = ("wipefs", "--json", "--no-act", "--output", "OFFSET,LENGTH,TYPE,UUID,LABEL")
_LSBLK: Final = ("lsblk", "--json", "--paths", "--output", "NAME,TYPE")
_SECTOR: Final = 512
_LVM: Final = ("--reportformat", "json", "--units", "b", "--nosuffix")
_WAIT_SECONDS: Final = 60


class ForeignSignature(Refused):
    """Somebody's data may be there."""

    code = "storage-foreign-signature"

    def __init__(self, device: str, found: Signature) -> None:
        super().__init__(
            f"cannot write to {device}: it has a signature of {found.type} at {found.offset:#x}",
            remedy=f"look at what is on it (wipefs {device}); `wipeSignatures: true` in the site "
            "file gives it away",
        )
        self.device, self.found = device, found


def signatures(setting: Setting, device: str) -> list[tuple[Signature, int]]:
    """Each with its length in bytes."""
    command = (*_WIPEFS, device)
    (document,) = reports.ask(setting.machine, command)
    rows = reports.rows(document.get("signatures"))
    return [
        (
            Signature(
                text(row, "type"), whole(row, "offset") or 0, text(row, "uuid"), text(row, "label")
            ),
            whole(row, "length") or 0,
        )
        for row in rows
    ]


def refuse_signed(setting: Setting, device: str) -> None:
    """Raise `ForeignSignature` for a device that is not blank."""
    for found, _ in signatures(setting, device):
        raise ForeignSignature(device, found)


def filesystem_uuid(setting: Setting, device: str) -> str:
    return next((found.uuid for found, _ in signatures(setting, device) if found.uuid), "")


def number(setting: Setting, device: str) -> str:
    """`254:1`, by which the kernel knows it."""
    return setting.machine.kernel.device_number(device)


def size(setting: Setting, device: str) -> int:
    sectors = setting.machine.kernel.block_attribute(number(setting, device), "size")
    if not sectors.isdecimal():
        raise StepFailed(f"look at {device}", "the kernel does not say how large it is")
    return int(sectors) * _SECTOR


def partitions(setting: Setting, disk: str) -> list[str]:
    """Paths of the partitions of a disk."""
    (document,) = reports.ask(setting.machine, (*_LSBLK, disk))
    found = next(reports.rows(document.get("blockdevices")), None)
    if found is None:
        raise StepFailed(f"look at {disk}", "lsblk does not know it")
    rows = reports.rows(found.get("children"))
    return [text(row, "name") for row in rows if text(row, "type") == "part"]


def settle(setting: Setting) -> None:
    """Wait until udev has made the names of what is new. Without udev the kernel makes them."""
    if setting.machine.files.look("/run/udev/control") is not None:
        seconds = str(_WAIT_SECONDS)
        setting.command("udevadm", "settle", f"--timeout={seconds}", doing="wait for udev")


def member(setting: Setting, device: str, *, partitioned: bool) -> str:
    """The device that LVM is to use: it, or the partition that a step has made on it."""
    if not partitioned:
        return device
    settle(setting)
    for _ in setting.machine.pauses(_WAIT_SECONDS):
        found = partitions(setting, device)
        if len(found) == 1:
            return found[0]
        if found:
            raise StepFailed(f"use the partition of {device}", f"it has {len(found)} of them")
    raise StepFailed(f"use the partition of {device}", "the kernel does not show any")


def lvm(setting: Setting, kind: str, fields: str, **equal: str) -> list[Row]:
    """Rows of `pvs`, `vgs` or `lvs` (`kind` without its s) whose fields have these values."""
    chosen = " && ".join(f'{name}="{value}"' for name, value in equal.items())
    hidden = ("--all",) if kind == "lv" else ()
    command = (f"{kind}s", *hidden, *_LVM, "--options", fields, "--select", chosen)
    (document,) = reports.ask(setting.machine, command)
    found = reports.rows(document.get("report"))
    return [row for part in found for row in reports.rows(part.get(kind))]


def mapped(group: str, name: str) -> str:
    """The path of a logical volume."""
    return "/dev/mapper/" + "-".join(part.replace("-", "--") for part in (group, name))


def is_there(setting: Setting, device: str) -> bool:
    return setting.machine.files.look(device) is not None
