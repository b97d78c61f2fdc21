"""
Whom a connection trusts: the authorities of the host that we run on, and what is given besides.

PEM comes in as bytes, from the site file or from an object, so that no path of this machine decides.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Trust:
    """`authorities` are PEM, trusted besides those of the host; `client` is a certificate and its
    key, PEM, that a registry may want to see.
    """

    authorities: tuple[bytes, ...] = ()
    client: tuple[bytes, bytes] | None = field(default=None, repr=False)


@lru_cache(maxsize=64)  # reading the authorities of the host takes longer than a request
def context(trust: Trust, *, verified: bool = True) -> ssl.SSLContext:
    """Unverified: any certificate will do, as for a registry that is said to be insecure."""
    if verified:
        found = ssl.create_default_context()
        for authority in trust.authorities:
            found.load_verify_locations(cadata=authority.decode())
    else:
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        found.check_hostname = False
        found.verify_mode = ssl.CERT_NONE
    if trust.client is not None:
        _show(found, *trust.client)
    return found


def _show(found: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """OpenSSL wants a file; this one lives in memory, and its name leads nobody else to it."""
    descriptor = os.memfd_create("client-certificate")
    try:
        os.write(descriptor, certificate + b"\n" + key)
        found.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
