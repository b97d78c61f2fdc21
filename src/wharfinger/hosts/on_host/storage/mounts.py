"""
Workers that mount and unmount, now and at boot.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from wharfinger.hosts.on_host.storage import boot_mounts, mount_table, probes
from wharfinger.hosts.on_host.storage.boot_mounts import BootMount
from wharfinger.hosts.on_host.storage.steps import MountFilesystem, Unmount
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting, StepFailed, Worker
from wharfinger.hosts.on_host.tree import above


class HidesFiles(Refused):
    """Whatever is in the directory would not be seen any more."""

    code = "storage-hides-files"

    def __init__(self, target: str) -> None:
        super().__init__(
            f"cannot mount at {target}: there are files in it, which nobody would see any more",
            remedy=f"move what is in {target} away, or choose another directory",
        )


class MountedElsewhere(Refused):
    code = "storage-mounted-otherwise"

    def __init__(self, target: str) -> None:
        super().__init__(
            f"cannot mount at {target}: something else is mounted there",
            remedy=f"look at it (findmnt {target}) and unmount it",
        )


def line_at(setting: Setting, target: str) -> mount_table.Line | None:
    """What one sees mounted at a place."""
    lines = mount_table.lines(setting.machine.kernel.mount_table())
    return next((one for one in reversed(list(lines)) if one.target == target), None)


def _check(step: MountFilesystem, setting: Setting) -> None:
    """What is there now may be set aside by a step before this one, so only what no step can."""
    boot_mounts.seen(setting.machine, step.target)


def _mount(step: MountFilesystem, setting: Setting) -> Notes:
    machine = setting.machine
    notes = setting.notes or {
        "boot": boot_mounts.seen(machine, step.target),
        "made": [one for one in _way(step.target) if machine.files.look(one) is None],
    }
    setting.remember(notes)
    number = probes.number(setting, step.device)
    found = line_at(setting, step.target)
    if found is None or found.number != number:
        _mount_now(step, setting)
    uuid = probes.filesystem_uuid(setting, step.device)
    source = f"UUID={uuid}" if uuid else step.device
    boot_mounts.add(BootMount(source, step.target, step.type, step.options), setting)
    return notes


def _mount_now(step: MountFilesystem, setting: Setting) -> None:
    if line_at(setting, step.target) is not None:
        raise MountedElsewhere(step.target)
    files = setting.machine.files
    for folder in _way(step.target):
        with files.parent(folder) as (directory, name), suppress(FileExistsError):
            files.disk.make_directory(directory, name, 0o755)
    if files.names(step.target):
        raise HidesFiles(step.target)
    options = boot_mounts.as_options(step.options)
    words = ("mount", "-t", step.type, *options, step.device, step.target)
    setting.command(*words, doing=f"mount {step.device} at {step.target}")


def _take_back(step: MountFilesystem, setting: Setting) -> None:
    if not setting.notes:
        return
    found = line_at(setting, step.target)
    if found is not None and found.number == probes.number(setting, step.device):
        setting.command("umount", step.target, doing=f"unmount {step.target}")
    boot_mounts.put_back(step.target, setting.notes["boot"], setting)
    files = setting.machine.files
    for folder in reversed(setting.notes["made"]):
        with suppress(OSError), files.parent(folder) as (directory, name):
            files.disk.remove_directory(directory, name)


def _unmount(step: Unmount, setting: Setting) -> Notes:
    """Whatever is mounted there, one on top of the other."""
    for _ in range(_LAYERS):
        if line_at(setting, step.target) is None:
            break
        setting.command("umount", step.target, doing=f"unmount {step.target}")
    else:
        raise StepFailed(f"unmount {step.target}", "something is mounted there again and again")
    boot_mounts.remove(step.target, setting)
    return {}


def _way(path: str) -> list[str]:
    return [*above(path), path]


_LAYERS: Final = 16

WORKERS: Final[Mapping[type, Worker[Any]]] = {
    MountFilesystem: Worker(_mount, _take_back, _check),
    Unmount: Worker(_unmount),
}
