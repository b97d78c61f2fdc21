"""
Whose certificates count in an import: the public authorities of this host, those that the site gives
for imports, and those that the project gives for a stream.

A project's are a config map of its own, named by the stream in an annotation or a label. Its keys are
`ca-bundle.crt` or `ca.crt` for every registry, and otherwise the registry that they are for, as
`HOST` or `HOST..PORT` (a config map has no colon in its keys). What the site file trusts for hosts
is the administrator's: an import never has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.core import CONFIG_MAP
from wharfinger.cluster.kinds.meta import annotations_of
from wharfinger.errors import NotFound
from wharfinger.hosts import certificates
from wharfinger.oci.registry_host import HTTPS_PORT, RegistryHost
from wharfinger.remote.trust import Trust

NAMED_BY: Final = "wharfinger.dev/ca-bundle"
SITE_NAMESPACE: Final = "openshift-config"
"""Where the config map of the site is, if its `additionalTrustedCA` names one."""

_EVERYWHERE: Final = ("ca-bundle.crt", "ca.crt")


class BundleAbsent(NotFound):
    code = "ca-bundle-absent"

    def __init__(self, namespace: str, name: str) -> None:
        super().__init__(
            f"cannot find the config map {name!r} with certificates in {namespace!r}",
            remedy=f"make it, or take the annotation {NAMED_BY} from the image stream",
        )


@dataclass(frozen=True, slots=True)
class Bundle:
    """PEM for every registry, and for single ones."""

    everywhere: tuple[bytes, ...] = ()
    hosts: Mapping[RegistryHost, tuple[bytes, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, data: Mapping[str, str], source: str) -> Self:
        """Raise what `certificates.read` raises, and `InvalidRegistry` for a key that is no host."""
        everywhere: tuple[bytes, ...] = ()
        hosts: dict[RegistryHost, tuple[bytes, ...]] = {}
        for key, content in sorted(data.items()):
            pem = tuple(
                one.pem for one in certificates.read(content.encode(), f"{source}, key {key!r}")
            )
            if key in _EVERYWHERE:
                everywhere += pem
            else:
                hosts[_usual(RegistryHost.parse(key.replace("..", ":")))] = pem
        return cls(everywhere, hosts)

    def trust(self, registry: RegistryHost) -> Trust:
        return Trust(self.everywhere + self.hosts.get(_usual(registry), ()))

    def __or__(self, other: Bundle) -> Bundle:
        hosts = {
            host: self.hosts.get(host, ()) + other.hosts.get(host, ())
            for host in (*self.hosts, *other.hosts)
        }
        return Bundle(self.everywhere + other.everywhere, hosts)


class Bundles:
    """`site` is what the site gives for imports, or the name of the config map that has it."""

    def __init__(self, cache: Cache, site: Bundle | str) -> None:
        self._cache, self._site = cache, site

    def of(self, namespace: str, stream: Object | None) -> Bundle:
        """What counts for a stream; raise `BundleAbsent`, or as `Bundle.read` does."""
        site = self._site
        found = site if isinstance(site, Bundle) else self._read(SITE_NAMESPACE, site)
        named = _named_by(stream or {})
        return found | self._read(namespace, named) if named else found

    def _read(self, namespace: str, name: str) -> Bundle:
        found = self._cache.get(CONFIG_MAP.resource, namespace, name)
        if found is None:
            raise BundleAbsent(namespace, name)
        return Bundle.read(found.get("data") or {}, f"config map {namespace}/{name}")


def _named_by(stream: Object) -> str:
    labels = (stream.get("metadata") or {}).get("labels") or {}
    return annotations_of(stream).get(NAMED_BY) or str(labels.get(NAMED_BY) or "")


def _usual(registry: RegistryHost) -> RegistryHost:
    return RegistryHost(registry.host) if registry.port == HTTPS_PORT else registry
