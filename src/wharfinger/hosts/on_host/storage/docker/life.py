"""
Stop an engine for a while, and start it as it was started before.

Under systemd its socket is stopped with it, or the next question to it would start it again. Without
systemd the daemon is asked to end, and started again with the words, the directory and the environment
that it had: these stand in the order's folder, synced, before it is stopped, so that whoever goes on
after a kill has them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from wharfinger.hosts.on_host import daemon_life, daemons
from wharfinger.hosts.on_host.daemon_life import DaemonFailed
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.storage.docker import engine, store
from wharfinger.hosts.on_host.storage.docker.api import Api, EngineFailed
from wharfinger.hosts.on_host.storage.steps import StartEngine, StopEngine
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting, StepFailed

_DOCUMENT: Final = "daemon.json"
_SETTLED: Final = "settled.json"
_SOCKET_UNIT: Final = "docker.socket"
_SYSTEMD_SECONDS: Final = 180


def check_stop(step: StopEngine, setting: Setting) -> None:
    engine.known(step.engine)
    if daemons.find(setting.machine, engine.NAME) is not None:
        engine.require_quiet(engine.connect(setting.machine))


def check_start(step: StartEngine, _: Setting) -> None:
    engine.known(step.engine)


def stop(_: StopEngine, setting: Setting) -> Notes:
    machine = setting.machine
    running = daemons.find(machine, engine.NAME)
    if running is None:
        _require_known(setting)
        return {}
    engine.require_quiet(engine.connect(machine))
    _note(running, setting)
    _end(running, setting)
    return {}


def start(_: StartEngine, setting: Setting) -> Notes:
    _bring_up(setting)
    return {}


def start_again(_: StopEngine, setting: Setting) -> None:
    """Where it was not stopped by this order, there is nothing to start."""
    if setting.machine.files.look(f"{setting.folder}/{_DOCUMENT}") is not None:
        _bring_up(setting)


def stop_again(_: StartEngine, setting: Setting) -> None:
    """Once the order was done somebody may use what runs, so it is refused while containers do. Before,
    they are those that the engine starts by itself."""
    running = daemons.find(setting.machine, engine.NAME)
    if running is None:
        return
    if setting.machine.files.look(f"{setting.folder}/{_SETTLED}") is not None:
        engine.require_quiet(engine.connect(setting.machine))
    _end(running, setting)


def settle(setting: Setting) -> None:
    """The proof is done: from now on what containers write is somebody's."""
    store.write(
        setting.machine.files, f"{setting.folder}/{_SETTLED}", {"time": setting.machine.now()}
    )


def _note(running: Process, setting: Setting) -> None:
    machine = setting.machine
    listens = running.unit is not None and _is_active(machine, _SOCKET_UNIT)
    document = {"process": asdict(running), "socket": listens}
    store.write(machine.files, f"{setting.folder}/{_DOCUMENT}", document)


def _require_known(setting: Setting) -> None:
    """One that stands still from the beginning could not be started again as it was."""
    if setting.machine.files.look(f"{setting.folder}/{_DOCUMENT}") is None:
        raise Refused(
            f"cannot go on: {engine.NAME} does not run, so nobody can say how it is started",
            remedy=f"start {engine.NAME}, then plan again",
        )


def _end(running: Process, setting: Setting) -> None:
    machine = setting.machine
    what = f"stop {engine.NAME}"
    if running.unit is not None and daemon_life.under_systemd(machine):
        units = [running.unit]
        if _is_active(machine, _SOCKET_UNIT):
            units.insert(0, _SOCKET_UNIT)
        setting.command("systemctl", "stop", *units, seconds=_SYSTEMD_SECONDS, doing=what)
    else:
        _done(what, lambda: daemon_life.end(machine, running.pid))
    if daemons.find(machine, engine.NAME) is not None:
        raise StepFailed(what, "it runs again: something starts it")


def _bring_up(setting: Setting) -> None:
    machine = setting.machine
    document = store.read(machine.files, f"{setting.folder}/{_DOCUMENT}")
    words = document["process"]
    known = Process(**{**words, "arguments": tuple(words["arguments"])})
    address = daemons.socket_of(machine, engine.NAME, known) or daemons.DOCKER_SOCKET
    if daemons.find(machine, engine.NAME) is None:
        _begin(known, address, setting, with_socket=bool(document["socket"]))
    _await_answer(address, setting, known)


def _begin(known: Process, address: str, setting: Setting, *, with_socket: bool) -> None:
    machine = setting.machine
    what = f"start {engine.NAME}"
    if known.unit is not None and daemon_life.under_systemd(machine):
        # A daemon that has failed a few times in a row would not be started again for a while.
        machine.run(("systemctl", "reset-failed", known.unit))
        units = [_SOCKET_UNIT, known.unit] if with_socket else [known.unit]
        setting.command("systemctl", "start", *units, seconds=_SYSTEMD_SECONDS, doing=what)
        return
    pid = machine.start(known)
    _done(what, lambda: daemon_life.wait_for(machine, pid, address), _where_it_says(known))


def _await_answer(address: str, setting: Setting, known: Process) -> None:
    """It listens before it can answer."""
    machine, said = setting.machine, ""
    for _ in machine.pauses(daemon_life.START_SECONDS):
        said = _silence(address)
        if not said:
            return
    raise StepFailed(f"start {engine.NAME}", said, remedy=_where_it_says(known))


def _silence(address: str) -> str:
    """Why it does not answer; empty if it does."""
    try:
        Api(address).send("GET", "/_ping", "ask the engine", None, {})
    except EngineFailed as error:
        return str(error)
    return ""


def _done(what: str, act: Any, remedy: str | None = None) -> None:
    try:
        act()
    except DaemonFailed as error:
        raise StepFailed(what, error.words, remedy=remedy) from error


def _where_it_says(known: Process) -> str:
    if known.unit is not None:
        return f"see journalctl -u {known.unit}"
    return f"see {known.output}" if known.output is not None else "start it by hand, and see"


def _is_active(machine: Machine, unit: str) -> bool:
    (ran,) = machine.run(("systemctl", "is-active", "--quiet", unit))
    return ran.ok
