"""An evacuation whose cluster does not answer, answers late, or forgets where a watch was."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import pytest

from made_evacuations import pod
from maintenance.fake_cluster import FakeCluster
from maintenance.node.test_evacuation import Run
from wharfinger.maintenance.api import ApiFault
from wharfinger.maintenance.node.progress import Kind, State
from wharfinger.maintenance.options import Options


@pytest.fixture
def cluster() -> FakeCluster:
    """Two nodes, and an application of which one pod may be missing."""
    made = FakeCluster()
    for name in ("n1", "n2"):
        made.add_node(name)
    made.add_maker("web", {"n1": 4, "n2": 2})
    made.add_guard("web", 5, app="web")
    return made


def often(fates: Iterable[str], *, only: str = "") -> Callable[[str], str]:
    """The same faults over and over, for all requests or for those of one name."""
    turns = itertools.cycle(fates)
    return lambda what: next(turns) if only in ("", what) else ""


@pytest.mark.parametrize("fate", ["before", "after"])
@pytest.mark.parametrize("what", ["node", "pods", "budgets", "patch", "evict", "watch"])
def test_every_second_request_of_a_kind_may_fail(cluster: FakeCluster, what: str, fate: str):
    cluster.disturb = often([fate, ""], only=what)

    report = Run(cluster)()

    assert report.state is State.EVACUATED
    assert report.cordoned
    assert cluster.on("n1") == []
    assert len(report.gone) == 4
    assert cluster.broken == []


def test_an_eviction_whose_answer_was_lost_evicts_no_other_pod(cluster: FakeCluster):
    cluster.disturb = often(["after"], only="evict")

    report = Run(cluster)()

    assert report.state is State.EVACUATED
    accepted = {name for name, answer in cluster.asked if answer == "accepted"}
    assert accepted == {f"p/web-{number}" for number in (1, 2, 3, 4)}
    assert cluster.broken == []


@pytest.mark.parametrize("forget", [False, True])
def test_a_watch_that_ends_or_has_expired_begins_anew(cluster: FakeCluster, forget: bool):
    each = Run(cluster)
    for second in range(1, 30):
        each.at(second / 2, cluster.cut_watches, forget=forget)

    report = each()

    assert report.state is State.EVACUATED
    assert len(report.gone) == 4


def test_a_pod_that_went_while_nobody_watched_is_found_gone(cluster: FakeCluster):
    cluster.disturb = often(["before"], only="watch")

    report = Run(cluster)()

    assert report.state is State.EVACUATED
    assert report.seconds < 60


def test_a_cluster_that_comes_back_after_a_minute_is_gone_on_with(cluster: FakeCluster):
    away = Away(cluster)
    each = Run(cluster)
    each.at(1.0, away.begin)
    each.at(61.0, away.end)

    report = each()

    assert report.state is State.EVACUATED
    assert 61 < report.seconds < 90
    assert len(each.kinds(Kind.FAULT)) == 1


def test_a_cluster_that_does_not_come_back_is_given_up(cluster: FakeCluster):
    away = Away(cluster)
    each = Run(cluster)
    each.at(1.0, away.begin)

    report = each()

    assert report.state is State.FAILED
    assert "does not answer" in report.message
    assert 121 < report.seconds < 140
    assert report.cordoned
    assert report.left


def test_quiet_hours_count_for_no_fault():
    """A pod takes its time, then one request fails: that is the first fault, not two minutes of them."""
    cluster = FakeCluster(ends_after=1000.0)
    cluster.add_node("n1")
    cluster.add_pod(pod("slow", grace=1000))
    away = Away(cluster)
    each = Run(cluster)
    each.at(900.0, away.begin)
    each.at(960.0, away.end)

    assert each().state is State.EVACUATED


def test_a_proxy_that_asks_for_an_hour_is_asked_again_before(cluster: FakeCluster):
    cluster.refusals["web-1"] = ApiFault("cannot evict: 503", retry_after=3600.0)
    each = Run(cluster)
    each.at(30.0, cluster.refusals.clear)

    report = each()

    assert report.state is State.EVACUATED
    assert 30 < report.seconds < 50
    assert cluster.counts["evict"] < 12


def test_no_time_is_lost_on_a_cluster_that_is_away_when_it_is_stopped(cluster: FakeCluster):
    away = Away(cluster)
    each = Run(cluster)
    each.at(1.0, away.begin)
    each.at(20.0, each.stop.set)

    report = each()

    assert report.state is State.STOPPED
    assert report.seconds < 26


def test_a_timeout_holds_though_the_cluster_is_away(cluster: FakeCluster):
    away = Away(cluster)
    each = Run(cluster, Options(ignore_daemon_sets=True, timeout=30))
    each.at(1.0, away.begin)

    report = each()

    assert report.state is State.TIMED_OUT
    assert report.seconds < 36


def test_a_cluster_that_never_answered_is_said_so(cluster: FakeCluster):
    cluster.disturb = often(["before"])

    with pytest.raises(ApiFault):
        Run(cluster)()


def test_another_writer_of_the_node_does_not_keep_it_from_being_cordoned(cluster: FakeCluster):
    turns = iter([True, True, False])

    def outrun(what: str) -> str:
        if what == "patch" and next(turns, False):
            cluster.change_node("n1", labels={"zone": "a"})
        return ""

    cluster.disturb = outrun

    assert Run(cluster)().state is State.EVACUATED
    assert cluster.counts["patch"] == 3
    assert cluster.found["n1"].labels == {"zone": "a"}


class Away:
    """A cluster that does not answer for a while; its watches end."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster

    def begin(self) -> None:
        self._cluster.disturb = lambda _: "before"
        self._cluster.cut_watches()

    def end(self) -> None:
        self._cluster.disturb = lambda _: ""
