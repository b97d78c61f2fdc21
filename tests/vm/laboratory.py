"""
A machine to do things to that no test may do to this one: disks, LVM, mounts, an engine.

The guest has this machine's programs and the checkout, disks of its own and nothing to lose.
It starts in some five seconds and each process in it costs a few hundredths of one, so tests
share a start and do many things in it.

    with Laboratory(disks=(Disk("first"), Disk("second", gib=4))) as lab:
        lab.run("pvcreate", "-q", lab.disk("first").by_id).check()
        lab.script("vgcreate data /dev/vda; lvcreate -L 1G -n images data").check()
        lab.wharf("storage", "status").check()
        lab.grow("first", gib=12)
"""

from __future__ import annotations

import compileall
import itertools
import shlex
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from e2e import machine
from e2e.machine import Done
from vm import guest, initial_ram_disk
from vm.kernel import Kernel
from vm.qemu import Disk, Qemu

PYTHON = machine.ROOT / ".venv" / "bin" / "python"
WHARF = machine.ROOT / ".venv" / "bin" / "wharf"
WARM = "/run/warm"
WARMER = Path(__file__).with_name("warm.py")

PATIENCE = 300
"""Far more seconds than a start or a command takes: two processors may have much else to do."""


@cache
def keep_byte_code() -> None:
    """Have what the guest loads of Python compiled here: it cannot keep what it compiles, and would
    take ten seconds for it at each start of a program of ours."""
    compileall.compile_dir(machine.ROOT / "src", quiet=1)
    machine.run(PYTHON, WARMER, environ={"PYTHONDONTWRITEBYTECODE": ""}).check()


class GuestLost(AssertionError):
    """The guest panicked, ended or does not answer; the message has the tail of its console."""

    def __init__(self, what: str, last_words: str) -> None:
        super().__init__(f"{what}; its last words:\n{last_words}")


class Job:
    """A command in the guest, running or done. `output` and `errors` can be read meanwhile."""

    def __init__(self, laboratory: Laboratory, name: str, words: tuple[str, ...]) -> None:
        self.words = words
        self.name = name
        self._laboratory = laboratory
        self._folder = laboratory.shared / name

    @property
    def output(self) -> str:
        return (self._folder / "out").read_text(errors="replace")

    @property
    def errors(self) -> str:
        return (self._folder / "err").read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self._laboratory.code_of(self.name, seconds=0) is None

    def wait(self, *, seconds: float = PATIENCE) -> Done:
        """Its end; what does not end in time is killed with its children and fails the test."""
        code = self._laboratory.code_of(self.name, seconds=seconds)
        if code is None:
            self.kill()
            told = f"{self.output}\n{self.errors}"
            raise AssertionError(f"{shlex.join(self.words)} ran for over {seconds:.0f} s:\n{told}")
        return Done(self.words, code, self.output, self.errors)

    def kill(self) -> Done:
        """End it and its children at once (`kill -9`), and wait until it is gone."""
        self._laboratory.order(f"end {self.name}")
        code = self._laboratory.code_of(self.name, seconds=30)
        assert code is not None, f"cannot end {shlex.join(self.words)}"
        return Done(self.words, code, self.output, self.errors)


