"""Roles and who holds them: `rbac.authorization.k8s.io/v1`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from wharfinger.cluster import label_selector, validation
from wharfinger.cluster.kind import Column, FieldError, Kind, Object
from wharfinger.cluster.kinds.columns import AGE, CREATED_AT, NAME
from wharfinger.cluster.kinds.meta import LABEL_SELECTOR, top
from wharfinger.cluster.kinds.shapes import Record, array, text, texts

GROUP: Final = "rbac.authorization.k8s.io"
_MODELS: Final = "io.k8s.api.rbac.v1."

_RULE = Record(
    f"{_MODELS}PolicyRule",
    "What may be done to what.",
    {
        "verbs": texts("What may be done; * is everything."),
        "apiGroups": texts("API groups of the resources; * is all, the empty text is core."),
        "resources": texts("Resources, or resource/subresource; * is all."),
        "resourceNames": texts("Only these names; none is all names."),
        "nonResourceURLs": texts("Paths outside the API, which may end in *; cluster roles only."),
    },
    required=("verbs",),
)
_AGGREGATION = Record(
    f"{_MODELS}AggregationRule",
    "Which cluster roles to gather the rules from.",
    {"clusterRoleSelectors": array("Roles that any of these selects.", LABEL_SELECTOR)},
)
_ROLE_REF = Record(
    f"{_MODELS}RoleRef",
    "The role that a binding gives.",
    {
        "apiGroup": text("The group of the role."),
        "kind": text("Role or ClusterRole."),
        "name": text("The name of the role."),
    },
    required=("apiGroup", "kind", "name"),
)
_ROLE_REF["x-kubernetes-map-type"] = "atomic"
_SUBJECT = Record(
    f"{_MODELS}Subject",
    "A user, a group or a service account.",
    {
        "kind": text("User, Group or ServiceAccount."),
        "apiGroup": text("The group of the subject; empty for service accounts."),
        "name": text("Name."),
        "namespace": text("Namespace of a service account."),
    },
    required=("kind", "name"),
)
_SUBJECT["x-kubernetes-map-type"] = "atomic"


def _validate_rules(obj: Object, *, namespaced: bool) -> Iterator[FieldError]:
    for index, rule in enumerate(obj.get("rules") or ()):
        yield from _validate_rule(rule, f"rules[{index}]", namespaced=namespaced)


def _validate_rule(rule: Mapping[str, Any], path: str, *, namespaced: bool) -> Iterator[FieldError]:
    if not rule.get("verbs"):
        yield FieldError.required(f"{path}.verbs", "verbs must contain at least one value")
    urls = rule.get("nonResourceURLs")
    if urls:
        field = f"{path}.nonResourceURLs"
        if namespaced:
            detail = "namespaced rules cannot apply to non-resource URLs"
            yield FieldError.invalid(field, urls, detail)
        if any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            yield FieldError.invalid(field, urls, detail)
        return
    if not rule.get("apiGroups"):
        detail = "resource rules must supply at least one api group"
        yield FieldError.required(f"{path}.apiGroups", detail)
    if not rule.get("resources"):
        detail = "resource rules must supply at least one resource"
        yield FieldError.required(f"{path}.resources", detail)


def _validate_role(obj: Object) -> Sequence[FieldError]:
    return tuple(_validate_rules(obj, namespaced=True))


def _validate_cluster_role(obj: Object) -> Sequence[FieldError]:
    return (*_validate_rules(obj, namespaced=False), *_validate_aggregation(obj))


def _validate_aggregation(obj: Object) -> Iterator[FieldError]:
    aggregation = obj.get("aggregationRule")
    if aggregation is None:
        return
    path = "aggregationRule.clusterRoleSelectors"
    selectors = aggregation.get("clusterRoleSelectors") or ()
    if not selectors:
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        yield FieldError.required(path, detail)
    for index, selector in enumerate(selectors):
        yield from label_selector.errors(selector, f"{path}[{index}]")


def _default_binding(obj: Object) -> None:
    if not obj.setdefault("roleRef", {}).get("apiGroup"):
        obj["roleRef"]["apiGroup"] = GROUP
    for subject in obj.get("subjects") or ():
        if subject.get("kind") in ("User", "Group") and not subject.get("apiGroup"):
            subject["apiGroup"] = GROUP


def _validate_role_ref(ref: Mapping[str, Any], kinds: Sequence[str]) -> Iterator[FieldError]:
    if ref.get("apiGroup") != GROUP:
        yield FieldError.unsupported("roleRef.apiGroup", ref.get("apiGroup", ""), (GROUP,))
    if ref.get("kind") not in kinds:
        yield FieldError.unsupported("roleRef.kind", ref.get("kind", ""), kinds)
    name = ref.get("name") or ""
    if not name:
        yield FieldError.required("roleRef.name")
    for error in validation.path_segment(name):
        yield FieldError.invalid("roleRef.name", name, error)


def _validate_subject(
    subject: Mapping[str, Any], path: str, *, namespaced: bool
) -> Iterator[FieldError]:
    kind, name, group = (subject.get(key) or "" for key in ("kind", "name", "apiGroup"))
    if not name:
        yield FieldError.required(f"{path}.name")
    if kind in ("User", "Group"):
        if group != GROUP:
            yield FieldError.unsupported(f"{path}.apiGroup", group, (GROUP,))
    elif kind == "ServiceAccount":
        for error in validation.subdomain(name) if name else ():
            yield FieldError.invalid(f"{path}.name", name, error)
        if group:
            yield FieldError.unsupported(f"{path}.apiGroup", group, ("",))
        if not namespaced and not subject.get("namespace"):
            yield FieldError.required(f"{path}.namespace")
    else:
        known = ("ServiceAccount", "User", "Group")
        yield FieldError.unsupported(f"{path}.kind", kind, known)


def _validate_subjects(obj: Object, *, namespaced: bool) -> Iterator[FieldError]:
    for index, subject in enumerate(obj.get("subjects") or ()):
        yield from _validate_subject(subject, f"subjects[{index}]", namespaced=namespaced)


def _validate_role_binding(obj: Object) -> Sequence[FieldError]:
    return (
        *_validate_role_ref(obj.get("roleRef") or {}, ("Role", "ClusterRole")),
        *_validate_subjects(obj, namespaced=True),
    )


def _validate_cluster_role_binding(obj: Object) -> Sequence[FieldError]:
    return (
        *_validate_role_ref(obj.get("roleRef") or {}, ("ClusterRole",)),
        *_validate_subjects(obj, namespaced=False),
    )


def _update_binding(new: Object, old: Object) -> Sequence[FieldError]:
    if new.get("roleRef") == old.get("roleRef"):
        return ()
    return (FieldError.invalid("roleRef", new.get("roleRef"), "cannot change roleRef"),)


def _role_of(obj: Object, _: datetime) -> str:
    ref = obj.get("roleRef") or {}
    return f"{ref.get('kind', '')}/{ref.get('name', '')}"


def _subjects_of(kind: str) -> Column:
    def names(obj: Object, _: datetime) -> str:
        found = (one for one in obj.get("subjects") or () if one.get("kind") == kind)
        return ", ".join(_subject_name(one) for one in found)

    return Column(f"{kind}s", names, description=f"Each {kind} that gets the role.", wide=True)


def _subject_name(subject: Mapping[str, Any]) -> str:
    name = str(subject.get("name", ""))
    if subject.get("kind") != "ServiceAccount":
        return name
    return f"{subject.get('namespace', '')}/{name}"


_BINDING_COLUMNS = (
    NAME,
    Column("Role", _role_of, description="The role that is given."),
    AGE,
    _subjects_of("User"),
    _subjects_of("Group"),
    _subjects_of("ServiceAccount"),
)
_RULES = array("What the role allows.", _RULE)
_BINDING = {
    "subjects": array("Who gets the role.", _SUBJECT),
    "roleRef": _ROLE_REF.of("The role that is given. Cannot be changed."),
}

ROLE = Kind(
    group=GROUP,
    version="v1",
    kind="Role",
    plural="roles",
    singular="role",
    namespaced=True,
    schema=top(f"{_MODELS}Role", "Rights within a namespace.", {"rules": _RULES}),
    validate=_validate_role,
    name_errors=validation.path_segment,
    columns=(NAME, CREATED_AT),
)
CLUSTER_ROLE = Kind(
    group=GROUP,
    version="v1",
    kind="ClusterRole",
    plural="clusterroles",
    singular="clusterrole",
    namespaced=False,
    schema=top(
        f"{_MODELS}ClusterRole",
        "Rights that can be given in a namespace or everywhere.",
        {
            "rules": _RULES,
            "aggregationRule": _AGGREGATION.of(
                "Where the rules come from; then they are kept by the server."
            ),
        },
    ),
    validate=_validate_cluster_role,
    name_errors=validation.path_segment,
    columns=(NAME, CREATED_AT),
)
ROLE_BINDING = Kind(
    group=GROUP,
    version="v1",
    kind="RoleBinding",
    plural="rolebindings",
    singular="rolebinding",
    namespaced=True,
    schema=top(
        f"{_MODELS}RoleBinding",
        "Gives the rights of a role within the namespace of the binding.",
        _BINDING,
        required=("roleRef",),
    ),
    default=_default_binding,
    validate=_validate_role_binding,
    validate_update=_update_binding,
    name_errors=validation.path_segment,
    columns=_BINDING_COLUMNS,
)
CLUSTER_ROLE_BINDING = Kind(
    group=GROUP,
    version="v1",
    kind="ClusterRoleBinding",
    plural="clusterrolebindings",
    singular="clusterrolebinding",
    namespaced=False,
    schema=top(
        f"{_MODELS}ClusterRoleBinding",
        "Gives the rights of a cluster role everywhere.",
        _BINDING,
        required=("roleRef",),
    ),
    default=_default_binding,
    validate=_validate_cluster_role_binding,
    validate_update=_update_binding,
    name_errors=validation.path_segment,
    columns=_BINDING_COLUMNS,
)
