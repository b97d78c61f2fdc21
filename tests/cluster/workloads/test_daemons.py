from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_pods import node, owner, pod, running, workload
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.workloads.daemon_set import DAEMON_SET
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.workloads import daemons, fitting

NOW = datetime(2027, 1, 15, 9, tzinfo=UTC)
GOING = {"deletionTimestamp": "2027-01-15T08:00:00Z"}


def logs(**more: Any) -> Object:
    return owner("logs", **workload(1, **more))


def on(name: str, at: str, *, old: bool = False, **more: Any) -> Object:
    made = {"app": "web", daemons.REVISION: "old" if old else daemons.revision(logs())}
    return running(name, at=at, labels=made, **more)


def names(found: Any) -> list[str]:
    return [one["metadata"]["name"] for one in found]


def test_a_pod_names_its_node_and_tolerates_what_befalls_it():
    found = logs()
    found["spec"]["template"]["spec"]["tolerations"] = [{"key": "own.test/x", "operator": "Exists"}]
    made = daemons.pod_for(DAEMON_SET, found, "n1")

    assert fitting.named_node(made) == "n1"
    assert made["metadata"]["labels"][daemons.REVISION] == daemons.revision(found)
    assert "nodeName" not in made["spec"]
    for there in (node("n1", unschedulable=True), node("n1", is_ready=False)):
        assert not fitting.objections(made, there, {}, {})
    keys = [one["key"] for one in made["spec"]["tolerations"]]
    assert keys[0] == "own.test/x"
    assert "node.kubernetes.io/network-unavailable" not in keys
    found["spec"]["template"]["spec"]["hostNetwork"] = True
    made = daemons.pod_for(DAEMON_SET, found, "n1")
    assert made["spec"]["tolerations"][-1]["key"] == "node.kubernetes.io/network-unavailable"


def test_every_node_that_may_have_the_pod_should():
    small = node("n3")
    small["metadata"]["labels"] = {"size": "small"}
    tainted = node("n4", taints=[{"key": "own.test/x", "effect": "NoSchedule"}])
    leaving = node("n5")
    leaving["metadata"] |= GOING
    nodes = [node("n1"), node("n2", unschedulable=True), small, tainted, leaving]

    assert daemons.eligible(DAEMON_SET, logs(), nodes) == ["n1", "n2", "n3"]
    picky = logs()
    picky["spec"]["template"]["spec"]["nodeSelector"] = {"size": "small"}
    assert daemons.eligible(DAEMON_SET, picky, nodes) == ["n3"]


def test_a_node_without_the_pod_gets_one():
    plan = daemons.plan(logs(), ["n1", "n2"], [on("a", "n1")], NOW)
    assert plan == daemons.Plan(make=("n2",))


def test_a_pod_that_waits_for_its_node_counts():
    waiting = daemons.pod_for(DAEMON_SET, logs(), "n1")
    waiting["metadata"] |= {"name": "a", "creationTimestamp": "2027-01-15T08:00:00Z"}
    assert daemons.plan(logs(), ["n1"], [waiting], NOW) == daemons.Plan()


def test_a_node_that_should_not_have_the_pod_loses_it():
    plan = daemons.plan(logs(), [], [on("a", "n1"), on("b", "n2", **GOING)], NOW)
    assert (plan.make, names(plan.delete)) == ((), ["a"])


def test_of_two_pods_on_a_node_the_younger_goes():
    young = on("a", "n1", creationTimestamp="2027-01-15T08:30:00Z")
    assert names(daemons.plan(logs(), ["n1"], [young, on("b", "n1")], NOW).delete) == ["a"]
    going = on("c", "n1", **GOING)
    assert names(daemons.plan(logs(), ["n1"], [going, on("b", "n1")], NOW).delete) == []


def test_a_pod_that_has_ended_is_removed_before_a_new_one_comes():
    ended = pod("a", at="n1", phase="Failed")
    assert names(daemons.plan(logs(), ["n1"], [ended], NOW).delete) == ["a"]
    assert daemons.plan(logs(), ["n1"], [ended], NOW).make == ()


def test_a_pod_that_goes_is_waited_for():
    assert daemons.plan(logs(), ["n1"], [on("a", "n1", **GOING)], NOW) == daemons.Plan()


def test_a_set_that_goes_does_nothing():
    leaving = logs()
    leaving["metadata"] |= GOING
    assert daemons.plan(leaving, ["n1"], [on("a", "n2")], NOW) == daemons.Plan()


def test_old_pods_are_renewed_a_few_at_a_time():
    found = [on("a", "n1", old=True), on("b", "n2", old=True), on("c", "n3")]
    nodes = ["n1", "n2", "n3"]
    assert names(daemons.plan(logs(), nodes, found, NOW).delete) == ["a"]

    two = logs(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%"}})
    assert names(daemons.plan(two, nodes, found, NOW).delete) == ["a", "b"]
    by_hand = logs(updateStrategy={"type": "OnDelete"})
    assert daemons.plan(by_hand, nodes, found, NOW) == daemons.Plan()


def test_old_pods_that_do_not_run_are_renewed_first():
    stuck = pod("b", at="n2", labels={"app": "web", daemons.REVISION: "old"})
    found = [on("a", "n1", old=True), stuck]
    assert names(daemons.plan(logs(), ["n1", "n2"], found, NOW).delete) == ["b"]


def test_the_status_counts_nodes():
    found = [on("a", "n1"), on("b", "n2", old=True), on("c", "n9"), pod("d", at="n3")]
    assert daemons.status(logs(), ["n1", "n2", "n3", "n4"], found, NOW) == {
        "currentNumberScheduled": 3,
        "numberMisscheduled": 1,
        "desiredNumberScheduled": 4,
        "numberReady": 2,
        "observedGeneration": 1,
        "updatedNumberScheduled": 1,
        "numberAvailable": 2,
        "numberUnavailable": 2,
    }


STATES = st.lists(
    st.tuples(
        st.sampled_from(["n1", "n2", "n3"]),
        st.sampled_from(["Pending", "Running", "Failed"]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=7,
)


@given(STATES, st.sets(st.sampled_from(["n1", "n2", "n3"])))
def test_from_any_state_each_node_comes_to_one_present_pod(
    state: list[tuple[str, str, bool, bool]], wanted: set[str]
):
    found = []
    for number, (at, phase, old, going) in enumerate(state):
        one = on(f"p{number}", at, old=old, **(GOING if going else {}))
        one["status"]["phase"] = phase
        found.append(one)
    nodes = sorted(wanted)
    for step in range(20):
        plan = daemons.plan(logs(), nodes, found, NOW)
        if not plan.make and not plan.delete and not any(map(deleting, found)):
            break
        found = [one for one in found if one not in plan.delete and not deleting(one)]
        found += [on(f"new{step}-{at}", at) for at in plan.make]

    assert sorted(one["spec"]["nodeName"] for one in found) == nodes
    current = daemons.revision(logs())
    assert all(one["metadata"]["labels"][daemons.REVISION] == current for one in found)


@pytest.mark.parametrize("old", [True, False])
def test_the_revision_is_that_of_the_template(old: bool):
    changed = logs()
    if old:
        changed["spec"]["template"]["spec"]["hostNetwork"] = True
    assert (daemons.revision(changed) != daemons.revision(logs())) is old
