"""
One emulator: its command line, its monitor, its console and its end.

Without KVM, because test machines are often virtual themselves. `-M pc` with an uncompressed
kernel starts soonest of what was tried; `microvm` hangs now and then. QEMU 10 emulates programs
twice as fast as Debian 12's. The plainest processor takes a fifth less time than the one with all that can
be emulated: programs make use of the wide registers that they find, and each such instruction costs
several of others, as does keeping them at each switch. What it translates of an engine's programs takes some 350 MiB: a store
(`tb-size`) that is full is emptied, and all is translated again. A panic of the
guest ends the emulator (`panic=-1 -no-reboot`), so nothing waits for a guest that is gone.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e import machine
from vm import guest
from vm.kernel import Kernel

GIB = 1024**3
QEMU = machine.TOOLS / "qemu-10"

KERNEL_WORDS = (
    "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off lsm= audit=0 tsc=reliable "
    "no_timer_check nokaslr random.trust_cpu=on cryptomgr.notests 8250.nr_uarts=1"
)


@dataclass(frozen=True)
class Disk:
    """A disk, empty unless `image` names a file with its content; `name` is its serial number.

    The guest finds it as `/dev/disk/by-id/virtio-NAME`, wherever it is in the order of disks.
    """

    name: str
    gib: float = 8
    read_only: bool = False
    image: Path | None = None

    @property
    def by_id(self) -> str:
        return f"/dev/disk/by-id/virtio-{self.name}"

    def file_in(self, folder: Path) -> Path:
        """Its content; a file with holes is made where there is none yet."""
        path = self.image or folder / f"{self.name}.disk"
        if not path.exists():
            path.touch()
            os.truncate(path, int(self.gib * GIB))
        return path


class Qemu:
    """The running emulator. `folder` holds the disks, the sockets and the console's output."""

    def __init__(
        self, kernel: Kernel, first_files: Path, shared: Path, folder: Path, *, memory: int
    ) -> None:
        self._folder = folder
        self._console = folder / "console"
        self._words = [
            # Whoever kills the tests must not have to look for their guests.
            *(machine.need("setpriv"), "--pdeathsig", "KILL"),
            *(str(_program()), "-L", str(QEMU)),
            *("-M", "pc", "-accel", "tcg,tb-size=1024", "-cpu", "qemu64,+rdrand", "-smp", "1"),
            *("-m", str(memory), "-nodefaults", "-no-user-config", "-display", "none"),
            "-no-reboot",
            *("-kernel", str(kernel.image), "-initrd", str(first_files)),
            *("-append", KERNEL_WORDS),
            *("-serial", f"file:{self._console}"),
            *("-qmp", f"unix:{folder}/monitor,server=on,wait=off"),
            *("-chardev", f"socket,id=agent,path={folder}/agent,server=on,wait=off"),
            *("-device", "virtio-serial-pci"),
            *("-device", f"virtserialport,chardev=agent,name={guest.PORT}"),
            *_share("host", Path("/"), read_only=True),
            *_share("layer", kernel.layer, read_only=True),
            *_share("shared", shared, read_only=False),
        ]

    def start(self, disks: tuple[Disk, ...]) -> None:
        for disk in disks:
            node, device = json.dumps(self._node(disk)), json.dumps(_device(disk))
            self._words += ["-blockdev", node, "-device", device]
        self._errors = (self._folder / "qemu.errors").open("w+")
        self._process = subprocess.Popen(
            self._words, stdin=subprocess.DEVNULL, stdout=self._errors, stderr=self._errors
        )
        self._monitor = Monitor(self.socket("monitor"))

    def socket(self, name: str) -> socket.socket:
        """Connect to a socket that the emulator listens at, as soon as it does."""

        def connect() -> socket.socket | None:
            if not self.alive:
                raise AssertionError(f"QEMU did not start:\n{self.last_words()}")
            client = socket.socket(socket.AF_UNIX)
            try:
                client.connect(str(self._folder / name))
            except (FileNotFoundError, ConnectionRefusedError):
                client.close()
                return None
            return client

        return machine.eventually(f"QEMU's socket {name}", connect, seconds=20)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def last_words(self) -> str:
        """What to show of a guest that is gone."""
        self._errors.seek(0)
        console = self._console.read_text(errors="replace") if self._console.exists() else ""
        return self._errors.read() + end_of(console)

    def attach(self, disk: Disk) -> None:
        self._monitor.ask("blockdev-add", self._node(disk))
        self._monitor.ask("device_add", _device(disk))

    def detach(self, disk: Disk) -> None:
        """The guest has to agree to give it up; then the file is let go of too."""
        self._monitor.ask("device_del", {"id": disk.name})
        self._monitor.await_event("DEVICE_DELETED", device=disk.name)
        self._monitor.ask("blockdev-del", {"node-name": disk.name})

    def grow(self, disk: Disk, gib: float) -> None:
        size = int(gib * GIB)
        self._monitor.ask("block_resize", {"node-name": disk.name, "size": size})

    def end(self) -> None:
        """At once, as by a cut of power."""
        self._process.kill()
        self._process.wait(20)
        self._errors.close()
        self._monitor.close()

    def _node(self, disk: Disk) -> dict[str, Any]:
        return {
            "driver": "file",
            "node-name": disk.name,
            "filename": str(disk.file_in(self._folder)),
            "read-only": disk.read_only,
            "discard": "unmap",
            "cache": {"no-flush": True},
        }


def end_of(console: str) -> str:
    """Its last lines; after a panic from where the kernel says why, as its traces may be long."""
    lines = console.splitlines()
    panics = (at for at, line in enumerate(lines) if "Kernel panic" in line)
    return "\n".join(lines[min(next(panics, len(lines)), max(len(lines) - 40, 0)) :])


def _program() -> Path:
    program = QEMU / "qemu-system-x86_64"
    if not program.exists():
        raise machine.missing("QEMU 10, which `tools/prepare.py machine` brings")
    return program


def _device(disk: Disk) -> dict[str, Any]:
    names = {"drive": disk.name, "id": disk.name, "serial": disk.name}
    return {"driver": "virtio-blk-pci", **names}


def _share(tag: str, folder: Path, *, read_only: bool) -> tuple[str, ...]:
    options = "readonly=on" if read_only else "readonly=off"
    system = f"local,id={tag},path={folder},security_model=none,multidevs=remap,{options}"
    return ("-fsdev", system, "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}")


class Monitor:
    """QEMU's machine protocol: one JSON object a line, answers and events mixed."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.settimeout(30)
        self._lines = connection.makefile("r")
        self._events: list[Mapping[str, Any]] = []
        self._lines.readline()
        self.ask("qmp_capabilities", {})

    def ask(self, command: str, arguments: Mapping[str, Any]) -> None:
        question = json.dumps({"execute": command, "arguments": arguments})
        self._connection.sendall(question.encode() + b"\n")
        for message in self._messages():
            if "event" in message:
                self._events.append(message)
                continue
            if "error" in message:
                raise AssertionError(f"QEMU refused {command}: {message['error']['desc']}")
            return

    def await_event(self, name: str, *, device: str) -> None:
        def wanted(message: Mapping[str, Any]) -> bool:
            data = message.get("data", {})
            return message.get("event") == name and data.get("device") == device

        if any(wanted(event) for event in self._events):
            self._events.clear()
            return
        next(message for message in self._messages() if wanted(message))

    def _messages(self) -> Iterator[Mapping[str, Any]]:
        while line := self._lines.readline():
            yield json.loads(line)
        raise AssertionError("QEMU ended while it was asked something")

    def close(self) -> None:
        self._lines.close()
        self._connection.close()
