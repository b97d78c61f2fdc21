"""
Workers for the files that docker-storage-setup keeps on a host, and for the units among them.

What stood at a path before goes into the notes in full, so that it can be put back byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.states import NotAFile, State
from wharfinger.hosts.on_host.storage.steps import KeepFile, SetUnit
from wharfinger.hosts.on_host.storage.work import Notes, Setting, Worker
from wharfinger.hosts.on_host.tree import Tree, above

_FILE_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o755


def _check_file(step: KeepFile, setting: Setting) -> None:
    if states.capture(setting.machine.files, step.path).kind == "directory":
        raise NotAFile(step.path, "it is a directory")


def _keep(step: KeepFile, setting: Setting) -> Notes:
    tree = setting.machine.files
    notes = setting.notes
    if not notes:
        before = [states.capture(tree, path) for path in _missing(tree, step.path)]
        before.append(states.capture(tree, step.path))
        notes = {"before": [states.to_json(one) for one in before]}
        setting.remember(notes)
    states.put(tree, _wanted(step, _before(notes)), setting.order_id)
    return notes


def _put_back(_: KeepFile, setting: Setting) -> None:
    if setting.notes:
        tree = setting.machine.files
        before = _before(setting.notes)
        states.clear(tree, before, setting.order_id)
        states.put(tree, before, setting.order_id)


def _wanted(step: KeepFile, before: list[State]) -> list[State]:
    if step.content is None:
        return [states.absent(step.path)]
    *folders, file = before
    content = step.content.encode()
    made = states.file(step.path, content, mode=_FILE_MODE, uid=file.uid, gid=file.gid)
    return [*(State(one.path, "directory", _FOLDER_MODE) for one in folders), made]


def _missing(tree: Tree, path: str) -> list[str]:
    return [folder for folder in above(path) if tree.look(folder) is None]


def _before(notes: Mapping[str, Any]) -> list[State]:
    return [states.from_json(one) for one in notes["before"]]


def _set_unit(step: SetUnit, setting: Setting) -> Notes:
    notes = setting.notes or {"enabled": _is_enabled(step.unit, setting)}
    setting.remember(notes)
    setting.command("systemctl", "daemon-reload", doing="have systemd read its units again")
    _turn(step.unit, step.enabled, setting)
    return notes


def _set_unit_back(step: SetUnit, setting: Setting) -> None:
    if setting.notes:
        _turn(step.unit, bool(setting.notes["enabled"]), setting)


def _turn(unit: str, enabled: bool, setting: Setting) -> None:
    word = "enable" if enabled else "disable"
    if _is_enabled(unit, setting) != enabled:
        setting.command("systemctl", "--quiet", word, unit, doing=f"{word} {unit}")


def _is_enabled(unit: str, setting: Setting) -> bool:
    (ran,) = setting.machine.run(("systemctl", "--quiet", "is-enabled", unit))
    return ran.ok


WORKERS: Final[Mapping[type, Worker[Any]]] = {
    KeepFile: Worker(_keep, _put_back, _check_file),
    SetUnit: Worker(_set_unit, _set_unit_back),
}
