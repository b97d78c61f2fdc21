"""
The verdicts of an image policy on all that a dump has, and which of them another policy changes.

An object that is refused makes nothing, so what a controller would make of it is judged only if the
object itself may be there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from wharfinger.images.offline import dump
from wharfinger.images.offline.dump import Dump, Subject
from wharfinger.images.offline.dump_lookup import DumpLookup
from wharfinger.policy.imagepolicy import decision
from wharfinger.policy.imagepolicy.config import Policy
from wharfinger.policy.imagepolicy.model import Lookup, Verdict
from wharfinger.policy.imagepolicy.resources import Resource

AT_A_TIME: Final = 16
"""Objects for which registries may be asked at the same time."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One image, or with `forbidden` the object as a whole. `made` is what is made of it, if that is judged."""

    subject: Subject
    made: Subject | None
    verdict: Verdict

    @property
    def kind(self) -> str:
        return (self.made or self.subject).kind


async def judge(found: Dump, policy: Policy, lookup: Lookup, *, registry: str = "") -> list[Judged]:
    """Judge all subjects, in their order; an image that stands in what is made of one is told once."""
    strict = _strict(policy, found.subjects)
    told: list[list[Judged]] = [[] for _ in found.subjects]
    waiting = iter(enumerate(found.subjects))

    async def work() -> None:
        for index, subject in waiting:
            told[index] = await _judge(found, policy, lookup, registry, subject, strict)

    await asyncio.gather(*(work() for _ in range(AT_A_TIME)))
    return [verdict for part in told for verdict in _by_place(part).values()]


async def _judge(
    found: Dump,
    policy: Policy,
    lookup: Lookup,
    registry: str,
    subject: Subject,
    strict: Mapping[Resource, bool],
) -> list[Judged]:
    told: list[Judged] = []
    rewrites = not isinstance(lookup, DumpLookup) or bool(found.streams)
    now: Subject | None = subject
    while now is not None:
        following = dump.made(now)
        # Where no rule can refuse and nothing can be rewritten, what is made of it says as much.
        passed = not strict[now.resource] and (
            now is not subject or (following is not None and not rewrites)
        )
        if not passed:
            outcome = await decision.decide(found.question(now), policy, lookup, registry=registry)
            child = None if now is subject else now
            told += [Judged(subject, child, verdict) for verdict in outcome.verdicts]
            if outcome.forbidden:
                told.append(Judged(subject, child, _whole(outcome.forbidden)))
            if not outcome.allowed:
                break
            if outcome.object is not now.object:
                following = dump.made(replace(now, object=outcome.object))
        now = following
    return told


def _strict(policy: Policy, subjects: Sequence[Subject]) -> Mapping[Resource, bool]:
    """Of all resources concerned: may the policy refuse any image in it at all?"""
    answers: dict[Resource, bool] = {}
    for resource in {subject.resource for subject in subjects}:
        now: Subject | None = Subject("", resource, "", "", "", {})
        while now is not None:
            here = now.resource
            answers[here] = bool(
                policy.execution(here)
                or policy.signing(here)
                or policy.access is not None
                or policy.resolution(here).required
            )
            now = dump.made(now)
    return answers


def _whole(text: str) -> Verdict:
    return Verdict(place="", written="", allowed=False, message=text, reason=text)


@dataclass(frozen=True, slots=True)
class Change:
    """An image that one policy lets run and another does not; None: it is not judged by that one."""

    subject: Subject
    before: Judged | None
    after: Judged | None

    @property
    def refused_now(self) -> bool:
        return self.after is not None and not self.after.verdict.allowed


def changes(before: Sequence[Judged], after: Sequence[Judged]) -> list[Change]:
    """What another policy changes, of the same dump."""
    old, new = _by_place(before), _by_place(after)
    found = ((old.get(key), new.get(key)) for key in dict.fromkeys([*old, *new]))
    return [
        Change(_subject(was, now), was, now)
        for was, now in found
        if _allows(was) is not _allows(now)
    ]


def _by_place(judged: Iterable[Judged]) -> dict[tuple[int, str], Judged]:
    """By the place in the pod, whoever makes it; a refusal counts more than what allows."""
    found: dict[tuple[int, str], Judged] = {}
    for one in judged:
        key = (id(one.subject), one.verdict.place.rpartition("template.")[2])
        if key not in found or found[key].verdict.allowed:
            found[key] = one
    return found


def _allows(judged: Judged | None) -> bool:
    return judged is None or judged.verdict.allowed


def _subject(*judged: Judged | None) -> Subject:
    return next(one.subject for one in judged if one is not None)
