"""Roles and bindings of OpenShift are those of rbac in another spelling."""

import pytest

from wharfinger.cluster.errors import (
    ObjectConflict,
    ObjectForbidden,
    ObjectInvalid,
    ObjectNotFound,
)
from wharfinger.cluster.kinds import rbac
from wharfinger.cluster.options import DeleteOptions, ListOptions, Options, WatchOptions
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import SYSTEM

GROUP = "authorization.openshift.io"
SUBJECTS = [
    {"apiGroup": rbac.GROUP, "kind": "User", "name": "ann"},
    {"apiGroup": rbac.GROUP, "kind": "Group", "name": "system:authenticated"},
    {"kind": "ServiceAccount", "name": "robot"},
    {"kind": "ServiceAccount", "name": "robot", "namespace": "q"},
]


@pytest.fixture
async def bindings(world):
    await world.request("pp")
    return world.endpoints[f"rolebindings.{GROUP}"]


def binding(name="b", **fields):
    return {"metadata": {"name": name}, "roleRef": {"name": "view"}} | fields


async def test_a_stored_binding_is_shown_with_its_names(world, bindings):
    ref = {"kind": "ClusterRole", "name": "view"}
    await world.make(rbac.ROLE_BINDING, "b", "pp", roleRef=ref, subjects=SUBJECTS)
    found = await bindings.get(world.ada, "pp", "b")

    assert found["apiVersion"] == f"{GROUP}/v1"
    assert found["userNames"] == [
        "ann", "system:serviceaccount:pp:robot", "system:serviceaccount:q:robot",
    ]  # fmt: skip
    assert found["groupNames"] == ["system:authenticated"]
    assert [one["kind"] for one in found["subjects"]] == [
        "User", "SystemGroup", "ServiceAccount", "ServiceAccount",
    ]  # fmt: skip
    assert found["roleRef"] == {"name": "view"}


async def test_names_are_kept_as_subjects(world, bindings):
    sent = binding(userNames=["ann", "system:serviceaccount:q:robot"], groupNames=["cooks"])
    made = await bindings.create(world.ada, "pp", "", sent, Options())
    stored = world.objects.get(rbac.ROLE_BINDING, "pp", "b")

    assert stored["subjects"] == [
        {"apiGroup": rbac.GROUP, "kind": "User", "name": "ann"},
        {"kind": "ServiceAccount", "namespace": "q", "name": "robot"},
        {"apiGroup": rbac.GROUP, "kind": "Group", "name": "cooks"},
    ]
    assert stored["roleRef"] == {"apiGroup": rbac.GROUP, "kind": "ClusterRole", "name": "view"}
    assert made["groupNames"] == ["cooks"]


async def test_subjects_are_kept_where_there_are_no_names(world, bindings):
    subjects = [
        {"kind": "SystemUser", "name": "system:admin"},
        {"kind": "ServiceAccount", "name": "robot", "namespace": "q"},
    ]
    await bindings.create(world.ada, "pp", "", binding(subjects=subjects), Options())
    stored = world.objects.get(rbac.ROLE_BINDING, "pp", "b")

    assert [one["kind"] for one in stored["subjects"]] == ["User", "ServiceAccount"]


async def test_an_update_counts_by_what_it_changes(world, bindings):
    made = await bindings.create(world.ada, "pp", "", binding(userNames=["ann"]), Options())
    by_subjects = {**made, "subjects": [{"kind": "User", "name": "bob"}]}
    changed = await bindings.update(world.ada, "pp", "b", by_subjects, Options())
    assert changed["userNames"] == ["bob"]

    by_names = {**changed, "userNames": ["bob", "eve"]}
    changed = await bindings.update(world.ada, "pp", "b", by_names, Options())
    assert changed["userNames"] == ["bob", "eve"]
    with pytest.raises(ObjectConflict):
        await bindings.update(world.ada, "pp", "b", {**by_names, "userNames": []}, Options())


async def test_a_patch_is_of_what_is_shown(world, bindings):
    await bindings.create(world.ada, "pp", "", binding(userNames=["ann"]), Options())
    document = {"userNames": ["eve"]}
    changed = await bindings.patch(world.ada, "pp", "b", PatchType.MERGE, document, Options())

    assert changed["userNames"] == ["eve"]
    with pytest.raises(ObjectInvalid):
        await bindings.patch(world.ada, "pp", "b", PatchType.MERGE, {"userNames": "eve"}, Options())


async def test_a_role_of_the_namespace_is_named_by_it(world, bindings):
    roles = world.endpoints[f"roles.{GROUP}"]
    rule = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
    role = {"metadata": {"name": "looker"}, "rules": [{**rule, "attributeRestrictions": {}}]}
    await roles.create(world.ada, "pp", "", role, Options())
    sent = binding(roleRef={"name": "looker", "namespace": "pp"}, userNames=["ann"])
    made = await bindings.create(world.ada, "pp", "", sent, Options())

    assert world.objects.get(rbac.ROLE, "pp", "looker")["rules"] == [rule]
    assert made["roleRef"] == {"namespace": "pp", "name": "looker"}
    sent = binding("c", roleRef={"name": "looker", "namespace": "elsewhere"})
    with pytest.raises(ObjectInvalid, match="namespace of the binding"):
        await bindings.create(world.ada, "pp", "", sent, Options())


async def test_a_view_is_no_way_around_the_check_of_what_one_hands_out(world, bindings):
    sent = binding(roleRef={"name": "cluster-admin"}, userNames=["ada"])
    with pytest.raises(ObjectForbidden, match="not currently held"):
        await bindings.create(world.ada, "pp", "", sent, Options())
    roles = world.endpoints[f"clusterroles.{GROUP}"]
    role = {"metadata": {"name": "x"}, "rules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}]}
    with pytest.raises(ObjectForbidden, match="not currently held"):
        await roles.create(world.ada, "", "", role, Options())


async def test_lists_watches_and_deletions_are_those_of_what_is_stored(world, bindings):
    await bindings.create(world.ada, "pp", "", binding(userNames=["ann"]), Options())
    page = await bindings.list(world.ada, "pp", ListOptions())
    assert {one["kind"] for one in page.items} == {"RoleBinding"}
    assert {one["apiVersion"] for one in page.items} == {f"{GROUP}/v1"}
    one = await bindings.list(world.ada, "pp", ListOptions(limit=1))
    assert (len(one.items), one.remaining) == (1, len(page.items) - 1)

    options = WatchOptions(resource_version=str(page.revision))
    feed = await bindings.watch(world.ada, "pp", options)
    await bindings.delete(world.ada, "pp", "b", DeleteOptions())
    (event,) = await feed.batch(within=5)
    assert (event.type, event.object["userNames"]) == ("DELETED", ["ann"])
    with pytest.raises(ObjectNotFound, match="rolebindings"):
        await bindings.get(world.ada, "pp", "b")

    deleted = await bindings.delete_collection(world.ada, "pp", ListOptions(), DeleteOptions())
    assert len(deleted.items) == len(page.items) - 1
    assert world.names(rbac.ROLE_BINDING, "pp") == []


async def test_cluster_roles_keep_what_they_gather(world):
    roles = world.endpoints[f"clusterroles.{GROUP}"]
    found = await roles.get(SYSTEM, "", "admin")

    assert found["aggregationRule"]["clusterRoleSelectors"]
    assert await roles.update(SYSTEM, "", "admin", found, Options()) == found
