"""
What daemons are told after files have changed: the closed list of things that an order may ask for.

With systemd its units are asked. Without it a daemon is ended and started again with the words, the
directory and the environment that it had, and our plugin is started as its unit says. What did not
run is left alone: a file takes effect at the next start anyway.
"""

from __future__ import annotations

import errno
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from wharfinger.errors import Unavailable
from wharfinger.hosts.on_host import daemon_life, daemons, distribution, docker_keys, states
from wharfinger.hosts.on_host.changes import Action
from wharfinger.hosts.on_host.daemon_life import DaemonFailed
from wharfinger.hosts.on_host.docker_authz import addresses, units
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.processes import Process

_UNITS: Final = "/etc/systemd/system"
_WANTED_BY: Final = ("sockets.target.wants", "multi-user.target.wants")
_OURS: Final = (units.SOCKET_UNIT, units.SERVICE_UNIT)
_RELOAD_SECONDS: Final = 10
_PLUGIN_SECONDS: Final = 10
_ENABLING: Final = {Action.START_DOCKER_AUTHZ, Action.STOP_DOCKER_AUTHZ}

_CERTIFICATE_LINKS: Final = "/etc/ssl/certs"


class ActionFailed(Unavailable):
    """A daemon or a tool did not do what it was told; `words` is what it said."""

    code = "action-failed"

    def __init__(self, action: Action, words: str) -> None:
        super().__init__(f"cannot {action}: {words.strip()[-2000:] or 'it gave no reason'}")
        self.action = action


@dataclass(frozen=True)
class Setting:
    """The host, and the daemons that ran on it before anything was changed. `back` says that the
    files are again as they were."""

    machine: Machine
    before: Mapping[str, Process]
    back: bool = False


def run(wanted: Sequence[Action], setting: Setting) -> None:
    """Do the actions in their order. Raise `ActionFailed`. In a tree nothing runs."""
    if setting.machine.is_tree:
        return
    for action in Action:
        if action in wanted:
            try:
                _DO[action](action, setting)
            except DaemonFailed as error:
                raise ActionFailed(action, error.words) from error


def back(done: Sequence[Action], machine: Machine) -> list[Action]:
    """What to do once the files are as they were before `done`.

    Our plugin runs where its unit is there, whichever way that was changed: stopped too early, it
    would close a daemon that still asks it.
    """
    again = [action for action in done if action not in _ENABLING]
    if len(again) < len(done):
        wanted = machine.files.look(units.SERVICE_PATH) is not None
        again.append(Action.START_DOCKER_AUTHZ if wanted else Action.STOP_DOCKER_AUTHZ)
    return again


def _update_system_trust(action: Action, setting: Setting) -> None:
    family = distribution.read(setting.machine.files).family
    if family == "redhat":
        _command(action, setting, "update-ca-trust", "extract")
        return
    _drop_orphans(setting.machine)
    _command(action, setting, "update-ca-certificates")


def _drop_orphans(machine: Machine) -> None:
    """Links to authorities of ours that are gone: Debian's tool leaves them where nothing is new."""
    files = machine.files
    for name in files.names(_CERTIFICATE_LINKS):
        path = f"{_CERTIFICATE_LINKS}/{name}"
        target = _target(machine, path)
        if "/wharfinger-" in f"/{target}" and _dangles(machine, target):
            with files.parent(path) as (directory, link):
                files.disk.remove(directory, link)


def _target(machine: Machine, path: str) -> str:
    try:
        return machine.files.target(path)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOENT):
            raise
        return ""


def _dangles(machine: Machine, target: str) -> bool:
    path = target if target.startswith("/") else f"{_CERTIFICATE_LINKS}/{target}"
    if machine.files.look(path) is None:
        return True
    onward = _target(machine, path)
    return onward.startswith("/") and machine.files.look(onward) is None


def _reload_units(action: Action, setting: Setting) -> None:
    if daemon_life.under_systemd(setting.machine):
        _command(action, setting, "systemctl", "daemon-reload")


def _start_docker_authz(action: Action, setting: Setting) -> None:
    machine = setting.machine
    if daemon_life.under_systemd(machine):
        _command(action, setting, "systemctl", "enable", "--now", units.SOCKET_UNIT)
        _command(action, setting, "systemctl", "try-restart", units.SERVICE_UNIT)
        _require_plugin(action, machine)
        return
    words = daemons.authz_words(machine)
    if not words:
        raise ActionFailed(action, f"{units.SERVICE_PATH} does not say how")
    if machine.listener(addresses.SOCKET) is None:
        plugin = Process(0, words, environment=machine.environment())
        daemon_life.wait_for(machine, machine.start(plugin), addresses.SOCKET)


