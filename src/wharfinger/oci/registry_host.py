"""
Where a registry answers: `host[:port]`, as the first part of an image name spells it.

    registry := host [":" port]
    host     := DNS labels joined by "." | IPv4 address | "[" IPv6 address "]"
    port     := 1 to 65535

https://github.com/distribution/reference/blob/v0.6.0/reference.go

The grammar has no "/", no "..", no white space and no percent sign, so a parsed registry is safe as
the name of a directory (`certs.d/<host:port>`). Names are compared without regard to case, as DNS
does: `QUAY.IO` and `quay.io` are one registry.

Part of what is shipped to hosts: standard library only, Python 3.9.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from wharfinger.errors import BadInput

HTTPS_PORT: Final = 443
HTTP_PORT: Final = 80
NAME_LIMIT: Final = 253
"""Octets that a DNS name may have; RFC 1035, section 2.3.4."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_REGISTRY = re.compile(
    rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{{1,5}}))?"
)


class InvalidRegistry(BadInput):
    """A text that is not `host[:port]`; `reason` says which rule it breaks."""

    code = "invalid-registry"

    def __init__(self, text: str, reason: str) -> None:
        shown = text if len(text) <= 80 else text[:77] + "..."
        super().__init__(
            f"cannot read registry {shown!r}: {reason}",
            remedy="write it as host or host:port, without a scheme and without a path",
        )
        self.text, self.reason = text, reason


@dataclass(frozen=True)
class RegistryHost:
    """`host` is in lower case and keeps the brackets of an IPv6 address; no port is `None`."""

    host: str
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> RegistryHost:
        lowered = text.lower()
        match = _REGISTRY.fullmatch(lowered) if len(text) <= NAME_LIMIT + 6 else None
        if match is None:
            raise InvalidRegistry(text, _fault(lowered))
        host, port = match["host"], match["port"]
        if len(host) > NAME_LIMIT:
            raise InvalidRegistry(text, f"a host name has at most {NAME_LIMIT} characters")
        if host.startswith("["):
            host = f"[{_ipv6(text, host[1:-1])}]"
        if port is not None and not 1 <= int(port) <= 65535:
            raise InvalidRegistry(text, "a port is a number from 1 to 65535")
        return cls(host, None if port is None else int(port))

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def address(self) -> str:
        """What to resolve or connect to: an IPv6 address without its brackets."""
        return self.host[1:-1] if self.host.startswith("[") else self.host

    @property
    def is_address(self) -> bool:
        """Is the host an IP address rather than a name?"""
        try:
            ipaddress.ip_address(self.address)
        except ValueError:
            return False
        return True


def _ipv6(text: str, address: str) -> str:
    try:
        return str(ipaddress.IPv6Address(address))
    except ValueError:
        raise InvalidRegistry(text, "what stands in brackets is no IPv6 address") from None


def _fault(text: str) -> str:
    if not text:
        return "it is empty"
    if "://" in text:
        return "it has a scheme"
    if "/" in text:
        return "it has a path"
    if text.count(":") > 1 and not text.startswith("["):
        return "an IPv6 address stands in brackets"
    return "a host name has letters, digits, '-' and '.', and a port is a number"
