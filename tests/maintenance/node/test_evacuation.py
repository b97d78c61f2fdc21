"""An evacuation from begin to end, against a cluster in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from made_evacuations import ALL, pod
from maintenance.fake_cluster import FakeCluster, JumpingClock, refused, run
from wharfinger.maintenance import cordon
from wharfinger.maintenance.api import ApiFault, NodeUnknown
from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.model import Name, Owner
from wharfinger.maintenance.node import evacuation
from wharfinger.maintenance.node.progress import Kind, Progress, Reopen, Report, State
from wharfinger.maintenance.options import Options

NOTE = Note(by="ann", why="a new disk", run="r-1", at="2027-01-15T12:00:00Z")


@dataclass
class Run:
    """An evacuation of a node, what was told, and what is done to the cluster meanwhile."""

    cluster: FakeCluster
    options: Options = ALL
    node: str = "n1"
    note: Note = NOTE
    reopen: Reopen = Reopen.UNTOUCHED
    told: list[Progress] = field(default_factory=list)
    meanwhile: list[tuple[float, Callable[[], object]]] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self) -> Report:
        return run(self.whole())

    async def whole(self) -> Report:
        loop = asyncio.get_running_loop()
        for after, deed in self.meanwhile:
            loop.call_later(after, deed)
        return await evacuation.evacuate(
            self.cluster,
            self.node,
            self.options,
            self.note,
            told=self.told.append,
            stop=self.stop,
            clock=JumpingClock(),
            reopen=self.reopen,
        )

    def at(self, after: float, deed: Callable[..., object], *words: Any, **more: Any) -> None:
        self.meanwhile.append((after, lambda: deed(*words, **more)))

    def kinds(self, kind: Kind) -> list[Progress]:
        return [one for one in self.told if one.kind is kind]


@pytest.fixture
def cluster() -> FakeCluster:
    """Three nodes, all schedulable."""
    made = FakeCluster()
    for name in ("n1", "n2", "n3"):
        made.add_node(name)
    return made


def names(report: Report) -> list[str]:
    return [one.pod.name.name for one in report.left]


def test_pods_go_within_their_budget_and_the_node_is_proven_empty(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 6, "n2": 2})
    cluster.add_guard("web", 6, app="web")
    each = Run(cluster)

    report = each()

    assert report.state is State.EVACUATED
    assert cluster.on("n1") == []
    assert len(report.gone) == 6
    assert all(one.evicted for one in report.gone)
    assert report.left == ()
    assert cluster.broken == []
    assert report.cordoned
    assert cordon.note_of(cluster.found["n1"]) == NOTE


def test_a_budget_is_never_asked_for_more_than_it_allows(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 40, "n2": 10})
    cluster.add_guard("web", 45, app="web")

    assert Run(cluster)().state is State.EVACUATED

    assert [answer for _, answer in cluster.asked] == ["accepted"] * 40


@pytest.mark.parametrize(("retry_after", "least"), [(None, 1.0), (20.0, 20.0)])
def test_who_is_refused_by_a_budget_that_is_new_is_asked_again_when_the_budget_says(
    cluster: FakeCluster, retry_after: float | None, least: float
):
    cluster.add_maker("web", {"n1": 2, "n2": 2})
    cluster.retry_after = retry_after
    each = Run(cluster)
    each.at(0.08, cluster.add_guard, "web", 4, app="web")
    each.at(1.0, cluster.add_guard, "web", 3, app="web")

    report = each()

    assert report.state is State.EVACUATED
    assert {str(one.pod) for one in each.kinds(Kind.HELD)} == {"p/web-1", "p/web-2"}
    assert min(one.seconds for one in report.gone) > least
    assert report.seconds < least + 15
    answers = [answer for _, answer in cluster.asked]
    assert answers.count("accepted") == 2
    assert answers.count("refused") <= 4


def test_nothing_more_is_told_of_a_pod_once_it_is_gone(cluster: FakeCluster):
    """The watch is faster than the answer to the eviction."""
    cluster.ends_after = 0.0
    cluster.add_maker("web", {"n1": 5})
    each = Run(cluster)

    assert each().state is State.EVACUATED

    for number in range(1, 6):
        of_it = [one.kind for one in each.told if str(one.pod) == f"p/web-{number}"]
        assert of_it == [Kind.EVICTING, Kind.GONE]


def test_pods_without_a_budget_are_asked_for_side_by_side_but_not_all_at_once(
    cluster: FakeCluster,
):
    cluster.add_maker("web", {"n1": 200})

    report = Run(cluster)()

    assert report.state is State.EVACUATED
    assert len(report.gone) == 200
    assert 32 <= cluster.busiest <= 40
    assert report.seconds < 5


def test_a_node_that_is_blocked_is_left_as_it_was_found(cluster: FakeCluster):
    cluster.add_pod(pod("lone", owner=None))
    cluster.add_maker("web", {"n1": 2})
    before = cluster.found["n1"]

    report = Run(cluster, Options())()

    assert report.state is State.BLOCKED
    assert [(one.pod.name.name, one.verdict.code) for one in report.left] == [("lone", "unmanaged")]
    assert "--force" in report.left[0].verdict.remedy
    assert cluster.found["n1"] == before
    assert not report.cordoned
    assert cluster.asked == []


def test_what_waits_forever_ends_the_evacuation_after_the_others_have_gone(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 2})
    cluster.add_maker("db", {"n1": 1, "n2": 1})
    cluster.add_guard("db", 2, app="db")
    each = Run(cluster)

    report = each()

    assert report.state is State.BLOCKED
    assert names(report) == ["db-1"]
    assert report.left[0].verdict.code == "budget-never"
    assert len(report.gone) == 2
    assert 5 <= report.seconds < 30
    assert report.cordoned
    assert "stays cordoned" in report.message


def test_an_evacuation_that_could_evict_nothing_takes_its_cordon_away_again(cluster: FakeCluster):
    cluster.add_maker("db", {"n1": 1, "n2": 1})
    cluster.add_guard("db", 2, app="db")
    each = Run(cluster)

    report = each()

    assert report.state is State.BLOCKED
    assert not report.cordoned
    assert cluster.found["n1"].schedulable
    assert cluster.found["n1"].annotations == {}
    assert each.kinds(Kind.REOPENED)


@pytest.mark.parametrize(
    ("reopen", "closed"), [(Reopen.ALWAYS, False), (Reopen.UNTOUCHED, True), (Reopen.NEVER, True)]
)
def test_the_node_is_left_open_or_closed_as_asked(
    cluster: FakeCluster, reopen: Reopen, closed: bool
):
    cluster.add_maker("web", {"n1": 2})
    cluster.add_maker("db", {"n1": 1, "n2": 1})
    cluster.add_guard("db", 2, app="db")

    report = Run(cluster, reopen=reopen)()

    assert report.state is State.BLOCKED
    assert report.cordoned is closed
    assert cluster.found["n1"].schedulable is not closed


def test_a_cordon_of_somebody_else_is_not_ours_to_take_away(cluster: FakeCluster):
    cluster.change_node("n1", schedulable=False)
    cluster.add_maker("db", {"n1": 1, "n2": 1})
    cluster.add_guard("db", 2, app="db")
    each = Run(cluster, reopen=Reopen.ALWAYS)

    report = each()

    assert report.state is State.BLOCKED
    assert not report.cordoned
    assert not cluster.found["n1"].schedulable
    assert each.kinds(Kind.ALREADY_CORDONED)


def test_what_a_person_mends_goes_on(cluster: FakeCluster):
    cluster.add_maker("db", {"n1": 1, "n2": 1})
    cluster.add_guard("db", 2, app="db")
    each = Run(cluster, replace(ALL, timeout=100))
    each.at(20, cluster.add_guard, "db", 1, app="db")

    report = each()

    assert report.state is State.EVACUATED
    assert 20 < report.seconds < 35


def test_a_second_budget_that_is_taken_away_is_noticed(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 2, "n2": 2})
    cluster.add_guard("web", 1, app="web")
    cluster.add_guard("also", 1, app="web")
    each = Run(cluster, replace(ALL, timeout=100))
    each.at(20, cluster.guards.pop, Name("p", "also"))

    report = each()

    assert report.state is State.EVACUATED
    assert "overlapping" not in [answer for _, answer in cluster.asked]


def test_a_timeout_names_what_is_left_and_why(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 1})
    cluster.add_maker("db", {"n1": 1, "n2": 1})
    cluster.add_guard("db", 2, app="db")

    report = Run(cluster, replace(ALL, timeout=60))()

    assert report.state is State.TIMED_OUT
    assert report.seconds == pytest.approx(60, abs=1)
    assert names(report) == ["db-1"]
    assert report.left[0].verdict.code == "budget-never"
    assert report.cordoned


def test_asked_once_each_pod_is_asked_once(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 4, "n2": 1})
    cluster.add_guard("web", 4, app="web")

    report = Run(cluster, replace(ALL, once=True))()

    assert report.state is State.BLOCKED
    assert len(report.gone) == 1
    assert len(cluster.asked) == len(set(cluster.asked)) == 4
    assert len(report.left) == 3
    assert cluster.broken == []


def test_a_node_of_which_every_eviction_was_refused_is_left_as_it_was_found(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 2})
    cluster.add_guard("web", 2, app="web")

    report = Run(cluster, replace(ALL, once=True))()

    assert report.state is State.BLOCKED
    assert [answer for _, answer in cluster.asked] == ["refused", "refused"]
    assert cluster.found["n1"].schedulable
    assert not report.cordoned


def test_without_evictions_no_budget_is_asked(cluster: FakeCluster):
    cluster.add_maker("db", {"n1": 2})
    cluster.add_guard("db", 2, app="db")

    report = Run(cluster, replace(ALL, disable_eviction=True))()

    assert report.state is State.EVACUATED
    assert cluster.asked == [("p/db-1", "deleted"), ("p/db-2", "deleted")]


def test_a_pod_that_may_not_be_evicted_is_left_and_the_others_go(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 3})
    cluster.refusals["web-2"] = refused("a webhook denied it")

    report = Run(cluster)()

    assert report.state is State.BLOCKED
    assert names(report) == ["web-2"]
    assert report.left[0].verdict.reason == "a webhook denied it"
    assert report.left[0].verdict.remedy == "ask for the right"
    assert len(report.gone) == 2


def test_a_pod_of_which_only_the_cluster_knows_two_budgets_is_left(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 2, "n2": 2})
    cluster.add_guard("web", 3, app="web")
    each = Run(cluster)
    each.at(0.12, cluster.add_guard, "also", 1, app="web")

    report = each()

    assert report.state is State.BLOCKED
    assert {one.verdict.code for one in report.left} == {"budgets-overlapping"}


def test_a_pod_whose_evictions_are_never_answered_is_left_while_others_go(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 3})
    cluster.refusals["web-2"] = ApiFault("cannot evict: a webhook timed out")

    report = Run(cluster)()

    assert report.state is State.BLOCKED
    assert [(one.pod.name.name, one.verdict.code) for one in report.left] == [("web-2", "silence")]
    assert 120 < report.seconds < 150


def test_stopped_it_asks_for_nothing_more_and_says_how_to_go_on(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 6, "n2": 1})
    cluster.add_guard("web", 6, app="web")
    each = Run(cluster)
    each.at(1.0, each.stop.set)

    report = each()

    assert report.state is State.STOPPED
    assert report.seconds == pytest.approx(1.0, abs=0.1)
    assert len(cluster.asked) == 1
    assert [one.verdict.code for one in report.left].count("ending") == 1
    assert report.cordoned
    assert "evacuate it again" in report.message


def test_stopped_before_anything_went_the_node_is_as_it_was_found(cluster: FakeCluster):
    cluster.add_maker("db", {"n1": 1, "n2": 1})
    cluster.add_guard("db", 2, app="db")
    each = Run(cluster)
    each.at(1.0, each.stop.set)

    report = each()

    assert report.state is State.STOPPED
    assert cluster.found["n1"].schedulable
    assert not report.cordoned


def test_stopped_at_the_very_beginning_it_does_nothing(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 1})
    each = Run(cluster)
    each.stop.set()

    assert each().state is State.STOPPED
    assert cluster.counts["patch"] == 0
    assert cluster.asked == []


def test_a_run_that_was_killed_goes_on_with_its_own_cordon(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 6, "n2": 1})
    cluster.add_guard("web", 6, app="web")

    async def killed_and_run_again() -> tuple[Report, Run]:
        first = asyncio.ensure_future(Run(cluster).whole())
        await asyncio.sleep(1.5)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        second = Run(cluster)
        return await second.whole(), second

    report, second = run(killed_and_run_again())

    assert report.state is State.EVACUATED
    assert report.cordoned
    assert not second.kinds(Kind.CORDONED)
    assert cluster.on("n1") == []


def test_a_resumed_run_that_could_do_nothing_leaves_its_cordon(cluster: FakeCluster):
    patch = cordon.close(cluster.found["n1"], NOTE)
    assert patch is not None
    cluster.change_node("n1", schedulable=False, annotations=patch["metadata"]["annotations"])
    cluster.add_maker("db", {"n1": 1, "n2": 1})
    cluster.add_guard("db", 2, app="db")

    report = Run(cluster)()

    assert report.state is State.BLOCKED
    assert report.cordoned
    assert not cluster.found["n1"].schedulable


def test_a_statefulset_pod_that_comes_back_under_its_name_is_another_one(cluster: FakeCluster):
    cluster.add_maker("db", {"n1": 2, "n2": 1}, kind="StatefulSet")
    cluster.add_guard("db", 2, app="db")
    old = {one.uid for one in cluster.on("n1")}

    report = Run(cluster)()

    assert report.state is State.EVACUATED
    assert {one.uid for one in report.gone} == old
    again = [one for one in cluster.pods_by_uid.values() if one.name.name == "db-0"]
    assert [one.uid in old for one in again] == [False]


def test_replacements_are_waited_for(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 3}, made_after=5.0, ready_after=20.0)
    each = Run(cluster, replace(ALL, wait_replacements=True))

    report = each()

    assert report.state is State.EVACUATED
    assert report.seconds > 25
    assert sum(one.ready for one in cluster.pods_by_uid.values()) == 3
    assert [one.message for one in each.kinds(Kind.REPLACEMENTS)] == [
        "ReplicaSet p/web has 0 of 3 pods ready elsewhere"
    ]


def test_replacements_that_never_come_are_not_waited_for_without_end(cluster: FakeCluster):
    maker = cluster.add_maker("web", {"n1": 2, "n2": 1})
    maker.replicas = 1

    report = Run(cluster, replace(ALL, wait_replacements=True))()

    assert report.state is State.BLOCKED
    assert "ReplicaSet p/web has 1 of 3 pods ready elsewhere" in report.message
    assert report.left == ()
    assert 600 <= report.seconds < 660


def test_replacements_for_which_there_is_no_room_end_with_the_timeout(cluster: FakeCluster):
    cluster.capacity = 2
    cluster.add_maker("web", {"n1": 2, "n2": 2, "n3": 2})

    report = Run(cluster, replace(ALL, wait_replacements=True, timeout=90))()

    assert report.state is State.TIMED_OUT
    assert "has 4 of 6 pods ready elsewhere" in report.message


def test_a_pod_that_came_meanwhile_is_evacuated_too(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 1})
    late = pod("late")
    each = Run(cluster)
    each.at(0.5, cluster.add_pod, late)

    report = each()

    assert report.state is State.EVACUATED
    assert [one.pod for one in each.kinds(Kind.CAME)] == [late.name]
    assert late.uid in {one.uid for one in report.gone}


@pytest.mark.parametrize("after", [11.5, 12.1, 12.5, 12.9])
def test_a_pod_that_comes_while_the_node_is_listed_is_not_taken_for_gone(
    cluster: FakeCluster, after: float
):
    """The last list is read at 12 seconds, and known at 13: the watch is faster."""
    cluster.add_maker("web", {"n1": 1})
    cluster.latency = 1.0
    cluster.ends_after = 0.0
    each = Run(cluster)
    each.at(after, cluster.add_pod, pod("late"))

    report = each()

    assert report.state is State.EVACUATED
    assert cluster.on("n1") == []
    assert len(report.gone) == 2


def test_a_pod_that_came_and_may_not_go_is_left_and_told(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 1})
    each = Run(cluster, Options())
    each.at(0.5, cluster.add_pod, pod("lone", owner=None))

    report = each()

    assert report.state is State.BLOCKED
    assert [(one.pod.name.name, one.verdict.code) for one in report.left] == [("lone", "unmanaged")]


def test_a_new_daemon_set_is_looked_up_before_its_pod_is_judged(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 1})
    cluster.daemons = frozenset({Name("p", "proxy")})
    each = Run(cluster)
    daemon = pod("proxy-1", owner=Owner("DaemonSet", "proxy", "uid-proxy"))
    each.at(0.5, cluster.add_pod, daemon)

    assert each().state is State.EVACUATED
    assert cluster.on("n1") == [daemon]


def test_pods_that_tolerate_the_cordon_do_not_keep_it_going_for_ever(cluster: FakeCluster):
    cluster.found = {"n1": cluster.found["n1"]}
    cluster.add_maker("web", {"n1": 2}, tolerates=True)
    each = Run(cluster)

    report = each()

    assert report.state is State.BLOCKED
    assert {one.verdict.code for one in report.left} == {"returns"}
    assert "tolerate" in report.left[0].verdict.remedy


def test_it_stops_when_somebody_opens_the_node(cluster: FakeCluster):
    cluster.add_maker("db", {"n1": 2, "n2": 1})
    cluster.add_guard("db", 2, app="db")
    cluster.makers["uid-db"].ready_after = 100.0
    each = Run(cluster)
    each.at(4.0, cluster.change_node, "n1", schedulable=True)

    report = each()

    assert report.state is State.FAILED
    assert "schedulable again" in report.message
    assert report.seconds < 15


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (lambda cluster: cluster.found.pop("n1"), "was deleted"),
        (lambda cluster: cluster.change_node("n1", uid="another"), "was replaced"),
    ],
)
def test_it_stops_when_the_node_is_not_the_same(
    cluster: FakeCluster, deed: Callable[[FakeCluster], object], said: str
):
    cluster.add_maker("db", {"n1": 2, "n2": 1})
    cluster.add_guard("db", 2, app="db")
    cluster.makers["uid-db"].ready_after = 100.0
    each = Run(cluster)
    each.at(4.0, deed, cluster)

    report = each()

    assert report.state is State.FAILED
    assert said in report.message


def test_a_pod_that_does_not_end_is_told_with_what_keeps_it(cluster: FakeCluster):
    cluster.add_pod(pod("kept", finalizers=("example.test/hold",)))
    each = Run(cluster, replace(ALL, timeout=120))

    report = each()

    assert report.state is State.TIMED_OUT
    (slow,) = each.kinds(Kind.SLOW)
    assert "example.test/hold" in slow.message
    assert [one.verdict.code for one in report.left] == ["ending"]


def test_a_pod_that_ends_for_too_long_is_not_waited_for_if_so_asked(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 2})
    cluster.stuck.add("uid-web-1")
    each = Run(cluster, replace(ALL, skip_wait_for_delete=10))

    report = each()

    assert report.state is State.EVACUATED
    assert 12 < report.seconds < 16
    assert [str(one.pod) for one in each.kinds(Kind.LEFT)] == ["p/web-1"]
    assert "1 pod" in report.message


def test_an_unknown_node_is_refused_before_anything_is_done(cluster: FakeCluster):
    cluster.found.clear()

    with pytest.raises(NodeUnknown):
        Run(cluster)()


def test_a_rehearsal_asks_for_each_pod_and_changes_nothing(cluster: FakeCluster):
    cluster.add_maker("web", {"n1": 2})
    cluster.add_maker("db", {"n1": 1, "n2": 1})
    cluster.add_guard("db", 2, app="db")
    before = dict(cluster.pods_by_uid)
    told: list[Progress] = []

    report = run(evacuation.rehearse(cluster, "n1", ALL, told=told.append, clock=JumpingClock()))

    assert report.state is State.BLOCKED
    assert names(report) == ["db-1"]
    assert sorted(cluster.asked) == [
        ("p/db-1", "refused"),
        ("p/web-1", "accepted"),
        ("p/web-2", "accepted"),
    ]
    assert cluster.pods_by_uid == before
    assert cluster.found["n1"].schedulable


def test_a_pod_that_goes_while_all_is_explained_anew_puts_the_end_off_by_seconds_only(
    cluster: FakeCluster,
):
    """Else a busy cluster would keep the end of what is hopeless waiting for the next time."""
    cluster.add_maker("db", {"n1": 2, "n2": 1})
    cluster.add_guard("db", 3, app="db")
    cluster.latency = 1.0
    each = Run(cluster)
    each.at(20.0, cluster.remove_pod, "uid-db-1")

    report = each()

    assert report.state is State.BLOCKED
    assert [str(one.pod) for one in report.gone] == ["p/db-1"]
    assert report.seconds < 40
