"""Daemon sets: one pod on each node."""

import pytest

from wharfinger.cluster.kinds.workloads import DAEMON_SET


@pytest.fixture
def daemon_set(workload):
    return workload(DAEMON_SET)


def test_what_is_not_said_is_completed(daemon_set):
    made = daemon_set.made()

    assert made["spec"]["updateStrategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
    }
    assert made["spec"]["revisionHistoryLimit"] == 10
    assert made["status"] == {
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    }
    assert daemon_set.refused() == []


@pytest.mark.parametrize(
    ("rolling", "error"),
    [
        (
            {"maxSurge": 1},
            "maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero",
        ),
        (
            {"maxUnavailable": 0},
            "maxUnavailable: Required value: cannot be 0 when maxSurge is 0",
        ),
        (
            {"maxUnavailable": 0, "maxSurge": "120%"},
            'maxSurge: Invalid value: "120%": must not be greater than 100%',
        ),
        (
            {"maxUnavailable": -1},
            "maxUnavailable: Invalid value: -1: must be greater than or equal to 0",
        ),
    ],
)
def test_pods_are_replaced_by_missing_or_by_surplus(daemon_set, rolling, error):
    spec = {"updateStrategy": {"rollingUpdate": rolling}}

    assert daemon_set.refused(spec) == [f"spec.updateStrategy.rollingUpdate.{error}"]


def test_a_strategy_that_nobody_knows_is_refused(daemon_set):
    assert daemon_set.refused({"updateStrategy": {"type": "OnDelete"}}) == []
    assert daemon_set.refused({"updateStrategy": {"type": "Never"}}) == [
        (
            'spec.updateStrategy: Unsupported value: {"type":"Never"}: supported values: '
            '"RollingUpdate", "OnDelete"'
        )
    ]


def test_selector_and_pods_are_judged(daemon_set):
    assert daemon_set.refused({"selector": {}}) == [
        "spec.selector: Invalid value: {}: empty selector is invalid for daemonset"
    ]
    assert daemon_set.refused(restartPolicy="OnFailure") == [
        (
            'spec.template.spec.restartPolicy: Unsupported value: "OnFailure": supported values: '
            '"Always"'
        )
    ]
    old, new = daemon_set.made(), daemon_set.made({"selector": {"matchLabels": {}}})
    assert daemon_set.changed(old, new) == [
        'spec.selector: Invalid value: {"matchLabels":{}}: field is immutable'
    ]


def test_a_line_counts_nodes(daemon_set):
    status = {
        "desiredNumberScheduled": 5,
        "currentNumberScheduled": 4,
        "numberReady": 3,
        "updatedNumberScheduled": 2,
        "numberAvailable": 1,
    }
    obj = daemon_set.made(status=status, nodeSelector={"zone": "b", "disk": "ssd"})

    assert daemon_set.cells(obj, wide=True) == {
        "Name": "x",
        "Desired": 5,
        "Current": 4,
        "Ready": 3,
        "Up-to-date": 2,
        "Available": 1,
        "Node Selector": "disk=ssd,zone=b",
        "Age": "<unknown>",
        "Containers": "one,two",
        "Images": "reg/one:1,reg/two:2",
        "Selector": "app=a",
    }
    assert daemon_set.cells(daemon_set.made())["Node Selector"] == "<none>"
