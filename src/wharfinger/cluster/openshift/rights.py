"""
Roles and bindings as OpenShift 3 spells them: views of those of `rbac.authorization.k8s.io`.

A write goes to the stored kind with its validation, and nobody hands out more than they have. A
binding names its subjects twice. What a client sends counts by names if it gives any, as in
OpenShift; in an update, where the names are those from before, `subjects` count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds import rbac
from wharfinger.cluster.kinds.openshift import rights
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import Options
from wharfinger.cluster.rbac import GROUP as RBAC
from wharfinger.cluster.subject import Subject
from wharfinger.cluster.view import WritableView

_ACCOUNT: Final = "system:serviceaccount:"
_NAMES: Final = ("userNames", "groupNames")


class Roles(WritableView):
    """For Role and ClusterRole, which differ in nothing but their scope."""

    def show(self, stored: Object) -> Object:
        return _as(self.kind, stored)

    def keep(self, shown: Object) -> Object:
        rules = [
            {field: value for field, value in rule.items() if field != "attributeRestrictions"}
            for rule in shown.get("rules") or ()
        ]
        return {**_as(self._source, shown), "rules": rules}


class RoleBindings(WritableView):
    """For RoleBinding and ClusterRoleBinding."""

    def show(self, stored: Object) -> Object:
        subjects = stored.get("subjects") or ()
        namespace = stored["metadata"].get("namespace", "")
        return {
            **_as(self.kind, stored),
            "userNames": users(subjects, namespace),
            "groupNames": groups(subjects),
            "subjects": [_shown_subject(one, namespace) for one in subjects],
            "roleRef": _shown_role(stored),
        }

    def keep(self, shown: Object) -> Object:
        kept = _as(self._source, shown)
        names = [kept.pop(field, None) for field in _NAMES]
        if any(found is not None for found in names):
            kept["subjects"] = [
                *(_user(name) for name in names[0] or ()),
                *(_group(name) for name in names[1] or ()),
            ]
        else:
            kept["subjects"] = [_kept_subject(one) for one in shown.get("subjects") or ()]
        kept["roleRef"] = _kept_role(shown.get("roleRef") or {})
        return kept

    async def update(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        old = await self.get(subject, namespace, name)
        if all(obj.get(field) == old[field] for field in _NAMES):
            obj = {field: value for field, value in obj.items() if field not in _NAMES}
        return await super().update(subject, namespace, name, obj, options)


def views(objects: Objects) -> tuple[WritableView, ...]:
    return (
        Roles(rights.ROLE, objects, rbac.ROLE),
        Roles(rights.CLUSTER_ROLE, objects, rbac.CLUSTER_ROLE),
        RoleBindings(rights.ROLE_BINDING, objects, rbac.ROLE_BINDING),
        RoleBindings(rights.CLUSTER_ROLE_BINDING, objects, rbac.CLUSTER_ROLE_BINDING),
    )


def users(subjects: Iterable[Mapping[str, Any]], namespace: str) -> list[str]:
    """The users among the subjects of a binding, service accounts by their user names."""
    return [
        one["name"]
        if one["kind"] == "User"
        else f"{_ACCOUNT}{one.get('namespace') or namespace}:{one['name']}"
        for one in subjects
        if one["kind"] in ("User", "ServiceAccount")
    ]


def groups(subjects: Iterable[Mapping[str, Any]]) -> list[str]:
    return [one["name"] for one in subjects if one["kind"] == "Group"]


def _as(kind: Kind, obj: Object) -> Object:
    return {**obj, "apiVersion": kind.api_version, "kind": kind.kind}


def _shown_subject(subject: Mapping[str, Any], namespace: str) -> Object:
    kind, name = subject["kind"], subject["name"]
    if kind == "ServiceAccount":
        return {"kind": kind, "namespace": subject.get("namespace") or namespace, "name": name}
    return {"kind": f"System{kind}" if ":" in name else kind, "name": name}


def _kept_subject(subject: Mapping[str, Any]) -> Object:
    kind, name = subject.get("kind") or "", subject.get("name") or ""
    if kind == "ServiceAccount":
        return {"kind": kind, "namespace": subject.get("namespace") or "", "name": name}
    return {"apiGroup": RBAC, "kind": kind.removeprefix("System"), "name": name}


def _user(name: str) -> Object:
    parts: Sequence[str] = name.removeprefix(_ACCOUNT).split(":")
    if name.startswith(_ACCOUNT) and len(parts) == 2:
        return {"kind": "ServiceAccount", "namespace": parts[0], "name": parts[1]}
    return {"apiGroup": RBAC, "kind": "User", "name": name}


def _group(name: str) -> Object:
    return {"apiGroup": RBAC, "kind": "Group", "name": name}


def _shown_role(binding: Object) -> Object:
    ref = binding["roleRef"]
    if ref["kind"] == "ClusterRole":
        return {"name": ref["name"]}
    return {"namespace": binding["metadata"]["namespace"], "name": ref["name"]}


def _kept_role(ref: Mapping[str, Any]) -> Object:
    own = ref.get("namespace") or ref.get("kind") == "Role"
    kind = "Role" if own else "ClusterRole"
    return {"apiGroup": RBAC, "kind": kind, "name": ref.get("name") or ""}
