"""
Three hosts with a real dockerd each, which are the nodes of a cluster: a change of registries and trust
for which Docker restarts goes over them host by host. One cannot prove it, so the wave stops there; it
is undone, and a resume finishes when that host is mended. The cluster is our own server, at the place
that Ansible runs from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from e2e import machine
from e2e.fleet_hosts import REGISTRY, Fleet
from e2e.machine import Done, Process
from e2e.wharf import WHARF
from made_pods import practice, workload

pytestmark = pytest.mark.e2e

NAMES = ("one", "two", "three")
NODES = {name: f"pier-{name}" for name in NAMES}
PODS = 6
LEAST = 5
SITE = f"""
registries:
  insecure: ["lab.site.test:5000"]
trust:
  registries:
    "{REGISTRY}:5000": {{ca: ca.crt}}
  system: [ca.crt]
"""
API = "127.0.0.1:6443"
DOCKERD = (
    "mkdir -p /etc/docker; echo '{\"live-restore\": true}' >/etc/docker/daemon.json; "
    "nohup dockerd --data-root=/run/data --exec-root=/run/exec --pidfile=/run/docker.pid "
    "--bridge=none --iptables=false >/run/dockerd.log 2>&1 </dev/null &"
)
GATE = "sh -c 'echo $WHARF_RUN $WHARF_HOST $WHARF_NODE >>{}'"


def made(version: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **more}


def cluster() -> str:
    nodes = [
        {**made("v1", "Node", node), "metadata": {"name": node, "annotations": practice()}}
        for node in NODES.values()
    ]
    budget = {"minAvailable": LEAST, "selector": {"matchLabels": {"app": "web"}}}
    items = [
        *nodes,
        made("apps/v1", "Deployment", "web", spec=workload(PODS)),
        made("policy/v1", "PodDisruptionBudget", "web", spec=budget),
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


@dataclass(frozen=True, slots=True)
class Harbour:
    """The fleet, and what runs at the place from which it can be reached."""

    fleet: Fleet
    folder: Path

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "state" / "admin.kubeconfig"

    def kubectl(self, *words: str, given: str | None = None) -> Done:
        program = machine.TOOLS / "kubectl-1.35" / "kubectl"
        return self.fleet.run(program, f"--kubeconfig={self.kubeconfig}", *words, given=given)

    def maintain(self, *words: str | Path) -> Done:
        journals = f"--journal={self.folder / 'runs'}"
        environ = {"KUBECONFIG": str(self.kubeconfig)}
        return self.fleet.run(WHARF, "maintain", journals, *words, environ=environ)

    def nodes(self) -> dict[str, tuple[bool, bool]]:
        """Of each node, whether it is closed, and whether it says that this was us."""
        items = json.loads(self.kubectl("get", "nodes", "-o", "json").check())["items"]
        return {
            item["metadata"]["name"]: (
                item["spec"].get("unschedulable", False),
                "wharfinger.dev/cordon" in item["metadata"]["annotations"],
            )
            for item in items
        }

    def insecure(self, name: str) -> bool:
        """Has the daemon of this host taken what the site file says?"""
        found = self.fleet.on(name, "docker", "info", "--format", "'{{json .RegistryConfig}}'")
        return "lab.site.test:5000" in json.loads(found.check())["IndexConfigs"]

    def serve_registry(self, certificate: str, *enter: str) -> Process:
        """What shows a certificate at the port of the registry."""
        words = ("openssl", "s_server", "-accept", "5000", "-quiet", "-naccept", "1000")
        pem = str(self.folder / certificate)
        log = self.folder / f"{certificate}.log"
        return Process(*enter, *words, "-cert", pem, "-key", pem, log=log)

    def settings(self, name: str) -> str:
        """What stands in the files of a host that an apply may change."""
        places = "/etc/containerd /etc/containers /etc/docker /usr/local/share/ca-certificates"
        words = f"find {places} -type f -exec stat -c '%n %a %u %g' {{}} + -exec sha256sum {{}} +"
        return "\n".join(sorted(self.fleet.on(name, words).out.splitlines()))


@pytest.fixture
def harbour(short_path: Path) -> Iterator[Harbour]:
    for program in ("containerd", "docker", "dockerd", "openssl"):
        machine.need(program)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(short_path / "ca.crt")
    for signer, name in ((authority, "right.pem"), (trustme.CA(), "wrong.pem")):
        certificate = signer.issue_cert(REGISTRY)
        certificate.private_key_and_cert_chain_pem.write_to_path(short_path / name)
    (short_path / "site.yaml").write_text(SITE)
    fleet = Fleet(short_path, NAMES)
    found = Harbour(fleet, short_path)
    fleet.write_inventory(**{name: {"wharf_node": node} for name, node in NODES.items()})
    server = (WHARF, "up", "--state", short_path / "state", "--listen", API)
    running = [
        found.serve_registry("right.pem", *fleet.enter),
        Process(*fleet.enter, *server, log=short_path / "wharf.log"),
    ]
    try:
        for name in NAMES:
            fleet.on(name, DOCKERD).check()
        for name in NAMES:
            machine.eventually(
                lambda name=name: fleet.on(name, "cat", "/run/dockerd.log").out,
                lambda name=name: fleet.on(name, "docker", "version").ok or None,
            )
        ready = ("curl", "-fsSk", f"https://{API}/readyz")
        machine.eventually(running[1].output, lambda: fleet.run(*ready).ok or None)
        found.kubectl("create", "-f", "-", given=cluster()).check()
        found.kubectl("rollout", "status", "deployment", "web", "--timeout=60s").check()
        yield found
    finally:
        for process in running:
            process.stop()
        fleet.stop()


def test_a_change_goes_over_three_hosts_stops_at_the_broken_one_and_is_finished_by_a_resume(
    harbour: Harbour,
) -> None:
    fleet, folder = harbour.fleet, harbour.folder
    wanted = (f"--site={folder / 'site.yaml'}", f"-i={fleet.inventory}", "--drain-for=restart")
    before = {name: harbour.settings(name) for name in NAMES}

    plan = json.loads(harbour.maintain(*wanted, "--plan", "-o", "json").check())

    assert [host["drain"] for host in plan["hosts"]] == [True] * 3
    assert {host["disruption"] for host in plan["hosts"]} == {"restart"}
    assert [wave["nodes"] for wave in plan["waves"]] == [[node] for node in NODES.values()]
    assert {name: harbour.settings(name) for name in NAMES} == before

    # At this host another server has the name of the registry, and nobody vouches for it.
    fleet.on("two", f"echo 127.0.0.1 {REGISTRY} | cat - /etc/hosts >/run/hosts").check()
    fleet.on("two", "cp /etc/hosts /run/right && cat /run/hosts >/etc/hosts").check()
    impostor = harbour.serve_registry("wrong.pem", *fleet.enter, "nsenter", "--net=/run/netns/two")
    passed = folder / "passed"
    try:
        stopped = harbour.maintain(
            *wanted,
            "--yes",
            f"--gate-command={GATE.format(passed)}",
            f"--report={folder / 'report.md'}",
            f"--metrics={folder / 'maintain.prom'}",
        )
    finally:
        impostor.stop()

    assert stopped.code == 4, stopped.err
    lines = [json.loads(line) for line in stopped.out.splitlines()]
    report = lines[-1]
    assert {one["host"]: one["state"] for one in report["hosts"]} == {
        "one": "done",
        "two": "failed",
        "three": "explained",
    }
    assert "node pier-two is back in service" in report["hosts"][1]["message"]
    assert "| two | pier-two | failed | yes | restart |" in (folder / "report.md").read_text()
    metrics = (folder / "maintain.prom").read_text()
    assert 'phase{host="two",node="pier-two",phase="failed"} 1' in metrics
    assert harbour.settings("one") != before["one"]
    assert {name: harbour.settings(name) for name in ("two", "three")} == {
        name: before[name] for name in ("two", "three")
    }
    assert [harbour.insecure(name) for name in NAMES] == [True, False, False]
    assert set(harbour.nodes().values()) == {(False, False)}
    assert passed.read_text() == f"{report['run']} one pier-one\n"

    reasons = harbour.kubectl("get", "events", "-o", "jsonpath={.items[*].reason}").check()
    assert {"MaintenanceDone", "MaintenanceFailed"} <= set(reasons.split())

    fleet.on("two", "cat /run/right >/etc/hosts").check()
    finished = harbour.maintain("--resume", "last")

    assert finished.code == 0, finished.err
    assert [harbour.insecure(name) for name in NAMES] == [True] * 3
    assert set(harbour.nodes().values()) == {(False, False)}
    assert passed.read_text().split()[2::3] == [*NODES.values()]
    shown = json.loads(harbour.maintain("--status", "-o", "json").check())["run"]
    assert (shown["done"], shown["counts"]) == (True, {"done": 3})
    left = [line for line in finished.out.splitlines() if "pod-gone" in line]
    assert left, "the nodes were emptied"
    lease = harbour.kubectl(
        "get", "lease", "wharfinger-maintenance", "-n", "kube-system", "-o=json"
    )
    assert "holderIdentity" not in json.loads(lease.check())["spec"]
