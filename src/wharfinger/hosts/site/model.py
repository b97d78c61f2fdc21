"""
The site as values: what `site.yaml` says, parsed and checked.

A list that the site file does not have is `None`, and then nothing on a host is changed about it.
An empty list is a statement: there shall be none.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from wharfinger.hosts.site.storage import Storage
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.access import AccessPolicy
from wharfinger.policy.patterns import RegistryPattern


class ShortNames(StrEnum):
    """What the containers tools do with a name without a registry; containers-registries.conf(5)."""

    ENFORCING = "enforcing"
    PERMISSIVE = "permissive"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where to ask before the registry itself. `location` is `registry[/path]`."""

    location: RegistryPattern
    insecure: bool = False


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Insecure:
    """Registries that may be spoken to without TLS or with any certificate.

    `networks` (CIDR) is a form that only Docker knows.
    """

    registries: tuple[RegistryHost, ...] = ()
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Registries:
    """`search` is in order: first named, first searched. `allow` and `block` are as in the file;
    `access` is both, as the verdict that they mean.
    """

    search: tuple[RegistryHost, ...] | None = None
    allow: tuple[RegistryPattern, ...] | None = None
    block: tuple[RegistryPattern, ...] | None = None
    block_all: bool = False
    insecure: Insecure | None = None
    mirrors: Mapping[RegistryPattern, tuple[Mirror, ...]] | None = None
    short_names: ShortNames | None = None

    @property
    def access(self) -> AccessPolicy | None:
        """`None` where the site says nothing of allow and block."""
        if self.allow is None and self.block is None and not self.block_all:
            return None
        return AccessPolicy(self.allow, self.block or (), self.block_all)


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """PEM bytes of a certificate and of its private key, which is never printed."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RegistryTrust:
    """Authorities (PEM, one certificate each) that vouch for a registry."""

    authorities: tuple[bytes, ...] = ()
    client: ClientCertificate | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """`system` are authorities that the whole host trusts, PEM, one certificate each."""

    registries: Mapping[RegistryHost, RegistryTrust] | None = None
    system: tuple[bytes, ...] | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """`later` keeps the parts that other commands read (`imagePolicy`, `imports`)."""

    registries: Registries = field(default_factory=Registries)
    trust: Trust = field(default_factory=Trust)
    storage: Storage | None = None
    later: Mapping[str, Any] = field(default_factory=dict)
