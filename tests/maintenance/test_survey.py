"""What is read for a plan: all that it needs, and of a large cluster no more."""

from __future__ import annotations

import pytest

from made_evacuations import pod
from maintenance.fake_cluster import FakeCluster, run
from wharfinger.maintenance import survey
from wharfinger.maintenance.api import NodeUnknown
from wharfinger.maintenance.model import Name, Owner


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster()
    for number in range(1, 13):
        made.add_node(f"n{number}")
    made.add_maker("web", {"n1": 2, "n2": 2})
    return made


def found(cluster: FakeCluster, *names: str, owners: bool = False) -> survey.Survey:
    return run(survey.read(cluster, names, owners=owners))


def test_pods_of_other_nodes_are_read_only_where_a_budget_asks_for_them(cluster: FakeCluster):
    assert {one.node for one in found(cluster, "n1").cluster.pods} == {"n1"}
    cluster.add_guard("web", 1, app="web")
    assert {one.node for one in found(cluster, "n1").cluster.pods} == {"n1", "n2"}


def test_pods_of_other_nodes_are_read_where_their_owners_are_to_be_counted(cluster: FakeCluster):
    assert len(found(cluster, "n1", owners=True).cluster.pods) == 4


def test_no_pod_is_there_twice(cluster: FakeCluster):
    cluster.add_guard("web", 1, app="web")

    pods = found(cluster, "n1", "n2").cluster.pods

    assert len(pods) == len({one.uid for one in pods}) == 4


def test_of_many_nodes_everything_is_read_at_once(cluster: FakeCluster):
    names = [f"n{number}" for number in range(1, 13)]

    read = found(cluster, *names)

    assert list(read.cluster.nodes) == names
    assert len(read.cluster.pods) == 4
    assert cluster.counts == {"nodes": 1, "pods": 1, "budgets": 1}


def test_daemon_sets_are_read_if_one_of_their_pods_is_there(cluster: FakeCluster):
    cluster.daemons = frozenset({Name("p", "proxy")})

    assert found(cluster, "n1").cluster.daemon_sets == frozenset()
    cluster.add_pod(pod("proxy-1", owner=Owner("DaemonSet", "proxy", "uid-proxy")))
    assert found(cluster, "n1").cluster.daemon_sets == cluster.daemons


@pytest.mark.parametrize("count", [1, 12])
def test_an_unknown_node_is_refused(cluster: FakeCluster, count: int):
    names = [f"n{number}" for number in range(1, count)]

    with pytest.raises(NodeUnknown):
        found(cluster, *names, "nowhere")
