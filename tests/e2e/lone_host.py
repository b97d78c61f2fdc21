"""
A host of our own on this machine: a network, a process tree, a /run, and its own /etc, /var/lib and
/usr/local over those of this machine. What runs in there ends with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from e2e import machine
from e2e.machine import Done, Process

Found = TypeVar("Found")

# The first process of a tree has to take up the orphans in it.
_START = """
set -eu
ip link set lo up
ip address add 192.0.2.7/32 dev lo
for path in /etc /var/lib /usr/local; do
    mkdir -p "$HERE/upper$path" "$HERE/work$path"
    mount -t overlay overlay \\
        -o "lowerdir=$path,upperdir=$HERE/upper$path,workdir=$HERE/work$path" "$path"
done
mount -t tmpfs tmpfs /run
mkdir -p /etc/docker
rm -rf /etc/docker/daemon.json /etc/docker/certs.d /etc/containerd /etc/wharfinger /var/lib/wharfinger
for name in $NAMES; do echo "192.0.2.7 $name" >>/etc/hosts; done
touch "$HERE/ready"
while :; do sleep 3600 & wait; done
"""


class LoneHost:
    """`names` are hosts that resolve to an address of it. That is 192.0.2.7, since runtimes have rules
    of their own for loopback addresses. Ends with `stop`."""

    def __init__(self, folder: Path, *names: str) -> None:
        machine.need_root()
        for program in ("ip", "nsenter", "unshare"):
            machine.need(program)
        self.folder = folder
        self._log = folder / "logs"
        self._log.mkdir()
        (folder / "bin").mkdir()
        (folder / "bin" / "wharf").symlink_to(machine.ROOT / ".venv" / "bin" / "wharf")
        self._holder = Process(
            *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *("bash", "-c", _START),
            log=self._log / "host",
            environ={"HERE": str(folder), "NAMES": " ".join(names)},
        )
        machine.eventually(self._holder.output, lambda: (folder / "ready").exists() or None)
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        (self._first,) = children.read_text().split()
        self._started: list[Process] = []

    @property
    def _enter(self) -> tuple[str, ...]:
        return ("nsenter", f"--target={self._first}", "--net", "--mount", "--pid", "--")

    @property
    def _environ(self) -> Mapping[str, str]:
        return {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "HOME": str(self.folder)}

    def run(self, *command: str | Path, given: str | bytes | None = None) -> Done:
        return machine.run(*self._enter, *command, given=given, environ=self._environ)

    def start(self, *command: str | Path, name: str) -> Process:
        process = Process(*self._enter, *command, log=self._log / name, environ=self._environ)
        self._started.append(process)
        return process

    def path(self, path: str) -> Path:
        """A file of the host, seen from outside."""
        return Path(f"/proc/{self._first}/root{path}")

    def write(self, path: str, text: str) -> None:
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_text(text)

    def tree(self, *roots: str) -> dict[str, tuple[int, bytes]]:
        """The mode and bytes of all files below directories of the host."""
        return {
            str(path).partition("/root/")[2]: (path.stat().st_mode, path.read_bytes())
            for root in roots
            for path in sorted(self.path(root).rglob("*"))
            if path.is_file()
        }

    def wharf(self, *words: str | Path) -> Done:
        return self.run("wharf", "hosts", *words)

    def apply(self, site: str, *words: str) -> Done:
        (self.folder / "site.yaml").write_text(site)
        return self.wharf("apply", self.folder / "site.yaml", "--yes", *words)

    def eventually(self, what: str, find: Callable[[], Found | None]) -> Found:
        return machine.eventually(what, find, seconds=60)

    def stop(self) -> None:
        for process in reversed(self._started):
            process.stop(seconds=20)
        self._holder.kill()
