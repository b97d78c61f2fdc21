"""
Connections to registries and to what they send us on to: one request at a time, within bounds.

It says what came back and judges nothing. Heads are bounded here; how much of a body is read and how
long it may take is for those who ask. No redirect is followed, no proxy is asked, no cookie is kept,
nothing is decompressed (so nothing can be a bomb), and what cannot be reached by `Reach` is not
connected to.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import AsyncIterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

import aiohttp
from yarl import URL

from wharfinger import __version__
from wharfinger.remote.errors import HttpOnly, NoAnswer, OutOfReach, RemoteError, Untrusted
from wharfinger.remote.name_lookup import NameLookup
from wharfinger.remote.origin import Origin
from wharfinger.remote.reach import Reach

if TYPE_CHECKING:
    from aiohttp.connector import AddrInfoType

CONNECTIONS: Final = 512
"""So many that those who are kept waiting by some registries take none from the others."""
PER_HOST: Final = 16
IDLE: Final = 15.0
"""Seconds that a connection is kept for the next request."""

_NO_LIMIT: Final = aiohttp.ClientTimeout(total=None, sock_connect=None)
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"})
_BUFFER: Final = 1 << 20


class Connections:
    """Opened by `async with`, in the event loop that uses it; many tasks may share one."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def __aenter__(self) -> Self:
        self._strict = self._session(listed=False)
        # Apart, so that a name that is not listed never gets a connection of one that is.
        self._listed = self._session(listed=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._strict.close()
        await self._listed.close()

    async def open(
        self,
        method: str,
        where: Origin,
        target: str,
        *,
        trust: ssl.SSLContext,
        headers: Mapping[str, str],
        body: bytes | AsyncIterable[bytes] | None = None,
    ) -> aiohttp.ClientResponse:
        """The head of an answer, of whatever status; the caller reads or releases the rest.

        Raise `NoAnswer` (and `HttpOnly`), `Untrusted` or `OutOfReach`.
        """
        session = self._listed if self._reach.lists(where) else self._strict
        with faults(str(where)):
            return await session.request(
                method,
                URL(f"{where}{target}", encoded=True),
                data=body,
                headers=headers,
                allow_redirects=False,
                ssl=trust,
            )

    def _session(self, *, listed: bool) -> aiohttp.ClientSession:
        def vetted(info: AddrInfoType) -> socket.socket:
            family, kind, protocol, _, address = info
            if not self._reach.allows(str(address[0]), listed=listed):
                raise _Inside
            return socket.socket(family, kind, protocol)

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=CONNECTIONS,
                limit_per_host=PER_HOST,
                keepalive_timeout=IDLE,
                use_dns_cache=False,  # the one of the host knows for how long a name holds
                resolver=NameLookup(),
                socket_factory=vetted,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_NO_LIMIT,
            auto_decompress=False,
            read_bufsize=_BUFFER,
            headers={"Accept-Encoding": "identity", "User-Agent": f"wharf/{__version__}"},
        )


class _Inside(OSError):
    """An address that is not to be connected to."""

    def __str__(self) -> str:
        return "an address of the inside"  # one text for all, and none that tells of addresses


@contextmanager
def faults(place: str) -> Iterator[None]:
    """Tell what goes wrong with a connection as an error of ours. None of them has a cause: some
    of those of aiohttp hold the headers that were sent.
    """
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        why: Any = error.certificate_error
        raise Untrusted(
            place,
            f"its certificate is not trusted ({getattr(why, 'verify_message', 'wrong name')})",
            remedy="name its authority in the site file under trust.registries",
        ) from None
    except aiohttp.ClientConnectorSSLError as error:
        raise _no_tls(place, error.os_error) from None
    except aiohttp.ClientConnectorError as error:  # nothing was sent
        raise _no_connection(place, error.os_error) from None
    except ssl.SSLError as error:
        raise _no_tls(place, error) from None
    except TimeoutError:
        raise  # an OSError, and the business of those who have set the time
    except (aiohttp.ClientError, OSError, ValueError):
        raise NoAnswer(place, "it does not speak HTTP here, or broke off") from None


def _no_tls(place: str, error: OSError) -> RemoteError:
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return HttpOnly(place, "it does not speak TLS here")
    return NoAnswer(place, "it does not speak TLS here, or broke off")


def _no_connection(place: str, error: OSError) -> RemoteError:
    if isinstance(error, _Inside):
        return OutOfReach(place, "it is at an address of the inside, which may not be asked")
    if isinstance(error, socket.gaierror):
        return NoAnswer(place, error.strerror or "its name is not known")
    # The text of asyncio has the address in it.
    told = os.strerror(error.errno) if error.errno else "it broke the connection off"
    return NoAnswer(place, told)
