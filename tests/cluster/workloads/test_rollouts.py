from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_pods import owner, workload
from wharfinger.cluster.workloads import rollouts
from wharfinger.cluster.workloads.rollouts import Limits, Part


def spec(
    replicas: int = 4,
    surge: Any = 1,
    unavailable: Any = 1,
    kind: str = "RollingUpdate",
    **more: Any,
) -> dict[str, Any]:
    rolling = {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    strategy = {"type": kind, **(rolling if kind == "RollingUpdate" else {})}
    return {"replicas": replicas, "strategy": strategy, **more}


@pytest.mark.parametrize(
    ("found", "limits"),
    [
        (spec(4, "25%", "25%"), Limits(1, 1)),
        (spec(3, "25%", "25%"), Limits(1, 0)),
        (spec(10, "25%", "25%"), Limits(3, 2)),
        (spec(4, 2, 0), Limits(2, 0)),
        (spec(4, 0, 9), Limits(0, 4)),
        (spec(3, 0, "10%"), Limits(0, 1)),
        (spec(4, kind="Recreate"), Limits(0, 4)),
        ({"replicas": 4}, Limits(1, 1)),
        ({}, Limits(1, 0)),
    ],
)
def test_surge_is_rounded_up_and_what_may_be_missing_down(found: dict[str, Any], limits: Limits):
    assert rollouts.limits(found) == limits


def test_a_set_tells_no_more_available_pods_than_it_asks_for():
    found = owner(**workload(2))
    found["status"] = {"availableReplicas": 3, "replicas": 3}
    assert rollouts.part(found) == Part("uid-web", 2, 2, 3)
    assert rollouts.part(owner(selector={})) == Part("uid-web", 1, 0, 0)


def test_the_first_set_gets_all_pods():
    assert rollouts.scale(spec(4), Part("new", 0, 0), []) == {"new": 4}


def test_nothing_changes_once_all_is_well():
    assert rollouts.scale(spec(4), Part("new", 4, 4), [Part("old", 0, 0)]) == {}


def test_new_pods_come_as_far_as_there_is_room_and_old_ones_go_as_far_as_they_may():
    assert rollouts.scale(spec(4), Part("new", 0, 0), [Part("old", 4, 4)]) == {"new": 1, "old": 3}


def test_without_surge_old_pods_go_first():
    found = spec(4, 0, 1)
    assert rollouts.scale(found, Part("new", 0, 0), [Part("old", 4, 4)]) == {"old": 3}
    assert rollouts.scale(found, Part("new", 0, 0), [Part("old", 3, 3)]) == {"new": 1}


def test_what_is_not_available_goes_first():
    older = [Part("a", 2, 2), Part("b", 2, 0)]
    assert rollouts.scale(spec(4, 0, 2), Part("new", 0, 0), older) == {"b": 0}


def test_a_present_set_that_is_too_large_shrinks():
    assert rollouts.scale(spec(2), Part("new", 4, 4), []) == {"new": 2}


def test_recreation_waits_until_the_old_pods_are_gone():
    found = spec(4, kind="Recreate")
    assert rollouts.scale(found, Part("new", 0, 0), [Part("old", 4, 4, 4)]) == {"old": 0}
    assert rollouts.scale(found, Part("new", 0, 0), [Part("old", 0, 0, 1)]) == {}
    assert rollouts.scale(found, Part("new", 0, 0), [Part("old", 0, 0, 0)]) == {"new": 4}


def test_a_paused_rollout_follows_the_number_and_nothing_else():
    found = spec(6, paused=True)
    older = [Part("a", 1, 1), Part("b", 3, 3)]
    assert rollouts.scale(found, Part("", 0, 0), older) == {"b": 5}
    assert rollouts.scale(found, Part("new", 2, 2), older) == {}
    assert rollouts.scale(spec(1, paused=True), Part("new", 2, 2), older) == {"new": 0}


@dataclass
class Simulated:
    """A replica set with its pods; `told` is what its status says, which may be old."""

    uid: str
    asked: int
    fit: int = 0
    unfit: int = 0
    told: tuple[int, int] = (0, 0)

    def part(self) -> Part:
        available, pods = self.told
        return Part(self.uid, self.asked, min(self.asked, available), pods)

    def reconcile(self) -> None:
        surplus = self.fit + self.unfit - self.asked
        if surplus < 0:
            self.unfit -= surplus
            return
        gone = min(surplus, self.unfit)
        self.unfit -= gone
        self.fit -= surplus - gone

    def report(self) -> None:
        self.told = (self.fit, self.fit + self.unfit)

    def become_ready(self) -> None:
        if self.unfit:
            self.unfit, self.fit = self.unfit - 1, self.fit + 1


def look(found: dict[str, Any], sets: list[Simulated]) -> bool:
    """Scale as the controller of a deployment does; say whether there was anything to do."""
    *older, present = sets
    changes = rollouts.scale(found, present.part(), [one.part() for one in older])
    for one in sets:
        one.asked = changes.get(one.uid, one.asked)
    return bool(changes)


STEPS = st.lists(
    st.tuples(st.sampled_from(["look", "reconcile", "report", "become_ready"]), st.integers(0, 2)),
    max_size=60,
)


@given(st.integers(1, 7), st.integers(0, 4), st.integers(0, 4), st.integers(0, 3), STEPS)
def test_a_rollout_keeps_its_limits_under_any_interleaving_and_ends(
    wanted: int, surge: int, unavailable: int, split: int, steps: list[tuple[str, int]]
):
    found = spec(wanted, surge, unavailable)
    limit = rollouts.limits(found)
    first = min(split, wanted)
    sets = [
        Simulated("a", first, first, told=(first, first)),
        Simulated("b", wanted - first, wanted - first, told=(wanted - first, wanted - first)),
        Simulated("new", 0),
    ]

    def check() -> None:
        assert sum(one.fit for one in sets) >= wanted - limit.unavailable
        assert sum(one.asked for one in sets) <= wanted + limit.surge

    for step, index in steps:
        if step == "look":
            look(found, sets)
        else:
            getattr(sets[index], step)()
        check()
    for _ in range(100):
        for one in sets:
            one.reconcile()
            while one.unfit:
                one.become_ready()
            one.report()
            check()
        if not look(found, sets):
            break
    assert [one.asked for one in sets] == [0, 0, wanted]
