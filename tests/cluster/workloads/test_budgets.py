from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_pods import owner, pod, running
from wharfinger.cluster.kind import Object
from wharfinger.cluster.workloads import budgets, conditions
from wharfinger.cluster.workloads.budgets import Expected

NOW = datetime(2027, 1, 15, 9, tzinfo=UTC)
SELECTOR = {"matchLabels": {"app": "web"}}


def budget(status: dict[str, Any] | None = None, **spec: Any) -> Object:
    return owner("keep", generation=2, status=status, selector=SELECTOR, **spec)


def named(*ready: bool) -> list[Object]:
    return [running(f"p{i}") if one else pod(f"p{i}") for i, one in enumerate(ready)]


def counts(found: Object, covered: list[Object], expected: int | None = None) -> tuple[int, ...]:
    count = len(covered) if expected is None else expected
    status = budgets.status(found, covered, Expected(count), NOW)
    names = ("expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed")
    return tuple(status[name] for name in names)


def test_a_budget_covers_what_its_selector_chooses():
    assert budgets.covers(budget(minAvailable=1), pod())
    assert not budgets.covers(budget(minAvailable=1), pod(labels={"app": "other"}))
    assert budgets.covers(owner(selector={}), pod())
    assert not budgets.covers(owner(minAvailable=1), pod())


@pytest.mark.parametrize(
    ("spec", "expected", "desired", "allowed"),
    [
        ({"minAvailable": 2}, 3, 2, 1),
        ({"minAvailable": 3}, 3, 3, 0),
        ({"minAvailable": 9}, 3, 9, 0),
        ({"minAvailable": 0}, 3, 0, 3),
        ({"minAvailable": "50%"}, 3, 2, 1),
        ({"minAvailable": "100%"}, 3, 3, 0),
        ({"maxUnavailable": 1}, 3, 2, 1),
        ({"maxUnavailable": 0}, 3, 3, 0),
        ({"maxUnavailable": 9}, 3, 0, 3),
        ({"maxUnavailable": "34%"}, 3, 1, 2),
        ({"maxUnavailable": 1}, 5, 4, 0),
        ({"maxUnavailable": 1}, 0, 0, 0),
        ({}, 3, 0, 0),
    ],
)
def test_what_must_stay_is_rounded_up(
    spec: dict[str, Any], expected: int, desired: int, allowed: int
):
    assert counts(budget(**spec), named(True, True, True), expected) == (
        expected, desired, 3, allowed,
    )  # fmt: skip


def test_only_ready_pods_that_stay_are_healthy():
    going = running("g", deletionTimestamp="2027-01-15T08:00:00Z")
    ended = running("e")
    ended["status"]["phase"] = "Succeeded"
    assert counts(budget(minAvailable=1), [*named(True, False), going, ended]) == (4, 1, 1, 0)


def test_an_allowed_eviction_counts_as_done_for_two_minutes():
    at = (NOW - timedelta(seconds=119)).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = budget({"disruptedPods": {"p0": at, "gone": at}}, minAvailable=1)
    status = budgets.status(found, named(True, True), Expected(2), NOW)

    assert (status["currentHealthy"], status["disruptionsAllowed"]) == (1, 0)
    assert status["disruptedPods"] == {"p0": at}
    assert budgets.next_expiry(status, NOW) == 1.0

    later = budgets.status(found, named(True, True), Expected(2), NOW + timedelta(seconds=1))
    assert (later["currentHealthy"], later["disruptionsAllowed"]) == (2, 1)
    assert "disruptedPods" not in later
    assert budgets.next_expiry(later, NOW) is None


def test_the_condition_follows_the_count():
    def told(status: dict[str, Any]) -> tuple[str, str]:
        [one] = status["conditions"]
        assert one["observedGeneration"] == 2
        return one["status"], one["reason"]

    found = budget(minAvailable=1)
    assert told(budgets.status(found, named(True, True), Expected(2), NOW)) == (
        "True", "SufficientPods",
    )  # fmt: skip
    assert told(budgets.status(found, named(True), Expected(1), NOW)) == (
        "False", "InsufficientPods",
    )  # fmt: skip


def test_a_count_that_nobody_knows_allows_nothing():
    found = budget({"disruptionsAllowed": 1, "currentHealthy": 3, "observedGeneration": 1})
    status = budgets.status(found, named(True), Expected(problem="no scale"), NOW)

    assert status["disruptionsAllowed"] == 0
    assert status["observedGeneration"] == 1
    assert status["conditions"][0]["reason"] == "SyncFailed"
    assert status["conditions"][0]["message"] == "no scale"


def test_a_disruption_counts_down():
    found = budget(minAvailable=1)
    found["status"] = budgets.status(found, named(True, True), Expected(2), NOW)
    after = budgets.disrupted(found, "p0", NOW)

    assert after["status"]["disruptionsAllowed"] == 0
    assert after["status"]["disruptedPods"] == {"p0": "2027-01-15T09:00:00Z"}
    assert not conditions.holds(after, "DisruptionAllowed")
    assert found["status"]["disruptionsAllowed"] == 1


@given(
    st.lists(st.booleans(), min_size=1, max_size=8),
    st.integers(0, 9) | st.integers(0, 100).map(lambda part: f"{part}%"),
    st.sampled_from(["minAvailable", "maxUnavailable"]),
)
def test_what_is_allowed_never_leaves_too_few(ready: list[bool], value: Any, name: str):
    found = budget(**{name: value})
    covered = named(*ready)
    _, desired, healthy, allowed = counts(found, covered)

    assert allowed == 0 or healthy - allowed >= desired
    # Looking again after each allowed eviction allows no more than was allowed at first.
    left = [one for one in covered if one["status"]["phase"] == "Running"]
    found["status"] = budgets.status(found, covered, Expected(len(covered)), NOW)
    for step in range(allowed):
        found = budgets.disrupted(found, left[step]["metadata"]["name"], NOW)
        found["status"] = budgets.status(found, covered, Expected(len(covered)), NOW)
        assert found["status"]["disruptionsAllowed"] == allowed - step - 1
