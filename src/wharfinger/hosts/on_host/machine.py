"""
The edge of a host: its files below a root, its processes, its sockets and its clock.

Everything in `on_host` that touches the host does it through a `Machine`, so tests run it on a tree
and on a fake. Paths are absolute as the host sees them, and are resolved below the root without
following links (`tree`).
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from wharfinger.hosts.on_host import processes
from wharfinger.hosts.on_host.kernel import Kernel
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.tree import Tree

_ANSWER_LIMIT: Final = 16 << 20
_POLL_SECONDS: Final = 0.05
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid; unix(7)


@dataclass(frozen=True)
class Ran:
    """A command that ended. `code` is `None` where it was not there or had no more time.

    `output` is all that it said; of a report only what it gave, and `complaints` what it said beside.
    """

    code: int | None
    output: str
    complaints: str = ""

    @property
    def ok(self) -> bool:
        return self.code == 0


class Machine:
    """This host, or with `tree` a directory tree in which nothing runs."""

    def __init__(self, root: str = "/", *, tree: bool | None = None) -> None:
        self.files = Tree(root)
        self.kernel = Kernel()
        self.is_tree = os.path.realpath(root) != "/" if tree is None else tree

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def hostname(self) -> str:
        return socket.gethostname()

    def run(
        self, *commands: tuple[str, ...], seconds: float = 120, given: str | None = None
    ) -> list[Ran]:
        """Run commands beside each other, and wait for all of them, even if a signal raises."""
        return _run(commands, seconds, given, apart=False)

    def report(self, *commands: tuple[str, ...], seconds: float = 120) -> list[Ran]:
        """As `run`, for what programs give to programs: warnings do not stand in the middle of it."""
        return _run(commands, seconds, None, apart=True)

    def processes(self, *names: str) -> list[Process]:
        """The processes whose executable has one of these names."""
        return processes.named(*names)

    def signal(self, pid: int, number: int) -> None:
        """Raise `ProcessLookupError` if it is gone."""
        os.kill(pid, number)

    def stop(self, pid: int, *, seconds: float) -> bool:
        """Ask a process to end and wait for it; say whether it did in time."""
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGTERM)
            ready, _, _ = select.select([descriptor], [], [], seconds)
        except ProcessLookupError:
            return True
        finally:
            os.close(descriptor)
        return bool(ready)

    def lives(self, pid: int) -> bool:
        """Is there such a process, and has it not ended?"""
        return processes.lives(pid)

    def start(self, process: Process) -> int:
        """Start a process as `process` was, in a session of its own; return its pid."""
        with Path(process.output or os.devnull).open("ab") as sink:
            started = subprocess.Popen(
                process.arguments,
                cwd=process.directory,
                env=dict(process.environment),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
        started.returncode = 0  # it outlives us on purpose: nobody is to wait for it or warn
        return started.pid

    def ask(self, address: str, path: str, *, seconds: float = 5) -> Any:
        """`GET path` of an HTTP API on a Unix socket, as JSON.

        Raise `OSError` where nobody answers, `ValueError` where the answer is no JSON of status 200.
        """
        status, body = self.answer(address, path, seconds=seconds)
        if status != HTTPStatus.OK:
            raise ValueError(f"{address} answers {path} with {status}")
        return json.loads(body)

    def answer(self, address: str, path: str, *, seconds: float = 5) -> tuple[int, bytes]:
        """The status and body of `GET path`; raise `OSError`, or `ValueError` for what is no HTTP."""
        from wharfinger.hosts.on_host import unix_http

        return unix_http.get(address, path, seconds=seconds, limit=_ANSWER_LIMIT)

    def listener(self, address: str) -> int | None:
        """The process that takes connections on this Unix socket, `None` if nobody does."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.settimeout(5)
            try:
                channel.connect(address)
                raw = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            except OSError:
                return None
            pid: int = _CREDENTIALS.unpack(raw)[0]
            return pid

    def arguments(self, pid: int) -> tuple[str, ...]:
        """The command line of a process; empty if it has ended."""
        found = processes.read(pid)
        return () if found is None else found.arguments

    def environment(self) -> dict[str, str]:
        """Ours, for a process that has no other."""
        return dict(os.environ)

    def pauses(self, seconds: float) -> Iterable[None]:
        """Go round until the time is up, with a short rest between."""
        deadline = time.monotonic() + seconds
        yield None
        while time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            yield None


def _run(
    commands: Iterable[tuple[str, ...]], seconds: float, given: str | None, *, apart: bool
) -> list[Ran]:
    with ExitStack() as waited_for:
        with _signals_held():
            started = [_start(command, waited_for, apart=apart) for command in commands]
        deadline = time.monotonic() + seconds
        return [_finish(process, deadline, given) for process in started]


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let the handlers of signals wait: one that raised would leave a process that nobody knows."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread gets signals
        return
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    held = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in held:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        for one in came:
            signal.raise_signal(one)


def _start(
    command: tuple[str, ...], waited_for: ExitStack, *, apart: bool
) -> subprocess.Popen[str] | None:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if apart else subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "LC_ALL": "C"},
        )
    except OSError:
        return None
    return waited_for.enter_context(process)


def _finish(process: subprocess.Popen[str] | None, deadline: float, given: str | None) -> Ran:
    if process is None:
        return Ran(None, "it is not there, or cannot be run")
    try:
        output, beside = process.communicate(given, timeout=max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        output, beside = process.communicate()
        return Ran(None, f"it took too long\n{output}", beside or "")
    return Ran(process.returncode, output, beside or "")
