"""
Decide rights by the roles and bindings there are, as Kubernetes does.

An index of bindings by subject and namespace is kept in step with the cache: before each decision
the changes since the last one are read, and only those of rights touch the index. So a decision is
a few dictionary look-ups, and it is exact from the moment a commit is acknowledged: a right that
was taken away is refused by the next call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wharfinger.cluster import rules
from wharfinger.cluster.authorize import Access, Decision
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import Expired
from wharfinger.cluster.kind import GroupResource, Object
from wharfinger.cluster.rules import FULL_AUTHORITY, Rule
from wharfinger.cluster.subject import MASTERS, Subject
from wharfinger.cluster.watch import Event

GROUP = "rbac.authorization.k8s.io"
ROLES = GroupResource(GROUP, "roles")
CLUSTER_ROLES = GroupResource(GROUP, "clusterroles")
ROLE_BINDINGS = GroupResource(GROUP, "rolebindings")
CLUSTER_ROLE_BINDINGS = GroupResource(GROUP, "clusterrolebindings")

MOST_REMEMBERED = 20_000

_ROLES = (ROLES, CLUSTER_ROLES)
_BINDINGS = (ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS)
_Holder = tuple[str, str, str]  # namespace ("" for everywhere), User or Group, name
_Question = tuple[str, tuple[str, ...], Access]


@dataclass(frozen=True, slots=True)
class RoleReference:
    """The role that a binding names; `namespace` is that of the binding, "" if cluster-wide."""

    kind: str
    name: str
    namespace: str

    @classmethod
    def of(cls, binding: Object) -> RoleReference:
        ref, metadata = binding["roleRef"], binding["metadata"]
        return cls(ref["kind"], ref["name"], metadata.get("namespace", ""))


@dataclass(frozen=True, slots=True)
class _Bound:
    """A binding as one of its subjects sees it."""

    role: RoleReference
    reason: str


class RbacAuthorizer:
    """Decides from the roles and bindings in the cache."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._bound: dict[_Holder, dict[str, _Bound]] = {}
        self._rules: dict[RoleReference, tuple[Rule, ...] | None] = {}
        self._decided: dict[_Question, Decision] = {}
        self._rebuild()

    def decide(self, subject: Subject, access: Access) -> Decision:
        if MASTERS in subject.groups:
            return Decision(True, f"group {MASTERS} may do everything")
        self._follow()
        question = (subject.name, subject.groups, access)
        decision = self._decided.get(question)
        if decision is None:
            if len(self._decided) >= MOST_REMEMBERED:
                self._decided.clear()
            decision = self._decided[question] = self._decide(subject, access)
        return decision

    def rules_for(self, subject: Subject, namespace: str) -> list[Rule]:
        """All rules that a subject has in a namespace, or cluster-wide with namespace ""."""
        if MASTERS in subject.groups:
            return list(FULL_AUTHORITY)
        self._follow()
        bindings = self._bindings_of(subject, namespace)
        return [rule for bound in bindings for rule in self._rules_of(bound.role) or ()]

    def role_rules(self, role: RoleReference) -> tuple[Rule, ...] | None:
        """The rules of a role, None if there is no such role."""
        self._follow()
        return self._rules_of(role)

    def _decide(self, subject: Subject, access: Access) -> Decision:
        for bound in self._bindings_of(subject, access.namespace):
            if any(rules.allows(rule, access) for rule in self._rules_of(bound.role) or ()):
                return Decision(True, bound.reason)
        return Decision(False, "no role that is bound to the subject allows it")

    def _bindings_of(self, subject: Subject, namespace: str) -> Iterator[_Bound]:
        holders = [("User", subject.name), *(("Group", group) for group in subject.groups)]
        for scope in dict.fromkeys(("", namespace)):
            for kind, name in holders:
                yield from self._bound.get((scope, kind, name), {}).values()

    def _rules_of(self, role: RoleReference) -> tuple[Rule, ...] | None:
        if role not in self._rules:
            clusterwide = role.kind == "ClusterRole"
            found = self._cache.get(
                CLUSTER_ROLES if clusterwide else ROLES,
                "" if clusterwide else role.namespace,
                role.name,
            )
            self._rules[role] = rules.parse(found) if found is not None else None
        return self._rules[role]

    def _follow(self) -> None:
        if self._watch.revision == self._cache.revision:
            return
        try:
            events = self._watch.catch_up()
        except Expired:  # so many changes since the last decision that they are forgotten
            self._rebuild()
            return
        self._absorb(event for event in events if event.key.resource.group == GROUP)

    def _absorb(self, events: Iterable[Event]) -> None:
        for event in events:
            self._decided.clear()
            if event.key.resource in _ROLES:
                self._rules.clear()
            elif event.key.resource in _BINDINGS:
                if event.previous is not None:
                    self._remove(event.previous)
                if not event.deleted:
                    self._add(event.object)

    def _rebuild(self) -> None:
        self._watch = self._cache.watch()
        self._bound.clear()
        self._rules.clear()
        self._decided.clear()
        for resource in _BINDINGS:
            for binding in self._cache.list(resource):
                self._add(binding)

    def _add(self, binding: Object) -> None:
        bound = _Bound(RoleReference.of(binding), _reason(binding))
        for holder in _holders(binding):
            self._bound.setdefault(holder, {})[binding["metadata"]["name"]] = bound

    def _remove(self, binding: Object) -> None:
        for holder in _holders(binding):
            held = self._bound.get(holder, {})
            held.pop(binding["metadata"]["name"], None)
            if not held:
                self._bound.pop(holder, None)


def _holders(binding: Object) -> Iterator[_Holder]:
    namespace = binding["metadata"].get("namespace", "")
    for subject in binding.get("subjects") or ():
        if subject["kind"] == "ServiceAccount":
            home = subject.get("namespace") or namespace
            yield (namespace, "User", f"system:serviceaccount:{home}:{subject['name']}")
        else:
            yield (namespace, subject["kind"], subject["name"])


def _reason(binding: Object) -> str:
    metadata, ref = binding["metadata"], binding["roleRef"]
    namespace = metadata.get("namespace")
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    name = f"{metadata['name']}/{namespace}" if namespace else metadata["name"]
    return f'RBAC: allowed by {kind} "{name}" of {ref["kind"]} "{ref["name"]}"'
