"""
Bring the site's allow and block lists into a `policy.json` that others keep too.

Only scopes of the transport for registries are touched: images from archives and from the Docker
daemon go on as before, and so does `default`. A closed site rejects in the transport's `""`.

Signatures that somebody asks for stay. Blocking puts a `reject` beside them and allowing takes it
away; a scope that is new takes over what held for its images until now. What an earlier apply of ours
put in is known by the access policy that it left on the host, and goes when the site no longer
wants it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from wharfinger.hosts.containers.policy import ACCEPT, ANY, REGISTRIES, REJECT, above, kind, parse
from wharfinger.hosts.formats import json_text
from wharfinger.hosts.formats.json_text import JsonText
from wharfinger.oci.reference import HUB, HUB_V1, ImageReference, InvalidReference
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.access import AccessPolicy, AccessVerdict
from wharfinger.policy.patterns import InvalidPattern, RegistryPattern

Requirements = list[Any]
Scopes = dict[str, Requirements]

_ACCEPTS: Final[Requirements] = [{"type": ACCEPT}]
_REJECTS: Final[Requirements] = [{"type": REJECT}]
_OPEN: Final = AccessPolicy()
_HUB: Final = RegistryPattern(RegistryHost(HUB))


@lru_cache(maxsize=256)
def edited(content: bytes | None, before: AccessPolicy | None, wanted: AccessPolicy) -> bytes:
    """The file with `wanted` in it, where `before` may have been put in earlier.

    Raise `UnreadableFile` for a file that the tools refuse. Remembered, since hosts share the file.
    """
    if content is None:
        content = json_text.render({"default": _ACCEPTS})
    policy = parse(content)
    old = dict(policy.scopes)
    default = policy.text.get("default")
    new = _with(_without(old, before or _OPEN, default), wanted, default)
    return _written(policy.text, old, new).content


def _written(text: JsonText, old: Scopes, new: Scopes) -> JsonText:
    place = ("transports", REGISTRIES)
    if not old or not new:
        return text if old == new else text.with_value(place, new)
    for scope in old:
        if scope not in new:
            text = text.without((*place, scope))
    for scope, requirements in new.items():
        if old.get(scope) != requirements:
            text = text.with_value((*place, scope), requirements)
    return text


def _without(scopes: Scopes, before: AccessPolicy, default: Requirements) -> Scopes:
    """What stood there before an earlier policy of ours was put in."""
    allowed = spelled(before.allow or ())
    base: Scopes = {}
    for scope, requirements in scopes.items():
        rest = requirements
        if _blocks(before, scope):
            rest = _signatures(requirements)
        elif scope in allowed and requirements == _ACCEPTS:
            # Somebody's own line, if otherwise signatures would be asked for.
            rest = _ACCEPTS if _inherited(scopes, scope, default) else []
        if rest:
            base[scope] = rest
    return base


def _with(base: Scopes, wanted: AccessPolicy, default: Requirements) -> Scopes:
    new = {
        scope: _judged(requirements, judged(wanted, scope), _inherited(base, scope, default))
        for scope, requirements in base.items()
    }
    if wanted.closed:
        new[ANY] = _rejected(base.get(ANY, []))
    # The widest first, so that a scope is only written where those above it do not say the same.
    for scope in sorted(spelled((*(wanted.allow or ()), *wanted.block)), key=_reach):
        blocked = _blocks(wanted, scope)
        holding = next((new[one] for one in above(scope) if one in new), new.get(ANY, default))
        if scope in base or blocked == (REJECT in map(kind, holding)):
            continue
        new[scope] = _REJECTS if blocked else _inherited(base, scope, default) or _ACCEPTS
    return new


def _judged(
    requirements: Requirements, verdict: AccessVerdict | None, inherited: Requirements
) -> Requirements:
    """A scope that was there, as the site wants it; what no list speaks of stays."""
    if verdict is None or not verdict.rule:
        return requirements
    if not verdict.allowed:
        return _rejected(requirements)
    if REJECT not in map(kind, requirements):
        return requirements
    return _signatures(requirements) or inherited or _ACCEPTS


def _rejected(requirements: Requirements) -> Requirements:
    if REJECT in map(kind, requirements):
        return requirements
    return [*_signatures(requirements), *_REJECTS]


def _signatures(requirements: Requirements) -> Requirements:
    return [one for one in requirements if kind(one) not in (ACCEPT, REJECT)]


def _inherited(
    scopes: Mapping[str, Requirements], scope: str, default: Requirements
) -> Requirements:
    """What the scopes above ask for besides access. One that accepts anything asks for nothing."""
    chain = [scopes[one] for one in (*list(above(scope))[1:], ANY) if one in scopes]
    for requirements in (*chain, default):
        if requirements != _REJECTS:
            return _signatures(requirements)
    return []


def _blocks(policy: AccessPolicy, scope: str) -> bool:
    verdict = judged(policy, scope)
    return verdict is not None and not verdict.allowed


@lru_cache(maxsize=4096)
def judged(policy: AccessPolicy, scope: str) -> AccessVerdict | None:
    """What the lists say of all that a scope covers, `None` for a scope that no image has."""
    if scope == ANY:
        return AccessPolicy(None, (), policy.closed).decide(ImageReference("any.invalid"))
    try:
        pattern = RegistryPattern.parse(scope)
    except InvalidPattern:
        return _judged_image(policy, scope)
    if pattern.wildcard:
        return _wildcards(policy).decide(ImageReference(f"any.{pattern.registry}"))
    return policy.decide(ImageReference(str(pattern.registry), name=pattern.path))


def _judged_image(policy: AccessPolicy, scope: str) -> AccessVerdict | None:
    try:
        image = ImageReference.parse(scope)
    except InvalidReference:
        return None
    return policy.decide(image) if image.registry and image.name else None


def _wildcards(policy: AccessPolicy) -> AccessPolicy:
    """The policy as hosts see it that only wildcards speak of."""
    allow = None if policy.allow is None else tuple(one for one in policy.allow if one.wildcard)
    return AccessPolicy(allow, tuple(one for one in policy.block if one.wildcard), policy.block_all)


def spelled(patterns: Iterable[RegistryPattern]) -> set[str]:
    """The scopes of patterns. The library itself turns Docker Hub's oldest name into `docker.io`.

    To the lists Docker Hub is one registry, and `*.docker.io` is not it. To the tools it is, so its
    names are given beside such a wildcard.
    """
    scopes = {scope for pattern in patterns for scope in pattern.spellings()}
    domains = [scope.removeprefix("*") for scope in scopes if scope.startswith("*.")]
    scopes |= {
        scope
        for scope in _HUB.spellings()
        if any(RegistryHost.parse(scope).host.endswith(domain) for domain in domains)
    }
    return {scope for scope in scopes if scope.partition("/")[0] != HUB_V1}


def _reach(scope: str) -> tuple[bool, int, str]:
    """Orders scopes so that those above another come first."""
    wildcard = scope.startswith("*.")
    return (not wildcard, scope.count("." if wildcard else "/"), scope)
