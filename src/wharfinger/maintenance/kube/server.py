"""
Which Kubernetes API to ask, whom to trust there, and who we are to it.

Only values, and the contract of what proves who we are. How a kubeconfig becomes a `Server` is a
matter of the command line.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Proof:
    """What a request shows: a header, a certificate of the client, or neither."""

    authorization: str = field(default="", repr=False)
    trust: ssl.SSLContext | None = field(default=None, repr=False)
    """In place of that of the server where the client has a certificate: connections are shared
    only among requests of one context, so that a new certificate gets new connections."""


class Credential(Protocol):
    async def proof(self, refused: Proof | None = None) -> Proof:
        """What to show now; `refused` has just been turned down, so it should be a fresh one.

        Many requests ask at the same time. Where nothing fresh can be had, what there is.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """A credential that stays as it is."""

    held: Proof = Proof()

    async def proof(self, refused: Proof | None = None) -> Proof:  # noqa: ARG002 (has no other)
        return self.held


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    """`https://HOST[:PORT][/PREFIX]`, or `http`."""
    trust: ssl.SSLContext | None = None
    """None: the authorities that the system trusts."""
    name: str | None = None
    """Whom the certificate must name, where that is not the host of the address."""
    credential: Credential = Fixed()
    proxy: str | None = field(default=None, repr=False)
    """The HTTP proxy on the way; its address may hold a password."""
