"""
One HTTP request and its answer, within bounds of size and time.

The standard library serves here: a command asks a handful of registries once, each in a thread of its
own, and the import of an asynchronous client alone takes longer than the rest of such a command. No
redirect is followed, no proxy is asked, nothing is sent twice.
"""

from __future__ import annotations

import http.client
import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from wharfinger import __version__
from wharfinger.remote.errors import NoAnswer, NotUnderstood, Untrusted
from wharfinger.remote.origin import Origin

ANSWER_LIMIT: Final = 4 << 20
_PIECE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` have names in lower case; `challenges` are all of `WWW-Authenticate`."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    challenges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment until which a registry may take."""

    seconds: float
    moment: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(seconds, time.monotonic() + seconds)

    def left(self, place: str) -> float:
        """Raise `NoAnswer` when the time is up."""
        if (left := self.moment - time.monotonic()) <= 0:
            raise late(place, self.seconds)
        return left


def late(place: str, seconds: float) -> NoAnswer:
    return NoAnswer(place, f"no answer within {seconds:g} s", remedy="give a longer --timeout")


def send(
    origin: Origin,
    target: str,
    *,
    deadline: Deadline,
    trust: ssl.SSLContext | None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """GET, or POST with a body. Raise `NoAnswer`, `Untrusted` or `NotUnderstood`."""
    place, left = str(origin), deadline.left(str(origin))
    connection: http.client.HTTPConnection
    if origin.scheme == "https":
        connection = http.client.HTTPSConnection(
            origin.address, origin.port, timeout=left, context=trust
        )
    else:
        connection = http.client.HTTPConnection(origin.address, origin.port, timeout=left)
    sent = {"User-Agent": f"wharf/{__version__}", "Accept": "application/json", **(headers or {})}
    try:
        connection.request("GET" if body is None else "POST", target, body, sent)
        answer = connection.getresponse()
        content = _read(answer, place, deadline)
    except TimeoutError:
        raise late(place, deadline.seconds) from None
    except ssl.SSLCertVerificationError as error:
        raise Untrusted(
            place,
            f"its certificate is not trusted ({error.verify_message})",
            remedy="name its authority in the site file under trust.registries",
        ) from None
    except (OSError, UnicodeError, http.client.HTTPException) as error:
        raise NoAnswer(place, _reason(error)) from None
    finally:
        connection.close()
    pairs = [(name.lower(), value) for name, value in answer.getheaders()]
    challenges = tuple(value for name, value in pairs if name == "www-authenticate")
    return Answer(answer.status, dict(pairs), content, challenges)


def _read(answer: http.client.HTTPResponse, place: str, deadline: Deadline) -> bytes:
    content = bytearray()
    while piece := answer.read1(_PIECE):
        content += piece
        deadline.left(place)
        if len(content) > ANSWER_LIMIT:
            raise NotUnderstood(place, f"its answer has more than {ANSWER_LIMIT >> 20} MiB")
    if answer.length:
        raise NoAnswer(place, "its answer breaks off")
    return bytes(content)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS here, or broke off"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, UnicodeError):
        return "its name is none that the network knows"
    return "it does not speak HTTP here, or broke off"


def trust_of(
    authorities: tuple[bytes, ...] = (),
    client: tuple[bytes, bytes] | None = None,
    *,
    verified: bool = True,
) -> ssl.SSLContext:
    """What the host trusts, and `authorities` besides; `client` is a certificate and its key."""
    if verified:
        trust = ssl.create_default_context()
        for authority in authorities:
            trust.load_verify_locations(cadata=authority.decode())
    else:
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
    if client is not None:
        _show(trust, *client)
    return trust


def _show(trust: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """OpenSSL wants a file; this one lives in memory, and its name leads nobody else to it."""
    descriptor = os.memfd_create("client-certificate")
    try:
        os.write(descriptor, certificate + b"\n" + key)
        trust.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
