from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_pods import owner, pod, running, workload
from wharfinger.cluster.kind import Object
from wharfinger.cluster.workloads import pods, replicas

NOW = datetime(2027, 1, 15, 9, tzinfo=UTC)
GOING = {"deletionTimestamp": "2027-01-15T08:00:00Z"}


def names(found: Any) -> list[str]:
    return [one["metadata"]["name"] for one in found]


def test_missing_pods_are_made():
    assert replicas.plan(owner(), [running("a")]) == replicas.Plan(make=2)


def test_pods_that_ended_or_go_do_not_count():
    found = [pod("a", phase="Failed"), pod("b", phase="Succeeded"), running("c", **GOING)]
    assert replicas.plan(owner(), found) == replicas.Plan(make=3)


def test_an_owner_that_goes_makes_and_deletes_nothing():
    web = owner(**workload(0))
    web["metadata"] |= GOING
    assert replicas.plan(web, [running("a")]) == replicas.Plan()


def test_no_number_means_one():
    assert replicas.plan(owner(selector={}), []) == replicas.Plan(make=1)


# each pair: the first goes before the second
ORDER = [
    (pod("x"), pod("y", at="n1")),
    (pod("x", at="n1"), running("y")),
    (pod("x", at="n1", phase="Unknown"), running("y")),
    (pod("x", at="n1", phase="Running"), running("y")),
    (running("x", annotations={pods.COST: "-1"}), running("y")),
    (running("x", since="2027-01-15T08:30:00Z"), running("y")),
    (running("x", status={"containerStatuses": [{"restartCount": 2}]}), running("y")),
    (running("x", creationTimestamp="2027-01-15T08:30:00Z"), running("y")),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), ORDER)
def test_what_is_missed_least_goes_first(first: Object, second: Object):
    for found in ([first, second], [second, first]):
        assert names(replicas.plan(owner(**workload(1)), found).delete) == ["x"]


def test_of_a_node_with_two_pods_one_goes_first():
    found = [running("a", at="n1"), running("b", at="n2"), running("c", at="n2")]
    gone = replicas.plan(owner(**workload(2)), found).delete
    assert {pods.node_of(one) for one in gone} == {"n2"}


PODS = st.builds(
    lambda phase, ready, node, going: (phase, ready, node, going),
    st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Unknown"]),
    st.booleans(),
    st.sampled_from(["", "n1", "n2"]),
    st.booleans(),
)


def built(state: list[tuple[str, bool, str, bool]]) -> list[Object]:
    return [
        pod(f"p{i}", at=node, phase=phase, is_ready=ready, **(GOING if going else {}))
        for i, (phase, ready, node, going) in enumerate(state)
    ]


@given(st.integers(0, 5), st.lists(PODS, max_size=8), st.randoms())
def test_from_any_state_one_step_comes_to_the_wanted_number(
    wanted: int, state: list[tuple[str, bool, str, bool]], order: random.Random
):
    found = built(state)
    order.shuffle(found)
    web = owner(**workload(wanted))
    plan = replicas.plan(web, found)
    kept = [one for one in found if one not in plan.delete]
    after = [*kept, *(pod(f"new{i}") for i in range(plan.make))]

    assert not (plan.make and plan.delete)
    assert all(pods.active(one) for one in plan.delete)
    assert sum(map(pods.active, after)) == wanted
    assert replicas.plan(web, after) == replicas.Plan()


@given(st.integers(0, 5), st.lists(PODS, max_size=8))
def test_no_ready_pod_goes_while_one_stays_that_is_not(
    wanted: int, state: list[tuple[str, bool, str, bool]]
):
    found = built(state)
    plan = replicas.plan(owner(**workload(wanted)), found)
    kept = [one for one in found if one not in plan.delete and pods.active(one)]
    placed = [one for one in kept if pods.node_of(one) and pods.phase(one) == "Running"]
    gone = [one for one in plan.delete if pods.node_of(one) and pods.phase(one) == "Running"]

    assert not (any(map(pods.ready, gone)) and not all(map(pods.ready, placed)))


def test_the_status_counts_what_is_there():
    web = owner(**workload(3, minReadySeconds=60), generation=4)
    late = running("b", since="2027-01-15T08:59:30Z", labels={"app": "web", "more": "x"})
    found = [running("a"), late, pod("c", labels={}), pod("d", phase="Failed")]

    assert replicas.status(web, found, NOW, failure=None) == {
        "replicas": 3,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 1,
        "observedGeneration": 4,
    }


def test_a_failure_is_told_and_taken_back():
    web = owner()
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
    web["status"] = replicas.status(web, [], NOW, failure=failure)
    assert web["status"]["conditions"][0]["reason"] == "FailedCreate"
    assert "conditions" not in replicas.status(web, [], NOW, failure=None)
