"""
The worker that removes a directory with all below it.

It follows no link and goes into nothing that is mounted below, also where a bind mount shows the same
filesystem. Directories that belong to the system are never removed, whoever asks.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from wharfinger.hosts.on_host.storage import mount_table
from wharfinger.hosts.on_host.storage.steps import RemoveTree
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting, Worker
from wharfinger.hosts.on_host.tree import parts

_SYSTEM: Final = (
    "bin",
    "boot",
    "dev",
    "etc",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "proc",
    "run",
    "sbin",
    "sys",
    "usr",
)
_SHARED: Final = (
    "/home",
    "/mnt",
    "/media",
    "/opt",
    "/root",
    "/srv",
    "/tmp",  # noqa: S108 - to be left alone, not used
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/lib/dpkg",
    "/var/lib/rpm",
    "/var/lib/systemd",
    "/var/lib/wharfinger-host",
    "/var/log",
    "/var/spool",
    "/var/tmp",  # noqa: S108 - to be left alone, not used
)
_TELL_EVERY: Final = 1000


class SystemDirectory(Refused):
    code = "storage-system-directory"

    def __init__(self, path: str) -> None:
        super().__init__(f"cannot remove {path}: it belongs to the system")


class MountedThere(Refused):
    code = "storage-mounted-there"

    def __init__(self, path: str, target: str) -> None:
        super().__init__(
            f"cannot remove {path}: something is mounted at {target}", remedy=f"unmount {target}"
        )


def _check(step: RemoveTree, _: Setting) -> None:
    names = parts(step.path)
    if not names or names[0] in _SYSTEM or step.path in _SHARED:
        raise SystemDirectory(step.path)


def _remove(step: RemoveTree, setting: Setting) -> Notes:
    _check(step, setting)
    for target in _mounted(setting):
        if target == step.path or target.startswith(f"{step.path}/"):
            raise MountedThere(step.path, target)
    if setting.machine.files.look(step.path) is not None:
        with setting.machine.files.parent(step.path) as (directory, name):
            _Removal(setting).remove(directory, name)
            setting.machine.files.disk.sync(directory)
    return {}


class _Removal:
    """One walk, and how many things it has removed. What is mounted meanwhile has another device and
    is not gone into."""

    def __init__(self, setting: Setting) -> None:
        self._disk = setting.machine.files.disk
        self._say = setting.say
        self._count = 0

    def remove(self, directory: int, name: str) -> None:
        with suppress(FileNotFoundError):
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                self._disk.remove(directory, name)
            elif found.st_dev == os.fstat(directory).st_dev:
                self._empty(directory, name)
                self._disk.remove_directory(directory, name)
            self._count += 1
            if self._count % _TELL_EVERY == 0:
                self._say("removed", self._count, 0)

    def _empty(self, directory: int, name: str) -> None:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        inner = os.open(name, flags, dir_fd=directory)
        try:
            for one in os.listdir(inner):  # noqa: PTH208 - a descriptor is no path
                self.remove(inner, one)
        finally:
            os.close(inner)


def _mounted(setting: Setting) -> list[str]:
    return [one.target for one in mount_table.lines(setting.machine.kernel.mount_table())]


WORKERS: Final[Mapping[type, Worker[Any]]] = {RemoveTree: Worker(_remove, check=_check)}
