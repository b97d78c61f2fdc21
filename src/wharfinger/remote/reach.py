"""
Which addresses a request may go to: a decision on the address that is about to be connected to.

A person at a command line may name what they like. What a tenant names is fetched by our server, from
where our server stands: a name that leads to the loopback, to the metadata service of a cloud or to a
database next door would make it the tenant's hand (SSRF). So only addresses of the public Internet
are reached, and of the others those that the administrator has listed:

- a network is reachable with all that is in it;
- a registry that is listed as `host[:port]` may be in a private network or on this host. It may not be
  link-local (the metadata service is there) unless its network is listed, too: who owns its name in
  the DNS is not always the administrator.

The decision is on numbers and not on names: each connection is judged by the very address that it goes
to, so it does not matter how the address was spelled, or that the name meant another one a moment ago.
IPv4 inside of IPv6 is judged as IPv4.

https://www.iana.org/assignments/iana-ipv4-special-registry
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

from wharfinger.oci.registry_host import HTTP_PORT, HTTPS_PORT, RegistryHost
from wharfinger.remote.origin import Origin

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, text.split()))


_PRIVATE: Final = _networks(
    "10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1/128 fc00::/7"
)
_SPECIAL: Final = _networks(
    "0.0.0.0/8 169.254.0.0/16 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15"
    " 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
    # Of what is global in IPv6: protocols with Teredo among them, examples, and 6to4.
    " 2001::/23 2001:db8::/32 2002::/16 3fff::/20"
)
_GLOBAL_IPV6: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Reach:
    """Made by `everywhere` or `outside`."""

    bounded: bool
    inside: tuple[Network, ...] = ()
    hosts: frozenset[RegistryHost] = frozenset()

    @classmethod
    def everywhere(cls) -> Reach:
        """What a person names."""
        return cls(bounded=False)

    @classmethod
    def outside(cls, inside: Iterable[Network] = (), hosts: Iterable[str] = ()) -> Reach:
        """What tenants name: the Internet, and what is listed. Raise `InvalidRegistry`."""
        return cls(True, tuple(inside), frozenset(map(RegistryHost.parse, hosts)))

    def lists(self, where: Origin) -> bool:
        """Has the administrator named this very host? Without a port, the usual ones are meant."""
        usual = where.port in (HTTPS_PORT, HTTP_PORT)
        return RegistryHost(where.host, where.port) in self.hosts or (
            usual and RegistryHost(where.host) in self.hosts
        )

    def allows(self, address: str, *, listed: bool = False) -> bool:
        """May we connect to a numeric address, for a host that is `listed` or not?"""
        if not self.bounded:
            return True
        found = _plain(address)
        if any(found in network for network in self.inside):
            return True
        return _is_public(found) or (listed and _is_in(found, _PRIVATE))


def _plain(address: str) -> Address:
    found = ip_address(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return _is_public(IPv4Address(address.packed[-4:]))
        if address not in _GLOBAL_IPV6:
            return False
    return not _is_in(address, _PRIVATE) and not _is_in(address, _SPECIAL)


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
