"""
Roles and bindings under their older name, `authorization.openshift.io/v1`.

What is stored are the roles and bindings of `rbac.authorization.k8s.io`; these kinds are another
spelling of them, for tools of OpenShift 3. A binding names its subjects twice here: by `subjects`
and by `userNames` and `groupNames`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import Column, FieldError, Kind, Object
from wharfinger.cluster.kinds.columns import CREATED_AT, NAME
from wharfinger.cluster.kinds.core import OBJECT_REFERENCE
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.rbac import CLUSTER_ROLE as RBAC_CLUSTER_ROLE
from wharfinger.cluster.kinds.shapes import Record, anything, array, texts

GROUP: Final = "authorization.openshift.io"
MODELS: Final = "com.github.openshift.api.authorization.v1."

RULE: Final = Record(
    f"{MODELS}PolicyRule",
    "What may be done to what.",
    {
        "verbs": texts("What may be done; * is everything."),
        "attributeRestrictions": anything("Not in use."),
        "apiGroups": texts("API groups of the resources; * is all."),
        "resources": texts("Resources, or resource/subresource; * is all."),
        "resourceNames": texts("Only these names; none is all names."),
        "nonResourceURLs": texts("Paths outside the API."),
    },
    required=("verbs",),
)
_RULES: Final = array("What the role allows.", RULE)
_BINDING: Final = {
    "userNames": texts("The users, and service accounts by their user names."),
    "groupNames": texts("The groups."),
    "subjects": array("Who gets the role; heeded where no names are given.", OBJECT_REFERENCE),
    "roleRef": OBJECT_REFERENCE.of(
        "The role: one of this namespace if it names it, or one of all."
    ),
}


def _validate_binding(obj: Object) -> Iterator[FieldError]:
    own = (obj.get("metadata") or {}).get("namespace") or ""
    named = (obj.get("roleRef") or {}).get("namespace") or ""
    if named not in ("", own):
        detail = "must be the namespace of the binding, or empty for a cluster role"
        yield FieldError.invalid("roleRef.namespace", named, detail)


def _role(obj: Object, _: datetime) -> str:
    ref = obj.get("roleRef") or {}
    return f"{ref.get('namespace') or ''}/{ref.get('name') or ''}"


def _listed(name: str, field: str) -> Column:
    return Column(
        name, lambda obj, _: ", ".join(obj.get(field) or ()), description=f"The {name.lower()}."
    )


_BINDING_COLUMNS: Final = (
    NAME,
    Column("Role", _role, description="The role that is given."),
    _listed("Users", "userNames"),
    _listed("Groups", "groupNames"),
)


def _kind(kind: str, plural: str, summary: str, fields: dict[str, Any], **more: Any) -> Kind:
    return Kind(
        group=GROUP,
        version="v1",
        kind=kind,
        plural=plural,
        singular=kind.lower(),
        schema=top(f"{MODELS}{kind}", summary, fields),
        name_errors=validation.path_segment,
        **more,
    )


ROLE = _kind(
    "Role",
    "roles",
    "Rights within a namespace.",
    {"rules": _RULES},
    namespaced=True,
    columns=(NAME, CREATED_AT),
)
CLUSTER_ROLE = _kind(
    "ClusterRole",
    "clusterroles",
    "Rights that can be given in a namespace or everywhere.",
    {
        "rules": _RULES,
        "aggregationRule": RBAC_CLUSTER_ROLE.schema["properties"]["aggregationRule"],
    },
    namespaced=False,
    columns=(NAME, CREATED_AT),
)
ROLE_BINDING = _kind(
    "RoleBinding",
    "rolebindings",
    "Gives the rights of a role within the namespace of the binding.",
    _BINDING,
    namespaced=True,
    validate=lambda obj: tuple(_validate_binding(obj)),
    columns=_BINDING_COLUMNS,
)
CLUSTER_ROLE_BINDING = _kind(
    "ClusterRoleBinding",
    "clusterrolebindings",
    "Gives the rights of a cluster role everywhere.",
    _BINDING,
    namespaced=False,
    validate=lambda obj: tuple(_validate_binding(obj)),
    columns=_BINDING_COLUMNS,
)
