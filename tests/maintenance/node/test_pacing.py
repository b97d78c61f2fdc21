"""As many pods of a budget are asked for as it allows, and what was asked for counts until it is read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from made_evacuations import NOON, budget, pod
from wharfinger.maintenance.explain import PodPlan
from wharfinger.maintenance.model import Name
from wharfinger.maintenance.node.pacing import Ledger, Pause
from wharfinger.maintenance.verdict import Code, Outcome, Verdict

WEB = Name("p", "web")


def plan(name: str, *budgets: str, **more: Any) -> PodPlan:
    verdict = Verdict(Outcome.GOES, Code.REPLACED, "")
    return PodPlan(pod(name, **more), verdict, tuple(Name("p", one) for one in budgets))


def asked(ledger: Ledger, *plans: PodPlan, most: int = 32) -> list[str]:
    return [one.pod.name.name for one in ledger.charge(plans, most=most)]


def test_as_many_as_the_budget_allows_in_their_order():
    ledger = Ledger([budget(allowed=2)])

    assert asked(ledger, plan("a", "web"), plan("b", "web"), plan("c", "web")) == ["a", "b"]
    assert asked(ledger, plan("c", "web")) == []


def test_pods_without_a_budget_are_asked_for_up_to_what_may_be_under_way():
    assert asked(Ledger([]), plan("a"), plan("b"), plan("c"), most=2) == ["a", "b"]
    assert asked(Ledger([]), plan("a"), most=0) == []


@pytest.mark.parametrize(
    "free",
    [
        plan("a", "web", phase="Pending", ready=False),
        plan("a", "web", phase="Succeeded", ready=False),
        plan("a", "web", deleted=NOON + timedelta(seconds=9)),
    ],
)
def test_who_serves_nobody_costs_nothing(free: PodPlan):
    assert asked(Ledger([budget(allowed=0)]), free) == ["a"]


@pytest.mark.parametrize(
    ("more", "goes"),
    [
        ({"desired": 2, "healthy": 2}, True),
        ({"desired": 2, "healthy": 1}, False),
        ({"desired": 0, "healthy": 0}, False),
        ({"desired": 2, "healthy": 1, "spares_unhealthy": True}, True),
    ],
)
def test_a_pod_that_is_not_ready_is_spared_where_the_api_spares_it(
    more: dict[str, Any], goes: bool
):
    ledger = Ledger([budget(allowed=0, **more)])

    assert bool(asked(ledger, plan("a", "web", ready=False))) is goes


def test_a_budget_that_is_not_counted_yet_allows_nothing():
    assert asked(Ledger([budget(allowed=3, current=False)]), plan("a", "web")) == []


def test_who_has_two_budgets_cannot_be_asked_for():
    ledger = Ledger([budget(allowed=1), budget("also", allowed=1)])

    assert asked(ledger, plan("a", "web", "also"), plan("b", "web")) == ["b"]


def test_a_budget_that_is_not_there_any_more_holds_nobody():
    assert asked(Ledger([]), plan("a", "web")) == ["a"]


def test_a_reading_settles_what_was_answered_and_not_what_is_under_way():
    ledger = Ledger([budget(allowed=2)])
    asked(ledger, plan("a", "web"), plan("b", "web"))

    ledger.begin_reading(["uid-b"])
    more = ledger.read([budget(allowed=2)])

    assert not more
    assert asked(ledger, plan("c", "web"), plan("d", "web")) == ["c"]


def test_what_is_asked_for_during_a_reading_is_not_in_it():
    ledger = Ledger([budget(allowed=1)])
    ledger.begin_reading([])
    asked(ledger, plan("a", "web"))
    ledger.read([budget(allowed=1)])

    assert asked(ledger, plan("b", "web")) == []


def test_a_refusal_closes_the_budget_until_it_is_read():
    ledger = Ledger([budget(allowed=3)])
    asked(ledger, plan("a", "web"))

    assert ledger.refused("uid-a")
    assert asked(ledger, plan("b", "web")) == []
    ledger.begin_reading([])
    assert ledger.read([budget(allowed=1)])
    assert asked(ledger, plan("b", "web")) == ["b"]


def test_a_refusal_by_a_budget_that_we_do_not_know_is_told_from_one_that_we_do():
    ledger = Ledger([budget(allowed=1)])
    asked(ledger, plan("a", "web"), plan("b"))
    ledger.read([])

    assert not ledger.refused("uid-a")
    assert not ledger.refused("uid-b")


def test_who_does_not_go_after_all_leaves_room():
    ledger = Ledger([budget(allowed=1)])
    asked(ledger, plan("a", "web"))

    ledger.refund("uid-a")

    assert asked(ledger, plan("b", "web")) == ["b"]


def test_pauses_grow_to_a_bound_and_begin_anew():
    pause = Pause()
    first = [pause.next() for _ in range(20)]
    pause.reset()

    assert first == sorted(first)
    assert first[0] == pause.next() == 0.1
    assert first[-1] == 5.0
