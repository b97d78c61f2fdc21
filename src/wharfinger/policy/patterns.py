"""
Which images a line of an allow or block list covers.

    pattern := registry ["/" component ("/" component)*] | "*." domain

A pattern is held against the parts of a parsed image name, never against its text: `quay.io` covers
`quay.io/team/app` and not `quay.io.evil.test/app`; `quay.io/team` covers `quay.io/team/app` and not
`quay.io/teams/app`.

- Without a port it means the registry at its usual ports: `quay.io`, `quay.io:443` and `quay.io:80`
  are covered. With a port it means that one; `quay.io:443` covers `quay.io`.
- `*.example.test` covers every host below the domain, not the domain itself, at any port. It takes
  neither a port nor a path, since no runtime has a place for them.
- Docker Hub has three host names, and `docker.io` covers them all.

Part of what is shipped to hosts: standard library only, Python 3.9.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from wharfinger.errors import BadInput
from wharfinger.oci.reference import HUB, HUBS, ImageReference
from wharfinger.oci.registry_host import HTTP_PORT, HTTPS_PORT, InvalidRegistry, RegistryHost

_PATH: Final = re.compile(
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
)
_WILDCARD: Final = "*."
_USUAL_PORTS: Final = (None, HTTPS_PORT, HTTP_PORT)


class InvalidPattern(BadInput):
    """A line of a registry list that is outside the grammar."""

    code = "invalid-registry-pattern"

    def __init__(self, text: str, reason: str) -> None:
        shown = text if len(text) <= 80 else text[:77] + "..."
        super().__init__(
            f"cannot read registry pattern {shown!r}: {reason}",
            remedy="write host, host:port, host/path or *.domain",
        )
        self.text, self.reason = text, reason


@dataclass(frozen=True)
class RegistryPattern:
    """`path` is empty for a whole registry. With `wildcard`, `registry` is the domain below `*.`."""

    registry: RegistryHost
    path: str = ""
    wildcard: bool = False

    @classmethod
    def parse(cls, text: str) -> RegistryPattern:
        wildcard = text.startswith(_WILDCARD)
        host, slash, path = text[len(_WILDCARD) if wildcard else 0 :].partition("/")
        try:
            registry = RegistryHost.parse(host)
        except InvalidRegistry as error:
            raise InvalidPattern(text, error.reason) from None
        if wildcard and (slash or registry.port is not None or registry.is_address):
            raise InvalidPattern(text, "a wildcard takes a domain, without port or path")
        if slash and _PATH.fullmatch(path) is None:
            raise InvalidPattern(text, "the path is not one of a repository name")
        return cls(_folded(registry), path, wildcard)

    def __str__(self) -> str:
        path = f"/{self.path}" if self.path else ""
        return f"{_WILDCARD if self.wildcard else ''}{self.registry}{path}"

    def covers(self, image: ImageReference) -> bool:
        """Does this pattern speak of `image`, whose registry is filled in?"""
        registry = registry_of(image)
        if self.wildcard:
            return registry.host.endswith(f".{self.registry.host}")
        if registry.host != self.registry.host or not _same_port(self.registry.port, registry.port):
            return False
        return not self.path or f"{image.repository}/".startswith(f"{self.path}/")

    @property
    def rank(self) -> tuple[bool, int, bool, int]:
        """Orders patterns that cover one image: the larger, the more it says."""
        depth = self.path.count("/") + 1 if self.path else 0
        return (not self.wildcard, depth, self.registry.port is not None, len(self.registry.host))

    def spellings(self) -> tuple[str, ...]:
        """Each way in which an image name can spell what this covers, for runtimes that compare text.

        A wildcard is given as it is.
        """
        if self.wildcard:
            return (str(self),)
        path = f"/{self.path}" if self.path else ""
        hosts = sorted(HUBS) if self.registry.host == HUB else [self.registry.host]
        ports: tuple[int | None, ...] = {
            None: _USUAL_PORTS,
            HTTPS_PORT: (HTTPS_PORT, None),
        }.get(self.registry.port, (self.registry.port,))
        return tuple(f"{RegistryHost(host, port)}{path}" for host in hosts for port in ports)


def registry_of(image: ImageReference) -> RegistryHost:
    """The registry of an image name that has one, with Docker Hub's names folded into one."""
    return _registry(image.registry)


@lru_cache(maxsize=256)
def _registry(text: str) -> RegistryHost:
    # One image is held against each pattern of a list.
    return _folded(RegistryHost.parse(text))


def _folded(registry: RegistryHost) -> RegistryHost:
    hub = registry.host in HUBS and registry.port in _USUAL_PORTS
    return RegistryHost(HUB, registry.port) if hub else registry


def _same_port(pattern: int | None, asked: int | None) -> bool:
    if pattern is None:
        return asked in _USUAL_PORTS
    return (asked or HTTPS_PORT) == pattern
