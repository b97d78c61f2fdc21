"""What has become of each pod is known by its uid, whatever its name."""

from __future__ import annotations

from dataclasses import replace

from made_evacuations import DAEMON, WEB, plan, pod
from wharfinger.maintenance.explain import NodePlan
from wharfinger.maintenance.model import Pod
from wharfinger.maintenance.node.tracking import Tracker
from wharfinger.maintenance.verdict import Code, Outcome, Verdict

DAEMON_POD = pod("proxy-1", owner=DAEMON)
KEPT = Verdict(Outcome.BLOCKS, Code.REFUSED, "a webhook denied it")


def tracker(*pods: Pod) -> Tracker:
    return Tracker(plan(pods))


def uids(found: Tracker) -> list[str]:
    return [one.uid for one in found.active]


def explained(found: Tracker) -> NodePlan:
    return plan(found.pods)


def test_only_what_should_leave_is_waited_for():
    found = tracker(pod("a"), DAEMON_POD)

    assert uids(found) == ["uid-a"]
    assert found.lost("uid-proxy-1", 1.0) is None
    assert not found.settled()
    assert found.lost("uid-a", 1.0) is not None
    assert found.settled()


def test_who_went_says_whether_it_was_asked_and_when():
    found = tracker(pod("a"), pod("b"))
    next(iter(found.active)).tried = True

    found.lost("uid-a", 1.5)
    found.lost("uid-b", 2.5)

    assert [(one.uid, one.evicted, one.seconds) for one in found.gone] == [
        ("uid-a", True, 1.5),
        ("uid-b", False, 2.5),
    ]


def test_what_is_known_to_be_there_is_what_has_not_gone():
    found = tracker(pod("a"), pod("b"), DAEMON_POD)
    found.saw(pod("c"))
    found.give_up(next(iter(found.active)), KEPT)
    found.lost("uid-b", 1.0)

    assert found.uids == {"uid-a", "uid-c", "uid-proxy-1"}


def test_a_stranger_is_judged_once_and_then_known():
    found = tracker(pod("a"))
    found.saw(pod("b"))

    assert [one.name.name for one in found.strangers] == ["b"]
    assert [one.pod.name.name for one in found.judged(explained(found))] == ["b"]
    assert found.strangers == []
    found.saw(pod("b", ready=False))
    assert found.strangers == []
    assert uids(found) == ["uid-a", "uid-b"]


def test_a_stranger_that_stays_is_not_waited_for():
    found = tracker(pod("a"))
    found.saw(DAEMON_POD)

    assert found.judged(explained(found)) == []
    assert uids(found) == ["uid-a"]


def test_who_was_to_go_goes_though_a_later_plan_would_refuse():
    found = tracker(pod("a"))
    blocked = plan([replace(DAEMON_POD, uid="uid-a", owner=replace(DAEMON, name="gone"))])
    later = replace(blocked, pods=(replace(blocked.pods[0], verdict=KEPT),))

    found.judged(later)

    assert [one.plan.verdict.outcome for one in found.active] == [Outcome.GOES]


def test_who_was_given_up_and_goes_all_the_same_is_not_left():
    found = tracker(pod("a"))
    found.give_up(next(iter(found.active)), KEPT)
    assert [one.verdict for one in found.left] == [KEPT]

    found.lost("uid-a", 1.0)

    assert found.left == []
    assert found.settled()


def test_a_controller_may_put_as_many_back_as_it_had_and_some_more():
    found = tracker(pod("a"))
    for number in range(5):
        found.saw(pod(f"again-{number}"))

    came = found.judged(explained(found))

    kept = [one for one in came if one.verdict.code == Code.RETURNS]
    assert len(came) == 5
    assert len(kept) == 1
    assert [one.pod.owner for one in found.left] == [WEB]
