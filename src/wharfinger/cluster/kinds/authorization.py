"""Questions about who may do what, asked by creating an object: `authorization.k8s.io/v1`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from wharfinger.cluster.kind import FieldError, Kind, Object
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import (
    Record,
    Schema,
    anything,
    array,
    flag,
    mapping,
    text,
    texts,
)

GROUP: Final = "authorization.k8s.io"
_MODELS: Final = "io.k8s.api.authorization.v1."

_RESOURCE = Record(
    f"{_MODELS}ResourceAttributes",
    "Something to be done to a resource.",
    {
        "namespace": text("Where; empty is everywhere, or at no namespace."),
        "verb": text("What."),
        "group": text("API group."),
        "version": text("API version."),
        "resource": text("Resource."),
        "subresource": text("Subresource."),
        "name": text("Name; empty is all."),
        "fieldSelector": anything("Fields to select by; not looked at."),
        "labelSelector": anything("Labels to select by; not looked at."),
    },
)
_PATH = Record(
    f"{_MODELS}NonResourceAttributes",
    "Something to be done to a path outside the API.",
    {"path": text("Path."), "verb": text("The HTTP verb, in lower case.")},
)
_STATUS = Record(
    f"{_MODELS}SubjectAccessReviewStatus",
    "Whether it is allowed.",
    {
        "allowed": flag("Whether it is allowed."),
        "denied": flag("Whether it is refused for good."),
        "reason": text("Why."),
        "evaluationError": text("What hindered the decision."),
    },
    required=("allowed",),
)
_ACCESS: dict[str, Schema] = {
    "resourceAttributes": _RESOURCE.of("Asks about a resource."),
    "nonResourceAttributes": _PATH.of("Asks about a path."),
}
_SELF_SPEC = Record(f"{_MODELS}SelfSubjectAccessReviewSpec", "What the caller would do.", _ACCESS)
_SPEC = Record(
    f"{_MODELS}SubjectAccessReviewSpec",
    "Who would do what.",
    {
        **_ACCESS,
        "user": text("The name of who would do it."),
        "groups": texts("The groups of who would do it."),
        "uid": text("The identity of who would do it."),
        "extra": mapping(
            "What the provider says besides.", {"type": "array", "items": {"type": "string"}}
        ),
    },
)
_RULES_SPEC = Record(
    f"{_MODELS}SelfSubjectRulesReviewSpec",
    "Where the caller would do things.",
    {"namespace": text("The namespace.")},
)
_RESOURCE_RULE = Record(
    f"{_MODELS}ResourceRule",
    "What may be done to which resources.",
    {
        "verbs": texts("What."),
        "apiGroups": texts("API groups."),
        "resources": texts("Resources."),
        "resourceNames": texts("Names; none is all."),
    },
    required=("verbs",),
)
_PATH_RULE = Record(
    f"{_MODELS}NonResourceRule",
    "What may be done to which paths.",
    {"verbs": texts("What."), "nonResourceURLs": texts("Paths.")},
    required=("verbs",),
)
_RULES_STATUS = Record(
    f"{_MODELS}SubjectRulesReviewStatus",
    "All that the caller may do.",
    {
        "resourceRules": array("Rules on resources.", _RESOURCE_RULE),
        "nonResourceRules": array("Rules on paths.", _PATH_RULE),
        "incomplete": flag("Whether there may be more."),
        "evaluationError": text("What hindered the answer."),
    },
    required=("resourceRules", "nonResourceRules", "incomplete"),
)


def _validate_self(obj: Object) -> Iterator[FieldError]:
    spec: dict[str, Any] = obj.get("spec") or {}
    asked = [name for name in _ACCESS if spec.get(name) is not None]
    if len(asked) == 2:
        detail = "cannot be specified in combination with resourceAttributes"
        yield FieldError.invalid("spec.nonResourceAttributes", spec[asked[1]], detail)
    if not asked:
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        yield FieldError.invalid("spec.resourceAttributes", None, detail)


def _validate_subject(obj: Object) -> Iterator[FieldError]:
    yield from _validate_self(obj)
    spec = obj.get("spec") or {}
    if not spec.get("user") and not spec.get("groups"):
        detail = "at least one of user or group must be specified"
        yield FieldError.invalid("spec.user", spec.get("user", ""), detail)


def _validate_local(obj: Object) -> Iterator[FieldError]:
    yield from _validate_subject(obj)
    spec = obj.get("spec") or {}
    if spec.get("nonResourceAttributes") is not None:
        detail = "disallowed on this kind of request"
        yield FieldError.invalid(
            "spec.nonResourceAttributes", spec["nonResourceAttributes"], detail
        )
    asked = (spec.get("resourceAttributes") or {}).get("namespace", "")
    own = (obj.get("metadata") or {}).get("namespace", "")
    if asked != own:
        detail = "must match metadata.namespace"
        yield FieldError.invalid("spec.resourceAttributes.namespace", asked, detail)


def _access_review(kind: str, summary: str, spec: Record, **more: Any) -> Kind:
    return Kind(
        group=GROUP,
        version="v1",
        kind=kind,
        plural=f"{kind.lower()}s",
        singular=kind.lower(),
        verbs=("create",),
        schema=top(
            f"{_MODELS}{kind}",
            summary,
            {"spec": spec.of("The question."), "status": _STATUS.of("The answer.")},
            required=("spec",),
        ),
        **more,
    )


SELF_SUBJECT_ACCESS_REVIEW = _access_review(
    "SelfSubjectAccessReview",
    "Asks whether the caller may do something.",
    _SELF_SPEC,
    namespaced=False,
    validate=lambda obj: tuple(_validate_self(obj)),
)
SUBJECT_ACCESS_REVIEW = _access_review(
    "SubjectAccessReview",
    "Asks whether somebody may do something.",
    _SPEC,
    namespaced=False,
    validate=lambda obj: tuple(_validate_subject(obj)),
)
LOCAL_SUBJECT_ACCESS_REVIEW = _access_review(
    "LocalSubjectAccessReview",
    "Asks whether somebody may do something in this namespace.",
    _SPEC,
    namespaced=True,
    validate=lambda obj: tuple(_validate_local(obj)),
)
SELF_SUBJECT_RULES_REVIEW = Kind(
    group=GROUP,
    version="v1",
    kind="SelfSubjectRulesReview",
    plural="selfsubjectrulesreviews",
    singular="selfsubjectrulesreview",
    namespaced=False,
    verbs=("create",),
    schema=top(
        f"{_MODELS}SelfSubjectRulesReview",
        "Asks for all that the caller may do in a namespace.",
        {
            "spec": _RULES_SPEC.of("The question."),
            "status": _RULES_STATUS.of("The answer."),
        },
        required=("spec",),
    ),
)
