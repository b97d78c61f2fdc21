"""Pods get an account of their namespace, and its secrets to pull with."""

import copy
import json

import pytest

from wharfinger.cluster.admission import Operation
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import ObjectForbidden
from wharfinger.cluster.kinds.core import CONFIG_MAP, SERVICE_ACCOUNT
from wharfinger.cluster.kinds.pods import POD
from wharfinger.cluster.pod_accounts import MIRROR, PodAccounts
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import Subject

ADA = Subject("ada")


@pytest.fixture
async def cache():
    cache = await Cache.open(MemoryStore())
    await put(cache, "default")
    await put(cache, "puller", imagePullSecrets=[{"name": "a"}, {"name": "b"}])
    return cache


async def put(cache, name, **fields):
    account = {"metadata": {"name": name, "namespace": "p", "uid": name}, **fields}
    key = Key(SERVICE_ACCOUNT.resource, "p", name)
    await cache.commit(Write(key, json.dumps(account).encode(), 0))


def admitted(cache, operation=Operation.CREATE, kind=POD, annotations=None, **spec):
    pod = {"metadata": {"name": "x", "annotations": annotations or {}}, "spec": spec}
    PodAccounts(cache).admit(operation, kind, "p", "x", pod, None, ADA)
    return pod["spec"]


async def test_a_pod_without_an_account_gets_the_default_one(cache):
    assert admitted(cache) == {"serviceAccountName": "default", "serviceAccount": "default"}


async def test_a_pod_keeps_the_account_that_it_names(cache):
    assert admitted(cache, serviceAccountName="puller")["serviceAccountName"] == "puller"


async def test_the_account_must_be_there(cache):
    with pytest.raises(ObjectForbidden) as refused:
        admitted(cache, serviceAccountName="ghost")

    assert str(refused.value) == (
        'pods "x" is forbidden: error looking up service account p/ghost: '
        'serviceaccount "ghost" not found'
    )


async def test_a_pod_gets_the_pull_secrets_of_its_account(cache):
    spec = admitted(cache, serviceAccountName="puller")
    account = copy.deepcopy(cache.get(SERVICE_ACCOUNT.resource, "p", "puller"))

    assert spec["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}]
    spec["imagePullSecrets"][0]["name"] = "mine"
    assert cache.get(SERVICE_ACCOUNT.resource, "p", "puller") == account


async def test_a_pod_that_lists_pull_secrets_gets_no_others(cache):
    spec = admitted(cache, serviceAccountName="puller", imagePullSecrets=[{"name": "c"}])

    assert spec["imagePullSecrets"] == [{"name": "c"}]


@pytest.mark.parametrize(
    "request_of",
    [
        {"operation": Operation.UPDATE},
        {"kind": CONFIG_MAP},
        {"annotations": {MIRROR: "by an agent"}},
    ],
    ids=lambda one: next(iter(one)),
)
async def test_nothing_else_is_touched(cache, request_of):
    assert admitted(cache, **request_of) == {}


async def test_a_deletion_is_let_through(cache):
    PodAccounts(cache).admit(Operation.DELETE, POD, "p", "x", None, {}, ADA)
