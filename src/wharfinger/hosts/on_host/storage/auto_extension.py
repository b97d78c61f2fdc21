"""
The worker that has LVM extend a thin pool by itself, by a metadata profile of the pool's own.

The profile is the file that docker-storage-setup writes, so that each understands the other's pools.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.storage import probes
from wharfinger.hosts.on_host.storage.lvm_reports import PROFILES
from wharfinger.hosts.on_host.storage.reports import text
from wharfinger.hosts.on_host.storage.steps import SetAutoExtend
from wharfinger.hosts.on_host.storage.work import Notes, Setting, StepFailed, Worker
from wharfinger.hosts.on_host.tree import above

_DIRECTORY: Final = re.compile(r"^\s*profile_dir=\"(?P<path>/[^\"\n]*)\"$", re.MULTILINE)


def _set(step: SetAutoExtend, setting: Setting) -> Notes:
    tree = setting.machine.files
    notes = dict(setting.notes)
    if not notes:
        path = f"{_directory(setting)}/{_name(step)}.profile"
        made = [one for one in above(path) if tree.look(one) is None]
        notes = {
            "profile": _attached(step, setting),
            "file": states.to_json(states.capture(tree, path)),
            "made": made,
        }
        setting.remember(notes)
    path = notes["file"]["path"]
    if step.threshold is None:
        _attach(step, "", setting)
        states.put(tree, [states.absent(path)], setting.order_id)
        return notes
    folders = [states.State(one, "directory", 0o755) for one in notes["made"]]
    content = _profile(step).encode()
    wanted = states.file(path, content, mode=0o644, uid=0, gid=0)
    states.put(tree, [*folders, wanted], setting.order_id)
    _attach(step, _name(step), setting)
    return notes


def _put_back(step: SetAutoExtend, setting: Setting) -> None:
    if not setting.notes:
        return
    before = states.from_json(setting.notes["file"])
    if before.kind != "absent":
        states.put(setting.machine.files, [before], setting.order_id)
    _attach(step, setting.notes["profile"], setting)
    folders = [states.absent(one) for one in setting.notes["made"]]
    states.put(setting.machine.files, [before, *folders], setting.order_id)


def _attach(step: SetAutoExtend, profile: str, setting: Setting) -> None:
    if _attached(step, setting) == profile:
        return
    full = f"{step.group}/{step.pool}"
    how = ("--metadataprofile", profile) if profile else ("--detachprofile",)
    words = ("lvchange", "--quiet", *how, full)
    setting.command(*words, doing=f"set what extends {full} by itself")


def _attached(step: SetAutoExtend, setting: Setting) -> str:
    rows = probes.lvm(setting, "lv", "lv_profile", vg_name=step.group, lv_name=step.pool)
    if not rows:
        raise StepFailed(f"extend {step.group}/{step.pool} by itself", "there is no such pool")
    return text(rows[0], "lv_profile")


def _directory(setting: Setting) -> str:
    (ran,) = setting.machine.report(("lvmconfig", "--typeconfig", "full", "config/profile_dir"))
    found = _DIRECTORY.search(ran.output) if ran.ok else None
    return PROFILES if found is None else found["path"]


def _name(step: SetAutoExtend) -> str:
    return f"{step.group}--{step.pool}-extend"


def _profile(step: SetAutoExtend) -> str:
    return (
        "activation {\n"
        f"\tthin_pool_autoextend_threshold={step.threshold}\n"
        f"\tthin_pool_autoextend_percent={step.percent}\n"
        "}\n"
    )


WORKERS: Final[Mapping[type, Worker[Any]]] = {SetAutoExtend: Worker(_set, _put_back)}
