"""Bindings decide at once, exactly, and only where they are."""

import json

import pytest

from wharfinger.cluster.authorize import Access
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.rbac import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    ROLE_BINDINGS,
    ROLES,
    RbacAuthorizer,
    RoleReference,
)
from wharfinger.cluster.rules import FULL_AUTHORITY
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import ANONYMOUS, SYSTEM, UNAUTHENTICATED, Subject, service_account

ADA = Subject("ada", groups=("staff",))
GET = Access("get", "", "pods", namespace="p")


@pytest.fixture
async def cache():
    return await Cache.open(MemoryStore())


@pytest.fixture
def authorizer(cache):
    return RbacAuthorizer(cache)


async def put(cache, resource, name, namespace="", **fields):
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    present = cache.get(resource, namespace, name)
    expected = int(present["metadata"]["resourceVersion"]) if present else 0
    value = json.dumps({"metadata": metadata, **fields}).encode()
    await cache.commit(Write(Key(resource, namespace, name), value, expected))


async def remove(cache, resource, name, namespace=""):
    expected = int(cache.get(resource, namespace, name)["metadata"]["resourceVersion"])
    await cache.commit(Write(Key(resource, namespace, name), None, expected))


async def role(cache, name, *verbs, namespace=""):
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": list(verbs)}
    await put(cache, ROLES if namespace else CLUSTER_ROLES, name, namespace, rules=[rule])


async def bind(cache, name, role, *subjects, namespace="", kind="ClusterRole"):
    resource = ROLE_BINDINGS if namespace else CLUSTER_ROLE_BINDINGS
    ref = {"kind": kind, "name": role}
    await put(cache, resource, name, namespace, roleRef=ref, subjects=list(subjects))


def user(name):
    return {"kind": "User", "name": name}


def group(name):
    return {"kind": "Group", "name": name}


async def test_nothing_is_allowed_until_it_is_granted(cache, authorizer):
    assert not authorizer.decide(ADA, GET).allowed
    await role(cache, "reader", "get")
    assert not authorizer.decide(ADA, GET).allowed
    await bind(cache, "b", "reader", user("ada"), namespace="p")

    decision = authorizer.decide(ADA, GET)
    assert decision.allowed
    assert decision.reason == 'RBAC: allowed by RoleBinding "b/p" of ClusterRole "reader"'


async def test_a_role_binding_reaches_its_namespace_only(cache, authorizer):
    await role(cache, "reader", "get")
    await bind(cache, "b", "reader", user("ada"), namespace="p")

    assert not authorizer.decide(ADA, Access("get", "", "pods", namespace="q")).allowed
    assert not authorizer.decide(ADA, Access("get", "", "pods")).allowed


async def test_a_cluster_role_binding_reaches_everything(cache, authorizer):
    await role(cache, "reader", "get")
    await bind(cache, "b", "reader", group("staff"))

    assert authorizer.decide(ADA, GET).allowed
    assert authorizer.decide(ADA, Access("get", "", "pods")).allowed


async def test_a_role_belongs_to_the_namespace_of_the_binding(cache, authorizer):
    await role(cache, "reader", "get", namespace="q")
    await bind(cache, "b", "reader", user("ada"), namespace="p", kind="Role")
    assert not authorizer.decide(ADA, GET).allowed

    await role(cache, "reader", "get", namespace="p")
    assert authorizer.decide(ADA, GET).allowed


async def test_each_change_counts_from_the_next_decision(cache, authorizer):
    await role(cache, "reader", "get")
    await bind(cache, "b", "reader", user("ada"), namespace="p")
    assert authorizer.decide(ADA, GET).allowed

    await role(cache, "reader", "list")
    assert not authorizer.decide(ADA, GET).allowed
    await role(cache, "reader", "get")
    assert authorizer.decide(ADA, GET).allowed

    await bind(cache, "b", "reader", user("bob"), namespace="p")
    assert not authorizer.decide(ADA, GET).allowed
    await bind(cache, "b", "reader", user("bob"), user("ada"), namespace="p")
    assert authorizer.decide(ADA, GET).allowed

    await remove(cache, ROLE_BINDINGS, "b", "p")
    assert not authorizer.decide(ADA, GET).allowed