def _require_plugin(action: Action, machine: Machine) -> None:
    """systemd listens whether or not the service can start, and dockerd must not be told of one that
    cannot. Any answer will do, that it was asked in vain too."""
    for _ in machine.pauses(_PLUGIN_SECONDS):
        with suppress(OSError, ValueError):
            machine.answer(addresses.SOCKET, "/")
            return
    raise ActionFailed(
        action, f"{addresses.SOCKET} does not answer: see journalctl -u {units.SERVICE_UNIT}"
    )


def _stop_docker_authz(_: Action, setting: Setting) -> None:
    """After its unit file may have gone, so by name, and its links by hand."""
    machine = setting.machine
    if daemon_life.under_systemd(machine):
        machine.run(("systemctl", "stop", *_OURS), seconds=daemon_life.STOP_SECONDS)
        _drop_links(machine)
        return
    pid = machine.listener(addresses.SOCKET)
    if pid is not None and "docker-authz" in machine.arguments(pid):
        daemon_life.end(machine, pid)


def _drop_links(machine: Machine) -> None:
    """`systemctl disable` knows only units whose file is still there."""
    for path in (f"{_UNITS}/{folder}/{unit}" for folder in _WANTED_BY for unit in _OURS):
        if machine.files.look(path) is not None:
            with machine.files.parent(path) as (directory, name):
                machine.files.disk.remove(directory, name)


def _reload(action: Action, setting: Setting, name: str) -> None:
    """All of these daemons read their configuration again on SIGHUP."""
    process = daemons.find(setting.machine, name)
    if process is not None:
        setting.machine.signal(process.pid, signal.SIGHUP)
    elif name in setting.before:
        _restart(action, setting, name)


def _reload_docker(action: Action, setting: Setting) -> None:
    process = daemons.find(setting.machine, "docker")
    if setting.back and process is not None:
        _make_forget(setting.machine, process)
    _reload(action, setting, "docker")


def _make_forget(machine: Machine, docker: Process) -> None:
    """Show dockerd as empty what has gone from its file. Killed in between, `docker_keys` knows the
    file again."""
    file = states.capture(machine.files, daemons.docker_config(docker))
    shown = docker_keys.emptied(file)
    if shown is None or not docker_keys.kept(_docker_info(machine, docker), file):
        return

    def forget() -> None:
        machine.signal(docker.pid, signal.SIGHUP)
        for _ in machine.pauses(_RELOAD_SECONDS):
            if not docker_keys.kept(_docker_info(machine, docker), file):
                break

    states.lend(machine.files, shown, forget)


def _docker_info(machine: Machine, docker: Process) -> Mapping[str, Any]:
    try:
        info = machine.ask(str(daemons.socket_of(machine, "docker", docker)), "/info")
    except (OSError, ValueError):
        return {}
    return info if isinstance(info, dict) else {}


def _restart(action: Action, setting: Setting, name: str) -> None:
    machine, running = setting.machine, daemons.find(setting.machine, name)
    known = setting.before.get(name) or running
    if known is None:
        return
    if known.unit is not None and daemon_life.under_systemd(machine):
        # A daemon that has failed a few times in a row would not be started again for a while.
        machine.run(("systemctl", "reset-failed", known.unit))
        _command(action, setting, "systemctl", "restart", known.unit)
        return
    if running is not None:
        daemon_life.end(machine, running.pid)
    address = daemons.socket_of(machine, name, known)
    daemon_life.wait_for(machine, machine.start(known), address)


def _command(action: Action, setting: Setting, *words: str) -> None:
    (ran,) = setting.machine.run(words)
    if not ran.ok:
        raise ActionFailed(action, f"{' '.join(words)}: {ran.output}")


_DO: Final[Mapping[Action, Callable[[Action, Setting], None]]] = {
    Action.UPDATE_SYSTEM_TRUST: _update_system_trust,
    Action.RELOAD_UNITS: _reload_units,
    Action.START_DOCKER_AUTHZ: _start_docker_authz,
    Action.RESTART_CONTAINERD: partial(_restart, name="containerd"),
    Action.RELOAD_DOCKER: _reload_docker,
    Action.RESTART_DOCKER: partial(_restart, name="docker"),
    Action.RELOAD_CRIO: partial(_reload, name="crio"),
    Action.STOP_DOCKER_AUTHZ: _stop_docker_authz,
}
