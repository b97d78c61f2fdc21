from __future__ import annotations

from datetime import UTC, datetime

import pytest

from made_pods import owned_by, owner, pod, running
from wharfinger.cluster.workloads import pods

NOON = datetime(2027, 1, 15, 8, 1, tzinfo=UTC)
"""A minute after the pods became ready."""


def test_a_pod_counts_until_it_has_ended_or_goes():
    assert pods.active(pod())
    assert pods.active(running())
    assert not pods.active(pod(phase="Succeeded"))
    assert not pods.active(pod(phase="Failed"))
    assert not pods.active(pod(deletionTimestamp="2027-01-15T08:00:00Z"))


@pytest.mark.parametrize(("seconds", "available"), [(0, True), (60, True), (61, False)])
def test_a_pod_is_available_once_it_has_been_ready_for_long_enough(seconds: int, available: bool):
    assert pods.available(running(), seconds, NOON) is available
    assert not pods.available(pod(), seconds, NOON)


def test_a_ready_pod_without_a_time_is_available_only_at_once():
    found = pod(status={"conditions": [{"type": "Ready", "status": "True"}]})
    assert pods.available(found, 0, NOON)
    assert not pods.available(found, 1, NOON)


@pytest.mark.parametrize(("said", "cost"), [("5", 5), ("-5", -5), ("much", 0), ("9" * 5000, 0)])
def test_the_cost_of_a_deletion_is_a_number(said: str, cost: int):
    assert pods.deletion_cost(pod(annotations={pods.COST: said})) == cost


def test_one_owner_controls_a_pod():
    found = pod(owner=owner())
    found["metadata"]["ownerReferences"].insert(
        0, {**owned_by(owner("other")), "controller": False}
    )
    controller = pods.controller_of(found)

    assert controller is not None
    assert controller["name"] == "web"
    assert pods.controller_of(pod()) is None


def test_restarts_are_those_of_the_worst_container():
    statuses = [{"restartCount": 1}, {"restartCount": 4}, {}]
    assert pods.restarts(pod(status={"containerStatuses": statuses})) == 4
    assert pods.restarts(pod()) == 0
