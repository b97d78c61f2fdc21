"""A real Docker daemon of our own, beside whatever daemon the machine has."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from e2e import machine
from e2e.machine import Process


class DockerDaemon:
    """Stores images and talks to registries; it has no network for containers and runs none."""

    def __init__(self, folder: Path) -> None:
        machine.need_root()
        machine.need("containerd")
        # A socket's path may have 107 characters, and a checkout may lie deep.
        self._sockets = Path(tempfile.mkdtemp(prefix="dockerd-"))
        self.socket = self._sockets / "sock"
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._process = Process(
            machine.need("dockerd"),
            f"--data-root={folder / 'data'}",
            f"--exec-root={self._sockets / 'exec'}",
            f"--pidfile={folder / 'pid'}",
            f"--host=unix://{self.socket}",
            "--bridge=none",
            "--iptables=false",
            log=folder / "log",
        )
        machine.eventually("dockerd", self._ready, seconds=60)

    def _ready(self) -> bool | None:
        if not self._process.alive:
            raise machine.missing(f"a Docker daemon that starts:\n{self._process.output()}")
        client = machine.need("docker")
        answer = machine.run(client, "--host", f"unix://{self.socket}", "version")
        return True if answer.ok else None

    def stop(self) -> None:
        self._process.stop(seconds=60)
        for folder in (self._folder, self._sockets):
            shutil.rmtree(folder, ignore_errors=True)
