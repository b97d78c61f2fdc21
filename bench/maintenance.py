"""
Maintenance: what it takes to explain and plan a large cluster, and to drain a node that is full.

The large cluster (5,000 nodes, 100,000 pods, 2,000 budgets) is read from a server over TLS, page by page, by a
process of its own, whose memory is measured; each node is explained, then waves are planned over all.

A node of 250 pods is drained by `wharf evacuate` and by `kubectl drain`, in turn and on the same server:
ten Deployments, each with a budget that lets five of its 25 pods go at a time. All replacements come up
on the other of two nodes, so that each round begins as the one before. Whoever drains, each change of
a pod is looked at: were there fewer healthy ones than the budgets want, there would be no figure.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import large_cluster, report
from bench.report import OURS, Measure
from e2e import clients, machine
from e2e.clients import Kubectl
from e2e.wharf import WHARF, Wharf
from wharfinger.cli import cluster_access
from wharfinger.maintenance import survey
from wharfinger.maintenance.explain import Explainer
from wharfinger.maintenance.fleet import waves
from wharfinger.maintenance.fleet.limits import Amount, Limits
from wharfinger.maintenance.kube.api import KubeApi
from wharfinger.maintenance.model import Cluster, Pod
from wharfinger.maintenance.options import Options

KUBECTL: Final = "kubectl drain"
EXPLAIN: Final = Measure("5,000 nodes and 100,000 pods read and explained", "s", "lower")
PLAN: Final = Measure("waves planned over them", "s", "lower")
MEMORY: Final = Measure("memory of the process that does it", "MiB", "lower")
GOALS: Final = {EXPLAIN: "< 60", PLAN: "< 10", MEMORY: "< 1,024"}
DRAIN: Final = Measure("a node of 250 pods, ten budgets", "s", "lower")

NODES: Final = ("pier-a", "pier-b")
PROJECT: Final = "quay"
APPLICATIONS: Final = 10
REPLICAS: Final = 25
AT_ONCE: Final = 5
_START: Final = 600.0
"""Seconds that a server may take to start with a large store while other work goes on."""


class BudgetBroken(Exception):
    """Fewer pods were healthy than a budget wants, so that there is no figure."""


def measure(folder: Path, rounds: int, suites: Iterable[str] | None = None) -> str:
    """The tables of figures, the first round left out."""
    chosen = tuple(suites) if suites is not None else tuple(SUITES)
    return "\n\n".join(SUITES[suite](folder / suite, rounds) for suite in chosen)


def _explain(folder: Path, rounds: int) -> str:
    samples: dict[Measure, list[float]] = {EXPLAIN: [], PLAN: [], MEMORY: []}
    with _large(folder) as wharf:
        for number in range(rounds + 1):
            with multiprocessing.get_context("spawn").Pool(1) as process:
                taken = process.apply(_explained, (wharf.kubeconfig,))
            for one, sample in taken.items():
                report.tell(number, OURS, one, sample)
                if number > 0:
                    samples[one].append(sample)
    return report.figures(samples, GOALS)


def _explained(kubeconfig: Path) -> Mapping[Measure, float]:
    """In a process of its own: read, explain, plan."""
    start = time.perf_counter()
    cluster = asyncio.run(_read(kubeconfig))
    assert len(cluster.nodes) == large_cluster.NODES
    assert len(cluster.pods) == large_cluster.PODS
    explainer = Explainer(cluster, Options(delete_empty_dir_data=True), datetime.now(UTC))
    plans = {name: explainer.node(name) for name in cluster.nodes}
    explained = time.perf_counter()
    found = waves.arrange(plans, Limits(Amount.parse("10%")))
    planned = time.perf_counter()
    assert sum(len(wave.nodes) for wave in found.waves) == large_cluster.NODES
    return {EXPLAIN: explained - start, PLAN: planned - explained, MEMORY: _peak() / 1024}


async def _read(kubeconfig: Path) -> Cluster:
    async with KubeApi(cluster_access.server(kubeconfig, None)) as api:
        names = [node.name for node in await api.nodes()]
        return (await survey.read(api, names)).cluster


def _peak() -> int:
    """The most that this process has held resident, in KiB."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


@contextmanager
def _large(folder: Path) -> Iterator[Wharf]:
    wharf = Wharf(folder / "state")
    folder.mkdir()
    try:
        large_cluster.fill(wharf, folder / "home")
        wharf.launch()
        machine.eventually("the server to be ready", wharf.ready, seconds=_START)
        machine.eventually("its controllers at rest", lambda: _rests(wharf), seconds=_START)
        yield wharf
    finally:
        wharf.kill()


def _rests(wharf: Wharf) -> bool | None:
    """Whether it hardly works: after a start, controllers look once at all that there is."""
    before = _worked(wharf)
    time.sleep(1)
    return True if _worked(wharf) - before < 0.2 else None


