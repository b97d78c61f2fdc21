"""Registries as the hosts of a site ask them: whose certificates count, where none need to, and mirrors."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wharfinger.hosts.site.model import Site
from wharfinger.oci.credentials import Credential
from wharfinger.oci.reference import ImageReference
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.patterns import RegistryPattern
from wharfinger.remote.mirrors import Mirrored
from wharfinger.remote.registries import Registries
from wharfinger.remote.repository import Source
from wharfinger.remote.trust import Trust


@dataclass(frozen=True, slots=True)
class SiteRegistries:
    """What the site calls insecure is asked so; nothing else is. Mirrors come first, and each has a
    share of the time. A login is for the registry that the image names: no mirror sees it.
    """

    registries: Registries
    site: Site

    def source(
        self, name: ImageReference, *, logins: Sequence[Credential] = (), seconds: float
    ) -> Source:
        full = name.with_client_defaults()
        insecure = is_insecure(self.site, RegistryHost.parse(full.registry))
        own = self.registries.source(full, logins=logins, insecure=insecure, seconds=seconds)
        places = list(mirrors(self.site, full))
        share = seconds / (len(places) + 1)
        asked = [
            self.registries.source(place, insecure=may_be, seconds=share)
            for place, may_be in places
        ]
        return Mirrored([*asked, own]) if asked else own


def mirrors(site: Site, image: ImageReference) -> Iterator[tuple[ImageReference, bool]]:
    """The repositories that mirror that of a full name, and whether each may be insecure: those of
    the pattern that says most of it.
    """
    known = site.registries.mirrors or {}
    fitting = [pattern for pattern in known if pattern.covers(image)]
    if not fitting:
        return
    best = max(fitting, key=lambda pattern: pattern.rank)
    rest = image.repository.removeprefix(best.path).removeprefix("/")
    for mirror in known[best]:
        place = "/".join(filter(None, (str(mirror.location), rest)))
        insecure = mirror.insecure or is_insecure(site, mirror.location.registry)
        yield ImageReference.parse(place), insecure


def trust_of(site: Site, host: RegistryHost) -> Trust:
    trust = (site.trust.registries or {}).get(host)
    client = trust.client if trust is not None else None
    return Trust(
        (*(trust.authorities if trust is not None else ()), *(site.trust.system or ())),
        None if client is None else (client.certificate, client.key),
    )


def is_insecure(site: Site, host: RegistryHost) -> bool:
    insecure = site.registries.insecure
    if insecure is None:
        return False
    image = ImageReference(str(host))
    if any(RegistryPattern(one).covers(image) for one in insecure.registries):
        return True
    return host.is_address and any(
        ipaddress.ip_address(host.address) in network for network in insecure.networks
    )
