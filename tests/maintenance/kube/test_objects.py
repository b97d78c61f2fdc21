"""What is passed over while a list is decoded is nothing that an evacuation is decided on."""

import json
from dataclasses import MISSING, fields

import pytest

from wharfinger.maintenance import model
from wharfinger.maintenance.kube import objects as kube_objects

METADATA = {
    "name": "a",
    "namespace": "quay",
    "uid": "u-1",
    "resourceVersion": "7",
    "generation": 3,
    "labels": {"app": "web"},
    "annotations": {model.MIRROR: "x"},
    "ownerReferences": [
        {"kind": "Node", "name": "n", "uid": "u-9"},
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": "web",
            "uid": "u-2",
            "controller": True,
        },
    ],
    "deletionTimestamp": "2026-11-23T12:00:00Z",
    "finalizers": ["held"],
}
READY = {"type": "Ready", "status": "False", "reason": "Broken", "message": "it is broken"}
POD = {
    "metadata": METADATA,
    "spec": {
        "nodeName": "pier-1",
        "containers": [{"name": "app"}],
        "terminationGracePeriodSeconds": 7,
        "volumes": [{"name": "cache", "emptyDir": {}}, {"name": "conf", "configMap": {}}],
    },
    "status": {"phase": "Failed", "conditions": [READY]},
}
NODE = {
    "metadata": METADATA,
    "spec": {"unschedulable": True, "podCIDR": "10.0.0.0/24"},
    "status": {"conditions": [READY], "images": [{"names": ["a"]}]},
}
BUDGET = {
    "metadata": METADATA,
    "spec": {
        "selector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
        "minAvailable": "20%",
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    },
    "status": {
        "disruptionsAllowed": 1,
        "currentHealthy": 2,
        "desiredHealthy": 3,
        "expectedPods": 4,
        "observedGeneration": 2,
        "conditions": [
            {
                "type": "DisruptionAllowed",
                "status": "False",
                "reason": "SyncFailed",
                "message": "it cannot be counted",
            }
        ],
    },
}
KINDS = {
    "pod": (kube_objects.PODS, POD, model.pod),
    "node": (kube_objects.NODES, NODE, model.node),
    "budget": (kube_objects.BUDGETS, BUDGET, model.budget),
}


def page(*items, **metadata) -> bytes:
    return json.dumps({"metadata": {"resourceVersion": "9", **metadata}, "items": items}).encode()


@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_lost_of_what_becomes_a_value(name):
    kind, obj, read = KINDS[name]

    found = kind.page.decode(page(obj))

    [value] = map(kind.read, found.items)
    assert value == read(obj)
    for one in fields(value):  # an object that says nothing of a field would prove nothing
        made = one.default_factory() if one.default_factory is not MISSING else one.default
        assert getattr(value, one.name) != made, f"the example leaves {one.name} as it is"


@pytest.mark.parametrize("name", KINDS)
def test_what_an_api_leaves_out_or_nulls_is_as_good_as_absent(name):
    kind, obj, read = KINDS[name]
    nulls = {
        "metadata": {**dict.fromkeys(METADATA), "name": "a"},
        "spec": dict.fromkeys(obj["spec"]),
        "status": None,
    }
    least = {"metadata": {"name": "a"}}

    for bare in (nulls, least):
        [value] = map(kind.read, kind.page.decode(page(bare)).items)
        assert value == read(least)


def test_the_name_of_a_daemon_set_is_all_of_it():
    found = kube_objects.DAEMON_SETS.page.decode(page({"metadata": METADATA, "spec": {}}))

    assert list(map(kube_objects.DAEMON_SETS.read, found.items)) == [model.Name("quay", "a")]


@pytest.mark.parametrize("more", [{}, {"continue": None}, {"continue": ""}])
def test_a_page_is_the_last_unless_it_says_otherwise(more):
    assert not kube_objects.PODS.page.decode(page(**more)).metadata.more
    assert kube_objects.PODS.page.decode(page(**{"continue": "x"})).metadata.more == "x"
