"""
The worker of `SetAside`: what stands at a path is kept beside it, and an empty directory takes its place.

A directory is renamed. What is mounted at the path is mounted at the other one instead, and no longer at
boot: the place at boot is for what comes next. The way back throws away what has come to stand at the
path meanwhile, which is a copy, or was written by an engine that goes back with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.storage import (
    boot_mounts,
    mounts,
    probes,
    tree_copy,
    tree_entries,
)
from wharfinger.hosts.on_host.storage.steps import SetAside
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting, Worker

_NOT_FOR_MOUNT: Final = ("seclabel",)
"""What the kernel tells of a mount and does not take for one."""
_MODE: Final = 0o700


class KeptIsThere(Refused):
    code = "storage-kept-is-there"

    def __init__(self, step: SetAside) -> None:
        super().__init__(
            f"cannot set {step.path} aside: {step.kept} is there already",
            remedy=f"look at it, and move {step.kept} away",
        )


class NotBeside(Refused):
    """A rename goes no further than a filesystem."""

    code = "storage-not-beside"

    def __init__(self, step: SetAside) -> None:
        super().__init__(f"cannot set {step.path} aside as {step.kept}: it is another directory's")


def check(step: SetAside, setting: Setting) -> None:
    if step.path.rpartition("/")[0] != step.kept.rpartition("/")[0]:
        raise NotBeside(step)
    if setting.machine.files.look(step.kept) is not None:
        raise KeptIsThere(step)


def do(step: SetAside, setting: Setting) -> Notes:
    notes = setting.notes
    if not notes:
        check(step, setting)
        notes = {"mount": _mounted(step, setting), "boot": _boot(step, setting)}
        setting.remember(notes)
    if notes["mount"] is None:
        _rename(step, setting)
    else:
        _mount_aside(step, setting, notes["mount"])
    return notes


def undo(step: SetAside, setting: Setting) -> None:
    if not setting.notes:
        return
    if setting.notes["mount"] is None:
        _rename_back(step, setting)
    else:
        _mount_back(step, setting, setting.notes)


# A directory


def _rename(step: SetAside, setting: Setting) -> None:
    files = setting.machine.files
    with files.parent(step.path) as (directory, name):
        if files.look(step.kept) is None:
            files.disk.rename(directory, name, _last(step.kept))
        with suppress(FileExistsError):
            files.disk.make_directory(directory, name, _MODE)
        with files.directory(step.kept) as kept, files.directory(step.path) as empty:
            tree_copy.dress_top(kept, empty)
        files.disk.sync(directory)


def _rename_back(step: SetAside, setting: Setting) -> None:
    files = setting.machine.files
    discarded = f"{step.path}.discarded-{setting.order_id}"
    with files.parent(step.path) as (directory, name):
        if files.look(step.kept) is not None:
            if files.look(step.path) is not None:
                files.disk.rename(directory, name, _last(discarded))
            files.disk.rename(directory, _last(step.kept), name)
        files.disk.sync(directory)
        if files.look(discarded) is not None:
            with files.directory(discarded) as thrown_away:
                tree_entries.remove(thrown_away)
            files.disk.remove_directory(directory, _last(discarded))


def _last(path: str) -> str:
    return path.rpartition("/")[2]


# A mount


def _mounted(step: SetAside, setting: Setting) -> dict[str, Any] | None:
    """What is mounted at the path, as `mount` takes it."""
    line = mounts.line_at(setting, step.path)
    if line is None:
        return None
    is_device = line.source.startswith("/dev/")
    uuid = probes.filesystem_uuid(setting, line.source) if is_device else ""
    return {
        "source": f"UUID={uuid}" if uuid else line.source,
        "type": line.type,
        "options": [one for one in line.options if one not in _NOT_FOR_MOUNT],
    }


def _mount_aside(step: SetAside, setting: Setting, mount: Mapping[str, Any]) -> None:
    files = setting.machine.files
    if mounts.line_at(setting, step.kept) is None:
        _unmount(step.path, setting)
        with (
            files.parent(step.kept) as (directory, name),
            suppress(FileExistsError),
        ):
            files.disk.make_directory(directory, name, _MODE)
        _mount(mount, step.kept, setting)
    boot_mounts.remove(step.path, setting)


def _mount_back(step: SetAside, setting: Setting, notes: Notes) -> None:
    files = setting.machine.files
    _unmount(step.kept, setting)
    if mounts.line_at(setting, step.path) is None:
        _mount(notes["mount"], step.path, setting)
    if files.look(step.kept) is not None:
        with files.parent(step.kept) as (directory, name):
            files.disk.remove_directory(directory, name)
    _boot_back(step, setting, notes["boot"])


def _mount(mount: Mapping[str, Any], target: str, setting: Setting) -> None:
    options = boot_mounts.as_options(mount["options"])
    words = ("mount", "-t", mount["type"], *options, mount["source"], target)
    setting.command(*words, doing=f"mount {mount['source']} at {target}")


def _unmount(target: str, setting: Setting) -> None:
    """With what an engine that was killed has left mounted below."""
    if mounts.line_at(setting, target) is not None:
        setting.command("umount", "-R", target, doing=f"unmount {target}")


# At boot


def _boot(step: SetAside, setting: Setting) -> list[dict[str, Any]]:
    """The files that have it mounted at boot, as they stand."""
    files = setting.machine.files
    paths = [boot_mounts.FSTAB]
    if boot_mounts.units(setting.machine):
        paths.append(f"{boot_mounts.UNITS}/{boot_mounts.unit_name(step.path)}")
    found = (states.capture(files, path) for path in paths)
    return [states.to_json(one) for one in found if one.kind == "file"]


def _boot_back(step: SetAside, setting: Setting, before: list[Mapping[str, Any]]) -> None:
    """To the byte; only in an /etc/fstab that others have changed meanwhile, just its own lines."""
    files = setting.machine.files
    for was in map(states.from_json, before):
        if was.path != boot_mounts.FSTAB:
            states.put(files, [was], setting.order_id)
            boot_mounts.enable(boot_mounts.unit_name(step.path), setting)
            continue
        table, now = _text(was), states.capture(files, was.path)
        kept = boot_mounts.without(table, step.path)
        if _text(now) != kept and _text(now) != table:
            own = "".join(one for one in table.splitlines(True) if one not in kept.splitlines(True))
            content = boot_mounts.without(_text(now), step.path) + own
            was = states.file(was.path, content.encode(), mode=now.mode, uid=now.uid, gid=now.gid)
        states.put(files, [was], setting.order_id)


def _text(state: states.State) -> str:
    return (state.content or b"").decode("utf-8", "surrogateescape")


WORKER: Final = Worker(do, undo, check)
