from __future__ import annotations

import json

import pytest

from made_evacuations import NOON
from maintenance.fake_cluster import FakeCluster, run
from wharfinger.cli import cordon, nodes
from wharfinger.cli.cordon import NotOurs
from wharfinger.cli.nodes import NodesNotFound
from wharfinger.errors import Conflict
from wharfinger.maintenance import cordon as cordons
from wharfinger.maintenance.cordon import Note

NOTE = Note("ann@desk", "a new disk", "run-1", NOON.isoformat())


@pytest.fixture
def cluster() -> FakeCluster:
    found = FakeCluster()
    found.add_node("n1")
    return found


def opened(cluster: FakeCluster, *, force: bool = False) -> None:
    run(cordon.open_again(cluster, cluster.found["n1"], force=force))


def test_what_we_have_closed_is_opened_by_anybody_with_us(cluster):
    run(cordon.close(cluster, cluster.found["n1"], NOTE))
    assert cordons.note_of(cluster.found["n1"]) == NOTE

    opened(cluster)

    assert cluster.found["n1"].schedulable
    assert cordons.ANNOTATION not in cluster.found["n1"].annotations


def test_what_somebody_else_has_closed_is_opened_by_force_only(cluster):
    cluster.change_node("n1", schedulable=False)

    with pytest.raises(NotOurs):
        opened(cluster)
    assert not cluster.found["n1"].schedulable

    opened(cluster, force=True)
    assert cluster.found["n1"].schedulable


def test_a_node_that_is_as_it_should_be_is_not_written(cluster):
    opened(cluster)
    run(cordon.close(cluster, cluster.found["n1"], NOTE))
    run(cordon.close(cluster, cluster.found["n1"], NOTE))

    assert cluster.counts["patch"] == 1


def test_somebody_who_is_faster_is_looked_at_anew(cluster):
    stale = cluster.found["n1"]
    cluster.change_node("n1", labels={"zone": "a"})

    run(cordon.close(cluster, stale, NOTE))

    assert cordons.note_of(cluster.found["n1"]) == NOTE
    assert cluster.found["n1"].labels == {"zone": "a"}


def test_somebody_who_is_always_faster_is_told(cluster):
    async def patch_node(node, patch):
        raise Conflict("the object has been modified")

    cluster.patch_node = patch_node

    with pytest.raises(Conflict, match="somebody else changes it all the time"):
        run(cordon.close(cluster, cluster.found["n1"], NOTE))


def test_nodes_are_taken_once_each_or_by_their_labels(cluster):
    cluster.add_node("n2")

    named = run(nodes.chosen(cluster, ["n2", "n1", "n2"], ""))

    assert [one.name for one in named] == ["n2", "n1"]


def test_a_node_may_be_named_as_kubectl_writes_it(cluster):
    named = run(nodes.chosen(cluster, ["node/n1", "nodes/n1", "no/n1", "n1"], ""))

    assert [one.name for one in named] == ["n1"]
    for other in ("pod/n1", "node/"):
        with pytest.raises(NodesNotFound, match=other):
            run(nodes.chosen(cluster, [other], ""))


def test_a_note_says_who_and_why(monkeypatch):
    monkeypatch.setenv("LOGNAME", "ann")

    found = nodes.note("a new disk")

    assert found.by.startswith("ann@")
    assert found.why == "a new disk"
    assert found.run != nodes.note("a new disk").run


def test_manage_node_wants_one_operation_in_the_words_of_oc(wharf):
    none = wharf("manage-node", "pier-1")
    two = wharf("adm", "manage-node", "pier-1", "--list-pods", "--schedulable")

    assert (none.code, two.code) == (2, 2)
    assert none.err == (
        "error: must provide a node operation. Supported operations: --schedulable, --evacuate and "
        "--list-pods\n"
    )
    assert two.err == "error: must provide only one node operation at a time\n"


def test_manage_node_lists_the_pods_of_a_node(wharf, server, kubeconfig):
    server.add("/api/v1/nodes/pier-1")
    pod = {
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "deletionTimestamp": "2027-01-15T08:00:00Z",
        },
        "spec": {"containers": [{}, {}]},
        "status": {"containerStatuses": [{"ready": True, "restartCount": 3}]},
    }
    listed = json.dumps({"kind": "PodList", "metadata": {}, "items": [pod]}).encode()
    server.replies["/api/v1/pods"] = (200, {}, listed)

    found = wharf("manage-node", "pier-1", "--list-pods")

    assert found.out.splitlines()[0].split() == [
        *("NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE")
    ]
    assert found.out.splitlines()[1].split() == [
        "shop",
        "web",
        "1/2",
        "Terminating",
        "3",
        "<unknown>",
    ]
    assert found.err == "\nListing matched pods on node: pier-1\n\n"


def test_manage_node_evacuates_only_what_is_closed(wharf, server, kubeconfig):
    server.add("/api/v1/nodes/pier-1")

    found = wharf("manage-node", "pier-1", "--evacuate")

    assert found.code == 1
    assert "hint: make it unschedulable first: wharf manage-node pier-1 --schedulable=false" in (
        found.err
    )
