"""A network and a file system of our own, for daemons that want fixed ports and places in /etc and /run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from e2e import machine
from e2e.machine import Done, Process

_START = """
set -eu
ip link set lo up
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$HERE/etc,workdir=$HERE/work" /etc
mount -t tmpfs tmpfs /run
for name in $NAMES; do echo "127.0.0.1 $name" >>/etc/hosts; done
touch "$HERE/ready"
exec sleep infinity
"""


class Apart:
    """`names` are hosts that resolve to the loopback address in there. Ends with `stop`."""

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        machine.need_root()
        for program in ("ip", "nsenter", "unshare"):
            machine.need(program)
        self.folder = folder
        for part in ("etc", "work", "logs"):
            (folder / part).mkdir(parents=True)
        self._holder = Process(
            *("unshare", "--net", "--mount", "bash", "-c", _START),
            log=folder / "logs" / "apart",
            environ={"HERE": str(folder), "NAMES": " ".join(names)},
        )
        machine.eventually("a namespace", lambda: (folder / "ready").exists() or None)
        self._started: list[Process] = []

    def start(
        self, *command: str | Path, name: str, environ: Mapping[str, str] | None = None
    ) -> Process:
        log = self.folder / "logs" / name
        process = Process(*self._enter, *command, log=log, environ=environ)
        self._started.append(process)
        return process

    def run(
        self,
        *command: str | Path,
        given: str | bytes | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Done:
        return machine.run(*self._enter, *command, given=given, environ=environ)

    def stop(self) -> None:
        for process in reversed(self._started):
            process.stop(seconds=60)
        self._holder.kill()

    @property
    def _enter(self) -> tuple[str, ...]:
        return ("nsenter", f"--target={self._holder.pid}", "--net", "--mount")
