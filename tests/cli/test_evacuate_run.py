from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from made_evacuations import pod
from maintenance.fake_cluster import FakeCluster, JumpingClock, run
from wharfinger.cli import evacuate_run
from wharfinger.cli.evacuate_run import Order, Outcomes
from wharfinger.maintenance import cordon
from wharfinger.maintenance.api import ApiRefused
from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.explain import NodePlan
from wharfinger.maintenance.model import Node
from wharfinger.maintenance.node.announcing import Announcer
from wharfinger.maintenance.node.progress import Kind, Progress, Reopen, Report, State
from wharfinger.maintenance.options import Options

NOTE = Note("ann@desk", "a new disk", "run-1", "2027-01-15T12:00:00Z")


@dataclass
class Harbour(FakeCluster):
    """A cluster that keeps its Events, too."""

    events: list[tuple[str, str, bool]] = field(default_factory=list)

    async def create_event(self, node: Node, *, reason: str, message: str, warning: bool) -> None:
        self.events.append((node.name, reason, warning))


@dataclass
class Ears:
    """A `Teller` that keeps what it was told."""

    heard: list[Progress] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def explained(self, plan: NodePlan) -> None: ...

    def progress(self, one: Progress) -> None:
        self.heard.append(one)

    def ended(self, report: Report) -> None:
        self.reports.append(report)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def tick(self) -> None: ...


def evacuated(
    cluster: Harbour,
    *,
    names: Sequence[str] = ("n1", "n2", "n3"),
    at_once: int = 1,
    options: Options | None = None,
    metrics: Path | None = None,
    stop: asyncio.Event | None = None,
    ears: Ears | None = None,
) -> Outcomes:
    order = Order(options=options or Options(), note=NOTE, at_once=at_once, reopen=Reopen.UNTOUCHED)
    teller, clock = ears or Ears(), JumpingClock()

    async def work() -> Outcomes:
        plans = await evacuate_run.explained(
            cluster, [cluster.found[name] for name in names], order.options, clock=clock
        )
        async with Announcer(
            cluster, events=True, webhook=None, warn=teller.warn, now=clock.now
        ) as announcer:
            return await evacuate_run.run(
                cluster,
                plans,
                order,
                teller=teller,
                announcer=announcer,
                metrics=metrics,
                stop=stop or asyncio.Event(),
                clock=clock,
            )

    return run(work())


@pytest.fixture
def cluster() -> Harbour:
    """Three nodes, each with a pod that nobody misses."""
    found = Harbour()
    for number in (1, 2, 3):
        found.add_node(f"n{number}")
        found.add_pod(pod(f"web-{number}", at=f"n{number}"))
    return found


def spans(ears: Ears) -> dict[str, tuple[int, int]]:
    """From where to where in what was heard each node was closed and not ended."""
    begun = {one.node: at for at, one in enumerate(ears.heard) if one.kind is Kind.CORDONED}
    ended = {one.node: at for at, one in enumerate(ears.heard) if one.kind is Kind.ENDED}
    return {name: (begun[name], ended[name]) for name in begun}


@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (2, 2), (9, 3)])
def test_so_many_nodes_are_emptied_at_a_time(cluster, at_once, most):
    ears = Ears()

    outcomes = evacuated(cluster, at_once=at_once, ears=ears)

    assert {one.state for one in outcomes.reports.values()} == {State.EVACUATED}
    found = list(spans(ears).values())
    together = [sum(begun <= at <= end for begun, end in found) for at in range(len(ears.heard))]
    assert max(together) == most


def test_a_node_that_cannot_be_emptied_keeps_no_other_from_it(cluster):
    cluster.add_pod(pod("bare", at="n2", owner=None))

    outcomes = evacuated(cluster)

    states = {name: report.state for name, report in outcomes.reports.items()}
    assert states == {"n1": State.EVACUATED, "n2": State.BLOCKED, "n3": State.EVACUATED}
    assert cluster.found["n2"].schedulable


def test_nothing_is_begun_after_it_was_stopped(cluster):
    stop = asyncio.Event()
    stop.set()

    outcomes = evacuated(cluster, stop=stop)

    assert outcomes.not_begun == ["n1", "n2", "n3"]
    assert all(node.schedulable for node in cluster.found.values())


def test_a_node_that_cannot_be_read_is_a_failure_of_its_own(cluster):
    ears = Ears()
    real = cluster.pods

    async def pods(*, node: str = "", namespace: str = ""):
        if node == "n2" and ears.heard:  # not yet while all is explained
            raise ApiRefused("cannot list pods", status=403)
        return await real(node=node, namespace=namespace)

    cluster.pods = pods
    outcomes = evacuated(cluster, ears=ears)

    assert [type(one).__name__ for one in outcomes.failures.values()] == ["ClusterForbids"]
    assert set(outcomes.reports) == {"n1", "n3"}


def test_the_start_and_the_end_are_told_to_the_cluster(cluster):
    cluster.add_pod(pod("bare", at="n2", owner=None))

    evacuated(cluster)

    assert cluster.events == [
        ("n1", "EvacuationStarted", False),
        ("n1", "EvacuationDone", False),
        ("n2", "EvacuationBlocked", True),
        ("n3", "EvacuationStarted", False),
        ("n3", "EvacuationDone", False),
    ]


def held(cluster: Harbour) -> int:
    return sum(reason == "EvacuationHeld" for _, reason, _ in cluster.events)


def test_pods_that_wait_their_turn_are_nothing_to_tell(cluster):
    cluster.add_maker("shop", {"n1": 5, "n2": 1})
    cluster.add_guard("shop", 5, app="shop")
    ears = Ears()

    evacuated(cluster, names=("n1",), ears=ears)

    assert Kind.HELD in {one.kind for one in ears.heard}
    assert held(cluster) == 0


def test_that_nothing_gets_on_is_told_once_until_it_does(cluster):
    cluster.add_maker("shop", {"n1": 3}, ready_after=100.0)
    cluster.add_guard("shop", 2, app="shop")

    outcomes = evacuated(cluster, names=("n1",))

    assert outcomes.reports["n1"].state is State.EVACUATED
    assert held(cluster) == 2  # before the second pod, and before the third


def test_metrics_stand_in_their_file_at_the_end(cluster, tmp_path):
    cluster.add_pod(pod("bare", at="n2", owner=None))
    file = tmp_path / "drain.prom"

    evacuated(cluster, metrics=file)

    samples = {
        (sample.name.removeprefix("wharfinger_drain_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(file.read_text())
        for sample in family.samples
    }
    assert samples["blocked_pods", "n2", "unmanaged"] == 1
    assert samples["state", "n1", "evacuated"] == 1
    assert samples["pods_gone", "n3"] == 1
    assert file.stat().st_mode & 0o777 == 0o644


def test_metrics_that_cannot_be_written_are_warned_of_once(cluster, tmp_path):
    ears = Ears()

    outcomes = evacuated(cluster, metrics=tmp_path / "none" / "drain.prom", ears=ears)

    assert len(ears.warnings) == 1
    assert {one.state for one in outcomes.reports.values()} == {State.EVACUATED}
    assert all(cordon.note_of(node) == NOTE for node in cluster.found.values())
