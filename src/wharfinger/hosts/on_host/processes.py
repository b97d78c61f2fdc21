"""
Running programs, as the kernel's /proc tells of them; proc(5).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_OUR_FILES: Final = Path("/proc/self/ns/mnt")


@dataclass(frozen=True)
class Process:
    """A running program and all that is needed to start it again the same way.

    `unit` is the systemd unit that it belongs to. `ours` says that it sees the files that we see (it
    is in our mount namespace). `output` is the file that it writes its words to, if it is one.
    """

    pid: int
    arguments: tuple[str, ...]
    directory: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None
    ours: bool = True
    parent: int = 0
    output: str | None = None


def named(*names: str) -> list[Process]:
    """The processes whose executable has one of these names."""
    pids = (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())
    found = (read(pid) for pid in pids if _runs(pid, names))
    return [process for process in found if process is not None]


def lives(pid: int) -> bool:
    """Is there such a process, and has it not ended?"""
    try:
        return _status(pid)[0] not in ("Z", "X")
    except OSError:
        return False


def _status(pid: int) -> list[str]:
    """What follows the name in `stat`; a name may have anything in it."""
    return Path("/proc", str(pid), "stat").read_text(errors="replace").rpartition(")")[2].split()


def _runs(pid: int, names: Sequence[str]) -> bool:
    """The link to the executable has all of its name, and threads of the kernel have none, so most
    processes are done with one question. `comm`, 15 characters of what was started, tells a daemon from
    a helper that is the same program by another name."""
    folder = Path("/proc", str(pid))
    try:
        name = folder.joinpath("exe").readlink().name.removesuffix(" (deleted)")
        if name not in names:
            return False
        return folder.joinpath("comm").read_text(errors="replace").rstrip("\n") == name[:15]
    except OSError:
        return False


def read(pid: int) -> Process | None:
    """What the kernel tells of a process; `None` if it has ended meanwhile."""
    folder = Path("/proc", str(pid))
    try:
        environment = (word.partition("=") for word in _words(folder / "environ"))
        return Process(
            pid,
            tuple(_words(folder / "cmdline")),
            str(folder.joinpath("cwd").readlink()),
            {name: value for name, _, value in environment if name},
            unit_of(folder.joinpath("cgroup").read_text()),
            folder.joinpath("ns/mnt").readlink() == _OUR_FILES.readlink(),
            int(_status(pid)[1]),
            _regular(folder.joinpath("fd/1").readlink()),
        )
    except OSError:
        return None


def _words(path: Path) -> list[str]:
    return os.fsdecode(path.read_bytes()).rstrip("\0").split("\0")


def unit_of(groups: str) -> str | None:
    """The last service on the path of a control group: `0::/system.slice/docker.service`."""
    names = [name for line in groups.splitlines() for name in line.split("/")]
    units = [name for name in names if name.endswith(".service")]
    return units[-1] if units and "system.slice" in names else None


def _regular(output: Path) -> str | None:
    return str(output) if output.is_file() else None
