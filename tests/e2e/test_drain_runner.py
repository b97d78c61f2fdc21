"""
The behaviour table, carried out by our own runner on a real server: what goes is what kubectl lets go.

It ends otherwise than kubectl where nobody can help: with what it is that cannot go, and not by the
timeout. A node that nothing may be evicted from is not closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from e2e import drain_stage
from e2e.drain_stage import Pods
from e2e.wharf import Wharf
from maintenance import drain_table
from maintenance.drain_table import PodRow, Row
from wharfinger.cli import cluster_access
from wharfinger.maintenance.api import Api, NodeUnknown
from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.kube.api import KubeApi
from wharfinger.maintenance.node import evacuation
from wharfinger.maintenance.node.progress import Progress, Report, State
from wharfinger.system.clock import SystemClock

pytestmark = pytest.mark.e2e

ROWS = tuple(row for row in drain_table.rows() if "--dry-run=client" not in row.flags)
"""Those that are carried out: a dry run of the client only prints the plan."""
AT_ONCE = 40
PATIENCE = 4.0
"""Seconds for pods that may yet go, and do not."""
NOTE = Note(by="ann", why="a new disk", run="r-1", at="2027-01-15T12:00:00Z")


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is to be seen of what was done with one row."""

    report: Report | None
    """None: the node is unknown."""
    before: Pods
    after: Pods
    schedulable: bool | None
    """Of the node; None: there is none."""

    def gone(self, pod: PodRow) -> bool:
        now = self.after.get(pod.name)
        return now is None or now.uid != self.before[pod.name].uid

    def untouched(self, pod: PodRow) -> bool:
        return self.after.get(pod.name) == self.before[pod.name]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Seen]]:
    """What became of each row, by its id."""
    server = Wharf(tmp_path_factory.mktemp("runner") / "state")
    server.start()
    try:
        before = drain_stage.lay_out(server, ROWS)
        reports = asyncio.run(_evacuated(server))
        after, nodes = drain_stage.found(server)
        yield {
            known: Seen(report, before, after, nodes.get(known))
            for known, report in reports.items()
        }
    finally:
        server.stop()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_our_runner_does_what_the_table_says(seen: Mapping[str, Seen], row: Row) -> None:
    one = seen[row.id]

    if row.drain == "unknown":
        assert one.report is None
        return
    assert one.report is not None
    assert one.report.state is _end(row)
    gone = {pod.name for pod in row.judged if one.gone(pod)}
    if row.whichever:
        assert len(gone) == len(_wanted(row))
    else:
        assert gone == {pod.name for pod in _wanted(row)}
    held = {pod.name for pod in row.judged if pod.held}
    assert all(
        one.untouched(pod) for pod in row.pods if pod.name not in gone and pod.name not in held
    )
    assert all(one.after[name].deleted is not None for name in held)
    assert one.schedulable is not (row.cordoned or _closed(row))
    assert one.report.cordoned is (_closed(row) and not row.cordoned)


def _end(row: Row) -> State:
    if row.drain == "done":
        return State.EVACUATED
    if row.drain == "refused" or row.dry or _hopeless(row):
        return State.BLOCKED
    return State.TIMED_OUT


def _hopeless(row: Row) -> bool:
    """Whether a person has to do something about each pod that would be left.

    One that is not ready is waited for all the same: for a minute it may still become so.
    """
    waiting = [pod for pod in row.judged if pod.verdict[0] == "waits"]
    given_up = all(pod.hopeless and pod.verdict[1] != "not-ready" for pod in waiting)
    return given_up and not any(pod.held for pod in row.judged)


def _wanted(row: Row) -> list[PodRow]:
    """The pods that are to be gone."""
    if row.drain == "refused" or row.dry:
        return []
    outcomes = ("goes", "waits") if row.spare else ("goes",)
    return [pod for pod in row.judged if pod.verdict[0] in outcomes and not pod.held]


def _closed(row: Row) -> bool:
    """Whether the node stays closed: it is empty, or a pod was asked to go."""
    if row.drain == "refused" or row.dry:
        return False
    return row.drain == "done" or any(pod.verdict[0] == "goes" for pod in row.judged)


async def _evacuated(server: Wharf) -> dict[str, Report | None]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(api: Api, row: Row) -> Report | None:
        async with turn:
            try:
                return await _evacuate(api, row)
            except NodeUnknown:
                return None

    async with KubeApi(cluster_access.server(server.kubeconfig, None)) as api:
        ends = await asyncio.gather(*(one(api, row) for row in ROWS))
    return dict(zip((row.id for row in ROWS), ends, strict=True))


async def _evacuate(api: Api, row: Row) -> Report:
    patience = PATIENCE if row.drain == "waits" and not _hopeless(row) else 0.0
    options = replace(drain_table.options(row.flags), timeout=patience)
    clock, told = SystemClock(), list[Progress]().append
    if row.dry:
        return await evacuation.rehearse(api, row.id, options, told=told, clock=clock)
    return await evacuation.evacuate(
        api, row.id, options, NOTE, told=told, stop=asyncio.Event(), clock=clock
    )
