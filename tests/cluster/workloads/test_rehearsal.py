from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from made_pods import node, owner, pod, running
from wharfinger.cluster.kind import Object
from wharfinger.cluster.workloads import conditions, rehearsal

NOW = datetime(2027, 1, 15, 9, tzinfo=UTC)


def bare(*, rehearsed: bool) -> Object:
    return node(rehearsed=rehearsed, is_ready=False)


def with_status(obj: Object, status: dict[str, object]) -> Object:
    return {**obj, "status": status}


@pytest.mark.parametrize("said", ["false", "True", "", "1"])
def test_only_the_word_true_makes_a_rehearsal(said: str):
    found = node()
    found["metadata"]["annotations"] = {rehearsal.ANNOTATION: said}

    assert not rehearsal.rehearses(found)
    assert not rehearsal.rehearses(None)
    assert rehearsal.rehearses(node())


def test_a_rehearsal_node_is_ready_and_says_what_it_is():
    found = with_status(bare(rehearsed=True), rehearsal.node_status(bare(rehearsed=True), NOW))

    assert conditions.holds(found, "Ready")
    told = conditions.condition(found, "Ready")
    assert told is not None
    assert told["reason"] == "Rehearsal"
    assert "no machine" in told["message"]
    assert not rehearsal.reported(found)


def test_a_heartbeat_is_written_only_when_it_is_old():
    found = bare(rehearsed=True)
    found["status"] = rehearsal.node_status(found, NOW)

    assert rehearsal.node_status(found, NOW + timedelta(seconds=299)) == found["status"]
    later = rehearsal.node_status(found, NOW + timedelta(seconds=300))
    assert later["conditions"][0]["lastHeartbeatTime"] == "2027-01-15T09:05:00Z"
    assert later["conditions"][0]["lastTransitionTime"] == "2027-01-15T09:00:00Z"


def test_a_heartbeat_from_the_future_is_not_believed():
    found = bare(rehearsed=True)
    found["status"] = rehearsal.node_status(found, NOW + timedelta(days=1))
    again = rehearsal.node_status(found, NOW)
    assert again["conditions"][0]["lastHeartbeatTime"] == "2027-01-15T09:00:00Z"


def test_what_ends_a_rehearsal_takes_its_word_back():
    found = bare(rehearsed=True)
    found["status"] = rehearsal.node_status(found, NOW)
    found["metadata"]["annotations"] = {}

    assert rehearsal.node_status(found, NOW) == {"conditions": []}


def test_nothing_is_written_on_nodes_of_others():
    found = node(rehearsed=False)
    assert rehearsal.node_status(found, NOW) == found["status"]
    assert rehearsal.reported(found)
    assert not rehearsal.reported(bare(rehearsed=False))


def test_a_rehearsed_pod_is_ready_and_says_that_nothing_runs():
    shown = pod(at="n1")
    shown["status"] = rehearsal.pod_status(shown, NOW)

    assert shown["status"]["phase"] == "Running"
    assert conditions.holds(shown, "Ready")
    assert all(one["reason"] == "Rehearsal" for one in shown["status"]["conditions"])
    assert shown["status"]["message"] == "this is a rehearsal: nothing runs"
    [container] = shown["status"]["containerStatuses"]
    assert (container["name"], container["ready"]) == ("app", True)
    assert "running" in container["state"]


def test_a_pod_of_a_job_succeeds():
    shown = pod(at="n1", owner=owner("once"), kind="Job")
    shown["status"] = rehearsal.pod_status(shown, NOW)

    assert shown["status"]["phase"] == "Succeeded"
    assert not conditions.holds(shown, "Ready")
    assert shown["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


def test_a_pod_begins_once():
    assert rehearsal.begins(pod(at="n1"))
    assert not rehearsal.begins(running())


def test_a_pod_without_an_agent_waits_and_says_for_whom():
    shown = pod(at="n1")
    shown["status"] = rehearsal.waiting_status(shown, NOW)

    assert shown["status"]["phase"] == "Pending"
    told = conditions.condition(shown, "Ready")
    assert told is not None
    assert (told["status"], told["reason"]) == ("False", "NoNodeAgent")
    assert told["message"] == "no node agent has reported for node n1: nothing runs this pod"
    assert shown["status"]["message"] == told["message"]


def test_a_rehearsed_pod_waits_again_once_the_rehearsal_is_over():
    shown = pod(at="n1")
    shown["status"] = rehearsal.pod_status(shown, NOW)
    assert rehearsal.waits(shown)
    status = rehearsal.waiting_status(shown, NOW)

    assert status["phase"] == "Pending"
    assert "nothing runs this pod" in status["message"]
    assert not {"startTime", "containerStatuses"} & set(status)


def test_a_pod_that_an_agent_runs_does_not_wait():
    assert not rehearsal.waits(running())
