"""Questions about rights in the words of OpenShift 3: `authorization.openshift.io/v1`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wharfinger.cluster.kind import FieldError, Kind, Object
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.openshift.rights import GROUP, MODELS, RULE
from wharfinger.cluster.kinds.shapes import Record, Schema, anything, array, flag, text, texts

_ACTION: Final[Mapping[str, Schema]] = {
    "namespace": text("Where; empty is everywhere."),
    "verb": text("What."),
    "resourceAPIGroup": text("API group of the resource."),
    "resourceAPIVersion": text("API version of the resource."),
    "resource": text("The resource, or resource/subresource."),
    "resourceName": text("Name; empty is all."),
    "path": text("A path outside the API, instead of a resource."),
    "isNonResourceURL": flag("Whether the path is meant."),
    "content": anything("Not looked at."),
}
_WHOSE: Final[Mapping[str, Schema]] = {
    "user": text("Who; with no groups either, the caller."),
    "groups": texts("The groups of the one who is asked about."),
    "scopes": texts("Not looked at: every token has all scopes."),
}
_RULES_STATUS: Final = Record(
    f"{MODELS}SubjectRulesReviewStatus",
    "All that somebody may do.",
    {
        "rules": array("The rules.", RULE),
        "evaluationError": text("What hindered the answer."),
    },
    required=("rules",),
)


def _validate_action(obj: Object) -> Iterator[FieldError]:
    if not obj.get("verb"):
        yield FieldError.required("verb")
    if obj.get("isNonResourceURL"):
        if not obj.get("path"):
            yield FieldError.required("path")
    elif not obj.get("resource"):
        yield FieldError.required("resource")


def _validate_local(obj: Object) -> Iterator[FieldError]:
    yield from _validate_action(obj)
    asked = obj.get("namespace") or ""
    own = (obj.get("metadata") or {}).get("namespace") or ""
    if asked not in ("", own):
        detail = f"namespace must be: {own}"
        yield FieldError.invalid("namespace", asked, detail)


def _validate_subject(obj: Object) -> Iterator[FieldError]:
    spec = obj.get("spec") or {}
    if not spec.get("user") and not spec.get("groups"):
        yield FieldError.required("spec.user", "at least one of user and groups must be specified")


def _question(kind: str, summary: str, fields: Mapping[str, Schema], **more: Any) -> Kind:
    return Kind(
        group=GROUP,
        version="v1",
        kind=kind,
        plural=f"{kind.lower()}s",
        singular=kind.lower(),
        verbs=("create",),
        schema=top(f"{MODELS}{kind}", summary, fields),
        **more,
    )


def _rules_question(kind: str, summary: str, spec: Mapping[str, Schema], **more: Any) -> Kind:
    asked = Record(f"{MODELS}{kind}Spec", "Whom the question is about.", spec)
    fields = {"spec": asked.of("The question."), "status": _RULES_STATUS.of("The answer.")}
    return _question(kind, summary, fields, namespaced=True, **more)


SUBJECT_ACCESS_REVIEW = _question(
    "SubjectAccessReview",
    "Asks whether somebody, or the caller, may do something.",
    {**_ACTION, **_WHOSE},
    namespaced=False,
    validate=lambda obj: tuple(_validate_action(obj)),
)
LOCAL_SUBJECT_ACCESS_REVIEW = _question(
    "LocalSubjectAccessReview",
    "Asks whether somebody, or the caller, may do something in this namespace.",
    {**_ACTION, **_WHOSE},
    namespaced=True,
    validate=lambda obj: tuple(_validate_local(obj)),
)
RESOURCE_ACCESS_REVIEW = _question(
    "ResourceAccessReview",
    "Asks who may do something.",
    _ACTION,
    namespaced=False,
    validate=lambda obj: tuple(_validate_action(obj)),
)
LOCAL_RESOURCE_ACCESS_REVIEW = _question(
    "LocalResourceAccessReview",
    "Asks who may do something in this namespace.",
    _ACTION,
    namespaced=True,
    validate=lambda obj: tuple(_validate_local(obj)),
)
SELF_SUBJECT_RULES_REVIEW = _rules_question(
    "SelfSubjectRulesReview",
    "Asks for all that the caller may do in this namespace.",
    {"scopes": _WHOSE["scopes"]},
)
SUBJECT_RULES_REVIEW = _rules_question(
    "SubjectRulesReview",
    "Asks for all that somebody may do in this namespace.",
    _WHOSE,
    validate=lambda obj: tuple(_validate_subject(obj)),
)
