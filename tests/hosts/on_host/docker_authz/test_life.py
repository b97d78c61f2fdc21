"""The service on its own sockets and on those of systemd, from start to end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from wharfinger.hosts.on_host.docker_authz import life
from wharfinger.hosts.on_host.docker_authz.life import SocketTaken

SERVE = """
import os, pathlib, sys
from wharfinger.hosts.on_host.docker_authz import life
folder = pathlib.Path(sys.argv[1])
os.environ["LISTEN_PID"] = str(os.getpid()) if "LISTEN_FDS" in os.environ else ""
life.run(
    life.Places(str(folder / "socket"), str(folder / "access.json"), sys.argv[2] or None, folder),
    os.environ,
)
"""
ACTIVATE = b"POST /Plugin.Activate HTTP/1.1\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="wharf-") as name:
        yield Path(name)


@pytest.fixture
def started(folder):
    running = []

    def start(*, gate="127.0.0.1:0", passed=(), **environ):
        process = subprocess.Popen(
            (sys.executable, "-c", SERVE, str(folder), gate),
            env={**os.environ, **environ},
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: [os.dup2(fd, 3 + n) for n, fd in enumerate(passed)],
            pass_fds=tuple(range(3, 3 + len(passed))) if passed else (),
        )
        running.append(process)
        return process, process.stderr.readline()

    yield start
    for process in running:
        process.kill()
        process.communicate()


def ask(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        connection.sendall(ACTIVATE)
        return json.loads(connection.recv(4096).partition(b"\r\n\r\n")[2])


def test_it_makes_its_socket_for_root_alone_and_takes_it_away(folder, started):
    process, line = started()

    assert line.startswith(f"deciding by {folder}/access.json, gate at 127.0.0.1:")
    assert (folder / "socket").stat().st_mode & 0o777 == 0o600
    assert ask(folder / "socket") == {"Implements": ["authz"]}
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert not (folder / "socket").exists()


def test_a_killed_service_is_followed_by_another(folder, started):
    first, _ = started(gate="")
    first.kill()
    first.wait()

    _, line = started(gate="")

    assert line == f"deciding by {folder}/access.json\n"
    assert ask(folder / "socket") == {"Implements": ["authz"]}


def test_it_serves_on_the_sockets_that_systemd_passes(folder, started):
    plugin, entrance = socket.socket(socket.AF_UNIX), socket.create_server(("127.0.0.1", 0))
    plugin.bind(str(folder / "passed"))
    plugin.listen()
    with plugin, entrance:
        address = "{}:{}".format(*entrance.getsockname())
        process, line = started(
            gate="", passed=(plugin.fileno(), entrance.fileno()), LISTEN_FDS="2"
        )

        assert line.endswith(f"gate at {address}\n")
        assert ask(folder / "passed") == {"Implements": ["authz"]}
        process.terminate()
        assert process.wait(10) == 0
        assert (folder / "passed").exists()


def test_sockets_for_another_process_are_not_taken():
    assert life.passed_sockets({"LISTEN_PID": "1", "LISTEN_FDS": "2"}, 2) == []
    assert life.passed_sockets({}, 2) == []


async def test_a_place_that_is_taken_is_left_alone(folder):
    path = folder / "socket"
    places = life.Places(str(path), str(folder / "access.json"), None, folder)

    path.write_text("precious")
    with pytest.raises(SocketTaken):
        await life.serve(places, [])
    assert path.read_text() == "precious"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(SocketTaken):
            await life.serve(places, [])
