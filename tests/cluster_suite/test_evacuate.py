"""`wharf evacuate` on a cluster, as a person or a script calls it, beside others who use it."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cluster_suite.conftest import Place
from e2e import machine
from e2e.machine import Process
from e2e.wharf import WHARF

pytestmark = pytest.mark.e2e

NOTE = "wharfinger.dev/cordon"


@contextmanager
def listening() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address for a webhook, and what is posted there."""
    posted: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/told", posted
        finally:
            server.shutdown()
            thread.join()


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def heard(process: Process, event: str) -> bool | None:
    """Whether it has told this yet; a line may be half written."""
    return f'"event": "{event}"' in process.output() or None


def test_a_node_is_explained_emptied_and_opened_again(place: Place, tmp_path: Path) -> None:
    node = place.run("web", 4, keep=3)
    metrics = tmp_path / "drain.prom"

    plan = place.evacuate(node, "web", "--plan", "-o", "json")
    assert plan.code == 0
    (explained,) = json.loads(plan.out)["nodes"]
    going = {one["name"] for one in explained["pods"] if one["outcome"] in ("goes", "waits")}
    assert going == {pod["metadata"]["name"] for pod in place.pods("web", node)}
    assert not place.closed(node)

    with listening() as (address, posted):
        done = place.evacuate(
            node,
            "web",
            "--wait-replacements",
            "--timeout=3m",
            "--reason=a new disk",
            f"--webhook={address}",
            f"--metrics={metrics}",
        )
    assert done.ok, done.err
    assert done.out.splitlines()[0] == f"node/{node} cordoned"
    assert done.out.splitlines()[-1] == f"node/{node} drained"
    assert {line.split()[0] for line in done.out.splitlines() if line.endswith("evicted")} == {
        f"pod/{name}" for name in going
    }
    assert place.pods("web", node) == []
    assert json.loads(place.node(node)["metadata"]["annotations"][NOTE])["why"] == "a new disk"
    assert [one["stage"] for one in posted] == ["started", "ended"]
    assert f'state{{node="{node}",state="evacuated"}} 1' in metrics.read_text()
    events = place.kubectl(
        "-n", "default", "get", "events", f"--field-selector=involvedObject.name={node}"
    )
    assert "EvacuationDone" in events.check()

    opened = place.wharf("uncordon", node)
    assert (opened.code, opened.out) == (0, f"node/{node} uncordoned\n")
    assert "a new disk" in opened.err
    assert not place.closed(node)
    assert place.wharf("uncordon", node).out == f"node/{node} already uncordoned\n"


def test_what_would_be_lost_keeps_the_node_as_it_is(place: Place) -> None:
    node = place.run("store", 2, volumes=[{"name": "cache", "emptyDir": {}}])

    refused = place.evacuate(node, "store")
    assert refused.code == 3
    assert "--delete-emptydir-data" in refused.err
    assert refused.out == ""
    assert not place.closed(node)

    asked = place.evacuate(node, "store", "--delete-emptydir-data", "--dry-run=server")
    assert asked.ok, asked.err
    assert asked.out.splitlines()[-1] == f"node/{node} drained (server dry run)"
    assert place.pods("store", node)
    assert not place.closed(node)

    assert place.evacuate(node, "store", "--delete-local-data", "--timeout=2m").ok
    assert place.pods("store", node) == []
    place.wharf("uncordon", node).check()


def test_a_budget_that_lets_no_pod_go_ends_it_and_the_node_is_opened(place: Place) -> None:
    node = place.run("quorum", 2, keep=2)
    before = {pod["metadata"]["uid"] for pod in place.pods("quorum")}

    assert place.evacuate(node, "quorum", "--plan").code == 3
    late = place.evacuate(node, "quorum", "--timeout=3s")
    assert late.code == 124
    assert "budget" in late.err
    once = place.evacuate(node, "quorum", "--once", "-o", "json")
    assert once.code == 3
    report = lines(once.out)[-1]
    assert (report["event"], report["state"]) == ("report", "blocked")
    assert report["left"][0]["code"] == "budget-never"

    assert {pod["metadata"]["uid"] for pod in place.pods("quorum")} == before
    assert not place.closed(node)


