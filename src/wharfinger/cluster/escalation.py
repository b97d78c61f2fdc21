"""
Nobody hands out rights that they do not have.

Whoever writes a role must hold every rule in it, and whoever writes a binding every rule of its
role, in the namespace where it will count; or they were given the verbs `escalate` on the role or
`bind` on the one that is bound. An update that changes neither rules nor subjects is free. As in
Kubernetes, where an aggregated role stands for rules not yet known, it takes full authority.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wharfinger.cluster import rules
from wharfinger.cluster.admission import Operation
from wharfinger.cluster.authorize import Access
from wharfinger.cluster.errors import ObjectForbidden, ObjectNotFound
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.rbac import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    GROUP,
    ROLE_BINDINGS,
    ROLES,
    RbacAuthorizer,
    RoleReference,
)
from wharfinger.cluster.rules import FULL_AUTHORITY, Rule
from wharfinger.cluster.subject import MASTERS, Subject

MOST_NAMED = 20
"""How many missing rules a refusal spells out."""


class EscalationCheck:
    """An `Admission` for roles and bindings."""

    def __init__(self, authorizer: RbacAuthorizer) -> None:
        self._authorizer = authorizer

    def admit(
        self,
        operation: Operation,
        kind: Kind,
        namespace: str,
        name: str,
        new: Object | None,
        old: Object | None,
        subject: Subject,
        /,
    ) -> None:
        if new is None or operation is Operation.DELETE or MASTERS in subject.groups:
            return
        if kind.resource in (ROLES, CLUSTER_ROLES):
            self._check_role(kind, namespace, name, new, old, subject)
        elif kind.resource in (ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS):
            self._check_binding(kind, namespace, name, new, old, subject)

    def _check_role(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        new: Object,
        old: Object | None,
        subject: Subject,
    ) -> None:
        before = old or {}
        aggregates = new.get("aggregationRule") != before.get("aggregationRule")
        if old is not None and new.get("rules") == old.get("rules") and not aggregates:
            return
        escalate = Access("escalate", GROUP, kind.plural, "", namespace, name)
        if self._authorizer.decide(subject, escalate).allowed:
            return
        wanted: tuple[Rule, ...] = rules.parse(new)
        if aggregates:
            wanted += FULL_AUTHORITY
        self._require(kind, namespace, name, wanted, subject)

    def _check_binding(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        new: Object,
        old: Object | None,
        subject: Subject,
    ) -> None:
        if old is not None and all(new.get(f) == old.get(f) for f in ("roleRef", "subjects")):
            return
        ref = new.get("roleRef") or {}
        role = RoleReference(str(ref.get("kind")), str(ref.get("name")), namespace)
        resource = CLUSTER_ROLES if role.kind == "ClusterRole" else ROLES
        bind = Access("bind", GROUP, resource.resource, "", namespace, role.name)
        if self._authorizer.decide(subject, bind).allowed:
            return
        granted = self._authorizer.role_rules(role)
        if granted is None:
            raise ObjectNotFound(resource, role.name)
        self._require(kind, namespace, name, granted, subject)

    def _require(
        self, kind: Kind, namespace: str, name: str, wanted: Sequence[Rule], subject: Subject
    ) -> None:
        held = self._authorizer.rules_for(subject, namespace)
        missing = rules.uncovered(held, wanted)
        if missing:
            raise ObjectForbidden(kind.resource, name, _refusal(subject, missing))


def _refusal(subject: Subject, missing: Sequence[Rule]) -> str:
    """Say it in the words of Kubernetes, rules with the same verbs and group put together."""
    told = [str(rule) for rule in _compact(missing)]
    shown = [*told[:MOST_NAMED], *(["…"] if len(told) > MOST_NAMED else [])]
    groups = " ".join(f'"{group}"' for group in subject.groups)
    return (
        f'user "{subject.name}" (groups=[{groups}]) is attempting to grant RBAC permissions '
        "not currently held:\n" + "\n".join(shown)
    )


def _compact(missing: Sequence[Rule]) -> list[Rule]:
    together: dict[Rule, list[str]] = {}
    for rule in missing:
        together.setdefault(replace(rule, resources=()), []).extend(rule.resources)
    return [replace(rule, resources=tuple(found)) for rule, found in together.items()]
