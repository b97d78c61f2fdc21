from __future__ import annotations

from typing import Any

import pytest

from made_pods import node, pod
from wharfinger.cluster.kind import Object
from wharfinger.cluster.workloads import fitting


def asking(**spec: Any) -> Object:
    found = pod()
    found["spec"] |= spec
    return found


def affine(*terms: dict[str, Any]) -> Object:
    required = {"nodeSelectorTerms": list(terms)}
    rule = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    return asking(affinity=rule)


def labelled(**labels: str) -> Object:
    found = node()
    found["metadata"]["labels"] = labels
    return found


def objections(found: Object, to: Object) -> list[str]:
    return list(fitting.objections(found, to, {}, {}))


def test_a_ready_node_takes_a_pod():
    assert objections(pod(), node()) == []


def test_a_cordoned_node_takes_only_what_tolerates_it():
    cordoned = node(unschedulable=True)
    assert objections(pod(), cordoned) == ["node(s) were unschedulable"]
    tolerant = asking(tolerations=[{"key": fitting.UNSCHEDULABLE, "operator": "Exists"}])
    assert objections(tolerant, cordoned) == []


def test_a_node_that_is_not_ready_takes_only_what_tolerates_it():
    gone = node()
    gone["metadata"]["deletionTimestamp"] = "2027-01-15T08:00:00Z"
    for found in (node(is_ready=False), gone):
        assert objections(pod(), found) == [
            "node(s) had untolerated taint {node.kubernetes.io/not-ready: }"
        ]
        assert objections(asking(tolerations=[{"operator": "Exists"}]), found) == []


def test_a_toleration_for_some_seconds_keeps_nobody_there():
    soon = {"key": fitting.NOT_READY, "operator": "Exists", "tolerationSeconds": 300}
    assert objections(asking(tolerations=[soon]), node(is_ready=False))


TAINT = {"key": "own.test/disk", "value": "slow", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "own.test/disk", "operator": "Exists"}, True),
        ({"key": "own.test/disk", "operator": "Exists", "effect": "NoSchedule"}, True),
        ({"key": "own.test/disk", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "own.test/disk", "operator": "Equal", "value": "slow"}, True),
        ({"key": "own.test/disk", "value": "slow"}, True),
        ({"key": "own.test/disk", "value": "fast"}, False),
        ({"key": "own.test/disk"}, False),
        ({"key": "own.test/other", "operator": "Exists"}, False),
        ({"value": "slow"}, False),
        ({}, False),
    ],
)
def test_a_taint_is_tolerated_by_what_names_it(toleration: dict[str, Any], tolerated: bool):
    found = objections(asking(tolerations=[toleration]), node(taints=[TAINT]))
    assert found == ([] if tolerated else ["node(s) had untolerated taint {own.test/disk: slow}"])


def test_a_taint_that_only_prefers_keeps_nobody_out():
    assert objections(pod(), node(taints=[{**TAINT, "effect": "PreferNoSchedule"}])) == []


def test_a_node_selector_must_match():
    found = asking(nodeSelector={"disk": "fast"})
    assert objections(found, labelled(disk="fast")) == []
    assert objections(found, node()) == ["node(s) didn't match Pod's node affinity/selector"]


@pytest.mark.parametrize(
    ("operator", "values", "matches"),
    [
        ("In", ["7", "8"], True),
        ("In", ["8"], False),
        ("NotIn", ["8"], True),
        ("NotIn", ["7"], False),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
        ("Gt", ["6"], True),
        ("Gt", ["7"], False),
        ("Lt", ["8"], True),
        ("Lt", ["-8"], False),
        ("Gt", [], False),
        ("Gt", ["six"], False),
        ("Near", ["7"], False),
        ("", [], False),
    ],
)
def test_affinity_compares_labels(operator: str, values: list[str], matches: bool):
    term = {"matchExpressions": [{"key": "size", "operator": operator, "values": values}]}
    assert fitting.admits(affine(term), labelled(size="7")) is matches


def test_one_term_of_several_is_enough_and_all_of_a_term_must_hold():
    big = {"key": "size", "operator": "In", "values": ["7"]}
    fast = {"key": "disk", "operator": "Exists"}
    found = labelled(size="7")

    assert fitting.admits(affine({"matchExpressions": [fast]}, {"matchExpressions": [big]}), found)
    assert not fitting.admits(affine({"matchExpressions": [fast, big]}), found)


def test_a_term_without_a_condition_holds_of_no_node():
    assert not fitting.admits(affine({}), node())
    assert not fitting.admits(affine(), node())


def named(*names: str, operator: str = "In") -> dict[str, Any]:
    field = {"key": "metadata.name", "operator": operator, "values": list(names)}
    return {"matchFields": [field]}


def test_a_node_can_be_named():
    assert fitting.admits(affine(named("n1")), node("n1"))
    assert not fitting.admits(affine(named("n1")), node("n2"))
    assert fitting.admits(affine(named("n1", operator="NotIn")), node("n2"))


def test_a_pod_of_a_daemon_set_names_one_node():
    assert fitting.named_node(affine(named("n1"))) == "n1"
    assert fitting.named_node(affine(named("n1", "n2"))) == ""
    assert fitting.named_node(affine(named("n1", operator="NotIn"))) == ""
    assert fitting.named_node(affine(named("n1"), named("n2"))) == ""
    assert fitting.named_node(pod()) == ""
