"""
A cluster that moves, for stock kubectl, new and old: rollouts, scales, drains, and what is left after.

The server is the module's own, for a drain is about all pods of a node, whoever made them.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e import clients, machine
from e2e.clients import Kubectl
from e2e.machine import Done
from e2e.wharf import Wharf
from made_pods import pod_spec, practice, template, workload
from wharfinger.cluster.kind import Object

pytestmark = pytest.mark.e2e

NODES = ("pier-1", "pier-2", "pier-3")
VERSIONS = {
    "DaemonSet": "apps/v1",
    "Deployment": "apps/v1",
    "Job": "batch/v1",
    "PodDisruptionBudget": "policy/v1",
    "StatefulSet": "apps/v1",
}
PAGE = machine.ROOT / "docs" / "reference" / "workloads.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OUTSIDE = (
    "the server could not find the requested resource: {} is outside of what is served here: "
)
_NOTHING_RUNS = "no pod runs by this server; ask the engine of the host that runs it"
_HISTORY = "a history of templates is kept of Deployments only"


def made(kind: str, name: str, spec: Any, **metadata: Any) -> Object:
    version = VERSIONS.get(kind, "v1")
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, **metadata},
        "spec": spec,
    }


def budget(name: str, least: int) -> Object:
    spec = {"minAvailable": least, "selector": {"matchLabels": {"app": "web"}}}
    return made("PodDisruptionBudget", name, spec)


WEB = made("Deployment", "web", workload(4))
LOG = made(
    "DaemonSet",
    "log",
    {"selector": {"matchLabels": {"app": "log"}}, "template": template(app="log")},
)
STORE = made("StatefulSet", "store", workload(2, app="store", serviceName="store"))
ONCE = made(
    "Job", "once", {"completions": 3, "parallelism": 2, "template": template(restartPolicy="Never")}
)
OLD = made(
    "ReplicationController",
    "old",
    {"replicas": 2, "selector": {"app": "old"}, "template": template(app="old")},
)


@dataclass(frozen=True, slots=True)
class Quay:
    """A project, and the administrator who works in it."""

    kubectl: Kubectl
    project: str

    def __call__(self, *words: str | Path, given: str | None = None) -> Done:
        return self.kubectl("-n", self.project, *words, given=given)

    def make(self, *objects: Object) -> None:
        self("create", "-f", "-", given=_list(objects)).check()

    def found(self, *words: str) -> list[Object]:
        items: list[Object] = json.loads(self("get", *words, "-o", "json").check())["items"]
        return items

    def rolled_out(self, *workloads: str) -> None:
        for each in workloads:
            self("rollout", "status", each, "--timeout=60s").check()

    def busiest(self) -> str:
        """The node with the most pods of the deployment `web`."""
        places = Counter(pod["spec"]["nodeName"] for pod in self.found("pods", "-l", "app=web"))
        return places.most_common(1)[0][0]

    def gone(self, *words: str) -> None:
        """Wait until a list is empty."""
        machine.eventually(f"the end of {words}", lambda: not self.found(*words) or None)


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wharf]:
    """A server with three rehearsal nodes."""
    server = Wharf(tmp_path_factory.mktemp("harbour") / "state")
    server.start()
    admin = clients.kubectl(clients.KUBECTLS[0], server, tmp_path_factory.mktemp("admin"))
    nodes = [made("Node", name, {}, annotations=practice()) for name in NODES]
    admin("create", "-f", "-", given=_list(nodes)).check()
    yield server
    server.stop()


@pytest.fixture(scope="module", params=clients.KUBECTLS)
def kubectl(
    request: pytest.FixtureRequest, harbour: Wharf, tmp_path_factory: pytest.TempPathFactory
) -> Kubectl:
    """Both generations, each with one memory of what the server has for all tests."""
    return clients.kubectl(request.param, harbour, tmp_path_factory.mktemp("kubectl"))


@pytest.fixture
def quay(kubectl: Kubectl, project: str) -> Iterator[Quay]:
    """A project with nothing in it, and nothing left of it on the nodes afterwards."""
    kubectl("create", "namespace", project).check()
    yield Quay(kubectl, project)
    kubectl("delete", "namespace", project, "--timeout=60s").check()


def test_workloads_come_to_run_and_say_that_it_is_a_rehearsal(quay: Quay) -> None:
    quay.make(WEB, LOG, STORE, ONCE, OLD)

    quay.rolled_out("deployment/web", "daemonset/log", "statefulset/store")
    quay("wait", "--for=condition=complete", "job/once", "--timeout=60s").check()
    quay("wait", "--for=condition=Ready", "pod", "-l", "app=old", "--timeout=60s").check()

    shown = quay("get", "deploy,ds,sts,job,rc", "--no-headers").check()
    rows = [line.split()[:6] for line in shown.splitlines() if line]
    assert [row[:4] for row in rows[:1]] == [["deployment.apps/web", "4/4", "4", "4"]]
    assert rows[1] == ["daemonset.apps/log", *["3"] * 5]
    assert rows[2][:2] == ["statefulset.apps/store", "2/2"]
    assert rows[3][:3] == ["job.batch/once", "Complete", "3/3"]
    assert rows[4][:4] == ["replicationcontroller/old", "2", "2", "2"]
    daemons = quay.found("pods", "-l", "app=log")
    assert sorted(pod["spec"]["nodeName"] for pod in daemons) == sorted(NODES)
    assert "this is a rehearsal: nothing runs" in quay("describe", "pod", "store-0").check()
    assert "no machine stands behind this node" in quay("describe", "node", NODES[0]).check()


def test_a_rollout_is_followed_undone_restarted_and_told_of(quay: Quay) -> None:
    quay.make(WEB)
    quay.rolled_out("deployment/web")

    quay("set", "image", "deployment/web", "app=registry.test/app:2").check()
    quay.rolled_out("deployment/web")
    assert {image(pod) for pod in alive(quay)} == {"registry.test/app:2"}
    assert revisions(quay) == ["1", "2"]
    first = quay("rollout", "history", "deployment/web", "--revision=1").check()
    assert "registry.test/app:1" in first

    quay("rollout", "undo", "deployment/web").check()
    quay.rolled_out("deployment/web")
    assert {image(pod) for pod in alive(quay)} == {"registry.test/app:1"}
    assert revisions(quay) == ["2", "3"]

    before = {pod["metadata"]["uid"] for pod in alive(quay)}
    quay("rollout", "restart", "deployment/web").check()
    quay.rolled_out("deployment/web")
    assert not before & {pod["metadata"]["uid"] for pod in alive(quay)}
    assert len(quay.found("replicasets")) == 3


def test_a_paused_rollout_waits_until_it_is_resumed(quay: Quay) -> None:
    quay.make(WEB)
    quay.rolled_out("deployment/web")
    quay("rollout", "pause", "deployment/web").check()
    quay("set", "image", "deployment/web", "app=registry.test/app:2").check()
    quay("scale", "deployment/web", "--replicas=5").check()

    quay("wait", "--for=condition=Available", "deployment/web").check()
    machine.eventually("five pods", lambda: len(alive(quay)) == 5 or None)
    assert {image(pod) for pod in alive(quay)} == {"registry.test/app:1"}
    quay("rollout", "resume", "deployment/web").check()
    quay.rolled_out("deployment/web")
    assert {image(pod) for pod in alive(quay)} == {"registry.test/app:2"}


def test_a_rollout_that_does_not_get_on_is_told_and_undone(quay: Quay) -> None:
    quay.make(WEB)
    quay.rolled_out("deployment/web")

    quay("patch", "deployment/web", "-p", json.dumps(deadline(1, {"berth": "none"}))).check()
    stuck = quay("rollout", "status", "deployment/web", "--timeout=60s")
    assert not stuck.ok
    assert 'deployment "web" exceeded its progress deadline' in stuck.err
    assert len([pod for pod in alive(quay) if pod["status"]["phase"] == "Running"]) >= 3

    quay("patch", "deployment/web", "-p", json.dumps(deadline(600, {"berth": "none"}))).check()
    quay("rollout", "undo", "deployment/web").check()
    quay.rolled_out("deployment/web")
    assert {pod["status"]["phase"] for pod in alive(quay)} == {"Running"}


def test_other_workloads_are_restarted_and_have_no_history(quay: Quay) -> None:
    quay.make(LOG, STORE)
    quay.rolled_out("daemonset/log", "statefulset/store")
    before = {pod["metadata"]["uid"] for pod in alive(quay)}

    quay("rollout", "restart", "daemonset/log", "statefulset/store").check()
    quay.rolled_out("daemonset/log", "statefulset/store")

    assert not before & {pod["metadata"]["uid"] for pod in alive(quay)}
    for each in ("daemonset/log", "statefulset/store"):
        for words in ("history", "undo"):
            refused = quay("rollout", words, each)
            assert not refused.ok
            assert _OUTSIDE.format("controllerrevisions.apps") + _HISTORY in refused.err


def test_workloads_are_scaled_up_and_down(quay: Quay) -> None:
    quay.make(WEB, STORE, OLD)
    quay.rolled_out("deployment/web", "statefulset/store")
    scaled = ("deployment/web", "statefulset/store", "replicationcontroller/old")

    quay("scale", *scaled, "--replicas=3").check()
    quay.rolled_out("deployment/web", "statefulset/store")
    count = {"web": 3, "store": 3, "old": 3}
    machine.eventually("three pods of each", lambda: by_app(quay) == count or None)
    refused = quay("scale", "deployment/web", "--current-replicas=9", "--replicas=4")
    assert not refused.ok
    assert "Expected replicas to be 9, was 3" in refused.err
    quay("scale", *scaled, "--replicas=0").check()
    if not quay.kubectl.old:  # which fails when there is nothing to wait for any more
        quay("wait", "--for=delete", "pod/store-0", "--timeout=60s").check()
    quay.gone("pods")


def test_a_drain_keeps_the_budget_and_goes_on_as_replacements_come(quay: Quay) -> None:
    quay.make(WEB, LOG, budget("web", 4), budget("also", 1))
    quay.rolled_out("deployment/web", "daemonset/log")
    node = quay.busiest()
    drain = ("drain", node, "--ignore-daemonsets")

    held = quay("drain", node)
    assert not held.ok
    assert (
        f"cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): {quay.project}/log"
        in held.err
    )
    assert "cordoned" in quay("cordon", node).check()
    overlapping = quay(*drain)
    assert not overlapping.ok
    assert "This pod has more than one PodDisruptionBudget" in overlapping.err
    quay("delete", "poddisruptionbudget", "also").check()
    assert f"{node} Ready,SchedulingDisabled" in " ".join(quay("get", "nodes").check().split())

    there = on(quay, node, "web")
    blocked = quay(*drain, "--timeout=1s")
    assert not blocked.ok
    assert "Cannot evict pod as it would violate the pod's disruption budget." in blocked.err
    assert on(quay, node, "web") == there

    least = '{"spec": {"minAvailable": 3}}'
    quay("patch", "poddisruptionbudget", "web", "-p", least).check()
    with quay.kubectl.watching("-n", quay.project, "deployments") as lines:
        machine.eventually("the watch to begin", lambda: "ADDED" in lines.read_text() or None)
        drained = quay(*drain, "--timeout=60s").check()
        quay.rolled_out("deployment/web")
    ready = [line.split()[2] for line in lines.read_text().splitlines() if " web " in line]
    assert ready
    assert set(ready) <= {"3/4", "4/4"}
    assert all(f"pod/{name} evicted" in drained for name in there)
    assert on(quay, node, "web") == []
    assert len(on(quay, node, "log")) == 1
    assert len(alive(quay)) == 4 + len(NODES)

    quay("uncordon", node).check()
    quay("scale", "deployment/web", "--replicas=9").check()
    quay.rolled_out("deployment/web")
    assert on(quay, node, "web")


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_what_a_deployment_owns_goes_or_stays_as_asked(quay: Quay, cascade: str) -> None:
    quay.make(WEB, OLD)
    quay.rolled_out("deployment/web")

    quay("delete", "deployment/web", f"--cascade={cascade}", "--timeout=60s").check()

    left = ("replicasets,pods", "-l", "app=web")
    if cascade == "background":
        quay.gone(*left)
    if cascade == "orphan":
        (owner, *pods) = quay.found(*left)
        assert "ownerReferences" not in owner["metadata"]
        assert (owner["kind"], len(pods)) == ("ReplicaSet", 4)
        assert {pod["metadata"]["ownerReferences"][0]["uid"] for pod in pods} == {
            owner["metadata"]["uid"]
        }
        quay.make(WEB)
        quay.rolled_out("deployment/web")
        (adopted, *kept) = quay.found(*left)
        assert adopted["metadata"]["ownerReferences"][0]["kind"] == "Deployment"
        names = [pod["metadata"]["name"] for pod in pods]
        assert [pod["metadata"]["name"] for pod in kept] == names
    else:
        assert quay.found(*left) == []
    assert [one["metadata"]["name"] for one in quay.found("rc")] == ["old"]


def test_older_kinds_leave_their_pods_unless_told_otherwise(quay: Quay) -> None:
    quay.make(ONCE, OLD)
    quay("wait", "--for=condition=complete", "job/once", "--timeout=60s").check()
    space = f"namespaces/{quay.project}"
    paths = (f"/apis/batch/v1/{space}/jobs/once", f"/api/v1/{space}/replicationcontrollers/old")

    for path in paths:
        warned = quay("delete", "--raw", path)
        assert warned.check()
        assert "Warning: the pods stay" in warned.err
    quay.gone("jobs,replicationcontrollers")

    pods = quay.found("pods")
    assert len(pods) == 5
    assert not any("ownerReferences" in pod["metadata"] for pod in pods)
    quay.make(ONCE, {**OLD, "metadata": {"name": "older"}})
    quay("wait", "--for=condition=complete", "job/once", "--timeout=60s").check()
    quay("delete", "job/once", "rc/older", "--timeout=60s").check()
    machine.eventually("only orphans to be left", lambda: len(quay.found("pods")) == 3 or None)


def test_managers_of_one_deployment_conflict_unless_forced(quay: Quay) -> None:
    first = json.dumps(WEB)
    second = first.replace("app:1", "app:2")
    apply = ("apply", "--server-side", "-f", "-")
    conflict = 'Apply failed with 1 conflict: conflict with "{}": {}'
    image_path = '.spec.template.spec.containers[name="app"].image'

    quay(*apply, "--field-manager=ann", given=first).check()
    quay.rolled_out("deployment/web")
    refused = quay(*apply, "--field-manager=bob", given=second)
    assert not refused.ok
    assert conflict.format("ann", image_path) in refused.err
    quay(*apply, "--field-manager=bob", "--force-conflicts", given=second).check()
    refused = quay(*apply, "--field-manager=ann", given=first)
    assert conflict.format("bob", image_path) in refused.err
    quay.rolled_out("deployment/web")
    assert {image(pod) for pod in alive(quay)} == {"registry.test/app:2"}

    quay("scale", "deployment/web", "--replicas=2").check()
    refused = quay(*apply, "--field-manager=bob", given=second)
    scaled = 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas'
    assert scaled in refused.err
    shown = () if quay.kubectl.old else ("--show-managed-fields",)
    (found,) = quay.found("deployments", *shown)
    managers = {
        (entry["manager"], entry["operation"], entry.get("subresource", ""))
        for entry in found["metadata"]["managedFields"]
    }
    assert managers == {
        ("ann", "Apply", ""),
        ("bob", "Apply", ""),
        ("kubectl", "Update", "scale"),
        ("wharfinger-workloads", "Update", ""),
        ("wharfinger-workloads", "Update", "status"),
    }


def test_a_diff_shows_what_would_change_and_nothing_else(quay: Quay) -> None:
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "b"}}
    objects = (
        data,
        budget("web", 1),
        {**WEB, "spec": workload(0)},
        {**OLD, "spec": OLD["spec"] | {"replicas": 0}},
    )
    quay.make(*objects)
    quay.rolled_out("deployment/web")

    same = quay("diff", "-f", "-", given=_list(objects))
    changed = quay("diff", "-f", "-", given=_list(objects).replace('"b"', '"c"'))

    assert (same.code, same.out) == (0, "")
    assert changed.code == 1
    lines = [line for line in changed.out.splitlines() if re.match(r"[-+] ", line)]
    assert [line for line in lines if re.match(r"[-+]  a: ", line)] == ["-  a: b", "+  a: c"]
    assert not any("annotations" in line for line in lines)


def test_what_needs_something_that_runs_is_refused_by_name(quay: Quay) -> None:
    quay.make(STORE)
    quay.rolled_out("statefulset/store")

    for subresource, words in {
        "pods/log": ("logs", "store-0"),
        "pods/exec": ("exec", "store-0", "--", "true"),
        "pods/attach": ("attach", "store-0"),
        "pods/portforward": ("port-forward", "store-0", "8080"),
    }.items():
        refused = quay(*words)
        assert not refused.ok
        assert _OUTSIDE.format(subresource) + _NOTHING_RUNS in refused.err
    for words in (("top", "pods"), ("top", "nodes")):
        assert "Metrics API not available" in quay(*words).err
    measured = quay("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes").err
    assert (
        _OUTSIDE.format("nodes.metrics.k8s.io") + "nothing here measures pods or nodes" in measured
    )
    share = "--cpu-percent=50" if quay.kubectl.old else "--cpu=50%"
    autoscaled = quay("autoscale", "statefulset/store", "--max=5", share)
    assert "horizontalpodautoscalers.autoscaling is outside" in autoscaled.err


def test_auth_can_i_knows_what_is_below_workloads(quay: Quay) -> None:
    quay("create", "rolebinding", "edit", "--clusterrole=edit", "--user=ed").check()

    def may(verb: str, resource: str, below: str, who: str) -> str:
        words = ("auth", "can-i", verb, resource, f"--subresource={below}", f"--as={who}")
        return quay(*words).out.strip()

    assert may("patch", "deployments.apps", "scale", "ed") == "yes"
    assert may("create", "pods", "eviction", "ed") == "yes"
    assert may("patch", "deployments.apps", "status", "ed") == "no"
    assert may("create", "pods", "eviction", "nobody") == "no"
    assert may("patch", "nodes", "", "ed") == "no"


def test_pods_that_nothing_runs_say_so_and_go_at_once(quay: Quay) -> None:
    node = f"bare-{quay.project}"
    lone = made("Pod", "lone", pod_spec(nodeName=node))
    choosy = made("Pod", "choosy", pod_spec(nodeSelector={"berth": "none"}))
    quay.make(made("Node", node, {"unschedulable": True}), lone, choosy)

    def told() -> str | None:
        found = quay("describe", "pods").check()
        return found if found.count("Message:") == 2 else None

    described = machine.eventually("both pods to say why they wait", told)
    assert f"no node agent has reported for node {node}: nothing runs this pod" in described
    assert "node(s) didn't match Pod's node affinity/selector" in described
    assert len(re.findall("Status: +Pending", described)) == 2
    assert re.search(rf"{node} +Unknown", quay("get", "nodes").check())
    quay("drain", node, "--force", "--timeout=60s").check()
    assert [pod["metadata"]["name"] for pod in quay.found("pods")] == ["choosy"]
    quay("delete", "node", node).check()


def test_the_practice_of_the_page_goes_as_written(harbour: Wharf, tmp_path: Path) -> None:
    kubectl = clients.kubectl(clients.KUBECTLS[0], harbour, tmp_path)
    script = "\n".join(["set -euxo pipefail", *_BLOCK.findall(PAGE.read_text())])
    # The page's nodes, beside those that are there already.
    script = script.replace("pier-", "practised-")
    environ = {
        "HOME": str(tmp_path),
        "KUBECONFIG": str(harbour.kubeconfig),
        "PATH": f"{kubectl.program.parent}:{os.environ['PATH']}",
    }

    done = machine.run("bash", "-c", script, environ=environ)

    assert done.ok, f"{done.out}\n{done.err}"
    assert "node/practised-1 drained" in done.out
    assert "not drained" in done.out
    assert "Cannot evict pod as it would violate the pod's disruption budget." in done.err


def deadline(seconds: int, selector: dict[str, str]) -> Object:
    """Say how long a rollout may take, to pods that want such a node."""
    pods = {"spec": {"nodeSelector": selector}}
    return {"spec": {"progressDeadlineSeconds": seconds, "template": pods}}


def alive(quay: Quay) -> list[Object]:
    """All pods but those on their way out."""
    return [pod for pod in quay.found("pods") if "deletionTimestamp" not in pod["metadata"]]


def by_app(quay: Quay) -> dict[str, int]:
    return dict(Counter(pod["metadata"]["labels"]["app"] for pod in alive(quay)))


def on(quay: Quay, node: str, app: str) -> list[str]:
    """The pods of an application on a node."""
    found = quay.found("pods", "-l", f"app={app}", f"--field-selector=spec.nodeName={node}")
    return [pod["metadata"]["name"] for pod in found]


def image(pod: Object) -> str:
    return str(pod["spec"]["containers"][0]["image"])


def revisions(quay: Quay) -> list[str]:
    """The numbers in the history of the deployment `web`."""
    told = quay("rollout", "history", "deployment/web").check().splitlines()
    return [line.split()[0] for line in told if line[:1].isdigit()]


def _list(objects: Any) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
