"""
Workers that give volumes to the kernel and mount them, for now: what is there after a boot is left.

A set-up of docker-storage-setup activates and mounts its volumes itself, when it is told to.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from wharfinger.hosts.on_host.storage import boot_mounts, mounts, probes
from wharfinger.hosts.on_host.storage.mounts import HidesFiles, MountedElsewhere
from wharfinger.hosts.on_host.storage.reports import text
from wharfinger.hosts.on_host.storage.steps import SetActive, SetMounted, SkipActivation
from wharfinger.hosts.on_host.storage.work import Notes, Setting, StepFailed, Worker
from wharfinger.hosts.on_host.tree import above

_SELINUX: Final = "/sys/fs/selinux/enforce"


def _set_active(step: SetActive, setting: Setting) -> Notes:
    notes = setting.notes or {"active": _is_active(step, setting)}
    setting.remember(notes)
    _turn(step, step.active, setting)
    return notes


def _set_active_back(step: SetActive, setting: Setting) -> None:
    if setting.notes:
        _turn(step, bool(setting.notes["active"]), setting)


def _turn(step: SetActive, active: bool, setting: Setting) -> None:
    full = f"{step.group}/{step.name}"
    how = ("y", "--ignoreactivationskip") if active else ("n",)
    doing = f"{'activate' if active else 'deactivate'} {full}"
    setting.command("lvchange", "--quiet", "--activate", *how, full, doing=doing)
    probes.settle(setting)


def _is_active(step: SetActive, setting: Setting) -> bool:
    return _reported(step, setting, "lv_active").startswith("active")


def _skip(step: SkipActivation, setting: Setting) -> Notes:
    notes = setting.notes or {"skips": _skips(step, setting)}
    setting.remember(notes)
    _flag(step, True, setting)
    return notes


def _skip_back(step: SkipActivation, setting: Setting) -> None:
    if setting.notes:
        _flag(step, bool(setting.notes["skips"]), setting)


def _flag(step: SkipActivation, skips: bool, setting: Setting) -> None:
    """lvchange would complain about a volume that is so already."""
    full = f"{step.group}/{step.name}"
    if _skips(step, setting) != skips:
        words = ("lvchange", "--quiet", "--setactivationskip", "y" if skips else "n", full)
        setting.command(*words, doing=f"set whether {full} is left out at boot")


def _skips(step: SkipActivation, setting: Setting) -> bool:
    return bool(_reported(step, setting, "lv_skip_activation"))


def _reported(step: SetActive | SkipActivation, setting: Setting, field: str) -> str:
    rows = probes.lvm(setting, "lv", field, vg_name=step.group, lv_name=step.name)
    if not rows:
        raise StepFailed(f"look at the volume {step.group}/{step.name}", "LVM does not know it")
    return text(rows[0], field)


def _check_mounted(step: SetMounted, setting: Setting) -> None:
    if step.mounted and mounts.line_at(setting, step.target) is None:
        _refuse_files(step, setting)


def _set_mounted(step: SetMounted, setting: Setting) -> Notes:
    files = setting.machine.files
    notes = setting.notes or {
        "mounted": _is_mounted(step, setting),
        "made": [one for one in _way(step.target) if files.look(one) is None],
    }
    setting.remember(notes)
    _mount(step, setting) if step.mounted else _unmount(step, setting)
    return notes


def _set_mounted_back(step: SetMounted, setting: Setting) -> None:
    if not setting.notes:
        return
    _mount(step, setting) if setting.notes["mounted"] else _unmount(step, setting)
    files = setting.machine.files
    for folder in reversed(setting.notes["made"]):
        with suppress(OSError), files.parent(folder) as (directory, name):
            files.disk.remove_directory(directory, name)


def _mount(step: SetMounted, setting: Setting) -> None:
    if _is_mounted(step, setting):
        return
    if mounts.line_at(setting, step.target) is not None:
        raise MountedElsewhere(step.target)
    files = setting.machine.files
    for folder in _way(step.target):
        with files.parent(folder) as (directory, name), suppress(FileExistsError):
            files.disk.make_directory(directory, name, 0o755)
    _refuse_files(step, setting)
    options = boot_mounts.as_options(step.options)
    words = ("mount", "-t", step.type, *options, step.device, step.target)
    setting.command(*words, doing=f"mount {step.device} at {step.target}")
    if files.look(_SELINUX) is not None:
        setting.command("restorecon", "-R", step.target, doing=f"label {step.target}")


def _unmount(step: SetMounted, setting: Setting) -> None:
    if _is_mounted(step, setting):
        setting.command("umount", step.target, doing=f"unmount {step.target}")


def _is_mounted(step: SetMounted, setting: Setting) -> bool:
    found = mounts.line_at(setting, step.target)
    return found is not None and found.number == probes.number(setting, step.device)


def _refuse_files(step: SetMounted, setting: Setting) -> None:
    if setting.machine.files.names(step.target):
        raise HidesFiles(step.target)


def _way(path: str) -> list[str]:
    return [*above(path), path]


WORKERS: Final[Mapping[type, Worker[Any]]] = {
    SetActive: Worker(_set_active, _set_active_back),
    SkipActivation: Worker(_skip, _skip_back),
    SetMounted: Worker(_set_mounted, _set_mounted_back, _check_mounted),
}
