"""The recorded cases of granting and taking away roles."""

import json
from pathlib import Path

import pytest

from wharfinger.cluster import role_bindings
from wharfinger.cluster.role_bindings import Binding, Holder, Role
from wharfinger.errors import WharfingerError

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "policy_roles.json").read_text())
KINDS = {"users": "User", "groups": "Group", "serviceAccounts": "ServiceAccount"}


def cases(operation):
    found = [case for case in CASES["cases"] if case["input"]["op"] == operation]
    return pytest.mark.parametrize("case", found, ids=lambda case: case["id"])


def role_of(case):
    kind = case.get("roleKind") or "ClusterRole"
    return Role(kind, case["role"])


def holders(case):
    return [
        Holder(kind, name, case.get("namespace") or "" if kind == "ServiceAccount" else "")
        for field, kind in KINDS.items()
        for name in case.get(field) or ()
    ]


def binding(recorded):
    metadata = {"name": recorded["name"], "annotations": recorded.get("annotations")}
    ref = {"kind": recorded.get("roleKind") or "ClusterRole", "name": recorded["role"]}
    return Binding.of(
        {"metadata": metadata, "roleRef": ref, "subjects": recorded.get("subjects") or []}
    )


@cases("modifyBinding")
def test_bindings_change_as_recorded(case):
    given, expected = case["input"], case["expect"]
    existing = [binding(recorded) for recorded in given["existing"]]
    name = given["roleBindingName"] or None
    plan = {
        "add": lambda *args: [role_bindings.grant(*args)],
        "remove": role_bindings.revoke,
    }[given["action"]]
    if "error" in expected or "errorContains" in expected:
        with pytest.raises(WharfingerError):
            plan(role_of(given), holders(given), existing, name)
        return

    edits = plan(role_of(given), holders(given), existing, name)

    after = {found.name: found for found in existing}
    for edit in edits:
        after[edit.binding.name] = edit.binding
        if edit.action == "delete":
            del after[edit.binding.name]
    assert sorted(after) == expected["bindings"]
    assert expected["binding"] in [edit.binding.name for edit in edits]
    subjects = [{"kind": h.kind, "name": h.name} for h in after[expected["binding"]].holders]
    assert subjects == expected["subjects"]


@cases("warnings")
def test_warnings_are_as_recorded(case):
    given = case["input"]
    known = given["existing"]
    names = known["users"] + known["groups"] + known["serviceAccounts"]
    roles = known["clusterRoles"] if given["roleKind"] == "ClusterRole" else known["roles"]
    wanted = holders(given)
    bound = [holder for holder in wanted if holder.name in known["alreadyBoundSubjects"]]

    told = role_bindings.warnings(
        given["role"],
        wanted,
        role_exists=given["role"] in roles,
        exists=lambda holder: holder.name in names,
        bound=bound,
    )

    assert [f"{line}\n" for line in told] == case["expect"]["stderr"]