async def test_one_of_two_bindings_is_enough(cache, authorizer):
    await role(cache, "reader", "get")
    await bind(cache, "a", "reader", user("ada"), namespace="p")
    await bind(cache, "b", "reader", user("ada"), namespace="p")
    await remove(cache, ROLE_BINDINGS, "a", "p")

    assert authorizer.decide(ADA, GET).allowed


async def test_a_service_account_is_bound_by_its_own_kind_or_as_a_user(cache, authorizer):
    await role(cache, "reader", "get")
    pusher = service_account("q", "pusher", "uid")
    other = service_account("p", "pusher", "uid")
    for subject in (
        {"kind": "ServiceAccount", "name": "pusher", "namespace": "q"},
        user("system:serviceaccount:q:pusher"),
        group("system:serviceaccounts:q"),
    ):
        await bind(cache, "b", "reader", subject, namespace="p")
        assert authorizer.decide(pusher, GET).allowed
        assert not authorizer.decide(other, GET).allowed
    await bind(cache, "b", "reader", {"kind": "ServiceAccount", "name": "pusher"}, namespace="p")
    assert authorizer.decide(other, GET).allowed


async def test_a_group_named_like_a_user_is_not_that_user(cache, authorizer):
    await role(cache, "reader", "get")
    await bind(cache, "b", "reader", group("ada"), user("staff"), namespace="p")

    assert not authorizer.decide(ADA, GET).allowed


async def test_anonymous_is_a_subject_like_others(cache, authorizer):
    await role(cache, "reader", "get")
    for subject in (group(UNAUTHENTICATED), user("system:anonymous")):
        await bind(cache, "b", "reader", subject, namespace="p")
        assert authorizer.decide(ANONYMOUS, GET).allowed
        assert not authorizer.decide(ADA, GET).allowed


async def test_masters_may_do_everything_without_any_role(authorizer):
    assert authorizer.decide(SYSTEM, GET).allowed
    assert authorizer.decide(SYSTEM, Access("get", path="/metrics")).allowed
    assert authorizer.rules_for(SYSTEM, "p") == list(FULL_AUTHORITY)


async def test_rules_add_up_over_bindings(cache, authorizer):
    await role(cache, "reader", "get")
    await role(cache, "writer", "create")
    await bind(cache, "r", "reader", group("staff"))
    await bind(cache, "w", "writer", user("ada"), namespace="p")

    assert [rule.verbs for rule in authorizer.rules_for(ADA, "p")] == [("get",), ("create",)]
    assert [rule.verbs for rule in authorizer.rules_for(ADA, "")] == [("get",)]


async def test_a_binding_to_a_role_that_is_not_there_allows_nothing(cache, authorizer):
    await bind(cache, "b", "ghost", user("ada"), namespace="p")

    assert not authorizer.decide(ADA, GET).allowed
    assert authorizer.role_rules(RoleReference("ClusterRole", "ghost", "p")) is None
    await role(cache, "ghost", "get")
    assert authorizer.decide(ADA, GET).allowed


async def test_what_was_there_before_the_start_counts(cache):
    await role(cache, "reader", "get")
    await bind(cache, "b", "reader", user("ada"), namespace="p")

    assert RbacAuthorizer(cache).decide(ADA, GET).allowed


async def test_a_long_pause_between_decisions_misses_no_change(cache):
    cache = await Cache.open(MemoryStore(), keep=5)
    authorizer = RbacAuthorizer(cache)
    await role(cache, "reader", "get")
    for number in range(50):
        await bind(cache, f"b{number}", "reader", user(f"user{number}"), namespace="p")

    assert all(authorizer.decide(Subject(f"user{n}"), GET).allowed for n in range(50))
    assert not authorizer.decide(ADA, GET).allowed
