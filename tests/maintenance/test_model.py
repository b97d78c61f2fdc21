"""Objects of the API are read once, whatever of them is missing, and say what they say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import made_pods
from wharfinger.maintenance import model
from wharfinger.maintenance.model import Budget, Name, Node, Owner, Pod

BARE = {"metadata": {"name": "a"}}


def test_a_pod_is_read_with_all_that_decides_on_it():
    obj = made_pods.pod(
        "web-1",
        at="n1",
        phase="Running",
        is_ready=True,
        owner=made_pods.owner(),
        deletionTimestamp="2027-01-15T08:00:30Z",
        finalizers=["site.test/keep"],
    )
    obj["spec"] |= {
        "terminationGracePeriodSeconds": 60,
        "volumes": [{"name": "cache", "emptyDir": {}}, {"name": "conf", "configMap": {}}],
    }

    assert model.pod(obj) == Pod(
        Name("p", "web-1"),
        "uid-web-1",
        "n1",
        {"app": "web"},
        Owner("ReplicaSet", "web", "uid-web"),
        deleted=datetime(2027, 1, 15, 8, 0, 30, tzinfo=UTC),
        empty_dirs=("cache",),
        grace=60,
        finalizers=("site.test/keep",),
    )


def test_of_a_pod_only_a_name_must_be_there():
    assert model.pod(BARE) == Pod(Name("default", "a"), "", phase="Pending", ready=False)


@pytest.mark.parametrize("missing", [None, {}])
def test_what_is_null_is_as_if_it_were_not_there(missing):
    obj = {"metadata": {"name": "a", "labels": None, "annotations": None}, "spec": missing}

    assert model.pod({**obj, "status": missing}) == model.pod(BARE)
    assert model.node({**obj, "status": missing}) == model.node(BARE)
    assert model.budget({**obj, "status": missing}) == model.budget(BARE)


def test_only_the_controller_is_an_owner():
    controller = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": "once",
        "uid": "u",
        "controller": True,
    }
    reference = {"kind": "ConfigMap", "name": "c", "uid": "v"}

    def owned_by(*owners: dict[str, Any]) -> Owner | None:
        return model.pod({"metadata": {"name": "a", "ownerReferences": list(owners)}}).owner

    assert owned_by(reference, controller) == Owner("Job", "once", "u", "batch/v1")
    assert owned_by(reference, {**controller, "controller": False}) is None


def test_a_mirror_pod_is_known_by_its_annotation_whatever_that_says():
    assert model.pod({"metadata": {"name": "a", "annotations": {model.MIRROR: ""}}}).mirror


def test_an_empty_dir_in_memory_counts_as_well():
    volumes = [{"name": "m", "emptyDir": {"medium": "Memory"}}, {"name": "n", "emptyDir": None}]

    assert model.pod({**BARE, "spec": {"volumes": volumes}}).empty_dirs == ("m",)


@pytest.mark.parametrize(
    ("phase", "finished"),
    [
        ("Pending", False),
        ("Running", False),
        ("Unknown", False),
        ("Succeeded", True),
        ("Failed", True),
    ],
)
def test_a_pod_is_finished_when_it_will_not_run_again(phase, finished):
    assert model.pod(made_pods.pod(phase=phase)).finished == finished


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [
        ([{"type": "Ready", "status": "True"}], True),
        ([{"type": "Ready", "status": "False"}], False),
        ([{"type": "Ready", "status": "Unknown"}], False),
        ([{"type": "PodScheduled", "status": "True"}], False),
        ([], False),
    ],
)
def test_only_what_is_known_to_be_ready_is_ready(conditions, ready):
    obj = {**BARE, "status": {"conditions": conditions}}

    assert model.pod(obj).ready == ready
    assert model.node(obj).ready == ready


def test_a_node_is_read_with_its_cordon_and_revision():
    metadata = {"name": "n1", "uid": "u", "resourceVersion": "7", "labels": {"zone": "a"}}
    obj = {"metadata": metadata, "spec": {"unschedulable": True}}

    assert model.node(obj) == Node("n1", "u", False, False, {"zone": "a"}, {}, "7")


def written(spec: dict[str, Any], generation: int = 2, **status: Any) -> Budget:
    metadata = {"name": "web", "namespace": "p", "uid": "u", "generation": generation}
    return model.budget({"metadata": metadata, "spec": spec, "status": status})


def test_a_budget_is_read_with_its_count():
    selector = {"matchLabels": {"app": "web"}}
    found = written(
        {"minAvailable": "50%", "selector": selector, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
        observedGeneration=2,
        disruptionsAllowed=1,
        currentHealthy=3,
        desiredHealthy=2,
        expectedPods=4,
    )

    assert found == Budget(
        Name("p", "web"),
        "u",
        selector,
        allowed=1,
        healthy=3,
        desired=2,
        expected=4,
        spares_unhealthy=True,
        wanted="minAvailable: 50%",
    )


def test_a_bound_of_zero_is_a_bound():
    assert written({"maxUnavailable": 0}).wanted == "maxUnavailable: 0"
    assert written({}).wanted == ""


@pytest.mark.parametrize(("observed", "current"), [(1, False), (2, True), (3, True)])
def test_a_count_is_current_if_it_is_of_the_budget_as_it_is_written(observed, current):
    assert written({}, observedGeneration=observed).current == current


def test_a_budget_that_nobody_counted_yet_is_not_current():
    assert not written({}).current


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ({"reason": "SyncFailed", "message": "found no controllers"}, "found no controllers"),
        ({"reason": "SyncFailed"}, "the count failed"),
        ({"reason": "InsufficientPods", "message": "too few"}, ""),
    ],
)
def test_why_a_budget_cannot_be_counted_is_kept(condition, problem):
    told = {"type": "DisruptionAllowed", "status": "False", **condition}

    assert written({}, conditions=[told]).problem == problem


def test_a_selector_that_is_missing_is_told_from_an_empty_one():
    assert written({}).selector is None
    assert written({"selector": {}}).selector == {}
