"""
A server that runs beside us: start one, and look at one.

Starting waits for the notice that systemd would get (`system/signals.py`) and, at the same time,
for the end of the process, so that a server which cannot start is reported at once and in its own
words. Looking asks the kernel who holds the lock, and the server itself whether it is ready; the
certificate that it must show is the one in its state directory.
"""

from __future__ import annotations

import http.client
import json
import os
import select
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wharfinger.cli.errors import TimedOut
from wharfinger.errors import Unavailable
from wharfinger.server.layout import Layout
from wharfinger.server.settings import Settings
from wharfinger.system import processes, signals
from wharfinger.system.lock import Locked, holder

START_SECONDS = 30.0
_ANSWER_SECONDS = 5.0
_SHOWN_LINES = 12


class DidNotStart(Unavailable):
    code = "did-not-start"

    def __init__(self, words: str, log: Path) -> None:
        super().__init__("cannot start the server: " + (words or "it ended without a word"))
        self.remedy = f"its log is {log}"


@dataclass(frozen=True, slots=True)
class Running:
    """What `wharf status` knows; `pid` None means that no server runs."""

    pid: int | None = None
    url: str = ""
    version: str = ""
    checks: Mapping[str, bool] | None = None  # None: it does not answer

    @property
    def ready(self) -> bool:
        return self.checks is not None and all(self.checks.values())

    def document(self) -> dict[str, Any]:
        return {
            "running": self.pid is not None,
            "ready": self.ready,
            "pid": self.pid,
            "url": self.url,
            "version": self.version,
            "checks": dict(self.checks or {}),
        }


def start(settings: Settings) -> Running:
    """Start a server in the background and wait until it is ready."""
    layout = Layout(settings.state)
    if (pid := holder(layout.lock)) is not None:
        raise Locked(layout.lock, pid)
    layout.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    begin = layout.log.stat().st_size if layout.log.exists() else 0
    with tempfile.TemporaryDirectory() as folder, signals.listening(Path(folder, "n")) as channel:
        environment = os.environ | settings.environment()
        environment[signals.NOTIFY_SOCKET] = str(Path(folder, "n"))
        command = (sys.executable, "-m", "wharfinger.server")
        pid = processes.spawn(command, environment=environment, log=layout.log)
        if not _becomes_ready(pid, channel):
            raise DidNotStart(_words(layout.log, begin), layout.log)
    return look(settings)


def look(settings: Settings) -> Running:
    """The server of a state directory, as it is now."""
    layout = Layout(settings.state)
    pid = holder(layout.lock)
    if pid is None:
        return Running()
    try:
        about = json.loads(layout.running.read_bytes())
    except (FileNotFoundError, ValueError):
        return Running(pid)  # it is starting, or ending
    url = str(about["url"])
    return Running(pid, url, str(about["version"]), _checks(url, layout))


def _becomes_ready(pid: int, channel: socket.socket) -> bool:
    """Whether the process says that it is ready; False if it ends before."""
    ended = processes.watch(pid)
    if ended is None:
        return False
    deadline = time.monotonic() + START_SECONDS
    try:
        while (left := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([channel.fileno(), ended], [], [], left)
            if (
                channel.fileno() in readable
                and signals.READY in channel.recv(4096).decode().splitlines()
            ):
                return True
            if ended in readable:
                return False
    finally:
        os.close(ended)
    raise TimedOut(f"process {pid} to become ready", START_SECONDS)


def _words(log: Path, begin: int) -> str:
    """The end of what a server said since it was started."""
    with log.open("rb") as file:
        file.seek(begin)
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-_SHOWN_LINES:])


def _checks(url: str, layout: Layout) -> Mapping[str, bool] | None:
    """What `/readyz` says of each check; None without an answer."""
    connection = _connection(url, layout)
    try:
        connection.request("GET", "/readyz?verbose")
        text = connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    lines = [line for line in text.splitlines() if line.startswith(("[+]", "[-]"))]
    return {line[3:].split()[0]: line.startswith("[+]") for line in lines}


def _connection(url: str, layout: Layout) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=_ANSWER_SECONDS)
    trust = ssl.create_default_context(cafile=str(layout.certificate))
    trust.check_hostname = False  # the very certificate is expected, whatever its names
    trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return http.client.HTTPSConnection(host, parts.port, timeout=_ANSWER_SECONDS, context=trust)
