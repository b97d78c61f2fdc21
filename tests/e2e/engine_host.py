"""
A Docker engine that runs containers, on a host of its own: a name, a network, a process tree, a /run.

What runs in there ends with it.
"""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any, Final

from e2e import images, machine
from e2e.machine import Done, Process

IMAGE: Final = "box:1"
_TOOLS: Final = ("sh", "sleep", "test", "touch")
_START: Final = """
set -eu
hostname "$NAME"
ip link set lo up
mount -t tmpfs tmpfs /run
touch "$HERE/$NAME.ready"
while :; do sleep 3600 & wait; done
"""


class EngineHost:
    """`folder` has a short path, for sockets. Ends with `stop`."""

    def __init__(self, folder: Path, name: str) -> None:
        machine.need_root()
        for program in ("containerd", "docker", "dockerd", "ip", "nsenter", "unshare"):
            machine.need(program)
        self.folder, self.name = folder, name
        self.socket = folder / f"{name}.sock"
        self._holder = Process(
            *("unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child"),
            *("--mount-proc", "bash", "-c", _START),
            log=folder / f"{name}.log",
            environ={"HERE": str(folder), "NAME": name},
        )
        ready = folder / f"{name}.ready"
        machine.eventually(self._holder.output, lambda: ready.exists() or None)
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        (self._first,) = children.read_text().split()
        self._daemon = self._start()
        self.docker("import", "-", IMAGE, given=_root_file_system()).check()

    @property
    def address(self) -> str:
        return f"unix://{self.socket}"

    def enter(self, *command: str) -> Done:
        """Run a program in the host's network."""
        return machine.run("nsenter", f"--target={self._first}", "--net", "--", *command)

    def connect(self, other: EngineHost) -> None:
        """Lay a cable: this is 10.86.0.1 on it, the other 10.86.0.2."""
        away = ("peer", "name", "eth0", "netns", str(other._first))
        self.enter("ip", "link", "add", "eth0", "type", "veth", *away).check()
        for number, host in enumerate((self, other), 1):
            host.enter("ip", "address", "add", f"10.86.0.{number}/24", "dev", "eth0").check()
            host.enter("ip", "link", "set", "eth0", "up").check()

    def docker(self, *words: str, given: bytes | None = None) -> Done:
        return machine.run(
            "docker", "--host", self.address, *words, given=given, environ={"DOCKER_HOST": ""}
        )

    def inspected(self, *names: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.docker("inspect", *names).check())
        return found

    def running(self) -> set[str]:
        return set(self.docker("ps", "--format", "{{.Names}}").check().split())

    def restart(self) -> None:
        """As a change of the engine's settings would."""
        self._daemon.stop()
        # Who has entered the host ends at once; when the daemon has ended says its file.
        mark = Path(f"/proc/{self._first}/root/run/docker.pid")
        machine.eventually(self._daemon.output, lambda: None if mark.exists() else True, seconds=60)
        self._daemon = self._start()

    def stop(self) -> None:
        self.docker("swarm", "leave", "--force")
        if left := self.docker("ps", "--all", "--quiet").out.split():
            self.docker("rm", "--force", *left)
        self._daemon.kill()
        self._holder.kill()

    def _start(self) -> Process:
        daemon = Process(
            *("nsenter", f"--target={self._first}", "--net", "--mount", "--uts", "--pid", "--"),
            *("dockerd", f"--data-root={self.folder / self.name}", f"--host={self.address}"),
            *(f"--exec-root={self.folder / (self.name + '.exec')}", "--pidfile=/run/docker.pid"),
            *("--bridge=none", "--iptables=false"),
            log=self.folder / f"{self.name}.dockerd",
        )

        def answers() -> bool | None:
            if not daemon.alive:
                raise machine.missing(f"a Docker daemon that starts:\n{daemon.output()}")
            return self.docker("version").ok or None

        machine.eventually(daemon.output, answers, seconds=60)
        return daemon


def _root_file_system() -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(images.BUSYBOX, "bin/busybox")
        for tool in _TOOLS:
            link = tarfile.TarInfo(f"bin/{tool}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    return archive.getvalue()
