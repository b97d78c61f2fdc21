"""
What a well-formed site says that cannot be meant: one statement undoes another.

Each finding is advice and no fault: the site can be applied, and does what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.site.model import Site
from wharfinger.oci.reference import ImageReference, names_registry
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.access import ALL, AccessPolicy
from wharfinger.policy.patterns import RegistryPattern, registry_of

_PROBE: Final = "wharfinger-asks"
"""A repository that no pattern names."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


def find(site: Site) -> tuple[Contradiction, ...]:
    return tuple(found for rule in RULES for found in rule(site))


def searched_but_blocked(site: Site) -> Iterator[Contradiction]:
    for registry in site.registries.search or ():
        if _shut(site.registries.access, registry):
            yield Contradiction(
                "registries.search",
                f"{registry} is searched, and every image there is blocked ({_rule(site, registry)})",
            )


def mirrored_but_blocked(site: Site) -> Iterator[Contradiction]:
    for pattern, mirrors in (site.registries.mirrors or {}).items():
        if _shut(site.registries.access, pattern.registry, pattern.path):
            yield Contradiction(
                "registries.mirrors", f"{pattern} has mirrors, and is blocked with all its images"
            )
        for mirror in mirrors:
            if _named_as_blocked(site.registries.access, mirror.location):
                yield Contradiction(
                    "registries.mirrors",
                    f"{mirror.location} is a mirror of {pattern}, and is blocked itself: images still"
                    f" come through it under the name of {pattern}",
                )


def insecure_with_authority(site: Site) -> Iterator[Contradiction]:
    insecure = site.registries.insecure
    for registry, trust in (site.trust.registries or {}).items():
        if insecure is not None and registry in insecure.registries and trust.authorities:
            yield Contradiction(
                "registries.insecure",
                f"{registry} has an authority in trust.registries too, which nobody asks: an insecure"
                " registry may show any certificate",
            )


def trusted_but_not_allowed(site: Site) -> Iterator[Contradiction]:
    """A secure registry needs both halves: its authority trusted and, with lists, its name allowed."""
    for registry in site.trust.registries or ():
        if _shut(site.registries.access, registry) and not _mirrors(site, registry):
            yield Contradiction(
                "trust.registries",
                f"{registry} is trusted, and every image there is blocked ({_rule(site, registry)})",
            )


def insecure_but_not_allowed(site: Site) -> Iterator[Contradiction]:
    insecure = site.registries.insecure
    for registry in () if insecure is None else insecure.registries:
        if _shut(site.registries.access, registry) and not _mirrors(site, registry):
            yield Contradiction(
                "registries.insecure",
                f"{registry} may be reached, and every image there is blocked"
                f" ({_rule(site, registry)})",
            )


def allowed_and_blocked(site: Site) -> Iterator[Contradiction]:
    for pattern in site.registries.allow or ():
        if pattern in (site.registries.block or ()):
            yield Contradiction("registries.allow", f"{pattern} is on block too, which decides")


def nothing_allowed(site: Site) -> Iterator[Contradiction]:
    lists = site.registries
    if lists.allow == () or (lists.allow is None and lists.block_all):
        yield Contradiction("registries.allow", "nothing is listed, so no image at all may be used")


def no_image_can_name(site: Site) -> Iterator[Contradiction]:
    """`harbour/app` names no registry: the first part has to have a dot or a port."""
    lists = site.registries
    named = [
        *(lists.search or ()),
        *(one.registry for one in (*(lists.allow or ()), *(lists.block or ())) if not one.wildcard),
    ]
    for registry in dict.fromkeys(named):
        if not names_registry(str(registry)):
            yield Contradiction(
                "registries",
                f"{registry} has neither a dot nor a port, so image names take it for part of a path:"
                f" write {registry}:443",
            )


RULES: Final[tuple[Callable[[Site], Iterator[Contradiction]], ...]] = (
    searched_but_blocked,
    mirrored_but_blocked,
    insecure_with_authority,
    trusted_but_not_allowed,
    insecure_but_not_allowed,
    allowed_and_blocked,
    nothing_allowed,
    no_image_can_name,
)


def _shut(access: AccessPolicy | None, registry: RegistryHost, path: str = "") -> bool:
    """Is every image below blocked? A path of the allow list opens a part of the registry."""
    if access is None or access.decide(_probe(registry, path)).allowed:
        return False
    return not any(_within(pattern, registry, path) for pattern in access.allow or ())


def _named_as_blocked(access: AccessPolicy | None, location: RegistryPattern) -> bool:
    """Does a pattern of the block list cover it? A mirror need not be on an allow list."""
    if access is None:
        return False
    rule = access.decide(_probe(location.registry, location.path)).rule
    return rule.startswith("block: ") and rule != f"block: {ALL}"


def _within(pattern: RegistryPattern, registry: RegistryHost, path: str) -> bool:
    inner = ImageReference(registry=str(pattern.registry), name=pattern.path or _PROBE)
    whole = RegistryPattern(registry_of(_probe(registry)), path)
    return not pattern.wildcard and bool(pattern.path) and whole.covers(inner)


def _probe(registry: RegistryHost, path: str = "") -> ImageReference:
    return ImageReference(registry=str(registry), name=f"{path}/{_PROBE}" if path else _PROBE)


def _rule(site: Site, registry: RegistryHost) -> str:
    access = site.registries.access
    verdict = None if access is None else access.decide(_probe(registry))
    return "" if verdict is None else verdict.rule


def _mirrors(site: Site, registry: RegistryHost) -> bool:
    every = (site.registries.mirrors or {}).values()
    return any(mirror.location.registry == registry for mirrors in every for mirror in mirrors)
