"""What the end-to-end tests ask of the machine: programs, ports, processes, time."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

import pytest

import runs

Found = TypeVar("Found")

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".cache" / "tools"


def missing(what: str) -> BaseException:
    """What to raise where the machine lacks something: in CI a test that cannot run has failed."""
    if runs.IN_CI:
        return pytest.fail.Exception(f"this machine lacks {what}", pytrace=False)
    return pytest.skip.Exception(f"this machine lacks {what}")


def need(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise missing(program)
    return path


def need_root() -> None:
    if os.geteuid() != 0:
        raise missing("root, which this test needs")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(
    what: str | Callable[[], str], find: Callable[[], Found | None], *, seconds: float = 30
) -> Found:
    """Ask until the answer is there; fail the test when the time is up, saying what was missed."""
    deadline = time.monotonic() + seconds
    while (found := find()) is None:
        if time.monotonic() > deadline:
            missed = what if isinstance(what, str) else what()
            pytest.fail(f"waited {seconds:.0f} s in vain for {missed}")
        time.sleep(0.02)
    return found


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder for sockets: their paths have at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="wharf-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended, however it ended."""

    command: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    def check(self) -> str:
        """What it printed; fails the test if the command failed."""
        if not self.ok:
            pytest.fail(f"{' '.join(self.command)}: code {self.code}\n{self.out}\n{self.err}")
        return self.out


def run(
    *command: str | Path,
    given: str | bytes | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds: float = 120,
) -> Done:
    words = tuple(map(str, command))
    done = subprocess.run(
        words,
        input=given.encode() if isinstance(given, str) else given,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        env={**os.environ, **(environ or {})},
        cwd=cwd,
        timeout=seconds,
        check=False,
    )
    return Done(words, done.returncode, done.stdout.decode(), done.stderr.decode())


class Process:
    """A process of ours in a session of its own, with its output in a file."""

    def __init__(
        self, *command: str | Path, log: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        self._sink: IO[bytes] = log.open("ab")
        self._process = subprocess.Popen(
            tuple(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=self._sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environ or {})},
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """End it and all its children at once, without a chance to tidy up."""
        if self.alive:
            os.killpg(self.pid, signal.SIGKILL)
        self._reap(5)

    def stop(self, *, seconds: float = 30) -> int:
        """Ask it to end; what does not listen is killed, and the code tells."""
        if self.alive:
            os.killpg(self.pid, signal.SIGTERM)
        return self._reap(seconds)

    def _reap(self, seconds: float) -> int:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            return self._process.wait(5)
        finally:
            self._sink.close()