def _worked(wharf: Wharf) -> float:
    """Seconds of processor time so far."""
    assert wharf.process is not None
    fields = Path(f"/proc/{wharf.process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _drain(folder: Path, rounds: int) -> str:
    folder.mkdir()
    samples = {DRAIN: {OURS: list[float](), KUBECTL: list[float]()}}
    wharf = Wharf(folder / "state")
    wharf.start()
    try:
        kubectl = clients.kubectl("1.35", wharf, folder / "home")
        _populate(kubectl)
        full, empty = NODES
        for number in range(rounds + 1):
            for name in (OURS, KUBECTL) if number % 2 else (KUBECTL, OURS):
                with _watched(wharf.kubeconfig):
                    taken = _drained(name, wharf, kubectl, full)
                _require_moved(kubectl, empty)
                kubectl("uncordon", full).check()
                full, empty = empty, full
                report.tell(number, name, DRAIN, taken)
                if number > 0:
                    samples[DRAIN][name].append(taken)
    finally:
        wharf.kill()
    return report.table(samples, theirs=KUBECTL)


def _populate(kubectl: Kubectl) -> None:
    """All pods on the first node, since the second comes when they are there."""
    project = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PROJECT}}
    names = [f"app-{number}" for number in range(APPLICATIONS)]
    made = [large_cluster.workload("Deployment", PROJECT, name, REPLICAS) for name in names]
    budgets = [large_cluster.budget(PROJECT, name, AT_ONCE) for name in names]
    large_cluster.create(kubectl, project, large_cluster.node(NODES[0]), *made, *budgets)
    _require_moved(kubectl, NODES[0])
    large_cluster.create(kubectl, large_cluster.node(NODES[1]))
    machine.eventually("budgets that are counted", lambda: _all_allow(kubectl))


def _require_moved(kubectl: Kubectl, node: str) -> None:
    """All pods are on one node and available, and the budgets allow what they allow at rest."""
    for number in range(APPLICATIONS):
        words = ("rollout", "status", f"deployment/app-{number}", "--timeout=60s")
        kubectl("-n", PROJECT, *words).check()
    shown = kubectl("-n", PROJECT, "get", "pods", "-o", "json").check()
    places = Counter(one["spec"].get("nodeName") for one in json.loads(shown)["items"])
    assert places == {node: APPLICATIONS * REPLICAS}, places
    machine.eventually("budgets that are counted", lambda: _all_allow(kubectl))


def _all_allow(kubectl: Kubectl) -> bool | None:
    shown = kubectl("-n", PROJECT, "get", "poddisruptionbudgets", "-o", "json").check()
    allowed = [one["status"].get("disruptionsAllowed") for one in json.loads(shown)["items"]]
    return True if allowed == [AT_ONCE] * APPLICATIONS else None


def _drained(name: str, wharf: Wharf, kubectl: Kubectl, node: str) -> float:
    flags = ("--ignore-daemonsets", "--delete-emptydir-data", f"--kubeconfig={wharf.kubeconfig}")
    words = (WHARF, "evacuate") if name == OURS else (kubectl.program, "drain")
    start = time.perf_counter()
    machine.run(*words, node, *flags, seconds=600).check()
    return time.perf_counter() - start


@contextmanager
def _watched(kubeconfig: Path) -> Iterator[None]:
    """Fail if after any change of a pod fewer were healthy than a budget wants."""
    begun, over = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        watch = threads.submit(lambda: asyncio.run(_watch(kubeconfig, begun, over)))
        try:
            begun.wait(60)
            yield
        finally:
            over.set()
        least, changes = watch.result()
    print(f"{changes} changes, and never less than {least} healthy pods", file=sys.stderr)
    if least < REPLICAS - AT_ONCE or changes < APPLICATIONS * REPLICAS:
        raise BudgetBroken(f"{least} healthy pods of {REPLICAS}, {changes} changes seen")


async def _watch(
    kubeconfig: Path, begun: threading.Event, over: threading.Event
) -> tuple[int, int]:
    """The least number of healthy pods that an application had, and how many changes were seen."""
    async with KubeApi(cluster_access.server(kubeconfig, None)) as api:
        found, revision = await api.pods(namespace=PROJECT)
        counts = _Counts()
        for pod in found:
            counts.see(pod)
        follow = asyncio.create_task(_follow(api, revision, counts))
        begun.set()
        await asyncio.to_thread(over.wait)
        left, _ = await api.pods(namespace=PROJECT)
        while counts.healthy.keys() != {pod.uid for pod in left if _healthy(pod)}:
            if follow.done():
                break
            await asyncio.sleep(0.05)
        follow.cancel()
        await asyncio.gather(follow, return_exceptions=True)
    return counts.least, counts.changes


async def _follow(api: KubeApi, revision: str, counts: _Counts) -> None:
    while True:
        async for event in api.watch_pods(revision, namespace=PROJECT):
            revision = event.revision
            if event.pod is not None:
                counts.see(event.pod, gone=event.gone)


@dataclass(slots=True)
class _Counts:
    healthy: dict[str, str] = field(default_factory=dict)
    """The application of each healthy pod, by the uid of the pod."""
    changes: int = 0
    least: int = REPLICAS

    def see(self, pod: Pod, *, gone: bool = False) -> None:
        application = pod.labels["app"]
        if not gone and _healthy(pod):
            self.healthy[pod.uid] = application
        elif self.healthy.pop(pod.uid, None) is not None:
            self.changes += 1
            self.least = min(self.least, Counter(self.healthy.values())[application])


def _healthy(pod: Pod) -> bool:
    """As budgets count."""
    return pod.ready and pod.deleted is None


SUITES: Final[dict[str, Callable[[Path, int], str]]] = {
    "explain_100000": _explain,
    "drain_250": _drain,
}
