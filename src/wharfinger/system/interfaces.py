"""
The addresses of this machine, for a listener that takes them all.

Asked of the kernel: what a name server or `/etc/hosts` says of our own name is often
something else.
"""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct
from pathlib import Path

_GET_ADDRESS = 0x8915  # SIOCGIFADDR; see netdevice(7)
_IPV6 = Path("/proc/net/if_inet6")
_GLOBAL_SCOPE = "00"


def addresses() -> tuple[str, ...]:
    """The IPv4 address of each interface that has one, and the global IPv6 addresses."""
    return (*_ipv4(), *parse_ipv6(_IPV6.read_text() if _IPV6.exists() else ""))


def parse_ipv6(table: str) -> tuple[str, ...]:
    """Read `/proc/net/if_inet6`: address, index, prefix length, scope, flags, name."""
    rows = [line.split() for line in table.splitlines()]
    return tuple(
        str(ipaddress.IPv6Address(bytes.fromhex(row[0]))) for row in rows if row[3] == _GLOBAL_SCOPE
    )


def _ipv4() -> list[str]:
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(channel, _GET_ADDRESS, struct.pack("256s", name.encode()))
            except OSError:
                continue  # the interface has none, or is gone since
            found.append(socket.inet_ntoa(answer[20:24]))
    return found
