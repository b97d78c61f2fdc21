"""
Write the file that tells an engine its driver, and put back the bytes that stood there.

dockerd refuses to start where a file and its command line say the same setting. What the command line
says itself no file can change, so such an engine is refused; words that come out of the planned file
(`/etc/sysconfig/docker-storage`) are changed with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from wharfinger.hosts.on_host import daemons, states
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.states import State
from wharfinger.hosts.on_host.storage.docker import engine
from wharfinger.hosts.on_host.storage.steps import ConfigureEngine
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting
from wharfinger.hosts.on_host.tree import above

_OPTIONS: Final = (
    ("--storage-driver", "-s"),
    ("--storage-opt",),
    ("--data-root", "--graph", "-g"),
)
_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o755


def said_by_command_line(machine: Machine) -> tuple[str, ...]:
    """The settings of storage that a running engine was started with, as options."""
    running = daemons.find(machine, engine.NAME)
    words = () if running is None else running.arguments
    return tuple(names[0] for names in _OPTIONS if daemons.option(words, *names) is not None)


def check(step: ConfigureEngine, setting: Setting) -> None:
    engine.known(step.engine)
    machine = setting.machine
    _require_expected(step, states.capture(machine.files, step.path))
    running = daemons.find(machine, engine.NAME)
    said = [one for one in said_by_command_line(machine) if one != "--data-root"]
    if step.path == daemons.docker_config(running) and said:
        raise Refused(
            f"cannot tell {engine.NAME} its driver by {step.path}: it is started with "
            f"{', '.join(said)}, and does not start where both say it",
            remedy="take these words out of its unit, restart it, and plan again",
        )


def configure(step: ConfigureEngine, setting: Setting) -> Notes:
    tree = setting.machine.files
    wanted = step.content.encode()
    notes = setting.notes
    if not notes:
        found = states.capture(tree, step.path)
        _require_expected(step, found)
        folders = [states.absent(path) for path in above(step.path) if tree.look(path) is None]
        notes = {"before": [states.to_json(one) for one in (*folders, found)]}
        setting.remember(notes)
    before = _states(notes)
    states.put(tree, list(_after(before, step.path, wanted)), setting.order_id)
    return notes


def put_back(_: ConfigureEngine, setting: Setting) -> None:
    if setting.notes:
        before = _states(setting.notes)
        states.clear(setting.machine.files, before, setting.order_id)
        states.put(setting.machine.files, before, setting.order_id)


def _after(before: list[State], path: str, content: bytes) -> Iterator[State]:
    *folders, file = before
    for folder in folders:
        yield State(folder.path, "directory", _FOLDER_MODE)
    mode = file.mode if file.kind == "file" else _MODE
    made = states.file(path, content, mode=mode, uid=file.uid, gid=file.gid)
    yield State(**{**vars(made), "attributes": file.attributes})


def _require_expected(step: ConfigureEngine, found: State) -> None:
    identity = None if found.kind == "absent" else found.identity
    if identity != step.expect:
        raise Refused(
            f"cannot write {step.path}: it is not as it was when this was planned",
            remedy="plan again",
        )


def _states(notes: Any) -> list[State]:
    return [states.from_json(one) for one in notes["before"]]
