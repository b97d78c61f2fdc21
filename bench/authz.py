"""
Decisions of the Docker plugin, as the daemon asks for them: on a unix socket, one request at a time
on each connection.

The peer is the least that a plugin in Python can be: `http.server` of the standard library, with a
thread for each connection, that reads what it is sent and allows it. Both get the same calls: a
container, a pull that is allowed, one that is not, and a list. Ours reads and decides on each, with
100 rules, and writes a line for each refusal.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import report
from bench.report import OURS, Measure
from e2e import machine
from e2e.machine import Process

THEIRS: Final = "allow-all, http.server"
RATE: Final = Measure("plugin, decisions on 8 connections", "1/s", "higher")
LATENCY: Final = Measure("plugin, p99 of a decision", "ms", "lower")
WORK: Final = Measure("plugin, CPU time of a decision", "µs", "lower")
CONNECTIONS: Final = 8
DECISIONS: Final = 20_000
ALONE: Final = 5_000

PEER: Final = """
import http.server, socketserver, sys
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "15")
        self.end_headers()
        self.wfile.write(b'{"Allow": true}')
    def log_message(self, *words): pass
class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    def get_request(self): return super().get_request()[0], ("", 0)
Server(sys.argv[1], Answer).serve_forever()
"""


def measure(_: Path, rounds: int) -> str:
    """The table of ours and the peer, in alternating order, the first round left out."""
    samples: dict[Measure, dict[str, list[float]]] = {RATE: {}, LATENCY: {}, WORK: {}}
    with machine.short_folder() as short, _ours(short) as ours, _theirs(short) as theirs:
        pair = ((OURS, ours), (THEIRS, theirs))
        for number in range(rounds + 1):
            for name, plugin in pair if number % 2 == 0 else pair[::-1]:
                for one, sample in _taken(plugin).items():
                    report.tell(number, name, one, sample)
                    if number > 0:
                        samples[one].setdefault(name, []).append(sample)
    return report.table(samples, theirs=THEIRS)


@dataclass(frozen=True, slots=True)
class Plugin:
    path: Path
    pid: int

    @property
    def work(self) -> float:
        """Seconds of CPU time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _ours(folder: Path) -> Iterator[Plugin]:
    policy = folder / "access.json"
    listed = [f"registry-{number}.site.test/team" for number in range(99)]
    policy.write_text(json.dumps({"allow": ["docker.io", *listed], "block": ["all"]}))
    policy.chmod(0o644)
    wharf = machine.ROOT / ".venv" / "bin" / "wharf"
    path = folder / "ours"
    words = ("docker-authz", f"--policy={policy}", f"--socket={path}", "--gate=none")
    with _serving(path, Process(wharf, *words, log=folder / "log")) as plugin:
        yield plugin


@contextmanager
def _theirs(folder: Path) -> Iterator[Plugin]:
    path = folder / "theirs"
    process = Process(sys.executable, "-c", PEER, path, log=folder / "log-theirs")
    with _serving(path, process) as plugin:
        yield plugin


@contextmanager
def _serving(path: Path, process: Process) -> Iterator[Plugin]:
    try:
        machine.eventually("a plugin", lambda: path.exists() or None)
        yield Plugin(path, process.pid)
    finally:
        process.stop()


def _taken(plugin: Plugin) -> dict[Measure, float]:
    before = plugin.work
    rate = _rate(plugin.path)
    work = (plugin.work - before) / DECISIONS * 1e6
    return {RATE: rate, LATENCY: _latency(plugin.path), WORK: work}


def _rate(path: Path) -> float:
    """Decisions a second, with a request under way on each connection."""
    requests = itertools.cycle(REQUESTS)
    poll = select.epoll()
    connections = {}
    for connection in (_connected(path) for _ in range(CONNECTIONS)):
        connections[connection.fileno()] = connection
        poll.register(connection, select.EPOLLIN)
    start = time.perf_counter()
    for connection in connections.values():
        connection.sendall(next(requests))
    answered = 0
    while answered < DECISIONS:
        for number, _ in poll.poll():
            _answer(connections[number])
            answered += 1
            connections[number].sendall(next(requests))
    seconds = time.perf_counter() - start
    poll.close()
    for connection in connections.values():
        connection.close()
    return answered / seconds


def _latency(path: Path) -> float:
    """The 99th percentile in milliseconds, with one request at a time."""
    taken = []
    with _connected(path) as connection:
        for request in itertools.islice(itertools.cycle(REQUESTS), ALONE):
            start = time.perf_counter()
            connection.sendall(request)
            _answer(connection)
            taken.append(time.perf_counter() - start)
    return sorted(taken)[ALONE * 99 // 100] * 1000


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    return connection


def _answer(connection: socket.socket) -> None:
    received = b""
    while not received.endswith(b"}"):
        piece = connection.recv(65536)
        assert piece, "the plugin has closed its connection"
        received += piece
    assert b'"Allow":' in received


def _request(method: str, uri: str, body: bytes = b"") -> bytes:
    headers = {"User-Agent": "Docker-Client/20.10.24 (linux)", "Content-Length": str(len(body))}
    if body:
        headers["Content-Type"] = "application/json"
    document = {
        "RequestMethod": method,
        "RequestUri": uri,
        "RequestBody": base64.b64encode(body).decode(),
        "RequestHeaders": headers,
    }
    content = json.dumps(document).encode()
    return (
        b"POST /AuthZPlugin.AuthZReq HTTP/1.1\r\nHost: %2Frun%2Fdocker%2Fplugins%2Fx.sock\r\n"
        b"User-Agent: Go-http-client/1.1\r\nContent-Length: {}\r\n"
        b"Accept: application/vnd.docker.plugins.v1.2+json\r\n\r\n"
    ).replace(b"{}", b"%d" % len(content)) + content


_CONTAINER: Final = {
    "Image": "docker.io/library/busybox:1.36",
    "Cmd": ["sleep", "60"],
    "Env": [f"NAME_{number}=value of a variable" for number in range(20)],
    "Labels": {f"label-{number}": "value" for number in range(10)},
    "HostConfig": {"Binds": ["/srv/data:/data"], "NetworkMode": "default", "Memory": 1 << 28},
}
REQUESTS: Final = (
    _request("POST", "/v1.41/containers/create?name=app", json.dumps(_CONTAINER).encode()),
    _request("POST", "/v1.41/images/create?fromImage=busybox&tag=1.36"),
    _request("POST", "/v1.41/images/create?fromImage=quay.io%2Fteam%2Fapp&tag=1"),
    _request("GET", "/v1.41/containers/json?all=1"),
)
