"""
The judgement of one object's images, one after the other.

Each is resolved, judged by the execution rules, and then by what is beyond OpenShift. All are judged even
if one was refused. A reference that equals one that was judged, as that stands now, is not judged again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy import beyond, explanation, names, places, rules
from wharfinger.policy.imagepolicy.config import Policy
from wharfinger.policy.imagepolicy.faults import Path
from wharfinger.policy.imagepolicy.found import PROHIBITED, Found, Ruling, unresolved_message
from wharfinger.policy.imagepolicy.model import Lookup, LookupFailed, Question, Verdict
from wharfinger.policy.imagepolicy.names import Resolved, Resolver
from wharfinger.policy.imagepolicy.places import DOCKER_IMAGE, Place, Reference
from wharfinger.policy.imagepolicy.resolution import Resolution
from wharfinger.policy.imagepolicy.resources import Resource
from wharfinger.policy.imagepolicy.rules import Attributes, ExecutionRule
from wharfinger.policy.imagepolicy.signing import SignatureRule


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
        execution = policy.execution(resource)

        def refuse(name: ImageReference) -> str:
            """A registry whose images are refused in any case need not hear of us."""
            if rules.may_accept(execution, name.registry, question.ignored_rules):
                return beyond.access_refusal(policy.access, name)
            return f"{name.registry} is not asked: no rule accepts images from there"

        resolver = Resolver(
            lookup=lookup,
            namespace=question.namespace,
            registry=registry,
            forced=places.resolves_names(question.group, question.resource, question.object),
            remote=policy.remote and (resolution.beyond_local or bool(signing)),
            refuse=refuse,
        )
        return cls(
            policy=policy,
            lookup=lookup,
            registry=registry,
            namespace=question.namespace,
            ignored=question.ignored_rules,
            rewriting=rewriting,
            execution=execution,
            resolution=resolution,
            signing=signing,
            resolver=resolver,
        )

    async def judge(self, place: Place) -> None:
        if place.fault:
            self.verdicts.append(_unreadable(place))
            return
        reference = place.reference
        if (before := self._judged.get(reference)) is not None:
            # One error for each image: a second container with it is not told of.
            if before.allowed:
                again = replace(before, place=place.field, written=reference.name)
                self.verdicts.append(replace(again, rewritten="", reason=f"as {before.place}"))
            return
        found = await self._find(reference)
        ruling = await self._ruling(found)
        resolved = "" if found.resolved is None else found.resolved.spec.exact()
        now = Reference(DOCKER_IMAGE, "", resolved) if found.rewritten else reference
        changed = ruling.allowed and now != reference
        if changed:
            self.edits[place.path] = place.written(resolved)
        verdict = Verdict(
            place=place.field,
            written=reference.name,
            allowed=ruling.allowed,
            rule=ruling.rule,
            resolved=resolved,
            rewritten=resolved if changed else "",
            message=ruling.message,
            reason=ruling.reason,
            remedy=ruling.remedy,
        )
        self._judged[now] = verdict
        self.verdicts.append(verdict)

    async def _find(self, reference: Reference) -> Found:
        written = names.written(reference)
        if not (self.resolution.attempted or self.signing):
            return Found(reference, written)
        resolved = await self._look_up(reference)
        if isinstance(resolved, LookupFailed):
            return Found(reference, written, failure=resolved)
        found = Found(reference, written, resolved)
        rewritten = self.rewriting and (
            self.resolution.rewrites(local=resolved.local)
            or bool(beyond.covering(self.signing, found.names))
        )
        return replace(found, rewritten=True) if rewritten else found

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

    async def _ruling(self, found: Found) -> Ruling:
        if found.failure is not None and self.resolution.required:
            return self._unresolved(found, found.failure)
        ruling = self._by_rules(found)
        refusal: Ruling | None = None
        if ruling.allowed and self.policy.access is not None:
            refusal = beyond.by_access(self.policy.access, found)
        if ruling.allowed and refusal is None and self.signing:
            refusal = await beyond.by_signatures(self.signing, found, self.lookup, self.namespace)
        return refusal or ruling

    def _unresolved(self, found: Found, failure: LookupFailed) -> Ruling:
        reason = (
            f"{found.shown} is not resolved, which resolveImages: {self.resolution.default} "
            f"requires: {found.why_unresolved}"
        )
        known = "" if self.policy.remote else ": of an image stream, or by a digest that is known"
        remedy = f"use an image that can be looked up{known}"
        return Ruling(False, "", reason, unresolved_message(failure), remedy)

    def _by_rules(self, found: Found) -> Ruling:
        if not self.execution:
            return Ruling(True, "", explanation.NO_RULE)
        attributes = self._attributes(found)
        judgement = rules.judge(self.execution, attributes, self.ignored)
        title = "" if judgement.rule is None else judgement.rule.title
        if judgement.accepted:
            return Ruling(True, title, explanation.accepted(judgement))
        reason, remedy = explanation.refused(
            judgement, self.execution, attributes, found.shown, self.ignored
        )
        if found.failure is None:
            return Ruling(False, title, reason, PROHIBITED, remedy)
        reason += f" (not resolved: {found.why_unresolved})"
        return Ruling(False, title, reason, unresolved_message(found.failure), remedy)

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


def _unreadable(place: Place) -> Verdict:
    return Verdict(
        place=place.field,
        written="",
        allowed=False,
        message=f"{PROHIBITED}: {place.fault}",
        reason=f"{place.field} {place.fault}: what cannot be read is not run",
        remedy="mend the object",
    )
