"""
Rulings by what OpenShift does not have: the site's registries, and signatures.

They only take away, no namespace can switch them off, and what cannot be judged by them is refused. They
are held against the name that will stand in the object: what was looked up under another name and is not
written there is not what runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from wharfinger.oci.reference import ImageReference
from wharfinger.oci.registry_host import InvalidRegistry
from wharfinger.policy.access import AccessPolicy
from wharfinger.policy.imagepolicy.found import Found, Ruling
from wharfinger.policy.imagepolicy.model import Lookup, LookupFailed
from wharfinger.policy.imagepolicy.signing import SignatureRule
from wharfinger.policy.patterns import registry_of


def access_refusal(access: AccessPolicy | None, name: ImageReference) -> str:
    """Say why the site's lists refuse an image, "" if they do not."""
    if access is None:
        return ""
    if (full := _full(name)) is None:
        return f"{name.registry} is not the name of a registry"
    answer = access.decide(full)
    return "" if answer.allowed else answer.reason


def by_access(access: AccessPolicy, found: Found) -> Ruling | None:
    """Refuse an image by the site's lists, or leave it."""
    if found.standing is None:
        return _unnamed("registries", found)
    reason = access_refusal(access, found.standing)
    remedy = "use an image that `registries` allows, or change the lists there"
    return Ruling.refusal("registries", reason, remedy) if reason else None


def covering(
    rules: Sequence[SignatureRule], names: Iterable[ImageReference]
) -> list[SignatureRule]:
    """The rules that cover an image by one of its names."""
    full = [name for name in map(_full, names) if name is not None]
    return [rule for rule in rules if rule.covers(full)]


async def by_signatures(
    rules: Sequence[SignatureRule], found: Found, lookup: Lookup, namespace: str
) -> Ruling | None:
    """Refuse an image that a rule covers and none of its keys has signed, or leave it."""
    standing = None if found.standing is None else _full(found.standing)
    if standing is None:
        return _unnamed("signatures", found)
    exact = replace(standing, tag="")
    for rule in covering(rules, found.names):
        if not found.pinned:
            reason = f"{found.shown} has to be signed, and {_why_not_pinned(found)}"
            return Ruling.refusal(rule.name, reason, "name the image by its digest")
        if (refusal := await _by_signature(rule, exact, lookup, namespace)) is not None:
            return refusal
    return None


async def _by_signature(
    rule: SignatureRule, image: ImageReference, lookup: Lookup, namespace: str
) -> Ruling | None:
    keys = " or ".join(key.name for key in rule.keys)
    try:
        answer = await lookup.signature(image, rule.keys, namespace)
    except LookupFailed as failure:
        reason = f"the signatures of {image.exact()} cannot be read: {failure.message}"
        return Ruling.refusal(rule.name, reason, "let its registry answer, and try again")
    if answer.signed:
        return None
    reason = f"{image.exact()} is not signed by {keys}: {answer.reason}"
    return Ruling.refusal(rule.name, reason, f"have this digest signed by {keys}")


def _full(name: ImageReference) -> ImageReference | None:
    """Fill in what a client assumes; None for a registry that no address can have."""
    full = name.with_client_defaults()
    try:
        registry_of(full)
    except InvalidRegistry:
        return None
    return full


def _unnamed(rule: str, found: Found) -> Ruling:
    why = f": {found.failure.message}" if found.failure is not None else ""
    reason = f"nobody can say from which registry {found.shown} comes{why}"
    return Ruling.refusal(rule, reason, "name the image by its registry")


def _why_not_pinned(found: Found) -> str:
    if found.failure is not None:
        return f"its digest is not known: {found.why_unresolved}"
    return "a tag may mean another image by the time that it runs"
