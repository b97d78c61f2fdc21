"""
The listener: Granian inside our own event loop, and the address that it takes.

Granian's embedded server leaves signals, draining and everything else to us, which is what one
process needs. It speaks HTTP/1.1 only: registry clients gain nothing from HTTP/2, and its whole
class of flood attacks stays away. It opens its sockets with `SO_REUSEPORT`, under which a second
program could share the port unseen, so the address is first claimed in the ordinary way.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.embed import Server
from starlette.types import ASGIApp

from wharfinger.errors import Unavailable
from wharfinger.server.settings import Listen

_BACKLOG = 1024
_CONCURRENT = 4096  # requests in Python at once; each open watch is one
_HEADER_SECONDS = 20
_HANDOVER_SECONDS = 1.0  # both listeners answer while one follows the other
_LEAST_STOP_SECONDS = 1.0
_CONNECT_ATTEMPTS = 100
_CONNECT_PAUSE = 0.02
_REASONS = {
    errno.EADDRINUSE: ("another program listens there", "end that program"),
    errno.EACCES: ("ports below 1024 need a right that we lack", "use a port from 1024 on"),
    errno.EADDRNOTAVAIL: ("this machine does not have that address", "see `ip address`"),
}


class CannotListen(Unavailable):
    code = "cannot-listen"

    def __init__(self, listen: Listen, error: OSError) -> None:
        reason, remedy = _REASONS.get(error.errno or 0, (error.strerror, "look at the address"))
        super().__init__(
            f"cannot listen on {listen}: {reason}",
            remedy=f"{remedy}, or choose another address with --listen ADDRESS:PORT",
        )


class ListenerEnded(Unavailable):
    code = "listener-ended"


def claim(listen: Listen) -> Listen:
    """Make sure that the address is free for us alone; port 0 becomes a free port."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen.host, listen.port))
        except OSError as error:
            raise CannotListen(listen, error) from error
        return Listen(listen.host, probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files, read at the start and by `read_certificate_again`.

    With `clients`, who has no certificate of those authorities is turned away in the handshake.
    """

    certificate: Path
    key: Path
    clients: Path | None = None


class Listener:
    """Accepts connections for `app` from `start` to `stop`."""

    def __init__(self, app: ASGIApp, listen: Listen, tls: TlsFiles | None) -> None:
        self._listen = listen
        self._server = Server(
            app,
            address=listen.host,
            port=listen.port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=_HEADER_SECONDS * 1000),
            websockets=False,
            backlog=_BACKLOG,
            backpressure=_CONCURRENT,
            log_enabled=False,
            ssl_cert=tls.certificate if tls is not None else None,
            ssl_key=tls.key if tls is not None else None,
            ssl_ca=tls.clients if tls is not None else None,
            ssl_client_verify=tls is not None and tls.clients is not None,
            ssl_protocol_min=SSLProtocols.tls12,
        )
        self._server.respawn_interval = _HANDOVER_SECONDS
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when connections are taken."""
        self._serving = asyncio.create_task(self._server.serve(), name="listener")
        for _ in range(_CONNECT_ATTEMPTS):
            if self._serving.done():
                break
            with suppress(OSError):
                await _touch(self._listen)
                return
            await asyncio.sleep(_CONNECT_PAUSE)
        raise Unavailable(f"cannot listen on {self._listen}: the listener did not start")

    async def ended(self) -> None:
        """Wait for an end that nobody asked for."""
        assert self._serving is not None
        await asyncio.wait([self._serving])

    def read_certificate_again(self) -> None:
        """Take new connections with the present files; those that are open stay as they are."""
        self._server.reload()  # type: ignore[no-untyped-call]

    async def stop(self, seconds: float = 0.0) -> None:
        """Take no more connections; give files that are on their way so long to arrive."""
        self._server.stop()  # type: ignore[no-untyped-call]
        if self._serving is not None:
            await asyncio.wait([self._serving], timeout=max(seconds, _LEAST_STOP_SECONDS))


async def _touch(listen: Listen) -> None:
    host = listen.host
    if listen.unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    _, writer = await asyncio.open_connection(host, listen.port)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def first(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait for the first of several, and let go of the others."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
