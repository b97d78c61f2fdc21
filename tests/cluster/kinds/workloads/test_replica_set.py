"""Replica sets: a number of pods, and what it may not be."""

import pytest

from wharfinger.cluster.kinds.workloads import REPLICA_SET


@pytest.fixture
def replica_set(workload):
    return workload(REPLICA_SET)


def test_one_pod_is_wanted_and_none_is_there(replica_set):
    made = replica_set.made()

    assert made["spec"]["replicas"] == 1
    assert made["status"] == {"replicas": 0}
    assert replica_set.refused() == []


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (
            {"minReadySeconds": -1},
            "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"selector": {"matchLabels": {"a b": "c"}}},
            'spec.selector.matchLabels: Invalid value: "a b": name part must consist of',
        ),
        ({"selector": ...}, "spec.selector: Required value"),
    ],
)
def test_bad_specs_are_refused(replica_set, spec, error):
    assert any(one.startswith(error) for one in replica_set.refused(spec))


def test_a_status_must_add_up(replica_set):
    status = {"replicas": 1, "readyReplicas": 1, "fullyLabeledReplicas": 2, "availableReplicas": 0}

    assert replica_set.refused(status=status) == [
        "status.fullyLabeledReplicas: Invalid value: 2: cannot be greater than status.replicas"
    ]


def test_the_selector_is_fixed(replica_set):
    old, new = replica_set.made(), replica_set.made({"selector": {"matchLabels": {"app": "b"}}})

    assert len(replica_set.changed(old, new)) == 1
    assert replica_set.changed(old, old) == []


def test_a_line_counts_pods(replica_set):
    expression = {"key": "app", "operator": "In", "values": ["b", "a"]}
    obj = replica_set.made(
        {"replicas": 3, "selector": {"matchExpressions": [expression]}},
        status={"replicas": 2, "readyReplicas": 1},
    )

    assert replica_set.cells(obj, wide=True) == {
        "Name": "x",
        "Desired": 3,
        "Current": 2,
        "Ready": 1,
        "Age": "<unknown>",
        "Containers": "one,two",
        "Images": "reg/one:1,reg/two:2",
        "Selector": "app in (a,b)",
    }


def test_lists_can_ask_for_a_number_of_pods(replica_set):
    select = REPLICA_SET.selectable["status.replicas"]

    assert select(replica_set.made(status={"replicas": 2})) == "2"
    assert select({}) == "0"
