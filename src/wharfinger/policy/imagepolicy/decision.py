"""
Decide on every image of an object: accept, refuse, and name it by its digest where that is asked for.

Only creations and updates are judged, and of subresources only `ephemeralcontainers`, which adds
containers to a pod. Each image is resolved, judged by the execution rules, and then by what we have
beyond OpenShift: the site's registries and signatures, which only take away. All images are judged even if
one was refused. A reference that equals one that was judged, as that stands now, is not judged again.

With `Question.validating` nothing is rewritten: what is there is judged as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wharfinger.policy.imagepolicy import places
from wharfinger.policy.imagepolicy.config import Dialect, Policy
from wharfinger.policy.imagepolicy.model import Lookup, Object, Outcome, Question
from wharfinger.policy.imagepolicy.places import Place
from wharfinger.policy.imagepolicy.resources import BUILDS, JOBS, PODS, STATEFUL_SETS, Resource
from wharfinger.policy.imagepolicy.review import Review

IGNORE_RULES: Final = "alpha.image.policy.openshift.io/ignore-rules"
IMAGES_LIMIT: Final = 5000


async def decide(
    question: Question, policy: Policy, lookup: Lookup, *, registry: str = ""
) -> Outcome:
    """Judge a write; `registry` is `host[:port]` of the integrated registry, "" if there is none."""
    resource = Resource(question.group, question.resource)
    if not _is_judged(question, policy, resource):
        return Outcome(verdicts=(), object=question.object)
    if problem := _unreadable(question, policy, resource):
        text = f"unable to apply image policy against objects of type {question.kind}: {problem}"
        return Outcome(verdicts=(), object=question.object, forbidden=text)
    found = _places(question, policy)
    if len(found) > IMAGES_LIMIT:
        text = f"unable to apply image policy: more than {IMAGES_LIMIT} images in one object"
        return Outcome(verdicts=(), object=question.object, forbidden=text)
    review = Review.of(question, policy, lookup, registry, rewriting=may_rewrite(question, policy))
    for place in found:
        await review.judge(place)
    rewritten = places.rewritten(question.object, review.edits) if review.edits else question.object
    return Outcome(verdicts=tuple(review.verdicts), object=rewritten)


def ignored_rules(namespace: Mapping[str, Any]) -> frozenset[str]:
    """The rules that a Namespace switches off by its annotation."""
    annotations = (namespace.get("metadata") or {}).get("annotations") or {}
    names = annotations.get(IGNORE_RULES)
    return frozenset(names.split(",")) if isinstance(names, str) and names else frozenset()


def patch(before: Any, after: Any) -> list[dict[str, Any]]:
    """Say what was rewritten, as operations of a JSON patch."""
    return list(_operations(before, after, ""))


def _operations(before: Any, after: Any, path: str) -> Iterator[dict[str, Any]]:
    if before is after or before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            here = f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if key not in after:
                yield {"op": "remove", "path": here}
            elif key not in before:
                yield {"op": "add", "path": here, "value": after[key]}
            else:
                yield from _operations(before[key], after[key], here)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _operations(old, new, f"{path}/{index}")
    else:
        yield {"op": "replace", "path": path, "value": after}


def _is_judged(question: Question, policy: Policy, resource: Resource) -> bool:
    if question.operation not in ("CREATE", "UPDATE"):
        return False
    if question.subresource and (resource, question.subresource) != (PODS, places.EPHEMERAL):
        return False
    if policy.dialect is Dialect.OPENSHIFT and _is_owned(question.object):
        return False
    beyond = policy.access is not None and places.known(resource, policy.paths)
    return bool(
        beyond
        or policy.execution(resource)
        or policy.resolution(resource).rules
        or policy.signing(resource)
    )


def may_rewrite(question: Question, policy: Policy) -> bool:
    """Whether a write is one in which names may be replaced, before any rule is asked."""
    resource = Resource(question.group, question.resource)
    if question.validating:
        return False
    if question.operation == "UPDATE":
        fixed = {JOBS, *BUILDS}
        if policy.dialect is Dialect.LEGACY:
            fixed.add(STATEFUL_SETS)
        return resource not in fixed
    # A controller compares what it made with its template: it would make another one, for ever. Pods
    # it knows by their labels.
    owned = policy.dialect is Dialect.OWN and resource != PODS and _is_owned(question.object)
    return not owned


def _is_owned(obj: Object) -> bool:
    metadata = obj.get("metadata")
    owners = metadata.get("ownerReferences") if isinstance(metadata, dict) else None
    return isinstance(owners, list) and any(
        isinstance(owner, dict) and owner.get("controller") is True for owner in owners
    )


def _unreadable(question: Question, policy: Policy, resource: Resource) -> str:
    if not places.known(resource, policy.paths):
        return "No list of images available for this object"
    old = question.old
    if old is not None and old.get("kind") not in (None, question.object.get("kind")):
        return "the old and the new object are not of the same type"
    return ""


def _places(question: Question, policy: Policy) -> list[Place]:
    group, resource, new, old = (
        question.group,
        question.resource,
        question.object,
        question.old,
    )
    if question.operation == "UPDATE" and old is not None:
        return places.changed(group, resource, new, old, policy.paths)
    return places.images(group, resource, new, policy.paths)
