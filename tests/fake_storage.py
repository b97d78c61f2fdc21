"""
A host with imagined disks for tests: what its tools and its kernel say is scripted, its files are real.

The reports are those of a virtual machine with LVM on a partition and a disk, taken as they came.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from fake_host import FakeHost
from wharfinger.hosts.on_host.kernel import Kernel
from wharfinger.hosts.on_host.machine import Ran
from wharfinger.hosts.on_host.processes import Process

MIB: Final = 1 << 20
GIB: Final = 1 << 30


class FakeKernel(Kernel):
    """Says what it is told to say."""

    def __init__(self) -> None:
        self.root = True
        self.mounts = ""
        self.rooms: dict[str, os.statvfs_result] = {}
        self.attributes: dict[tuple[str, str], str] = {}
        self.xfs: dict[str, int] = {}
        self.broken: set[str] = set()
        """Paths of devices that answer with errors."""

    def is_root(self) -> bool:
        return self.root

    def mount_table(self) -> str:
        return self.mounts

    def room(self, path: str) -> os.statvfs_result | None:
        return self.rooms.get(path)

    def block_attribute(self, number: str, name: str) -> str:
        return self.attributes.get((number, name), "")

    def xfs_flags(self, path: str) -> int | None:
        return self.xfs.get(path)

    def read_device(self, path: str, offset: int, length: int) -> bytes:
        if path in self.broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return bytes(length)


def room(size: int, free: int, *, inodes: int = 1000, inodes_free: int = 900) -> os.statvfs_result:
    """A filesystem of this fill, in blocks of 4096 bytes."""
    blocks, left = size // 4096, free // 4096
    return os.statvfs_result((4096, 4096, blocks, left, left, inodes, inodes_free, 0, 0, 255))


class StorageHost(FakeHost):
    """`says` maps the end or the beginning of a command to what it answers; any other is not there."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.fake_kernel = FakeKernel()
        self.kernel = self.fake_kernel
        self.says: dict[tuple[str, ...], Ran] = {}
        self.signed: dict[str, tuple[tuple[str, str], ...] | Ran] = {}
        """What wipefs finds on a device, as types and offsets, or how it fails there."""
        self.answers = self._answer
        self.daemons: dict[str, Process] = {}
        self.api: dict[str, Any] = {}

    def processes(self, *names: str) -> list[Process]:
        return [self.daemons[name] for name in names if name in self.daemons]

    def ask(self, address: str, path: str, *, seconds: float = 5) -> Any:
        if path not in self.api:
            raise ConnectionRefusedError
        return self.api[path]

    def _answer(self, command: tuple[str, ...]) -> Ran:
        ended = (ran for words, ran in self.says.items() if command[-len(words) :] == words)
        begun = (ran for words, ran in self.says.items() if command[: len(words)] == words)
        if command[0] == "wipefs":
            begun = itertools.chain(begun, (self._wipefs(command),))
        return next(itertools.chain(ended, begun), Ran(None, "it is not there, or cannot be run"))

    def _wipefs(self, command: tuple[str, ...]) -> Ran:
        """It ends at the first device that it cannot read, before it has told anything."""
        found = []
        for path in (one for one in command if one.startswith("/dev/")):
            signs = self.signed.get(path, ())
            if isinstance(signs, Ran):
                self.fake_kernel.broken.add(path)  # nobody else can read it either
                return signs
            name = {"device": path.rpartition("/")[2], "uuid": None, "label": None}
            found += [{**name, "offset": offset, "type": kind} for kind, offset in signs]
        return report({"signatures": found})


def report(document: Mapping[str, Any], complaints: str = "") -> Ran:
    return Ran(0, json.dumps(document), complaints)


def lvm(kind: str, *rows: Mapping[str, str]) -> Ran:
    """A report of `pvs`, `vgs` or `lvs`."""
    return report({"report": [{kind: list(rows)}]})


def full_report(*parts: Mapping[str, Sequence[Mapping[str, str]]], complaints: str = "") -> Ran:
    """A report of `lvm fullreport`: a part for each group, and one for what is in none."""
    return report({"report": list(parts)}, complaints)
