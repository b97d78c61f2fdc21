"""
The daemons of the container runtimes: which processes they are, and where they answer.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from typing import Any, Final

from wharfinger.hosts.on_host.docker_authz import units
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.processes import Process

EXECUTABLES: Final = {
    "docker": ("dockerd", "dockerd-current"),  # the second is what RHEL 7 calls it
    "containerd": ("containerd",),
    "crio": ("crio",),
}
UNITS: Final = {
    "docker": "docker.service",
    "containerd": "containerd.service",
    "crio": "crio.service",
}

DOCKER_CONFIG: Final = "/etc/docker/daemon.json"
DOCKER_SOCKET: Final = "/var/run/docker.sock"
CONTAINERD_CONFIG: Final = "/etc/containerd/config.toml"
CONTAINERD_SOCKET: Final = "/run/containerd/containerd.sock"
_CONFIG_LIMIT: Final = 1 << 20


def find(machine: Machine, name: str) -> Process | None:
    """The daemon that reads the files that we see.

    A daemon in a container has files of its own; the one that dockerd starts for itself has its
    parent's. Of several, the one that systemd runs counts, then the oldest.
    """
    if machine.is_tree:
        return None
    found = machine.processes(*EXECUTABLES[name])
    ours = [one for one in found if (one.ours or one.unit in UNITS.values()) and not _nested(one)]
    return min(ours, key=lambda one: (not one.ours, one.unit is None, one.pid), default=None)


def running(machine: Machine) -> dict[str, Process]:
    found = {name: find(machine, name) for name in EXECUTABLES}
    return {name: process for name, process in found.items() if process is not None}


def authz_words(machine: Machine) -> tuple[str, ...]:
    """How our plugin is started, as its systemd unit says; nothing where there is no unit."""
    content = machine.files.read(units.SERVICE_PATH, limit=_CONFIG_LIMIT) or b""
    for line in content.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "ExecStart":
            return tuple(shlex.split(value))
    return ()


def _nested(process: Process) -> bool:
    """dockerd's own containerd has a configuration that dockerd writes below its run directory."""
    config = option(process.arguments, "--config", "-c") or ""
    return config.endswith("/containerd/containerd.toml")


def socket_of(machine: Machine, name: str, process: Process) -> str | None:
    """The Unix socket where its API answers, `None` where it has none that we know how to ask."""
    if name == "docker":
        return _docker_socket(machine, process)
    if name == "containerd":
        return option(process.arguments, "--address", "-a") or CONTAINERD_SOCKET
    return None


def docker_config(process: Process | None) -> str:
    given = None if process is None else option(process.arguments, "--config-file")
    return given or DOCKER_CONFIG


def containerd_config(process: Process | None) -> str:
    given = None if process is None else option(process.arguments, "--config", "-c")
    return given or CONTAINERD_CONFIG


def _docker_socket(machine: Machine, process: Process) -> str:
    hosts = list(options(process.arguments, "--host", "-H"))
    hosts += _listed(_document(machine, docker_config(process)), "hosts")
    for host in hosts:
        if host.startswith("unix://"):
            return host[len("unix://") :] or DOCKER_SOCKET
    return DOCKER_SOCKET


def _document(machine: Machine, path: str) -> Any:
    try:
        return json.loads(machine.files.read(path, limit=_CONFIG_LIMIT) or b"{}")
    except (OSError, ValueError):
        return {}


def _listed(document: Any, key: str) -> list[str]:
    found = document.get(key) if isinstance(document, dict) else None
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def option(arguments: Sequence[str], *names: str) -> str | None:
    """The last value of an option, as Go's flag packages read it: `--name value`, `--name=value`."""
    return next(iter(reversed(list(options(arguments, *names)))), None)


def options(arguments: Sequence[str], *names: str) -> Iterator[str]:
    """Every value of an option."""
    for at, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name in names:
            if equals:
                yield value
            elif at + 1 < len(arguments):
                yield arguments[at + 1]
        elif word.startswith("-H") and "-H" in names:
            yield word[2:]
