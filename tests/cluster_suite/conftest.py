"""
The scenarios of an evacuation on a cluster: a real one if `make test-cluster` names it, else our own.

They live in a namespace of their own, touch no pods but theirs, and close only nodes that were open when
they began. Afterwards nothing of them is left. On a real cluster somebody may see a node closed for some
seconds, which is why that is asked for by name.
"""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from e2e import clients, machine
from e2e.clients import Kubectl
from e2e.machine import Done, Process
from e2e.wharf import WHARF, Wharf
from made_pods import practice

KUBECONFIG = "WHARF_TEST_KUBECONFIG"
IMAGE = "WHARF_TEST_IMAGE"
FEWEST_NODES = 2

Object = dict[str, Any]


@dataclass(slots=True)
class Place:
    """A cluster, the nodes of it that may be emptied of our pods, and a namespace for these."""

    kubectl: Kubectl
    kubeconfig: Path
    image: str
    namespace: str
    nodes: tuple[str, ...]
    made: list[tuple[str, ...]] = field(default_factory=list)
    """What is to be deleted again, beside the namespace."""

    def __call__(self, *words: str, given: str | None = None) -> Done:
        return self.kubectl("-n", self.namespace, *words, given=given)

    def wharf(self, *words: str | Path) -> Done:
        return machine.run(WHARF, *words, environ={"KUBECONFIG": str(self.kubeconfig)})

    def evacuate(self, node: str, app: str, *words: str | Path) -> Done:
        """Empty a node of the pods of one app, and of no others."""
        return self.wharf(*self.evacuation(node, app), *words)

    def begin(self, node: str, app: str, *words: str, log: Path) -> Process:
        """The same in the background, as JSON lines in a file."""
        environ = {"KUBECONFIG": str(self.kubeconfig)}
        command = (WHARF, *self.evacuation(node, app), "-o", "json", *words)
        return Process(*command, log=log, environ=environ)

    def evacuation(self, node: str, app: str) -> tuple[str, ...]:
        return ("evacuate", node, f"--pod-selector=suite={self.namespace},app={app}")

    def labels(self, app: str) -> dict[str, str]:
        return {"app": app, "suite": self.namespace}

    def pod_spec(self, **more: Any) -> Object:
        container = {"name": "app", "image": self.image}
        return {"containers": [container], "terminationGracePeriodSeconds": 1, **more}

    def make(self, *objects: Object) -> None:
        found = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self("apply", "-f", "-", given=json.dumps(found)).check()

    def run(self, app: str, replicas: int, *, keep: int | None = None, **more: Any) -> str:
        """An application, up; of which so many pods are kept. Returns the node with the most."""
        match = {"matchLabels": self.labels(app)}
        template = {"metadata": {"labels": self.labels(app)}, "spec": self.pod_spec(**more)}
        spec = {"replicas": replicas, "selector": match, "template": template}
        objects = [_made("apps/v1", "Deployment", app, spec)]
        if keep is not None:
            budget = {"minAvailable": keep, "selector": match}
            objects.append(_made("policy/v1", "PodDisruptionBudget", app, budget))
        self.make(*objects)
        self("rollout", "status", f"deployment/{app}", "--timeout=120s").check()
        if keep is not None:
            machine.eventually(f"budget {app} to be counted", lambda: self._counted(app, replicas))
        places = Counter(pod["spec"]["nodeName"] for pod in self.pods(app))
        return places.most_common(1)[0][0]

    def pods(self, app: str, node: str | None = None) -> list[Object]:
        """Those that are not ending."""
        listed = json.loads(self("get", "pods", "-l", f"app={app}", "-o", "json").check())
        found: list[Object] = listed["items"]
        return [
            pod
            for pod in found
            if "deletionTimestamp" not in pod["metadata"]
            and node in (None, pod["spec"].get("nodeName"))
        ]

    def node(self, name: str) -> Object:
        found: Object = json.loads(self.kubectl("get", "node", name, "-o", "json").check())
        return found

    def closed(self, name: str) -> bool:
        return bool(self.node(name)["spec"].get("unschedulable"))

    def _counted(self, app: str, pods: int) -> bool | None:
        """Whether the budget knows all pods of its app."""
        path = "jsonpath={.status.expectedPods} {.status.currentHealthy}"
        return self("get", "pdb", app, "-o", path).check().split() == [str(pods)] * 2 or None


def _made(version: str, kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of the cluster that was named, or of a server of our own with nodes to practise on."""
    if named := os.environ.get(KUBECONFIG):
        yield Path(named).absolute()
        return
    server = Wharf(tmp_path_factory.mktemp("cluster") / "state")
    server.start()
    admin = clients.kubectl(clients.KUBECTLS[0], server, tmp_path_factory.mktemp("admin"))
    nodes = [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "annotations": practice()}}
        for name in ("quay-1", "quay-2", "quay-3")
    ]
    listed = {"apiVersion": "v1", "kind": "List", "items": nodes}
    admin("create", "-f", "-", given=json.dumps(listed)).check()
    yield server.kubeconfig
    server.stop()


@pytest.fixture(scope="module")
def place(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    program = machine.TOOLS / f"kubectl-{clients.KUBECTLS[0]}" / "kubectl"
    if not program.exists():
        raise machine.missing("kubectl")
    kubectl = Kubectl(program, kubeconfig, tmp_path_factory.mktemp("kubectl"))
    nodes = tuple(_open_nodes(kubectl))
    if len(nodes) < FEWEST_NODES:
        pytest.fail(f"of the nodes only {nodes} are ready, open and without taints")
    image = os.environ.get(IMAGE, "registry.site.test/pause:1")
    found = Place(kubectl, kubeconfig, image, f"wharf-suite-{secrets.token_hex(3)}", nodes)
    kubectl("create", "namespace", found.namespace).check()
    try:
        yield found
    finally:
        found.wharf("uncordon", *nodes)
        for words in found.made:
            kubectl("delete", *words)
        kubectl("delete", "namespace", found.namespace, "--timeout=120s").check()


def _open_nodes(kubectl: Kubectl) -> Iterator[str]:
    for node in json.loads(kubectl("get", "nodes", "-o", "json").check())["items"]:
        spec, conditions = node["spec"], node.get("status", {}).get("conditions", [])
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        if ready and not spec.get("unschedulable") and not spec.get("taints"):
            yield node["metadata"]["name"]
