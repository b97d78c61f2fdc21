"""
Where a request goes: scheme, host and port, which together are what a login is good for.

A URL that a registry hands us (token realm, next page, redirect) is read strictly: no user in it, no
fragment, no backslash, no white space, and a host by the grammar of registries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from wharfinger.oci.registry_host import HTTP_PORT, HTTPS_PORT, InvalidRegistry, RegistryHost

_PORTS: Final = {"https": HTTPS_PORT, "http": HTTP_PORT}
_URL: Final = re.compile(r"[!-\[\]-~]{1,4096}")  # printable ASCII without the backslash


class InvalidAddress(ValueError):
    """A text that is no URL we would follow."""


@dataclass(frozen=True, slots=True)
class Origin:
    """`host` is as `RegistryHost` has it: lower case, IPv6 in brackets."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, registry: RegistryHost, *, scheme: str = "https") -> Origin:
        return cls(scheme, registry.host, registry.port or _PORTS[scheme])

    def __str__(self) -> str:
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    @property
    def address(self) -> str:
        """What to connect to."""
        return RegistryHost(self.host).address

    @property
    def is_address(self) -> bool:
        return RegistryHost(self.host).is_address


def parse(url: str) -> tuple[Origin, str]:
    """An absolute URL as its origin and the rest, path and query. Raise `InvalidAddress`."""
    if _URL.fullmatch(url) is None:
        raise InvalidAddress
    try:
        parts = urlsplit(url)
        registry = RegistryHost.parse(parts.netloc)
    except (ValueError, InvalidRegistry):
        raise InvalidAddress from None
    if parts.scheme not in _PORTS or parts.fragment:
        raise InvalidAddress
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Origin.of(registry, scheme=parts.scheme), target


def within(origin: Origin, target: str, link: str) -> str:
    """The path and query that `link`, found at `target`, leads to on the same origin.

    Raise `InvalidAddress` for one that leads away.
    """
    found, rest = towards(origin, target, link)
    if found != origin:
        raise InvalidAddress
    return rest


def towards(origin: Origin, target: str, link: str) -> tuple[Origin, str]:
    """Where `link`, found at `target`, leads to, be it elsewhere. Raise `InvalidAddress`."""
    if _URL.fullmatch(link) is None:
        raise InvalidAddress
    return parse(urljoin(f"{origin}{target}", link))
