"""
Workers for physical volumes and volume groups.

A physical volume gets its UUID from us, so that after a kill we know ours from anybody else's. LVM is
never told to say yes: where it finds something to ask about, it stops.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from typing import Any, Final

from wharfinger.hosts.on_host.storage import probes, saved_bytes
from wharfinger.hosts.on_host.storage.reports import text, whole
from wharfinger.hosts.on_host.storage.steps import (
    ExtendGroup,
    GrowPhysicalVolume,
    MakeGroup,
    MakePhysicalVolume,
    RemoveGroup,
)
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting, Worker

_ALPHABET: Final = string.ascii_letters + string.digits
_UUID: Final = (6, 4, 4, 4, 4, 4, 6)


class GroupExists(Refused):
    code = "storage-group-exists"

    def __init__(self, group: str) -> None:
        super().__init__(f"cannot make volume group {group}: there is one", remedy="plan again")


class GroupUsed(Refused):
    code = "storage-group-used"

    def __init__(self, group: str) -> None:
        super().__init__(
            f"cannot remove volume group {group}: it has volumes", remedy=f"look at lvs {group}"
        )


# Physical volumes


def _make_physical(step: MakePhysicalVolume, setting: Setting) -> Notes:
    device = probes.member(setting, step.device, partitioned=step.partitioned)
    notes = dict(setting.notes)
    there = bool(notes) and _of_uuid(setting, notes["uuid"])
    if not there:
        probes.refuse_signed(setting, device)
    if not notes:
        size = probes.size(setting, device)
        saved_bytes.save(setting, device, "physical", saved_bytes.ends(size))
        notes = {"uuid": _new_uuid(), "device": device}
        setting.remember(notes)
    if not there:
        setting.command(
            "pvcreate",
            "--quiet",
            "--norestorefile",
            "--uuid",
            notes["uuid"],
            device,
            doing=f"make a physical volume of {device}",
        )
    return notes


def _remove_physical(_: MakePhysicalVolume, setting: Setting) -> None:
    if not setting.notes:
        return
    device = setting.notes["device"]
    if _of_uuid(setting, setting.notes["uuid"]):
        setting.command("pvremove", "--quiet", device, doing=f"remove {device} from LVM")
    saved_bytes.put_back(setting, device, "physical")
    probes.settle(setting)


def _grow_physical(step: GrowPhysicalVolume, setting: Setting) -> Notes:
    setting.command("pvresize", "--quiet", step.device, doing=f"grow {step.device} for LVM")
    return {}


# Groups


def _make_group(step: MakeGroup, setting: Setting) -> Notes:
    devices = _members(step, setting)
    there = _exists(setting, step.group)
    if not setting.notes:
        if there:
            raise GroupExists(step.group)
        setting.remember({"began": True})
    if not there:
        words = ("vgcreate", "--quiet", step.group, *devices)
        setting.command(*words, doing=f"make volume group {step.group}")
    return {"began": True}


def _unmake_group(step: MakeGroup, setting: Setting) -> None:
    if setting.notes and _exists(setting, step.group):
        _remove_empty(setting, step.group)


def _extend(step: ExtendGroup, setting: Setting) -> Notes:
    devices = _members(step, setting)
    there = _devices_of(setting, step.group)
    notes = dict(setting.notes)
    if not notes:
        notes = {"added": [one for one in devices if one not in there]}
        setting.remember(notes)
    missing = [one for one in notes["added"] if one not in there]
    if missing:
        words = ("vgextend", "--quiet", step.group, *missing)
        setting.command(*words, doing=f"add {', '.join(missing)} to volume group {step.group}")
    return notes


def _reduce(step: ExtendGroup, setting: Setting) -> None:
    """vgreduce refuses a volume that has been written to, which no step before us can have been."""
    there = _devices_of(setting, step.group)
    for device in setting.notes.get("added", []):
        if device in there:
            words = ("vgreduce", "--quiet", step.group, device)
            setting.command(*words, doing=f"take {device} out of volume group {step.group}")


def _remove_group(step: RemoveGroup, setting: Setting) -> Notes:
    notes = dict(setting.notes)
    if not notes:
        rows = probes.lvm(setting, "pv", "pv_name,pv_uuid", vg_name=step.group)
        notes = {"physical": [[text(row, "pv_name"), text(row, "pv_uuid")] for row in rows]}
        setting.remember(notes)
    if _exists(setting, step.group):
        _remove_empty(setting, step.group)
    for device, uuid in notes["physical"]:
        if _of_uuid(setting, uuid):
            setting.command("pvremove", "--quiet", device, doing=f"remove {device} from LVM")
    return notes


def _remove_empty(setting: Setting, group: str) -> None:
    (row, *_) = probes.lvm(setting, "vg", "vg_name,lv_count", vg_name=group)
    if whole(row, "lv_count"):
        raise GroupUsed(group)
    setting.command("vgremove", "--quiet", group, doing=f"remove volume group {group}")


def _members(step: MakeGroup | ExtendGroup, setting: Setting) -> list[str]:
    return [
        probes.member(setting, one, partitioned=one in step.partitioned) for one in step.devices
    ]


def _exists(setting: Setting, group: str) -> bool:
    return bool(probes.lvm(setting, "vg", "vg_name", vg_name=group))


def _devices_of(setting: Setting, group: str) -> set[str]:
    rows = probes.lvm(setting, "pv", "pv_name", vg_name=group)
    return {text(row, "pv_name") for row in rows}


def _of_uuid(setting: Setting, uuid: str) -> bool:
    return bool(probes.lvm(setting, "pv", "pv_name", pv_uuid=uuid))


def _new_uuid() -> str:
    """As LVM makes them: 32 letters and digits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(count)) for count in _UUID)


WORKERS: Final[Mapping[type, Worker[Any]]] = {
    MakePhysicalVolume: Worker(_make_physical, _remove_physical),
    GrowPhysicalVolume: Worker(_grow_physical),
    MakeGroup: Worker(_make_group, _unmake_group),
    ExtendGroup: Worker(_extend, _reduce),
    RemoveGroup: Worker(_remove_group),
}
