"""
Allow or refuse what a call asks for, by the site's access policy.

Pure. A refusal says what was asked, and the rule: "pull of quay.io/team/app:latest: quay.io is
blocked by site rule block: all, not on allow". The daemon shows it to whoever asked.

A build names its base images in a context that the daemon does not pass on, and pulls them itself. So
with rules in force a build is refused, unless the gate (`gate`) stands between the daemon and every
registry; it knows hosts and no paths, so rules for a part of a registry do not go with builds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.on_host.docker_authz.asks import Ask, Built, Imported, Loaded, Named, Reached
from wharfinger.oci.reference import ImageReference
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.access import AccessPolicy, AccessVerdict


@dataclass(frozen=True)
class Decision:
    """`message` is empty where nothing has to be said."""

    allowed: bool
    message: str = ""


@dataclass(frozen=True)
class Seen:
    """`gated`: the daemon fetches only through our gate. `admitted`: the archive was read by us."""

    gated: bool = False
    admitted: bool = False


ALLOWED: Final = Decision(allowed=True)
UNSEEN_BUILD: Final = (
    "the images that it uses cannot be seen and site rules are in force; restart Docker once, so "
    "that it fetches through the plugin's gate"
)
PARTIAL_RULES: Final = (
    "the images that it uses cannot be seen and there are site rules for parts of a registry; have "
    "rules for whole registries, or build with Podman"
)
UNSEEN_LOAD: Final = (
    "the names in the archive cannot be seen and site rules are in force; use "
    "`wharf docker-load FILE`, which reads them"
)
UNSEEN_IMPORT: Final = (
    "an import from the client cannot be seen whole and site rules are in force; build FROM scratch "
    "with ADD instead"
)


def decide(asks: Iterable[Ask], policy: AccessPolicy, seen: Seen) -> Decision:
    """The first refusal, or that all is allowed."""
    refusals = (_refusal(ask, policy, seen) for ask in asks)
    return next((Decision(allowed=False, message=text) for text in refusals if text), ALLOWED)


def reach(policy: AccessPolicy, registry: RegistryHost) -> AccessVerdict:
    """May anything of this registry be had? Where a part of it is allowed, the registry is reached."""
    image = ImageReference(registry=str(registry), name="*")
    parts = [p for p in policy.allow or () if p.path and p.covers(_below(image, p.path))]
    return policy.decide(_below(image, parts[0].path) if parts else image)


def restricts(policy: AccessPolicy) -> bool:
    return policy.closed or bool(policy.block)


def has_partial_rules(policy: AccessPolicy) -> bool:
    return any(pattern.path for pattern in (*(policy.allow or ()), *policy.block))


def _refusal(ask: Ask, policy: AccessPolicy, seen: Seen) -> str:
    if isinstance(ask, Named):
        verdict = policy.decide(ask.image)
        return "" if verdict.allowed else f"{ask.what} {verdict.image}: {verdict.reason}"
    if isinstance(ask, Reached):
        verdict = reach(policy, ask.registry)
        return "" if verdict.allowed else f"{ask.what} {ask.registry}: {verdict.reason}"
    return _unseen(ask, policy, seen) if restricts(policy) else ""


def _unseen(ask: Ask, policy: AccessPolicy, seen: Seen) -> str:
    if isinstance(ask, Built):
        if has_partial_rules(policy):
            return f"{ask.what}: {PARTIAL_RULES}"
        return "" if seen.gated else f"{ask.what}: {UNSEEN_BUILD}"
    if isinstance(ask, Loaded):
        return "" if seen.admitted else f"load: {UNSEEN_LOAD}"
    assert isinstance(ask, Imported)
    return f"import: {UNSEEN_IMPORT}"


def _below(image: ImageReference, path: str) -> ImageReference:
    return ImageReference(registry=image.registry, name=path)
