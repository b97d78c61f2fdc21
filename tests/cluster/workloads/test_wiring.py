"""All controllers of workloads together, over two rehearsal nodes."""

from __future__ import annotations

from collections import Counter

from made_pods import workload
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.kinds.workloads.deployment import DEPLOYMENT
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
