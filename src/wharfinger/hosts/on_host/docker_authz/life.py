"""
The life of `wharf docker-authz`: its sockets, its servers, its end.

systemd makes the sockets before Docker starts and keeps them while the service restarts (`units`), so
the daemon finds the plugin in any order and waits instead of failing. Without systemd it makes them.

https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wharfinger.errors import Conflict
from wharfinger.hosts.on_host.docker_authz import addresses, gate, policy_file, ticket
from wharfinger.hosts.on_host.docker_authz.gate import Gate
from wharfinger.hosts.on_host.docker_authz.policy_file import PolicyFile
from wharfinger.hosts.on_host.docker_authz.service import Connection, Judge, to_stderr

_FIRST_PASSED: Final = 3
_BACKLOG: Final = 128


class SocketTaken(Conflict):
    """Another plugin answers there, or something that is no socket is in its place."""

    code = "plugin-socket-taken"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"cannot listen on {path}: it is taken",
            remedy="stop the other service, or leave it to systemd: wharf-docker-authz.socket",
        )


@dataclass(frozen=True)
class Places:
    """Where the service listens and reads. `gate` is `None` where there is none."""

    socket: str = addresses.SOCKET
    policy: str = policy_file.PATH
    gate: str | None = addresses.GATE
    tickets: Path = ticket.FOLDER


def run(places: Places, environ: Mapping[str, str]) -> None:
    """Serve until a SIGTERM or SIGINT."""
    passed = passed_sockets(environ, os.getpid())
    asyncio.run(serve(places, passed))
    if not passed:
        Path(places.socket).unlink()


def passed_sockets(environ: Mapping[str, str], pid: int) -> list[socket.socket]:
    """What systemd has opened for this process."""
    if environ.get("LISTEN_PID") != str(pid):
        return []
    count = int(environ.get("LISTEN_FDS", "0"))
    return [socket.socket(fileno=_FIRST_PASSED + number) for number in range(count)]


async def serve(places: Places, passed: list[socket.socket]) -> None:
    """Serve on the sockets that were passed, and on those of `places` that were not."""
    plugin = next((one for one in passed if one.family == socket.AF_UNIX), None)
    entrance = next((one for one in passed if one.family == socket.AF_INET), None)
    if plugin is None:
        plugin = _unix_socket(places.socket)
    if entrance is None and places.gate is not None:
        entrance = _tcp_socket(places.gate)
    address = None if entrance is None else "{}:{}".format(*entrance.getsockname())
    await _serve(places, plugin, entrance, address)


async def _serve(
    places: Places, plugin: socket.socket, entrance: socket.socket | None, address: str | None
) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    policy = PolicyFile(places.policy)
    judge = Judge(policy, gate=address, tickets=places.tickets, log=to_stderr)
    opened: set[asyncio.Transport] = set()
    server = await loop.create_unix_server(lambda: Connection(judge, opened), sock=plugin)
    servers: list[asyncio.AbstractServer] = [server]
    if entrance is not None:
        limit = gate.HEAD_LIMIT
        servers.append(await asyncio.start_server(Gate(policy).serve, sock=entrance, limit=limit))
    to_stderr(f"deciding by {places.policy}" + (f", gate at {address}" if address else ""))
    await ended.wait()
    for one in servers:
        one.close()
    for transport in tuple(opened):
        transport.close()


def _unix_socket(path: str) -> socket.socket:
    """A socket that only root can connect to. What a service that was killed has left is replaced."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        _take_away_leftover(path)
    listening = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listening.bind(path)
    except OSError:
        listening.close()
        raise SocketTaken(path) from None
    finally:
        os.umask(before)
    listening.listen(_BACKLOG)
    return listening


def _take_away_leftover(path: str) -> None:
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise SocketTaken(path)
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
        else:
            raise SocketTaken(path)


def _tcp_socket(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    try:
        return socket.create_server((host, int(port)), backlog=_BACKLOG)
    except OSError:
        raise SocketTaken(address) from None
