from __future__ import annotations

from fractions import Fraction

from made_pods import node, pod
from wharfinger.cluster.workloads import placing
from wharfinger.cluster.workloads.placing import Placed, Unschedulable


def test_a_pod_goes_where_the_fewest_are():
    nodes = [node("n1"), node("n2"), node("n3")]
    used = {"n1": {"pods": Fraction(2)}, "n2": {"pods": Fraction(1)}, "n3": {"pods": Fraction(1)}}

    assert placing.place(pod(), nodes, used) == Placed("n2")
    assert placing.place(pod(), nodes, {}) == Placed("n1")


def test_a_node_that_does_not_fit_is_passed_over():
    assert placing.place(pod(), [node("n1", unschedulable=True), node("n2")], {}) == Placed("n2")


def test_without_nodes_nothing_is_placed():
    assert placing.place(pod(), [], {}) == Unschedulable("no nodes available to schedule pods")


def test_each_reason_is_counted():
    full = node("n3")
    full["status"]["allocatable"] = {"pods": "1"}
    nodes = [node("n1", unschedulable=True), node("n2", unschedulable=True), full]

    assert placing.place(pod(), nodes, {"n3": {"pods": Fraction(1)}}) == Unschedulable(
        "0/3 nodes are available: 1 Too many pods, 2 node(s) were unschedulable."
    )
