"""
The names that we go by, and which of them an answer may carry.

A URL in an answer (the token realm, an upload's `Location`) sends the client's credentials
somewhere, so it never repeats a `Host` header on trust: a header that names one of our own
names is kept, any other gets the address that we listen on.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field

from wharfinger.server.settings import Listen

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Addresses:
    """`names` are host names and addresses without a port; `own` includes the listener's.

    `interfaces` are the machine's addresses where the listener takes them all: clients may use
    them, and we hand them out to nobody, since they come and go.
    """

    listen: Listen
    scheme: str
    names: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    _known: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        known = {_normal(name) for name in (*self.own, *self.names, *self.interfaces)}
        object.__setattr__(self, "_known", frozenset(known))

    @property
    def own(self) -> tuple[str, ...]:
        """The names of the listener itself, the one to print first."""
        if self.listen.unspecified:
            return _LOOPBACK
        if self.listen.loopback:
            return (self.listen.host, *(name for name in _LOOPBACK if name != self.listen.host))
        return (self.listen.host,)

    @property
    def base(self) -> str:
        """The URL to give to somebody of whom we know nothing."""
        host = self.names[0] if self.names and not self.listen.loopback else self.own[0]
        return f"{self.scheme}://{authority(host, self.listen.port, self.scheme)}"

    @property
    def local(self) -> str:
        """The URL that works on this machine."""
        return f"{self.scheme}://{authority(self.own[0], self.listen.port, self.scheme)}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """All `host:port` that images may be named by, the printed one first."""
        hosts = (authority(name, self.listen.port, "") for name in (*self.own, *self.names))
        return tuple(dict.fromkeys(hosts))

    @property
    def registry(self) -> str:
        """The `host:port` of `hosts` that we name images by."""
        host = self.names[0] if self.names and not self.listen.loopback else self.own[0]
        return authority(host, self.listen.port, "")

    def base_for(self, host: str | None) -> str:
        """The URL for an answer to a request that carried this `Host` header."""
        if host is not None and self.knows(host):
            return f"{self.scheme}://{host}"
        return self.base

    def knows(self, host: str) -> bool:
        """Whether a `Host` header names us; its port may be one that a proxy or tunnel maps."""
        split = _split(host)
        return split is not None and _normal(split) in self._known


def authority(host: str, port: int, scheme: str) -> str:
    """`host:port` as URLs and image names write it."""
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if _DEFAULT_PORTS.get(scheme) == port else f"{bracketed}:{port}"


def certificate_names(addresses: Addresses, hostnames: Iterable[str]) -> tuple[str, ...]:
    """Every name that a client may verify, in a stable order."""
    names = (*addresses.own, *_LOOPBACK, *addresses.names, *addresses.interfaces, *hostnames)
    return tuple(dict.fromkeys(names))


def _split(host: str) -> str | None:
    """The name in a `Host` header, or None if it is not one of the form `name[:port]`."""
    if host.startswith("["):
        name, bracket, rest = host[1:].partition("]")
        if not bracket:
            return None
        colon, port = rest[:1], rest[1:]
    else:
        name, colon, port = host.partition(":")
    if colon not in ("", ":") or (colon and not (port.isascii() and port.isdigit())):
        return None
    return name or None


def _normal(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower().rstrip(".")