def test_a_run_that_was_killed_is_simply_run_again(place: Place, tmp_path: Path) -> None:
    node = place.run("crew", 6, keep=5)

    run = place.begin(node, "crew", log=tmp_path / "killed.log")
    machine.eventually("the first eviction", lambda: heard(run, "evicting"))
    run.kill()

    assert place.evacuate(node, "crew", "--timeout=3m").ok
    assert place.pods("crew", node) == []
    place.wharf("uncordon", node).check()


def test_a_run_that_is_stopped_leaves_an_untouched_node_open(place: Place, tmp_path: Path) -> None:
    node = place.run("watch", 2, keep=2)

    run = place.begin(node, "watch", "--timeout=5m", log=tmp_path / "stopped.log")
    machine.eventually("a pod to be held", lambda: heard(run, "held"))
    assert place.closed(node)
    os.kill(run.pid, signal.SIGINT)

    machine.eventually("its end", lambda: None if run.alive else True)
    assert run.stop() == 130
    assert lines(run.output())[-1]["state"] == "stopped"
    assert not place.closed(node)


def test_of_several_nodes_one_that_cannot_be_emptied_keeps_no_other(place: Place) -> None:
    place.run("pair", 2 * len(place.nodes))
    first, second, *_ = place.nodes
    bare = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bare", "labels": place.labels("pair")},
        "spec": place.pod_spec(nodeName=second),
    }
    place.make(bare)
    place("wait", "--for=condition=Ready", "pod/bare", "--timeout=60s").check()

    done = place.evacuate(first, "pair", second, "--timeout=2m")

    assert done.code == 4
    assert place.pods("pair", first) == []
    assert place.pods("pair", second) != []
    assert (place.closed(first), place.closed(second)) == (True, False)
    assert place.evacuate(second, "pair", "--force", "--timeout=2m").ok
    place.wharf("uncordon", first, second).check()


def test_the_words_of_oc_and_a_cordon_of_somebody_else(place: Place) -> None:
    node = place.nodes[0]
    shown = place.wharf("manage-node", node, "--schedulable=false").check()
    assert "SchedulingDisabled" in shown
    assert place.wharf("manage-node", node, "--list-pods").ok
    place.wharf("manage-node", node, "--schedulable").check()

    place.kubectl("cordon", node).check()
    theirs = place.wharf("uncordon", node)
    assert theirs.code == 1
    assert place.closed(node)
    assert place.wharf("uncordon", node, "--force").check() == f"node/{node} uncordoned\n"


def test_kubectl_has_it_as_a_plugin(place: Place) -> None:
    node = place.run("plugin", 1)
    path = f"{WHARF.parent}:{os.environ['PATH']}"
    found = machine.run(
        place.kubectl.program,
        *place.evacuation(node, "plugin"),
        *("--plan", "-o", "name"),
        environ={"PATH": path, "KUBECONFIG": str(place.kubeconfig)},
    )

    assert found.check().startswith(f"pod/{place.namespace}/plugin-")


def test_who_may_only_read_gets_a_plan_and_is_told_what_more_it_takes(
    place: Place, tmp_path: Path
) -> None:
    node = place.run("reader", 1)
    role = f"{place.namespace}-reader"
    rules = [
        {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": ["list"]},
        {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["list"]},
    ]
    group = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": place.namespace}
    place.made += [("clusterrole", role), ("clusterrolebinding", role)]
    place.make(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader"}},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": role},
            "rules": rules,
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": role},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [subject],
        },
    )
    reader = tmp_path / "reader"
    reader.write_bytes(place.kubeconfig.read_bytes())
    reader.chmod(0o600)
    token = place("create", "token", "reader").check().strip()
    config = ("config", f"--kubeconfig={reader}")
    machine.run(
        place.kubectl.program, *config, "set-credentials", "reader", f"--token={token}"
    ).check()
    machine.run(place.kubectl.program, *config, "set-context", "--current", "--user=reader").check()

    plan = place.evacuate(node, "reader", "--plan", "--kubeconfig", reader)
    assert plan.ok, plan.err
    refused = place.evacuate(node, "reader", "--kubeconfig", reader, "--timeout=30s")
    assert refused.code != 0
    assert 'cannot patch resource "nodes"' in refused.err
    assert not place.closed(node)
