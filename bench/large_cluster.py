"""
A cluster of 5,000 nodes and 100,000 pods, in the store of a server.

One object of each kind is made through the API, so that what is multiplied has the form in which the server
keeps it. Each application is a ReplicaSet of 50 pods on as many nodes, with a budget that lets five go.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench import pods
from e2e import clients
from e2e.clients import Kubectl
from e2e.wharf import Wharf
from wharfinger.cluster.kind import GroupResource
from wharfinger.cluster.store import Write
from wharfinger.cluster.workloads import rehearsal

NODES: Final = 5_000
PODS: Final = 100_000
_REPLICAS: Final = 50
_NAMESPACES: Final = 500
_APPLICATIONS: Final = PODS // _REPLICAS // _NAMESPACES
_LIKE: Final = "like-what-follows"
_LIKE_NODE: Final = "like-others"
_STEP: Final = 7
"""From the node of a pod to that of the next one of its application."""

_NODE: Final = GroupResource("", "nodes")
_REPLICA_SET: Final = GroupResource("apps", "replicasets")
_BUDGET: Final = GroupResource("policy", "poddisruptionbudgets")


def node(name: str) -> dict[str, Any]:
    """A node on which pods seem to run."""
    annotations = {rehearsal.ANNOTATION: "true"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "annotations": annotations},
    }


def workload(kind: str, namespace: str, name: str, replicas: int) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pods.pod(name)["spec"]}
    del template["spec"]["nodeSelector"]
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": template,
        },
    }


def budget(namespace: str, name: str, most: int) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"maxUnavailable": most, "selector": {"matchLabels": {"app": name}}},
    }


def create(kubectl: Kubectl, *objects: dict[str, Any]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    kubectl("create", "-f", "-", given=json.dumps(listed)).check()


def fill(wharf: Wharf, home: Path) -> None:
    """Put the cluster into the store of a server that is not running."""
    wharf.start()
    likes = _likes(clients.kubectl("1.35", wharf, home))
    wharf.stop()
    pods.put(wharf.state / "objects.sqlite", _writes(likes))


def _likes(kubectl: Kubectl) -> dict[str, dict[str, Any]]:
    """Make the namespaces and one object of each kind, as it is kept; these are gone again."""
    spaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _namespace(number)}}
        for number in range(_NAMESPACES)
    ]
    create(kubectl, *spaces, node(_LIKE_NODE))
    mine = ("-n", _namespace(0))
    create(kubectl, workload("ReplicaSet", mine[1], _LIKE, _REPLICAS), budget(mine[1], _LIKE, 5))
    ready = f"--for=jsonpath={{.status.readyReplicas}}={_REPLICAS}"
    kubectl(*mine, "wait", ready, f"replicaset/{_LIKE}", "--timeout=60s").check()
    allowed = "--for=jsonpath={.status.disruptionsAllowed}=5"
    kubectl(*mine, "wait", allowed, f"poddisruptionbudget/{_LIKE}", "--timeout=60s").check()
    kinds = "nodes,replicasets,poddisruptionbudgets,pods"
    found = kubectl(*mine, "get", kinds, "-o", "json", "--show-managed-fields").check()
    kubectl(*mine, "delete", f"rs/{_LIKE}", f"pdb/{_LIKE}", f"node/{_LIKE_NODE}").check()
    kubectl(*mine, "wait", "--for=delete", "pod", "--all", "--timeout=60s").check()
    return {one["kind"]: one for one in json.loads(found)["items"]}


def _writes(likes: dict[str, dict[str, Any]]) -> Iterator[Write]:
    texts = {kind: json.dumps(like) for kind, like in likes.items()}
    places = itertools.count()
    for number in range(NODES):
        yield pods.made(_NODE, likes["Node"], "", _node(number))
    for namespace, number in itertools.product(range(_NAMESPACES), range(_APPLICATIONS)):
        uid, name, space = str(uuid.uuid4()), f"app-{number}", _namespace(namespace)
        named = {kind: json.loads(text.replace(_LIKE, name)) for kind, text in texts.items()}
        yield pods.made(_REPLICA_SET, named["ReplicaSet"], space, name, uid=uid)
        yield pods.made(_BUDGET, named["PodDisruptionBudget"], space, name)
        for replica in range(_REPLICAS):
            pod = named["Pod"]
            pod["metadata"]["ownerReferences"][0]["uid"] = uid
            pod["spec"]["nodeName"] = _node(next(places) * _STEP % NODES)
            yield pods.made(pods.PODS, pod, space, f"{name}-{replica}")


def _namespace(number: int) -> str:
    return f"team-{number}"


def _node(number: int) -> str:
    return f"node-{number}"