class Laboratory:
    """A guest: `with` starts and ends it. Commands run as root, several may run at a time.

    `shared` is a folder on this machine that the guest sees as `/.vm`: files can be handed over
    there, but it holds neither an engine's data nor a disk.
    """

    def __init__(
        self, disks: tuple[Disk, ...] = (), *, memory: int = 1024, systemd: bool = False
    ) -> None:
        machine.need_root()
        self._kernel = Kernel.prepared()
        keep_byte_code()
        self._memory = memory
        self.systemd = systemd
        self._disks = {disk.name: disk for disk in disks}
        self._names = itertools.count(1)
        self._codes: dict[str, int] = {}
        self._heard = b""

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="wharf-vm-"))
        try:
            self._boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._end_guest()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def shared(self) -> Path:
        return self._folder / "shared"

    def disk(self, name: str) -> Disk:
        return self._disks[name]

    # What runs in the guest

    def run(
        self,
        *words: str | Path,
        given: str | bytes = b"",
        environ: Mapping[str, str] | None = None,
        seconds: float = PATIENCE,
    ) -> Done:
        """Run a command to its end: code, output and errors. `given` is its standard input."""
        return self.start(*words, given=given, environ=environ).wait(seconds=seconds)

    def script(self, text: str, *, seconds: float = PATIENCE) -> Done:
        """Run a text of the shell, which ends at its first failure (`sh -eu`)."""
        return self.run("sh", "-euc", text, seconds=seconds)

    def python(
        self, code: str | Path, *words: str, given: str | bytes = b"", seconds: float = PATIENCE
    ) -> Done:
        """Run Python of the checkout's environment: a text, or a file on this machine."""
        path: str | Path = code
        if isinstance(code, str):
            name = f"text{next(self._names)}.py"
            (self.shared / name).write_text(code)
            path = f"/.vm/{name}"
        return self.ours("python", path, *words, given=given, seconds=seconds)

    def wharf(
        self, *words: str | Path, given: str | bytes = b"", seconds: float = PATIENCE
    ) -> Done:
        return self.ours("wharf", *words, given=given, seconds=seconds)

    def ours(
        self,
        program: str,
        *words: str | Path,
        given: str | bytes = b"",
        environ: Mapping[str, str] | None = None,
        seconds: float = PATIENCE,
    ) -> Done:
        """Run a program of ours by a process that has it loaded (`warm`). What is run by
        others than root is run by its path (`WHARF`)."""
        path = f"{self.warm()}/{program}"
        return self.run(path, *words, given=given, environ=environ, seconds=seconds)

    def warm(self) -> str:
        """The folder in the guest with programs of ours that start at once."""
        if not self._warm:
            warmer = self.start(PYTHON, WARMER, WARM)
            # Asked here: a question in the guest would take from what it waits for.
            machine.eventually(
                lambda: f"programs of ours:\n{warmer.errors}",
                lambda: warmer.output or None,
                seconds=PATIENCE,
            )
            self._warm = True
        return WARM

    def start(
        self,
        *words: str | Path,
        given: str | bytes = b"",
        environ: Mapping[str, str] | None = None,
    ) -> Job:
        """Start a command and come back at once."""
        texts = tuple(map(str, words))
        name = f"job{next(self._names)}"
        folder = self.shared / name
        folder.mkdir()
        exports = (f"export {shlex.quote(f'{k}={v}')}\n" for k, v in (environ or {}).items())
        (folder / "job").write_text(f"{''.join(exports)}cd /\nexec {shlex.join(texts)}\n")
        (folder / "given").write_bytes(given.encode() if isinstance(given, str) else given)
        (folder / "out").touch()
        (folder / "err").touch()
        self.order(f"start {name}")
        return Job(self, name, texts)

    def read(self, path: str | Path) -> str:
        return self.run("cat", path).check()

    def write(self, path: str | Path, content: str | bytes) -> None:
        """Write a file of the guest; its folder is made where it is missing."""
        place, folder = shlex.quote(str(path)), shlex.quote(str(Path(path).parent))
        made = f"test -d {folder} || mkdir -p {folder}"
        self.run("sh", "-euc", f"{made}; cat > {place}", given=content).check()

    # What happens to its disks while it runs

    def grow(self, name: str, gib: float) -> None:
        """The disk has become larger; the guest sees it before this comes back."""
        self._qemu.grow(self._disks[name], gib)
        size = int(gib * 1024**3)
        self._until(f'test "$(blockdev --getsize64 {self._disks[name].by_id})" = {size}')

    def attach(self, disk: Disk) -> None:
        self._disks[disk.name] = disk
        self._qemu.attach(disk)
        self._until(f"test -b {disk.by_id}")

    def detach(self, name: str) -> None:
        disk = self._disks.pop(name)
        self._qemu.detach(disk)
        self._until(f"test ! -e {disk.by_id}")

    def restart(self) -> None:
        """Cut the power and start again: the disks stay, all else is as at the first start."""
        self._end_guest()
        self._boot()

    def _until(self, question: str) -> None:
        asked = f"for _ in $(seq 600); do if {question}; then exit 0; fi; sleep 0.1; done; exit 1"
        self.script(f"udevadm settle; {asked}").check()

    # The wire to the agent

    def order(self, line: str) -> None:
        try:
            self._wire.sendall(line.encode() + b"\n")
        except OSError as error:
            raise self._lost("the guest is gone") from error

    def code_of(self, name: str, *, seconds: float) -> int | None:
        """The code that a job ended with, or None if it has not within this time."""
        deadline = time.monotonic() + seconds
        while name not in self._codes:
            line = self._line(deadline)
            if line is None:
                return None
            word, _, rest = line.partition(" ")
            if word == "done":
                job, code = rest.split()
                self._codes[job] = int(code)
        return self._codes[name]

    def _line(self, deadline: float) -> str | None:
        while b"\n" not in self._heard:
            self._wire.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                heard = self._wire.recv(4096)
            except TimeoutError:
                return None
            except OSError as error:
                raise self._lost("the guest is gone") from error
            if not heard:
                raise self._lost("the guest is gone")
            self._heard += heard
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode()

    def _lost(self, what: str) -> GuestLost:
        return GuestLost(what, self._qemu.last_words())

    # Its start and its end

    def _boot(self) -> None:
        folder = self._folder
        self.shared.mkdir(exist_ok=True)
        (self.shared / "start").write_text(guest.start_systemd() if self.systemd else guest.start())
        (self.shared / "agent").write_text(guest.agent())
        first = folder / "first-files"
        busybox = Path(machine.need("busybox"))
        first.write_bytes(initial_ram_disk.archive(self._kernel, guest.first_script(), busybox))
        self._heard, self._warm = b"", False
        self._qemu = Qemu(self._kernel, first, self.shared, folder, memory=self._memory)
        self._qemu.start(tuple(self._disks.values()))
        self._wire: socket.socket = self._qemu.socket("agent")
        if self._line(time.monotonic() + PATIENCE) != "ready":
            raise self._lost("the guest did not start")

    def _end_guest(self) -> None:
        if hasattr(self, "_wire"):
            self._wire.close()
        if hasattr(self, "_qemu"):
            self._qemu.end()


class Laboratories(Protocol):
    """Start a guest with these disks; it ends with the module that asked (`conftest.py`)."""

    def __call__(self, *disks: Disk, memory: int = 1024, systemd: bool = False) -> Laboratory: ...
