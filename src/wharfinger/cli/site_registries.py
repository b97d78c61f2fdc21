"""What the site file says of asking a registry: whose certificates count, and where none need to."""

from __future__ import annotations

import ipaddress

from wharfinger.hosts.site.model import Site
from wharfinger.oci.reference import ImageReference
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.patterns import RegistryPattern
from wharfinger.remote.trust import Trust


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
