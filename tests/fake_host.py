"""
A host for tests: a tree on disk with a Docker daemon that is only imagined, and disks that fail.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.changes import WriteFile
from wharfinger.hosts.on_host.machine import Machine, Ran
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.tree import Disk

DAEMON_JSON: Final = "/etc/docker/daemon.json"
JOURNAL: Final = "/var/lib/wharfinger-host"
LONG_AGO: Final = 1_600_000_000_123_456_789
"""When the files of a fake host were written, in nanoseconds."""


class Killed(BaseException):
    """What `kill -9` is to a process: nothing runs after it."""


class SteppedDisk(Disk):
    """Counts its calls, and asks before each what shall happen. Syncs nothing, for speed."""

    def __init__(self) -> None:
        self.steps = 0

    def step(self, call: str) -> None:
        self.steps += 1
        self.before(call)

    def before(self, call: str) -> None:
        """Raise to stop before the call that has this number."""

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if name not in _CALLS:
            return found

        def call(*arguments: Any) -> Any:
            self.step(name)
            return None if name == "sync" else found(*arguments)

        return call


_CALLS: Final = {name for name in vars(Disk) if not name.startswith("_")}


class MortalDisk(SteppedDisk):
    """Dies before its step `last`; a write that it dies in has written half."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.last = last

    def before(self, call: str) -> None:
        if self.steps >= self.last:
            raise Killed

    def write(self, file: int, content: bytes) -> None:
        if self.steps + 1 == self.last:
            super().write(file, content[: len(content) // 2])
        super().write(file, content)


class FullDisk(SteppedDisk):
    """Has no room from its step `first` on. Renames and removals need none."""

    def __init__(self, first: int, until: int = 1 << 30) -> None:
        super().__init__()
        self.first, self.until = first, until

    def before(self, call: str) -> None:
        takes = call in ("create", "write", "make_directory", "link", "set_attribute")
        if takes and self.first <= self.steps < self.until:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FaultyDisk(SteppedDisk):
    """Fails once, at its step `at`."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def before(self, call: str) -> None:
        if self.steps == self.at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


@dataclass
class Docker:
    """A daemon that reads its file at its start and on SIGHUP, and ends if it cannot. As dockerd
    does, it goes on with a list of registries whose key has gone from the file.
    """

    pid: int = 100
    alive: bool = True
    config: dict[str, Any] = field(default_factory=dict)
    starts: int = 1
    reloads: int = 0


class FakeHost(Machine):
    """Files are real and below a root; systemd, Docker and time are imagined."""

    def __init__(
        self, root: Path, *, disk: Disk | None = None, docker: Docker | None = None
    ) -> None:
        super().__init__(str(root), tree=False)
        self.files.disk = SteppedDisk() if disk is None else disk
        self.docker = docker
        self.ran: list[tuple[str, ...]] = []
        self.answers: Callable[[tuple[str, ...]], Ran] = lambda _: Ran(0, "")
        self.plugin = True  # it answers, if somebody has it started

    def now(self) -> float:
        return 1_700_000_000.0

    def hostname(self) -> str:
        return "quay1"

    def run(
        self, *commands: tuple[str, ...], seconds: float = 120, given: str | None = None
    ) -> list[Ran]:
        self.ran.extend(commands)
        return [self.answers(command) for command in commands]

    def report(self, *commands: tuple[str, ...], seconds: float = 120) -> list[Ran]:
        return self.run(*commands)

    def processes(self, *names: str) -> list[Process]:
        if self.docker is None or not self.docker.alive or "dockerd" not in names:
            return []
        return [Process(self.docker.pid, ("dockerd",))]

    def signal(self, pid: int, number: int) -> None:
        assert self.docker is not None
        assert (pid, self.docker.alive) == (self.docker.pid, True)
        self._step("signal")
        self.docker.reloads += 1
        lists = ("insecure-registries", "registry-mirrors")
        self._load({key: self.docker.config[key] for key in lists if key in self.docker.config})

    def stop(self, pid: int, *, seconds: float) -> bool:
        assert self.docker is not None
        self._step("stop")
        self.docker.alive = False
        return True

    def start(self, process: Process) -> int:
        assert self.docker is not None
        self._step("start")
        self.docker.pid += 1
        self.docker.starts += 1
        self.docker.alive = True
        self._load()
        return self.docker.pid

    def lives(self, pid: int) -> bool:
        return self.docker is not None and self.docker.alive and pid == self.docker.pid

    def listener(self, address: str) -> int | None:
        return self.docker.pid if self.docker is not None and self.docker.alive else None

    def ask(self, address: str, path: str, *, seconds: float = 5) -> Any:
        if self.docker is None or not self.docker.alive:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        return {
            "ServerVersion": "20.10.24",
            "ContainersRunning": 2,
            "LiveRestoreEnabled": True,
            "RegistryConfig": {
                "InsecureRegistryCIDRs": ["127.0.0.0/8"],
                "IndexConfigs": {
                    "docker.io": {"Secure": True},
                    **{
                        name: {"Secure": False}
                        for name in self.docker.config.get("insecure-registries", [])
                    },
                },
                "Mirrors": self.docker.config.get("registry-mirrors", []),
            },
        }

    def answer(self, address: str, path: str, *, seconds: float = 5) -> tuple[int, bytes]:
        if not self.plugin:
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        return 400, b"{}"

    def pauses(self, seconds: float) -> Iterable[None]:
        return (None, None)

    def _step(self, call: str) -> None:
        """What is done to the daemon is a step like those of the disk."""
        if isinstance(self.files.disk, SteppedDisk):
            self.files.disk.step(call)

    def _load(self, kept: dict[str, Any] | None = None) -> None:
        assert self.docker is not None
        content = self.files.read(DAEMON_JSON, limit=1 << 20)
        try:
            self.docker.config = {**(kept or {}), **json.loads(content or b"{}")}
        except ValueError:
            self.docker.alive = False


def picture(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything that undo promises to bring back, of all paths but those of the journal."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        name = f"/{path.relative_to(root)}"
        if name in ("/var", "/var/lib") or name.startswith(JOURNAL):
            continue
        status = path.lstat()
        owner = (stat.filemode(status.st_mode), status.st_uid, status.st_gid)
        if path.is_symlink():
            found[name] = (*owner, str(path.readlink()))
        elif path.is_dir():
            found[name] = (*owner, attributes(path))
        else:
            found[name] = (*owner, attributes(path), path.read_bytes(), status.st_mtime_ns)
    return found


def attributes(path: Path) -> dict[str, bytes]:
    return {name: os.getxattr(path, name) for name in os.listxattr(path)}


def put(root: Path, path: str, content: bytes = b"", *, mode: int = 0o644) -> Path:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    place.chmod(mode)
    os.utime(place, ns=(LONG_AGO, LONG_AGO))
    return place


def write(path: str, content: bytes, *, over: bytes | None = None, mode: int = 0o644) -> WriteFile:
    """A change of a file whose content was `over`."""
    return WriteFile(path, content, None if over is None else states.digest(over), mode)
