"""
The life of a server: lock, secrets, services, listener; then drain and close in reverse.

One process owns a state directory. Everything that outlives the process is whole at any moment
(`directory.py`, the stores), so kill -9 is only a faster way to end. SIGTERM and SIGINT end it in
good order: nothing new is taken, what has begun may finish within the grace, watches are closed.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import msgspec
import uvloop

from wharfinger import __version__
from wharfinger.cluster.tokens import Tokens, administrator_token
from wharfinger.server import app, listener, tls
from wharfinger.server import logging as server_logging
from wharfinger.server.addresses import Addresses
from wharfinger.server.directory import StateDirectory
from wharfinger.server.drain import Drain
from wharfinger.server.kubeconfig import Kubeconfig
from wharfinger.server.listener import Listener, ListenerEnded, TlsFiles
from wharfinger.server.logging import AccessLog
from wharfinger.server.settings import Listen, Settings
from wharfinger.server.state import Services
from wharfinger.server.tls import Tls
from wharfinger.system import interfaces, signals
from wharfinger.system.clock import SystemClock
from wharfinger.system.lock import Lock

_CERTIFICATE_CHECK_SECONDS = 24 * 60 * 60

logger = logging.getLogger(__name__)


def run(settings: Settings, *, ready: Callable[[str], None]) -> None:
    """Serve until a signal; `ready` is called once with our URL, when requests are answered."""
    directory = StateDirectory(settings.state)
    directory.make()
    server_logging.configure()
    with Lock(directory.lock):
        directory.sweep()
        directory.running.unlink(missing_ok=True)
        uvloop.run(serve(settings, directory, ready))


async def serve(
    settings: Settings, directory: StateDirectory, ready: Callable[[str], None]
) -> None:
    clock = SystemClock()
    drain, log = Drain(), AccessLog(sys.stderr)
    async with AsyncExitStack() as stack:
        asked = stack.enter_context(signals.ending(asyncio.get_running_loop()))
        look = stack.enter_context(signals.looking_again(asyncio.get_running_loop()))
        stack.callback(log.flush)
        listen = listener.claim(settings.listen)
        addresses = addresses_of(settings, listen)
        shown = tls.refresh(settings, directory, addresses, clock.now()) if settings.tls else None
        trust = shown.trust if shown is not None else None
        services = await stack.enter_async_context(
            app.services(settings, directory, addresses, trust=trust)
        )
        write_kubeconfig(directory, services.tokens, addresses, shown)
        asgi = app.create_app(services, drain=drain, log=log)
        files = TlsFiles(directory.certificate, directory.key) if settings.tls else None
        serving = Listener(asgi, listen, files)
        stack.push_async_callback(serving.stop)
        await serving.start()
        if shown is not None:
            services.metrics.certificate_ends(shown.ends)
            keeper = CertificateKeeper(services, directory, serving, clock, look)
            services.tasks.start("certificate", keeper.run)
        stack.callback(directory.running.unlink, missing_ok=True)
        announce(directory, addresses)
        ready(addresses.local)
        await listener.first(asked.wait(), serving.ended())
        signals.notify(signals.STOPPING)
        await _drain(services, drain, serving)
        if not asked.is_set():
            raise ListenerEnded("cannot go on serving: the listener ended by itself")
    logger.info("ended")


def addresses_of(settings: Settings, listen: Listen) -> Addresses:
    names = settings.names
    if not listen.loopback and socket.gethostname() not in names:
        names = (*names, socket.gethostname())
    found = interfaces.addresses() if listen.unspecified else ()
    return Addresses(listen, settings.scheme, names, found)


def write_kubeconfig(
    directory: StateDirectory, tokens: Tokens, addresses: Addresses, shown: Tls | None
) -> None:
    """Keep the administrator's token while it is one of ours; the rest follows the server."""
    token = directory.administrator_token(tokens) or administrator_token(tokens)
    wanted = Kubeconfig(
        server=addresses.local,
        authority=shown.trust if shown is not None else None,
        token=token,
        tls_name=tls.server_name(shown, addresses.own[0]) if shown is not None else None,
    )
    directory.write_kubeconfig(wanted)


def announce(directory: StateDirectory, addresses: Addresses) -> None:
    """Say to `wharf status` and to our starter that we are there."""
    about = {"url": addresses.local, "version": __version__}
    directory.write_running(msgspec.json.encode(about))
    signals.notify(signals.READY, f"STATUS=serving {addresses.local}")


@dataclass(frozen=True, slots=True)
class CertificateKeeper:
    """Looks at the certificate each day, and when it is told to look."""

    services: Services
    directory: StateDirectory
    serving: Listener
    clock: SystemClock
    look: asyncio.Event

    async def run(self) -> None:
        while True:
            self.check()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.look.wait(), _CERTIFICATE_CHECK_SECONDS)
            self.look.clear()

    def check(self) -> None:
        """Have the listener read the certificate again if it was made anew."""
        settings, addresses = self.services.settings, self.services.addresses
        shown = tls.refresh(settings, self.directory, addresses, self.clock.now())
        self.services.metrics.certificate_ends(shown.ends)
        if shown.renewed is not None:
            logger.info("the certificate was made anew: %s", shown.renewed)
            write_kubeconfig(self.directory, self.services.tokens, addresses, shown)
            self.serving.read_certificate_again()


async def _drain(services: Services, drain: Drain, serving: Listener) -> None:
    """One grace for all: requests first, then files that are still on their way."""
    loop = asyncio.get_running_loop()
    until = loop.time() + services.settings.drain_seconds
    logger.info("ending: %d requests in flight", drain.in_flight)
    drain.begin()
    await services.tasks.stop()
    services.cache.end_watches()
    cut = await drain.finish(services.settings.drain_seconds)
    if cut:
        logger.warning("%d requests did not finish in time and were cut", cut)
    await serving.stop(until - loop.time())
