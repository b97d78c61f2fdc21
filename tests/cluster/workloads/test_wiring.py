"""All controllers of workloads together, over two rehearsal nodes."""

from __future__ import annotations

from collections import Counter

from made_pods import pod_spec, workload
from wharfinger.cluster.kinds.node import NODE
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.kinds.workloads.deployment import DEPLOYMENT
from wharfinger.cluster.kinds.workloads.replica_set import REPLICA_SET
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.workloads import pods


def spread(world):
    return Counter(pods.node_of(pod) for pod in world.cache.list(POD.resource, "p"))


async def test_a_deployment_comes_to_run_on_rehearsal_nodes(stage):
    await stage.make(DEPLOYMENT, "web", spec=workload(4))
    await stage.provisioner.settle()

    assert spread(stage) == {"n1": 2, "n2": 2}
    status = stage.objects.get(DEPLOYMENT, "p", "web")["status"]
    assert (status["replicas"], status["readyReplicas"], status["availableReplicas"]) == (4, 4, 4)


async def test_nothing_is_written_once_all_is_well(stage):
    await stage.make(DEPLOYMENT, "web", spec=workload(4))
    await stage.provisioner.settle()
    revision = stage.cache.revision

    await stage.start().settle()
    assert stage.cache.revision == revision


async def test_a_pod_says_why_it_waits(stage):
    await stage.make(POD, "choosy", spec=pod_spec(nodeSelector={"berth": "far"}))
    await stage.provisioner.settle()
    told = stage.objects.get(POD, "p", "choosy")["status"]["message"]
    assert told == "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."

    await stage.make(NODE, "far", "", metadata={"labels": {"berth": "far"}})
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    far = stage.objects.get(NODE, "", "far")
    await stage.objects.update(
        NODE, "", "far", {**far, "status": ready}, SYSTEM, subresource="status"
    )
    await stage.provisioner.settle()

    placed = stage.objects.get(POD, "p", "choosy")
    assert placed["spec"]["nodeName"] == "far"
    assert "message" not in placed["status"]


async def test_a_pod_that_nobody_ran_goes_at_once(stage):
    await stage.make(NODE, "bare", "")
    await stage.make(POD, "lone", spec=pod_spec(nodeName="bare"))
    await stage.provisioner.settle()
    told = stage.objects.get(POD, "p", "lone")["status"]["message"]
    assert told == "no node agent has reported for node bare: nothing runs this pod"

    assert not (await stage.objects.delete(POD, "p", "lone", SYSTEM)).removed
    await stage.provisioner.settle()
    assert "lone" not in stage.names(POD)


async def test_a_change_of_patience_reaches_the_set_that_is_there(stage):
    await stage.make(DEPLOYMENT, "web", spec=workload(1, minReadySeconds=5))
    await stage.provisioner.settle()
    [made] = stage.cache.list(REPLICA_SET.resource, "p")
    assert made["spec"]["minReadySeconds"] == 5

    found = stage.objects.get(DEPLOYMENT, "p", "web")
    spec = {**found["spec"], "minReadySeconds": 0}
    await stage.objects.update(DEPLOYMENT, "p", "web", {**found, "spec": spec}, SYSTEM)
    await stage.provisioner.settle()
    [renewed] = stage.cache.list(REPLICA_SET.resource, "p")
    assert renewed["metadata"]["uid"] == made["metadata"]["uid"]
    assert "minReadySeconds" not in renewed["spec"]
