"""
Addresses of names, as the host resolves them, its files included.

A name server that never answers keeps its thread for as long as it likes. So these threads are nobody
else's: a command ends without waiting for them, and a tenant who names such hosts takes no thread away
from other work. How many there may be at a time is bounded; who comes later waits, in its own time.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

AT_ONCE: Final = 64

Found = Sequence[tuple[int, int, int, str, Any]]


class NameLookup(AbstractResolver):
    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Found] = loop.create_future()

        def tell(found: Found, error: Exception | None) -> None:
            self._places.release()
            if done.cancelled():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(found)

        def work() -> None:
            found: Found = []
            error: Exception | None = None
            try:
                found = socket.getaddrinfo(
                    host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG
                )
            except (OSError, UnicodeError) as trouble:
                error = trouble
            with suppress(RuntimeError):  # the loop has ended: nobody waits for this
                loop.call_soon_threadsafe(tell, found, error)

        threading.Thread(target=work, daemon=True, name="name-lookup").start()
        return [
            ResolveResult(
                hostname=host,
                host=address[0],
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in await done
        ]

    async def close(self) -> None:
        """There is nothing to close: what is still asked ends by itself."""
