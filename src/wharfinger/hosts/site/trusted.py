"""Whether the certificates that a site hands out will do, for whom they are said to vouch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from wharfinger.errors import BadInput
from wharfinger.hosts import authorities, certificates
from wharfinger.hosts.authorities import UnusableAuthority
from wharfinger.hosts.certificates import (
    UnreadableCertificate,
    UnusableClientCertificate,
)
from wharfinger.hosts.site.model import RegistryTrust, Site
from wharfinger.oci.registry_host import RegistryHost


class UnusableTrust(BadInput):
    """Certificates that no runtime would take; each stands in `details`."""

    code = "unusable-trust"

    def __init__(self, details: tuple[str, ...]) -> None:
        number = "a certificate" if len(details) == 1 else f"{len(details)} certificates"
        super().__init__(f"cannot trust {number} of the site")
        self.details = details


@dataclass(frozen=True, slots=True)
class Judgement:
    unusable: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def judge(site: Site, now: datetime) -> Judgement:
    """What will not do, and what a person should know of the rest."""
    unusable: list[str] = []
    warnings: list[str] = []
    for place, registry, bundle in _authorities(site):
        good: list[certificates.Certificate] = []
        for pem in bundle:
            try:
                good += authorities.read(pem, place, now, registry=registry)
            except (UnreadableCertificate, UnusableAuthority) as error:
                unusable.append(error.message)
        warnings += (f"{place}: {text}" for text in authorities.warnings(good, now))
    for registry, trust in (site.trust.registries or {}).items():
        unusable += _client(registry, trust, now)
    return Judgement(tuple(unusable), tuple(dict.fromkeys(warnings)))


def _authorities(site: Site) -> Iterator[tuple[str, RegistryHost | None, tuple[bytes, ...]]]:
    for registry, trust in (site.trust.registries or {}).items():
        yield f"trust.registries.{registry}.ca", registry, trust.authorities
    yield "trust.system", None, site.trust.system or ()


def _client(registry: RegistryHost, trust: RegistryTrust, now: datetime) -> Iterator[str]:
    if trust.client is None:
        return
    place = f"trust.registries.{registry}.client"
    try:
        certificates.client(trust.client.certificate, trust.client.key, place, now)
    except (UnreadableCertificate, UnusableClientCertificate) as error:
        yield error.message
