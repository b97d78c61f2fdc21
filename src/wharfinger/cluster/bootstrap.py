"""
What must be there from the first start: namespaces, roles, and whom they are bound to.

At each start the missing is added, and what an administrator added stays. An object with the
annotation `rbac.authorization.kubernetes.io/autoupdate: "false"` is left alone, and what it was
emptied of stays away.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wharfinger.cluster import aggregation, rules
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds.core import NAMESPACE
from wharfinger.cluster.kinds.rbac import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.roles import (
    AUTOUPDATE,
    IMAGES,
    LAYERS,
    RBAC,
    READ,
    STREAMS,
    bootstrap_metadata,
    cluster_roles,
)
from wharfinger.cluster.rules import Rule
from wharfinger.cluster.subject import AUTHENTICATED, MASTERS, OAUTH, SYSTEM, UNAUTHENTICATED

SHARED = "openshift"
"""The namespace whose images everybody who is logged in may pull."""

NAMESPACES = ("default", "kube-system", SHARED)


@dataclass(frozen=True, slots=True)
class Binding:
    """A bootstrap ClusterRoleBinding to groups."""

    name: str
    role: str
    groups: tuple[str, ...]

    def encode(self) -> Object:
        return {
            "metadata": bootstrap_metadata(self.name),
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": self.role},
            "subjects": [_group(name) for name in self.groups],
        }


def _group(name: str) -> Object:
    return {"apiGroup": RBAC, "kind": "Group", "name": name}


BINDINGS = (
    Binding("cluster-admin", "cluster-admin", (MASTERS,)),
    Binding("cluster-admins", "cluster-admin", ("system:cluster-admins",)),
    Binding("basic-users", "basic-user", (AUTHENTICATED,)),
    Binding("system:basic-user", "system:basic-user", (AUTHENTICATED,)),
    Binding("self-access-reviewers", "self-access-reviewer", (AUTHENTICATED, UNAUTHENTICATED)),
    Binding("self-provisioners", "self-provisioner", (OAUTH,)),
    Binding(
        "system:oauth-token-deleters",
        "system:oauth-token-deleter",
        (AUTHENTICATED, UNAUTHENTICATED),
    ),
    Binding(
        "system:openshift:useroauthaccesstoken-manager",
        "system:openshift:useroauthaccesstoken-manager",
        (OAUTH,),
    ),
    Binding("system:discovery", "system:discovery", (AUTHENTICATED,)),
    Binding(
        "system:public-info-viewer", "system:public-info-viewer", (AUTHENTICATED, UNAUTHENTICATED)
    ),
)

SHARED_ROLE: Object = {
    "metadata": bootstrap_metadata("shared-resource-viewer"),
    "rules": [
        rule.encode()
        for rule in (
            Rule(READ, ("", "template.openshift.io"), ("templates",)),
            Rule(READ, IMAGES, (*STREAMS, "imagetags")),
            Rule(("get",), IMAGES, LAYERS),
            Rule(READ, ("",), ("configmaps",)),
        )
    ],
}
SHARED_BINDING: Object = {
    "metadata": bootstrap_metadata("shared-resource-viewers"),
    "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "shared-resource-viewer"},
    "subjects": [_group(AUTHENTICATED)],
}


async def bootstrap(objects: Objects) -> None:
    """Add what is missing, all at once so that the store syncs few times."""
    await asyncio.gather(*(_ensure_namespace(objects, name) for name in NAMESPACES))
    await asyncio.gather(
        *(_ensure_role(objects, CLUSTER_ROLE, "", role) for role in cluster_roles()),
        *(_ensure_binding(objects, CLUSTER_ROLE_BINDING, "", one.encode()) for one in BINDINGS),
        _ensure_role(objects, ROLE, SHARED, SHARED_ROLE),
        _ensure_binding(objects, ROLE_BINDING, SHARED, SHARED_BINDING),
    )


def missing_rules(wanted: Object, found: Object) -> list[Any]:
    """List the rules that a role lacks; an aggregated role is filled from others."""
    if aggregation.is_aggregated(wanted) or not _kept_up(found):
        return []
    return [rule.encode() for rule in rules.uncovered(rules.parse(found), rules.parse(wanted))]


def missing_subjects(wanted: Object, found: Object) -> list[Any]:
    """List the subjects that a binding lacks; one that binds another role now is left alone."""
    if not _kept_up(found) or found["roleRef"] != wanted["roleRef"]:
        return []
    present = found.get("subjects") or ()
    return [subject for subject in wanted["subjects"] if subject not in present]


async def _ensure_namespace(objects: Objects, name: str) -> None:
    if objects.cache.get(NAMESPACE.resource, "", name) is None:
        await objects.create(NAMESPACE, "", {"metadata": {"name": name}}, SYSTEM)


async def _ensure_role(objects: Objects, kind: Kind, namespace: str, wanted: Object) -> None:
    await _ensure(objects, kind, namespace, wanted, "rules", missing_rules)


async def _ensure_binding(objects: Objects, kind: Kind, namespace: str, wanted: Object) -> None:
    await _ensure(objects, kind, namespace, wanted, "subjects", missing_subjects)


async def _ensure(
    objects: Objects,
    kind: Kind,
    namespace: str,
    wanted: Object,
    field: str,
    missing: Callable[[Object, Object], list[Any]],
) -> None:
    name = wanted["metadata"]["name"]
    found = objects.cache.get(kind.resource, namespace, name)
    if found is None:
        await objects.create(kind, namespace, wanted, SYSTEM)
    elif added := missing(wanted, found):
        grown = copy.deepcopy(found)
        grown[field] = [*(found.get(field) or ()), *added]
        await objects.update(kind, namespace, name, grown, SYSTEM)


def _kept_up(found: Object) -> bool:
    return (found["metadata"].get("annotations") or {}).get(AUTOUPDATE) != "false"
