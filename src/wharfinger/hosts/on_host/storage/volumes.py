"""
Workers for logical volumes and thin pools.

LVM is asked for exactly the amounts of the plan, and rounds them up to whole extents. What a killed
lvcreate has left of a pool (a plain volume of its name, or its metadata) is removed before it is made
again; the journal says that we began it, so it is nobody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wharfinger.hosts.on_host.storage import probes
from wharfinger.hosts.on_host.storage.reports import text, whole
from wharfinger.hosts.on_host.storage.steps import (
    ExtendMetadata,
    ExtendVolume,
    MakePool,
    MakeVolume,
    RemoveVolume,
)
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting, StepFailed, Worker

_POOL: Final = "thin-pool"
_SPARE: Final = "lvol0_pmspare"


class VolumeExists(Refused):
    code = "storage-volume-exists"

    def __init__(self, group: str, name: str) -> None:
        super().__init__(f"cannot make volume {group}/{name}: there is one", remedy="plan again")


# Volumes


def _make(step: MakeVolume, setting: Setting) -> Notes:
    if step.name not in _begun(step, setting):
        words = ("--wipesignatures", "y", "--yes", "--size", f"{step.size}b", "--name", step.name)
        setting.command(
            "lvcreate", "--quiet", *words, step.group, doing=f"make volume {_full(step)}"
        )
    probes.settle(setting)
    return {"began": True}


def _make_pool(step: MakePool, setting: Setting) -> Notes:
    there = _begun(step, setting)
    if there.get(step.name) != _POOL:
        _drop(step, setting, there)
        chunk = () if step.chunk is None else ("--chunksize", f"{step.chunk}b")
        words = ("--type", _POOL, "--zero", "n", *chunk, "--size", f"{step.size}b")
        metadata = ("--poolmetadatasize", f"{step.metadata}b")
        setting.command(
            *("lvcreate", "--quiet", "--yes", *words, *metadata, "--name", step.name, step.group),
            doing=f"make thin pool {_full(step)}",
        )
    probes.settle(setting)
    return dict(setting.notes) or {"began": True}


def _begun(step: MakePool | MakeVolume, setting: Setting) -> dict[str, str]:
    """What volumes the group has; where the step is begun only now, none of them is of its name."""
    there = _kinds(setting, step.group)
    if not setting.notes:
        if step.name in there:
            raise VolumeExists(step.group, step.name)
        setting.remember({"began": True})
    return there


def _unmake(step: MakePool | MakeVolume, setting: Setting) -> None:
    if setting.notes:
        _drop(step, setting, _kinds(setting, step.group))
        probes.settle(setting)


def _drop(step: MakePool | MakeVolume, setting: Setting, there: Mapping[str, str]) -> None:
    """The volume, or what a killed lvcreate has left of one. With its last pool LVM takes the spare
    metadata away, too; where none was finished, we do."""
    for name in (step.name, f"{step.name}_tmeta", f"{step.name}_tdata"):
        if name in there:
            _remove_one(setting, step.group, name)
        if there.get(name) == _POOL:
            return
    others = [name for name, kind in there.items() if kind == _POOL]
    if isinstance(step, MakePool) and _SPARE in there and not others:
        _remove_one(setting, step.group, _SPARE)


# Growth


def _extend(step: ExtendVolume, setting: Setting) -> Notes:
    if _size(setting, step.group, step.name, "lv_size") < step.size:
        words = ("lvextend", "--quiet", "--size", f"{step.size}b", f"{step.group}/{step.name}")
        setting.command(*words, doing=f"extend {step.group}/{step.name}")
    return {}


def _extend_metadata(step: ExtendMetadata, setting: Setting) -> Notes:
    full = f"{step.group}/{step.pool}"
    if _size(setting, step.group, step.pool, "lv_metadata_size") < step.size:
        words = ("lvextend", "--quiet", "--poolmetadatasize", f"{step.size}b", full)
        setting.command(*words, doing=f"extend the metadata of {full}")
    return {}


def _size(setting: Setting, group: str, name: str, field: str) -> int:
    rows = probes.lvm(setting, "lv", field, vg_name=group, lv_name=name)
    if not rows:
        raise StepFailed(f"extend {group}/{name}", "there is no such volume")
    return whole(rows[0], field) or 0


# Removal


def _remove(step: RemoveVolume, setting: Setting) -> Notes:
    if step.name in _kinds(setting, step.group):
        full = f"{step.group}/{step.name}"
        setting.command("lvchange", "--yes", "--activate", "n", full, doing=f"deactivate {full}")
        _remove_one(setting, step.group, step.name)
    probes.settle(setting)
    return {}


def _remove_one(setting: Setting, group: str, name: str) -> None:
    full = f"{group}/{name}"
    setting.command("lvremove", "--quiet", "--yes", full, doing=f"remove {full}")


def _kinds(setting: Setting, group: str) -> dict[str, str]:
    """The segment type of each volume of a group, of hidden ones too."""
    rows = probes.lvm(setting, "lv", "lv_name,segtype", vg_name=group)
    return {text(row, "lv_name").strip("[]"): text(row, "segtype") for row in rows}


def _full(step: MakePool | MakeVolume) -> str:
    return f"{step.group}/{step.name}"


WORKERS: Final[Mapping[type, Worker[Any]]] = {
    MakeVolume: Worker(_make, _unmake),
    MakePool: Worker(_make_pool, _unmake),
    ExtendVolume: Worker(_extend),
    ExtendMetadata: Worker(_extend_metadata),
    RemoveVolume: Worker(_remove),
}
