"""
The judgement of one object's images, one after the other.

What is beyond OpenShift, the site's registries and signatures, is held against the name that will stand in
the object: what was looked up under another name and is not written there is not what runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from wharfinger.oci.reference import ImageReference
from wharfinger.oci.registry_host import InvalidRegistry
from wharfinger.policy.access import AccessPolicy
from wharfinger.policy.imagepolicy import explanation, names, places, rules
from wharfinger.policy.imagepolicy.config import Policy
from wharfinger.policy.imagepolicy.faults import Path
from wharfinger.policy.imagepolicy.model import Lookup, LookupFailed, Question, Verdict
from wharfinger.policy.imagepolicy.names import Resolved, Resolver
from wharfinger.policy.imagepolicy.places import DOCKER_IMAGE, Place, Reference
from wharfinger.policy.imagepolicy.resolution import Resolution
from wharfinger.policy.imagepolicy.resources import Resource
from wharfinger.policy.imagepolicy.rules import Attributes, ExecutionRule
from wharfinger.policy.imagepolicy.signing import SignatureRule
from wharfinger.policy.patterns import registry_of

PROHIBITED: Final = "this image is prohibited by policy"


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a reference when it is judged."""

    reference: Reference
    written: ImageReference | None
    resolved: Resolved | None = None
    failure: LookupFailed | None = None
    rewritten: bool = False

    @property
    def standing(self) -> ImageReference | None:
        """What a runtime will be told to run, None if nobody can say."""
        if self.resolved is None or (self.written is not None and not self.rewritten):
            return self.written
        return self.resolved.spec

    @property
    def pinned(self) -> bool:
        """Whether what stands there is one image for ever."""
        fixed = self.rewritten or self.reference.kind in (DOCKER_IMAGE, names.STREAM_IMAGE)
        return fixed and self.standing is not None and bool(self.standing.id)

    @property
    def names(self) -> Iterator[ImageReference]:
        """All names that the image goes by."""
        if self.written is not None and not self.rewritten:
            yield self.written
        if self.resolved is not None:
            yield self.resolved.spec

    @property
    def shown(self) -> str:
        return self.reference.name or '""'


