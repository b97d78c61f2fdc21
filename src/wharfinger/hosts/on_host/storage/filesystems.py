"""
Workers that make filesystems and grow them.

A filesystem gets its UUID from us. So after a kill we know one that we began from one that is somebody's,
and only the first is made again over what is there.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from wharfinger.hosts.on_host.storage import mounts, probes
from wharfinger.hosts.on_host.storage.probes import ForeignSignature
from wharfinger.hosts.on_host.storage.steps import GrowFilesystem, MakeFilesystem
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting, StepFailed, Worker

_TYPES: Final = ("xfs", "ext4")


class UnknownFilesystem(Refused):
    code = "storage-unknown-filesystem"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"cannot make or grow a filesystem of type {name}", remedy="choose xfs or ext4"
        )


def _check(step: MakeFilesystem | GrowFilesystem, _: Setting) -> None:
    if step.type not in _TYPES:
        raise UnknownFilesystem(step.type)


def _make(step: MakeFilesystem, setting: Setting) -> Notes:
    notes = dict(setting.notes)
    again = bool(notes) and _is_ours(step, setting, notes["uuid"])
    if not notes:
        probes.refuse_signed(setting, step.device)
        notes = {"uuid": str(uuid.uuid4())}
        setting.remember(notes)
    setting.command(
        *_command(step, notes["uuid"], again=again),
        doing=f"make a filesystem on {step.device}",
    )
    probes.settle(setting)
    return notes


def _command(step: MakeFilesystem, identity: str, *, again: bool) -> tuple[str, ...]:
    """Without a word of force, both programs refuse a device that has something on it."""
    if step.type == "xfs":
        force = ("-f",) if again else ()
        return ("mkfs.xfs", "-q", *force, "-m", f"uuid={identity}", "-n", "ftype=1", step.device)
    force = ("-F",) if again else ()
    return ("mkfs.ext4", "-q", *force, "-U", identity, step.device)


def _is_ours(step: MakeFilesystem, setting: Setting, identity: str) -> bool:
    """Is there one that we began? Raise `ForeignSignature` for any other."""
    found = [one for one, _ in probes.signatures(setting, step.device)]
    for one in found:
        if one.uuid != identity:
            raise ForeignSignature(step.device, one)
    return bool(found)


def _take_away(step: MakeFilesystem, setting: Setting) -> None:
    if not setting.notes or not probes.is_there(setting, step.device):
        return
    if _is_ours(step, setting, setting.notes["uuid"]):
        words = ("wipefs", "--quiet", "--all", step.device)
        setting.command(*words, doing=f"take the new filesystem off {step.device}")
        probes.settle(setting)


def _grow(step: GrowFilesystem, setting: Setting) -> Notes:
    line = mounts.line_at(setting, step.target)
    if line is None or line.number != probes.number(setting, step.device):
        raise StepFailed(
            f"grow the filesystem at {step.target}", f"{step.device} is not mounted there"
        )
    words = ("xfs_growfs", step.target) if step.type == "xfs" else ("resize2fs", step.device)
    setting.command(*words, doing=f"grow the filesystem at {step.target}")
    return {}


WORKERS: Final[Mapping[type, Worker[Any]]] = {
    MakeFilesystem: Worker(_make, _take_away, _check),
    GrowFilesystem: Worker(_grow, check=_check),
}
