"""Whatever the cluster: no budget is broken, it ends, and what is left is explained."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from made_evacuations import ALL, pod
from maintenance.fake_cluster import FakeCluster, lines, run
from maintenance.node.test_evacuation import Run
from wharfinger.maintenance import cordon
from wharfinger.maintenance.node.progress import Report, State
from wharfinger.maintenance.options import Options
from wharfinger.maintenance.verdict import Outcome

FOREVER = 1500.0
"""Seconds: longer than any wait that ends by itself."""


@st.composite
def clusters(draw: st.DrawFn) -> FakeCluster:
    """Up to four nodes with some applications, each perhaps under a budget, or two."""
    nodes = [f"n{number}" for number in range(1, draw(st.integers(2, 4)) + 1)]
    made = FakeCluster(
        ends_after=draw(st.sampled_from([0.0, 0.5, 3.0, 20.0])),
        capacity=draw(st.sampled_from([4, 8, 1000])),
        latency=draw(st.sampled_from([0.001, 0.05])),
    )
    for name in nodes:
        made.add_node(name, schedulable=name == "n1" or draw(st.booleans()))
    for number in range(draw(st.integers(1, 4))):
        name = f"app{number}"
        places = {node: draw(st.integers(0, 4)) for node in nodes}
        made.add_maker(
            name,
            places,
            kind=draw(st.sampled_from(["ReplicaSet", "StatefulSet"])),
            made_after=draw(st.sampled_from([0.0, 0.3, 4.0])),
            ready_after=draw(st.sampled_from([0.0, 1.0, 8.0, 90.0])),
        )
        total = sum(places.values())
        for which in range(draw(st.sampled_from([0, 1, 1, 1, 2]))):
            least = draw(st.integers(0, total + 1))
            made.add_guard(f"{name}-{which}", least, spares=draw(st.booleans()), app=name)
    for uid in [one.uid for one in made.pods_by_uid.values() if draw(st.integers(0, 9)) == 0]:
        made.change_pod(uid, ready=False)
    if draw(st.booleans()):
        made.add_pod(pod("lone", owner=None))
    return made


@st.composite
def plights(draw: st.DrawFn) -> Callable[[str], str]:
    """Faults of requests, so many in a hundred, before or after the deed."""
    share = draw(st.sampled_from([0, 0, 10, 40]))
    drawn = random.Random(draw(st.integers(0, 2**16)))

    def disturb(_: str) -> str:
        return drawn.choice(["before", "after"]) if drawn.randrange(100) < share else ""

    return disturb


@given(
    clusters(),
    plights(),
    st.sampled_from([0.0, 0.0, 45.0]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=30)
def test_no_budget_is_broken_and_every_evacuation_ends_with_its_reasons(
    cluster: FakeCluster,
    disturb: Callable[[str], str],
    timeout: float,
    force: bool,
    once: bool,
    replacements: bool,
):
    cluster.disturb = disturb
    options = Options(force=force, once=once, timeout=timeout, wait_replacements=replacements)
    each = Run(cluster, options)
    each.at(FOREVER, each.stop.set)

    report = each()

    told = lines(each.told)
    assert cluster.broken == [], told
    held = report.seconds < FOREVER or waits_for_somebody(report)
    assert held, told
    explained(cluster, report, told)


@given(clusters(), st.integers(0, 80), st.booleans())
@settings(max_examples=15)
def test_killed_at_any_moment_and_run_again_it_ends_as_if_it_had_not_been(
    cluster: FakeCluster, after: int, twice: bool
):
    async def whole() -> Report:
        for _ in range(1 + twice):
            first = asyncio.ensure_future(Run(cluster, ALL).whole())
            await asyncio.wait({first}, timeout=after / 20)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
        last.at(FOREVER, last.stop.set)
        return await last.whole()

    last = Run(cluster, ALL)

    report = run(whole())

    told = lines(last.told)
    assert cluster.broken == [], told
    assert report.seconds < FOREVER or waits_for_somebody(report), told
    explained(cluster, report, told)


def explained(cluster: FakeCluster, report: Report, told: str) -> None:
    """The end is true, each pod that is left says why, and the node is as the report says."""
    there = {one.uid for one in cluster.on(report.node)}
    assert not there & {one.uid for one in report.gone}, told
    for one in report.left:
        assert one.verdict.reason, told
    if report.state is State.EVACUATED:
        assert not there, told
    else:
        assert report.message
    if report.state is State.BLOCKED and not report.plan.blocked:
        left = {one.pod.uid for one in report.left}
        assert left <= there, told
        assert not (there - left) & {one.pod.uid for one in report.plan.leaving}, told
    ours = cordon.note_of(cluster.found[report.node]) is not None
    assert ours is report.cordoned, told


def waits_for_somebody(report: Report) -> bool:
    """A budget that waits for pods elsewhere may keep it for ever, and says so of each pod."""
    return report.state is State.STOPPED and all(
        one.verdict.outcome is Outcome.WAITS and one.verdict.reason for one in report.left
    )


@given(clusters(), plights())
@settings(max_examples=20)
def test_nodes_that_are_evacuated_side_by_side_share_their_budgets(
    cluster: FakeCluster, disturb: Callable[[str], str]
):
    cluster.disturb = disturb
    runs = [Run(cluster, node=name) for name in ("n1", "n2")]

    async def whole(each: Run) -> None:
        asyncio.get_running_loop().call_later(FOREVER, each.stop.set)
        report = await each.whole()
        told = lines(each.told)
        assert report.seconds < FOREVER or waits_for_somebody(report), told
        explained(cluster, report, told)

    async def both() -> None:
        await asyncio.gather(*map(whole, runs))

    run(both())

    assert cluster.broken == []


@given(clusters())
@settings(max_examples=20)
def test_where_all_answer_nothing_is_asked_for_only_to_be_refused(cluster: FakeCluster):
    each = Run(cluster)
    each.at(FOREVER, each.stop.set)

    each()

    assert {answer for _, answer in cluster.asked} <= {"accepted"}, lines(each.told)
