"""
The engine that a step speaks of: where it answers, what it says of itself, what runs in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from wharfinger.hosts.on_host import daemons
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.storage.docker.api import Api, EngineFailed
from wharfinger.hosts.on_host.storage.work import Refused

NAME: Final = "docker"
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_SNAPSHOTTER: Final = ("driver-type", "io.containerd.snapshotter.v1")


@dataclass(frozen=True)
class Engine:
    """A running engine. What it is it is asked once somebody wants to know: it starts other programs
    for each such answer, to tell their versions too."""

    api: Api
    process: Process

    @cached_property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get("/info", "ask the engine what it is")
        return found

    @property
    def driver(self) -> str:
        return str(self.status["Driver"])

    @property
    def root(self) -> str:
        return str(self.status["DockerRootDir"])

    @property
    def snapshots(self) -> bool:
        """It keeps images in containerd, where the id of an image is the digest of its manifest and not
        of its configuration."""
        return _SNAPSHOTTER in [tuple(one) for one in self.status.get("DriverStatus") or ()]

    def running(self) -> tuple[str, ...]:
        """The names of the containers that run or are paused."""
        found = self.api.get("/containers/json", "list what runs") or []
        return tuple(sorted(name_of(one) for one in found))


def known(name: str) -> None:
    """Raise `Refused` for an engine that these steps do not know."""
    if name != NAME:
        raise Refused(f"cannot carry what the engine {name!r} keeps: only {NAME}'s so far")


def connect(machine: Machine) -> Engine:
    """Raise `EngineFailed` where it does not run; so does each question that it does not answer."""
    process = daemons.find(machine, NAME)
    if process is None:
        raise EngineFailed("ask the engine", f"{NAME} does not run")
    return Engine(Api(daemons.socket_of(machine, NAME, process) or daemons.DOCKER_SOCKET), process)


def require_quiet(engine: Engine) -> None:
    """Raise `Refused` while containers run: what they write would be carried by half."""
    if names := engine.running():
        raise Refused(
            f"cannot carry what {NAME} keeps while containers run: {', '.join(names)}",
            remedy="stop them, or have the host evacuated first",
        )


def name_of(listed: dict[str, Any]) -> str:
    """Of a container in a list, where links of others give it further names."""
    names = [str(one).lstrip("/") for one in listed.get("Names") or ()]
    return next((one for one in names if "/" not in one), str(listed["Id"]))


def digest(text: Any) -> str:
    """A digest that is safe as part of a path. Raise `EngineFailed` for anything else."""
    if not isinstance(text, str) or _DIGEST.fullmatch(text) is None:
        raise EngineFailed("read what the engine says", f"{text!r} is no sha256 digest")
    return text


def plain(text: str) -> str:
    """The part of a digest that names a file."""
    return digest(text).partition(":")[2]


def lines(words: list[str], limit: int) -> Iterator[str]:
    """The first of many things, and how many there are beside."""
    yield from words[:limit]
    if len(words) > limit:
        yield f"and {len(words) - limit} more"