@dataclass(slots=True, kw_only=True)
class Review:
    policy: Policy
    lookup: Lookup
    registry: str
    namespace: str
    ignored: frozenset[str]
    rewriting: bool
    """Whether anything may be rewritten in this object now."""
    execution: tuple[ExecutionRule, ...]
    resolution: Resolution
    signing: tuple[SignatureRule, ...]
    resolver: Resolver
    verdicts: list[Verdict] = field(default_factory=list)
    edits: dict[Path, Any] = field(default_factory=dict)
    _judged: dict[Reference, Verdict] = field(default_factory=dict)
    _looked_up: dict[Reference, Resolved | LookupFailed] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        question: Question,
        policy: Policy,
        lookup: Lookup,
        registry: str,
        *,
        rewriting: bool,
    ) -> Self:
        resource = Resource(question.group, question.resource)
        resolution, signing = policy.resolution(resource), policy.signing(resource)
        resolver = Resolver(
            lookup=lookup,
            namespace=question.namespace,
            registry=registry,
            forced=places.resolves_names(question.group, question.resource, question.object),
            remote=policy.remote and (resolution.beyond_local or bool(signing)),
            refuse=lambda name: _access_refusal(policy.access, name),
        )
        return cls(
            policy=policy,
            lookup=lookup,
            registry=registry,
            namespace=question.namespace,
            ignored=question.ignored_rules,
            rewriting=rewriting,
            execution=policy.execution(resource),
            resolution=resolution,
            signing=signing,
            resolver=resolver,
        )

    async def judge(self, place: Place) -> None:
        if place.fault:
            self.verdicts.append(_unreadable(place))
            return
        if (before := self._judged.get(place.reference)) is not None:
            # One error for each image: a second container with it is not told of.
            if before.allowed:
                again = replace(before, place=place.field, written=place.reference.name)
                self.verdicts.append(replace(again, rewritten="", reason=f"as {before.place}"))
            return
        found = await self._find(place.reference)
        verdict = await self._verdict(place, found)
        now = place.reference
        if found.rewritten and found.resolved is not None:
            now = Reference(DOCKER_IMAGE, "", found.resolved.spec.exact())
        if verdict.allowed and now != place.reference:
            self.edits[place.path] = place.written(now.name)
            verdict = replace(verdict, rewritten=now.name)
        self._judged[now] = verdict
        self.verdicts.append(verdict)

    async def _find(self, reference: Reference) -> Found:
        found = Found(reference, names.written(reference))
        if not (self.resolution.attempted or self.signing):
            return found
        match await self._look_up(reference):
            case LookupFailed() as failure:
                return replace(found, failure=failure)
            case resolved:
                found = replace(found, resolved=resolved)
        if not self.rewriting:
            return found
        rewritten = replace(found, rewritten=True)
        if self.resolution.rewrites(local=resolved.local) or self._covering(rewritten):
            return rewritten
        return found

    async def _look_up(self, reference: Reference) -> Resolved | LookupFailed:
        if (known := self._looked_up.get(reference)) is not None:
            return known
        answer: Resolved | LookupFailed
        try:
            answer = await self.resolver.resolve(reference)
        except LookupFailed as failure:
            answer = failure
        self._looked_up[reference] = answer
        return answer

    async def _verdict(self, place: Place, found: Found) -> Verdict:
        verdict = Verdict(
            place=place.field,
            written=place.reference.name,
            allowed=True,
            resolved="" if found.resolved is None else found.resolved.spec.exact(),
        )
        if found.failure is not None and self.resolution.required:
            return self._unresolved(verdict, found.failure)
        verdict = self._by_rules(verdict, found)
        if verdict.allowed and self.policy.access is not None:
            verdict = self._by_access(verdict, found, self.policy.access)
        if verdict.allowed and self.signing:
            verdict = await self._by_signatures(verdict, found)
        return verdict

    def _unresolved(self, verdict: Verdict, failure: LookupFailed) -> Verdict:
        reason = (
            f"{verdict.written} is not resolved, which resolveImages: {self.resolution.default} "
            f"requires: {failure.message or 'there is no such image'}"
        )
        known = "one of an image stream, or one by a digest that is known"
        remedy = f"use an image that can be looked up{'' if self.policy.remote else f': {known}'}"
        return replace(
            verdict, allowed=False, message=_message(failure), reason=reason, remedy=remedy
        )

    def _by_rules(self, verdict: Verdict, found: Found) -> Verdict:
        if not self.execution:
            return replace(verdict, reason=explanation.accepted(rules.Judgement(True), ()))
        attributes = self._attributes(found)
        judgement = rules.judge(self.execution, attributes, self.ignored)
        title = "" if judgement.rule is None else judgement.rule.title
        if judgement.accepted:
            reason = explanation.accepted(judgement, self.execution)
            return replace(verdict, rule=title, reason=reason)
        reason, remedy = explanation.refused(
            judgement, self.execution, attributes, found.shown, self.ignored
        )
        if found.failure is not None:
            reason += f" (not resolved: {found.failure.message or 'there is no such image'})"
        return replace(
            verdict,
            allowed=False,
            rule=title,
            message=PROHIBITED if found.failure is None else _message(found.failure),
            reason=reason,
            remedy=remedy,
        )

    def _attributes(self, found: Found) -> Attributes:
        resolved = found.resolved
        if resolved is None:
            written = found.written or ImageReference()
            integrated = names.is_integrated(written, self.registry)
            return Attributes(written.registry, integrated, None)
        if found.rewritten:
            integrated = names.is_integrated(resolved.spec, self.registry)
            return Attributes(resolved.spec.registry, integrated, resolved.image)
        registry = "" if resolved.assumed else resolved.spec.registry
        return Attributes(registry, resolved.integrated, resolved.image)

    def _by_access(self, verdict: Verdict, found: Found, access: AccessPolicy) -> Verdict:
        if found.standing is None:
            return _refusal(
                verdict, "registries", _unnamed(found), "name the image by its registry"
            )
        if reason := _access_refusal(access, found.standing):
            return _refusal(verdict, "registries", reason, "use an image that the site allows")
        return verdict

    def _covering(self, found: Found) -> list[SignatureRule]:
        full = [name for name in map(_full, found.names) if name is not None]
        return [rule for rule in self.signing if rule.covers(full)]

    async def _by_signatures(self, verdict: Verdict, found: Found) -> Verdict:
        standing = None if found.standing is None else _full(found.standing)
        if standing is None:
            return _refusal(
                verdict, "signatures", _unnamed(found), "name the image by its registry"
            )
        for rule in self._covering(found):
            if not found.pinned:
                reason = f"{found.shown} has to be signed, and {_why_not_pinned(found)}"
                return _refusal(verdict, rule.name, reason, "name the image by its digest")
            try:
                signature = await self.lookup.signature(
                    replace(standing, tag=""), rule.keys, self.namespace
                )
            except LookupFailed as failure:
                reason = f"the signatures of {standing.exact()} cannot be read: {failure.message}"
                return _refusal(
                    verdict, rule.name, reason, "let the registry answer, and try again"
                )
            if not signature.signed:
                keys = ", ".join(key.name for key in rule.keys)
                reason = f"{standing.exact()} is not signed by {keys}: {signature.reason}"
                return _refusal(verdict, rule.name, reason, f"sign this digest with {keys}")
            verdict = replace(verdict, reason=f"{verdict.reason}; signed by {signature.key}")
        return verdict


def _full(name: ImageReference) -> ImageReference | None:
    """Fill in what a client assumes; None for a registry that no address can have."""
    full = name.with_client_defaults()
    try:
        registry_of(full)
    except InvalidRegistry:
        return None
    return full


def _access_refusal(access: AccessPolicy | None, name: ImageReference) -> str:
    if access is None:
        return ""
    if (full := _full(name)) is None:
        return f"{name.registry} is not the name of a registry"
    answer = access.decide(full)
    return "" if answer.allowed else answer.reason


def _refusal(verdict: Verdict, rule: str, reason: str, remedy: str) -> Verdict:
    message = f"{PROHIBITED}: {reason}"
    return replace(verdict, allowed=False, rule=rule, message=message, reason=reason, remedy=remedy)


def _unreadable(place: Place) -> Verdict:
    return Verdict(
        place=place.field,
        written="",
        allowed=False,
        message=f"{PROHIBITED}: {place.fault}",
        reason=f"{place.field} {place.fault}: what cannot be read is not run",
        remedy="mend the object",
    )


def _unnamed(found: Found) -> str:
    failure = found.failure.message if found.failure is not None else ""
    return f"nobody can say from which registry {found.shown} comes{failure and f': {failure}'}"


def _why_not_pinned(found: Found) -> str:
    if found.failure is not None:
        return f"its digest is not known: {found.failure.message or 'there is no such image'}"
    return "a tag may mean another image by the time that it runs"


def _message(failure: LookupFailed) -> str:
    # That nothing was found is a text that is empty: clients of OpenShift compare it.
    return f"{PROHIBITED}: {'' if failure.absent else failure.message}"
