"""
Which binding changes when a role is granted to somebody or taken away.

Pure, and as `oc adm policy` decides it. A grant without a binding's name never extends an existing
binding: it leaves alone one that has all the subjects, or else makes a new one named after the
role (`edit`, `edit-0`, `edit-1`, …). Taking away touches every binding of the role. A binding that
loses its last subject goes, except where it is kept from being filled again at the next start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

from wharfinger.cluster.kind import Object
from wharfinger.errors import Conflict, NotFound

_PROTECTED = "rbac.authorization.kubernetes.io/autoupdate"
_API_GROUP = "rbac.authorization.k8s.io"


class BoundToAnotherRole(Conflict):
    code = "bound-to-another-role"

    def __init__(self, binding: str, found: Role) -> None:
        super().__init__(
            f"cannot change binding {binding!r}: it is of {found.kind} {found.name!r}",
            remedy="name another binding, or none",
        )


class NotBound(NotFound):
    code = "not-bound"

    def __init__(self, role: Role) -> None:
        super().__init__(f"cannot take away {role.name!r}: it is bound to none of the subjects")


@dataclass(frozen=True, slots=True)
class Role:
    kind: str  # ClusterRole or Role
    name: str

    def reference(self) -> dict[str, str]:
        return {"apiGroup": _API_GROUP, "kind": self.kind, "name": self.name}


@dataclass(frozen=True, slots=True)
class Holder:
    """A subject of a binding: User, Group or ServiceAccount (which has a namespace)."""

    kind: str
    name: str
    namespace: str = ""

    @classmethod
    def of(cls, subject: dict[str, Any]) -> Holder:
        return cls(subject["kind"], subject["name"], subject.get("namespace") or "")

    def subject(self) -> dict[str, str]:
        if self.kind == "ServiceAccount":
            return {"kind": self.kind, "name": self.name, "namespace": self.namespace}
        return {"apiGroup": _API_GROUP, "kind": self.kind, "name": self.name}


@dataclass(frozen=True, slots=True)
class Binding:
    name: str
    role: Role
    holders: tuple[Holder, ...] = ()
    protected: bool = False

    @classmethod
    def of(cls, obj: Object) -> Binding:
        annotations = obj["metadata"].get("annotations") or {}
        return cls(
            name=obj["metadata"]["name"],
            role=Role(obj["roleRef"]["kind"], obj["roleRef"]["name"]),
            holders=tuple(Holder.of(subject) for subject in obj.get("subjects") or ()),
            protected=annotations.get(_PROTECTED) == "false",
        )


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be done with one binding; `keep` says that it is as wanted already."""

    action: Literal["create", "update", "delete", "keep"]
    binding: Binding


def grant(
    role: Role, holders: Sequence[Holder], existing: Sequence[Binding], name: str | None = None
) -> Edit:
    """Plan how to give the role; raise `BoundToAnotherRole` if `name` is taken by another."""
    if name is None:
        return _grant_unnamed(role, holders, existing)
    for found in existing:
        if found.name == name:
            return _extend(_require_role(found, role), holders)
    return Edit("create", Binding(name, role, _unique(holders)))


def revoke(
    role: Role, holders: Sequence[Holder], existing: Sequence[Binding], name: str | None = None
) -> list[Edit]:
    """Plan how to take the role away; raise `NotBound` if nobody of them has it."""
    if name is None:
        candidates = [found for found in existing if found.role == role]
    else:
        candidates = [_require_role(found, role) for found in existing if found.name == name]
    edits = [_reduce(found, holders) for found in candidates if set(found.holders) & set(holders)]
    if not edits:
        raise NotBound(role)
    return edits


def warnings(
    role: str,
    holders: Iterable[Holder],
    *,
    role_exists: bool,
    exists: Callable[[Holder], bool],
    bound: Iterable[Holder] = (),
) -> list[str]:
    """Say what is not there, though the grant goes on; whom the binding has is not asked again."""
    known = set(bound)
    missing = [holder for holder in holders if holder not in known and not exists(holder)]
    told = [] if role_exists else [f"Warning: role '{role}' not found"]
    return told + [f"Warning: {holder.kind} '{holder.name}' not found" for holder in missing]


def _grant_unnamed(role: Role, holders: Sequence[Holder], existing: Sequence[Binding]) -> Edit:
    for found in existing:
        if found.role == role and set(holders) <= set(found.holders):
            return Edit("keep", found)
    return Edit("create", Binding(_free_name(role.name, existing), role, _unique(holders)))


def _extend(found: Binding, holders: Sequence[Holder]) -> Edit:
    together = _unique((*found.holders, *holders))
    if together == found.holders:
        return Edit("keep", found)
    return Edit("update", Binding(found.name, found.role, together, found.protected))


def _reduce(found: Binding, holders: Sequence[Holder]) -> Edit:
    left = tuple(holder for holder in found.holders if holder not in holders)
    action: Literal["update", "delete"] = "update" if left or found.protected else "delete"
    return Edit(action, Binding(found.name, found.role, left, found.protected))


def _require_role(found: Binding, role: Role) -> Binding:
    if found.role != role:
        raise BoundToAnotherRole(found.name, found.role)
    return found


def _free_name(wanted: str, existing: Sequence[Binding]) -> str:
    taken = {found.name for found in existing}
    if wanted not in taken:
        return wanted
    return next(name for number in count() if (name := f"{wanted}-{number}") not in taken)


def _unique(holders: Iterable[Holder]) -> tuple[Holder, ...]:
    return tuple(dict.fromkeys(holders))
