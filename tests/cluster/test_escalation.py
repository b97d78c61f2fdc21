"""Nobody hands out what they do not have (faults.md 39)."""

import json

import pytest

from wharfinger.cluster.admission import Operation
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import ObjectForbidden, ObjectNotFound
from wharfinger.cluster.escalation import EscalationCheck
from wharfinger.cluster.kinds.core import CONFIG_MAP
from wharfinger.cluster.kinds.rbac import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
)
from wharfinger.cluster.rbac import RbacAuthorizer
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import SYSTEM, Subject

ADA = Subject("ada")
RBAC = "rbac.authorization.k8s.io"
PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
SECRETS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


@pytest.fixture
async def cache():
    return await Cache.open(MemoryStore())


@pytest.fixture
def check(cache):
    return EscalationCheck(RbacAuthorizer(cache))


async def put(cache, kind, obj):
    metadata = obj["metadata"]
    key = Key(kind.resource, metadata.get("namespace", ""), metadata["name"])
    await cache.commit(Write(key, json.dumps(obj).encode(), 0))


async def give(cache, *rules, namespace="p"):
    """Let ada have these rules."""
    await put(cache, CLUSTER_ROLE, role(*rules, name="adas"))
    mine = binding("adas", {"kind": "User", "name": "ada"}, name="adas", namespace=namespace)
    await put(cache, ROLE_BINDING if namespace else CLUSTER_ROLE_BINDING, mine)


def role(*rules, name="r", **fields):
    return {"metadata": {"name": name}, "rules": list(rules), **fields}


def binding(role, *subjects, name="b", kind="ClusterRole", namespace=""):
    ref = {"apiGroup": RBAC, "kind": kind, "name": role}
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"metadata": metadata, "roleRef": ref, "subjects": list(subjects)}


def admit(check, kind, new, old=None, subject=ADA, namespace="p"):
    operation = Operation.UPDATE if old is not None else Operation.CREATE
    name = (new or old)["metadata"]["name"]
    where = namespace if kind.namespaced else ""
    check.admit(operation, kind, where, name, new, old, subject)


async def test_a_role_may_hold_what_its_maker_holds(cache, check):
    await give(cache, PODS)

    admit(check, ROLE, role(PODS))
    with pytest.raises(ObjectForbidden, match="not currently held") as refused:
        admit(check, ROLE, role(PODS, SECRETS))
    assert '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}' in str(refused.value)
    assert 'Resources:["pods"]' not in str(refused.value)


async def test_rights_in_one_namespace_make_no_role_in_another_or_everywhere(cache, check):
    await give(cache, PODS)

    with pytest.raises(ObjectForbidden):
        admit(check, ROLE, role(PODS), namespace="q")
    with pytest.raises(ObjectForbidden):
        admit(check, CLUSTER_ROLE, role(PODS))


async def test_an_update_may_not_widen_a_role_but_may_touch_the_rest(cache, check):
    old = role(EVERYTHING)

    admit(check, ROLE, role(EVERYTHING, labels={"a": "b"}), old)
    with pytest.raises(ObjectForbidden):
        admit(check, ROLE, role(EVERYTHING, PODS), old)


async def test_a_binding_needs_every_rule_of_its_role(cache, check):
    await give(cache, PODS)
    await put(cache, CLUSTER_ROLE, role(PODS, name="reader"))
    await put(cache, CLUSTER_ROLE, role(EVERYTHING, name="cluster-admin"))
    bob = {"kind": "User", "name": "bob"}

    admit(check, ROLE_BINDING, binding("reader", bob))
    with pytest.raises(ObjectForbidden):
        admit(check, ROLE_BINDING, binding("cluster-admin", {"kind": "User", "name": "ada"}))
    with pytest.raises(ObjectForbidden):
        admit(check, CLUSTER_ROLE_BINDING, binding("reader", bob))


async def test_adding_a_subject_to_a_larger_binding_is_refused(cache, check):
    await put(cache, CLUSTER_ROLE, role(EVERYTHING, name="cluster-admin"))
    old = binding("cluster-admin", {"kind": "User", "name": "root"})
    new = binding("cluster-admin", *old["subjects"], {"kind": "User", "name": "ada"})

    admit(check, ROLE_BINDING, {**old, "metadata": {"name": "b", "labels": {}}}, old)
    with pytest.raises(ObjectForbidden):
        admit(check, ROLE_BINDING, new, old)


async def test_a_role_in_the_namespace_is_looked_at_there(cache, check):
    await give(cache, PODS)
    local = role(EVERYTHING, name="local")
    local["metadata"]["namespace"] = "p"
    await put(cache, ROLE, local)

    with pytest.raises(ObjectForbidden):
        admit(check, ROLE_BINDING, binding("local", kind="Role"))
    with pytest.raises(ObjectNotFound):
        admit(check, ROLE_BINDING, binding("local", kind="Role"), namespace="q")


async def test_a_binding_to_an_absent_role_waits_for_nobody(check):
    with pytest.raises(ObjectNotFound):
        admit(check, ROLE_BINDING, binding("to-be-made-larger-later"))


async def test_bind_is_the_right_to_bind_one_role(cache, check):
    await put(cache, CLUSTER_ROLE, role(EVERYTHING, name="cluster-admin"))
    await put(cache, CLUSTER_ROLE, role(EVERYTHING, name="other"))
    bind = {"apiGroups": [RBAC], "resources": ["clusterroles"], "verbs": ["bind"]}
    await give(cache, bind | {"resourceNames": ["cluster-admin"]})

    admit(check, ROLE_BINDING, binding("cluster-admin"))
    with pytest.raises(ObjectForbidden):
        admit(check, ROLE_BINDING, binding("other"))


async def test_escalate_is_the_right_to_write_any_role_of_that_kind(cache, check):
    await give(cache, {"apiGroups": [RBAC], "resources": ["roles"], "verbs": ["escalate"]})

    admit(check, ROLE, role(EVERYTHING))
    with pytest.raises(ObjectForbidden):
        admit(check, CLUSTER_ROLE, role(EVERYTHING))


async def test_an_aggregated_role_takes_full_authority(cache, check):
    aggregation = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    await give(cache, EVERYTHING | {"verbs": ["get", "create", "update"]}, namespace="")

    with pytest.raises(ObjectForbidden):
        admit(check, CLUSTER_ROLE, role(aggregationRule=aggregation))
    with pytest.raises(ObjectForbidden):
        admit(check, CLUSTER_ROLE, role(aggregationRule=aggregation), role())


async def test_full_authority_may_aggregate(cache, check):
    aggregation = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    await give(cache, EVERYTHING, {"nonResourceURLs": ["*"], "verbs": ["*"]}, namespace="")

    admit(check, CLUSTER_ROLE, role(aggregationRule=aggregation))


async def test_masters_deletions_and_other_kinds_pass(check):
    admit(check, ROLE, role(EVERYTHING), subject=SYSTEM)
    check.admit(Operation.DELETE, ROLE, "p", "r", None, role(EVERYTHING), ADA)
    admit(check, CONFIG_MAP, {"metadata": {"name": "c"}})
