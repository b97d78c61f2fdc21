"""
Evacuations against our own server, whose rehearsal nodes end pods and whose controllers make them anew.

Nodes are tainted, and pods tolerate it, so that nothing of other tests comes to them. While anything is
evacuated, the pods of each budget are counted over and over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from e2e import fault_proxy, machine
from e2e.fault_proxy import Fault, FaultProxy, said
from e2e.machine import Process
from e2e.wharf import WHARF, Wharf
from made_pods import practice, template
from wharfinger.cli import cluster_access
from wharfinger.maintenance import cordon
from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.kube.api import KubeApi
from wharfinger.maintenance.model import Object
from wharfinger.maintenance.node import evacuation
from wharfinger.maintenance.node.progress import Kind, Progress, Report, State
from wharfinger.maintenance.options import Options
from wharfinger.system.clock import SystemClock

pytestmark = pytest.mark.e2e

NOTE = Note(by="ann", why="new disks", run="r-1", at="2027-01-15T12:00:00Z")
OPTIONS = Options(timeout=60)
EVICTION = r"/eviction$"
FLEET = 30
AT_ONCE = 5


class Clock(SystemClock):
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class Quay:
    """Nodes and a namespace of one test, and what is evacuated there."""

    api: KubeApi
    project: str
    nodes: list[str] = field(default_factory=list)
    least: dict[str, int] = field(default_factory=dict)
    """How many pods of an application its budget keeps."""
    short: list[str] = field(default_factory=list)
    """Where a count was below that."""
    told: list[Progress] = field(default_factory=list)

    async def add_nodes(self, count: int) -> None:
        taint = {"key": "test", "value": self.project, "effect": "NoSchedule"}
        for number in range(count):
            name = f"{self.project}-{number:02}"
            metadata = {"name": name, "annotations": practice()}
            await self._make("/api/v1/nodes", "v1", "Node", metadata, {"taints": [taint]})
            self.nodes.append(name)

    async def add_app(self, name: str, replicas: int, least: int | None, **spec: Any) -> None:
        """A Deployment whose pods are ready, and its budget."""
        tolerations = [{"key": "test", "operator": "Equal", "value": self.project}]
        made = {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(app=name, tolerations=tolerations, **spec),
        }
        path = f"/apis/apps/v1/namespaces/{self.project}/deployments"
        await self._make(path, "apps/v1", "Deployment", {"name": name}, made)
        if least is not None:
            await self.add_budget(name, least)
        await until(lambda: self.ready(name, replicas))

    async def add_budget(self, name: str, least: int) -> None:
        spec = {"minAvailable": least, "selector": {"matchLabels": {"app": name}}}
        path = f"/apis/policy/v1/namespaces/{self.project}/poddisruptionbudgets"
        await self._make(path, "policy/v1", "PodDisruptionBudget", {"name": name}, spec)
        self.least[name] = least

        async def counted() -> bool:
            return all(one.current and one.healthy for one in await self.api.budgets(self.project))

        await until(counted)

    async def ready(self, app: str, count: int) -> bool:
        return (await self.apps())[app] == count

    async def apps(self) -> Counter[str]:
        """How many pods of each application serve."""
        pods, _ = await self.api.pods(namespace=self.project)
        return Counter(one.labels["app"] for one in pods if one.ready and one.deleted is None)

    async def on(self, node: str) -> list[str]:
        pods, _ = await self.api.pods(node=node)
        return sorted(one.labels["app"] for one in pods)

    async def patch(self, path: str, patch: Object) -> None:
        kind = "application/merge-patch+json"
        await self.api.ask("PATCH", path, body=patch, content_type=kind)

    async def evacuate(
        self, node: str, options: Options = OPTIONS, stop: asyncio.Event | None = None
    ) -> Report:
        return await evacuation.evacuate(
            self.api,
            node,
            options,
            NOTE,
            told=self.told.append,
            stop=stop or asyncio.Event(),
            clock=Clock(),
        )

    async def uncordon(self, name: str) -> None:
        node = await self.api.node(name)
        patch = cordon.open(node, NOTE.run)
        assert patch is not None
        await self.api.patch_node(node, patch)

    @asynccontextmanager
    async def counted(self) -> AsyncIterator[None]:
        """Count all the while; afterwards no count has been below its budget."""

        async def count() -> None:
            while True:
                found = await self.apps()
                self.short += [
                    f"{app}: {found[app]} of {least}"
                    for app, least in self.least.items()
                    if found[app] < least
                ]
                await asyncio.sleep(0.01)

        counting = asyncio.ensure_future(count())
        try:
            yield
        finally:
            counting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await counting
        assert self.short == []

    async def _make(
        self, path: str, version: str, kind: str, metadata: Object, spec: Object
    ) -> None:
        body = {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}
        await self.api.ask("POST", path, body=body)


@pytest.fixture
def faults(wharf: Wharf) -> Iterator[FaultProxy]:
    with fault_proxy.before(wharf) as proxy:
        yield proxy


@pytest.fixture
async def quay(wharf: Wharf, project: str) -> AsyncIterator[Quay]:
    server = cluster_access.server(wharf.kubeconfig, None)
    async with KubeApi(server) as api, laid_out(api, project) as made:
        yield made


@pytest.fixture
async def proxied(faults: FaultProxy, project: str, tmp_path: Path) -> AsyncIterator[Quay]:
    """The same, by way of a proxy that does what a test says."""
    server = cluster_access.server(faults.kubeconfig(tmp_path), None)
    async with KubeApi(server, timeout=2.0, quiet=1.0) as api, laid_out(api, project) as made:
        yield made
        faults.heal()


@asynccontextmanager
async def laid_out(api: KubeApi, project: str) -> AsyncIterator[Quay]:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": project}}
    await api.ask("POST", "/api/v1/namespaces", body=body)
    made = Quay(api, project)
    yield made
    await api.ask("DELETE", f"/api/v1/namespaces/{project}")
    for name in made.nodes:
        await api.ask("DELETE", f"/api/v1/nodes/{name}")


async def test_one_node_is_emptied_proven_and_returned(quay: Quay) -> None:
    await quay.add_nodes(3)
    await quay.add_app("web", 9, 8)
    await quay.add_app("log", 3, None)
    node = quay.nodes[0]
    before = len(await quay.on(node))
    assert before > 2

    async with quay.counted():
        report = await quay.evacuate(node, replace(OPTIONS, wait_replacements=True))

    assert report.state is State.EVACUATED
    assert len(report.gone) == before
    assert await quay.on(node) == []
    assert await quay.apps() == {"web": 9, "log": 3}
    assert cordon.note_of(await quay.api.node(node)) == NOTE
    await quay.uncordon(node)
    again = await quay.api.node(node)
    assert again.schedulable
    assert cordon.ANNOTATION not in again.annotations


async def test_a_fleet_is_evacuated_within_its_budgets_and_what_blocks_says_why(quay: Quay) -> None:
    await quay.add_nodes(FLEET)
    await quay.add_app("web", FLEET, FLEET - 5)
    await quay.add_app("api", 10, 9)
    await quay.add_app("single", 1, 1)
    await quay.add_app("scratch", 1, None, volumes=[{"name": "cache", "emptyDir": {}}])
    held = {name: await quay.on(name) for name in quay.nodes}
    single = next(name for name, apps in held.items() if "single" in apps)
    scratch = next(name for name, apps in held.items() if "scratch" in apps)
    assert single != scratch
    free = asyncio.Semaphore(AT_ONCE)

    async def maintained(node: str) -> Report:
        async with free:
            report = await quay.evacuate(node, replace(OPTIONS, timeout=0))
            if report.state is State.EVACUATED:
                assert await quay.on(node) == []
            if report.cordoned:
                await quay.uncordon(node)
            return report

    async with quay.counted():
        reports = await asyncio.gather(*map(maintained, quay.nodes))

    states = Counter(one.state for one in reports)
    assert states == {State.EVACUATED: FLEET - 2, State.BLOCKED: 2}
    blocked = {one.node: one for one in reports if one.state is State.BLOCKED}
    assert set(blocked) == {single, scratch}
    assert [one.verdict.code for one in blocked[single].left] == ["budget-never"]
    assert [one.verdict.code for one in blocked[scratch].left] == ["local-storage"]
    assert blocked[scratch].gone == ()
    ours = [one for one in await quay.api.nodes() if one.name in quay.nodes]
    assert all(one.schedulable for one in ours)
    await until(lambda: quay.ready("web", FLEET))


@pytest.mark.parametrize(
    "moment",
    [Kind.EXPLAINED, Kind.CORDONED, Kind.EVICTING, Kind.HELD, Kind.ACCEPTED, Kind.GONE],
)
async def test_killed_at_any_state_it_is_run_again_and_ends(quay: Quay, moment: Kind) -> None:
    await quay.add_nodes(2)
    await quay.add_app("web", 4, 3)
    node = quay.nodes[0]

    async with quay.counted():
        assert await killed_at(quay, node, moment)
        report = await quay.evacuate(node)

    assert report.state is State.EVACUATED
    assert report.cordoned
    assert await quay.on(node) == []
    assert cordon.note_of(await quay.api.node(node)) == NOTE


async def test_a_command_that_is_killed_is_given_again_and_goes_on(
    quay: Quay, wharf: Wharf, tmp_path: Path
) -> None:
    """SIGKILL once the node is closed, once a pod is held, and once one is gone."""
    await quay.add_nodes(2)
    await quay.add_app("web", 6, 6)
    node = quay.nodes[0]
    command = (WHARF, "evacuate", node, "--kubeconfig", wharf.kubeconfig, "-o", "json")

    async def killed(number: int, kind: Kind) -> None:
        log = tmp_path / f"{number}.log"
        process = Process(*command, log=log)
        try:
            await until(lambda: answered(f'"{kind}"' in log.read_text()))
        finally:
            process.kill()

    async with quay.counted():
        await killed(1, Kind.CORDONED)
        await killed(2, Kind.HELD)
        quay.least["web"] = 5
        path = f"/apis/policy/v1/namespaces/{quay.project}/poddisruptionbudgets/web"
        await quay.patch(path, {"spec": {"minAvailable": 5}})
        await killed(3, Kind.GONE)
        left = await quay.on(node)
        done = await asyncio.to_thread(machine.run, *command)

    done.check()
    assert len(left) < 3
    assert await quay.on(node) == []
    closed = await quay.api.node(node)
    assert cordon.note_of(closed) is not None
    machine.run(WHARF, "uncordon", node, "--kubeconfig", wharf.kubeconfig).check()
    assert (await quay.api.node(node)).schedulable


async def test_stopped_it_leaves_what_has_not_gone_and_goes_on_later(quay: Quay) -> None:
    await quay.add_nodes(2)
    await quay.add_app("web", 4, 4)
    node = quay.nodes[0]
    there = await quay.on(node)
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.5, stop.set)

    stopped = await quay.evacuate(node, stop=stop)

    assert stopped.state is State.STOPPED
    assert await quay.on(node) == there
    assert (await quay.api.node(node)).schedulable
    least = {"spec": {"minAvailable": 3}}
    path = f"/apis/policy/v1/namespaces/{quay.project}/poddisruptionbudgets/web"
    await quay.patch(path, least)
    assert (await quay.evacuate(node)).state is State.EVACUATED


async def test_a_pod_that_is_not_ready_keeps_its_budget_spent_until_it_is_mended(
    quay: Quay,
) -> None:
    await quay.add_nodes(2)
    await quay.add_app("web", 4, 3)
    node, other = quay.nodes
    pods, _ = await quay.api.pods(node=other)
    ill = f"/api/v1/namespaces/{quay.project}/pods/{pods[0].name.name}"
    await quay.patch(f"{ill}/status", readiness("False"))

    async def spent() -> bool:
        return not any(one.allowed for one in await quay.api.budgets(quay.project))

    await until(spent)
    evacuating = asyncio.ensure_future(quay.evacuate(node))
    await until(lambda: answered(any(one.kind is Kind.HELD for one in quay.told)))
    reason = next(one.message for one in quay.told if one.kind is Kind.HELD)
    await quay.patch(f"{ill}/status", readiness("True"))

    assert (await evacuating).state is State.EVACUATED
    assert pods[0].name.name in reason


STRIKES: Mapping[str, Callable[[FaultProxy], None]] = {
    "evictions act and their answers are lost": lambda proxy: proxy.strike(
        "POST", EVICTION, Fault.CUT_AFTER, times=4
    ),
    "evictions never arrive": lambda proxy: proxy.strike(
        "POST", EVICTION, Fault.CUT_BEFORE, times=4
    ),
    "an eviction is not answered": lambda proxy: proxy.strike("POST", EVICTION, Fault.HANG),
    "the server is busy": lambda proxy: proxy.answer(
        "POST", EVICTION, 429, said(429, "TooManyRequests"), times=3, Retry_After="1"
    ),
    "the server fails": lambda proxy: proxy.answer(
        "POST", EVICTION, 500, said(500, "InternalError"), times=3
    ),
    "nothing is served for a while": lambda proxy: proxy.answer(
        "GET", "/api/v1/(nodes|pods)", 503, said(503, "ServiceUnavailable"), times=6
    ),
    "the watch is silent": lambda proxy: proxy.strike("GET", "watch", Fault.SILENT, times=2),
    "the watch breaks off": lambda proxy: proxy.strike("GET", "watch", Fault.HALF_A_LINE, times=3),
    "the watch has expired": lambda proxy: proxy.answer(
        "GET", "watch", 410, said(410, "Expired"), times=2
    ),
    "the cordon's answer is lost": lambda proxy: proxy.strike(
        "PATCH", "/api/v1/nodes/", Fault.CUT_AFTER
    ),
    "the node was written meanwhile": lambda proxy: proxy.answer(
        "PATCH", "/api/v1/nodes/", 409, said(409, "Conflict"), times=2
    ),
}


@pytest.mark.parametrize("strike", STRIKES)
async def test_faults_of_the_api_are_survived(
    proxied: Quay, faults: FaultProxy, strike: str
) -> None:
    await proxied.add_nodes(2)
    await proxied.add_app("web", 4, 3)
    node = proxied.nodes[0]
    pods, _ = await proxied.api.pods(node=node)
    STRIKES[strike](faults)

    async with proxied.counted():
        report = await proxied.evacuate(node)

    assert faults.struck, "nothing was struck"
    assert report.state is State.EVACUATED, report.message
    assert await proxied.on(node) == []
    assert report.cordoned
    evicted = Counter(faults.accepted("POST", EVICTION))
    assert {path.rsplit("/", 2)[1] for path in evicted} == {one.name.name for one in pods}
    assert set(evicted.values()) == {1}
    await until(lambda: proxied.ready("web", 4))


async def killed_at(quay: Quay, node: str, moment: Kind) -> bool:
    """Begin an evacuation that dies, without a chance to tidy, when something of a kind is told."""
    reached = asyncio.Event()

    def told(progress: Progress) -> None:
        if progress.kind is moment:
            reached.set()
            raise KilledError

    with contextlib.suppress(KilledError):
        await evacuation.evacuate(
            quay.api, node, OPTIONS, NOTE, told=told, stop=asyncio.Event(), clock=Clock()
        )
    return reached.is_set()


class KilledError(BaseException):
    pass


def readiness(status: str) -> Object:
    condition = {"type": "Ready", "status": status, "lastTransitionTime": NOTE.at}
    return {"status": {"conditions": [condition]}}


async def answered(value: bool) -> bool:
    return value


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(1500):
        if await holds():
            return
        await asyncio.sleep(0.02)
    pytest.fail("waited 30 s in vain")
