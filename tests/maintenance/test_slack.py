"""What a budget makes of a pod that may go, and whether waiting will help."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_evacuations import NOON, budget, pod
from wharfinger.cluster import label_selector
from wharfinger.maintenance import slack
from wharfinger.maintenance.model import Budget, Name, Pod
from wharfinger.maintenance.slack import Consumer, Coverage, Queue, State
from wharfinger.maintenance.verdict import Code, Outcome

OPEN = budget(allowed=1, healthy=3, desired=2, expected=3, wanted="minAvailable: 2")
SPENT = replace(OPEN, allowed=0, healthy=2)
CLOSED = budget(healthy=3, desired=3, expected=3, wanted="maxUnavailable: 0")
SICK = pod(ready=False)
UNHEALTHY = tuple(Consumer(Name("p", f"web-{number}"), "not ready on n1") for number in range(3))


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        (pod(), True),
        (SICK, True),
        (pod(phase="Unknown"), True),
        (pod(phase="Pending", ready=False), False),
        (pod(phase="Succeeded"), False),
        (pod(phase="Failed"), False),
        (pod(deleted=NOON), False),
    ],
)
def test_a_budget_is_asked_only_for_what_may_serve_somebody(found, asked):
    assert slack.guarded(found) == asked


@pytest.mark.parametrize(
    ("found", "of", "code", "hopeless"),
    [
        (pod(), OPEN, None, False),
        (pod(), SPENT, Code.BUDGET_SPENT, False),
        (pod(), replace(SPENT, healthy=1), Code.BUDGET_SPENT, False),
        (pod(), CLOSED, Code.BUDGET_NEVER, True),
        (pod(), replace(CLOSED, expected=4), Code.BUDGET_SPENT, False),
        (pod(), replace(CLOSED, healthy=2), Code.BUDGET_NEVER, True),
        (pod(), replace(CLOSED, desired=5), Code.BUDGET_NEVER, True),
        (pod(), replace(CLOSED, allowed=1, healthy=4), None, False),
        (pod(), replace(OPEN, current=False), Code.BUDGET_UNCOUNTED, False),
        (pod(), replace(OPEN, problem="no scale"), Code.BUDGET_UNCOUNTED, True),
        (pod(), budget(wanted="maxUnavailable: 1"), Code.BUDGET_UNCOUNTED, False),
        (pod(owner=None), budget(wanted="minAvailable: 1"), Code.BUDGET_UNCOUNTED, False),
        (pod(), replace(OPEN, allowed=0, desired=0, wanted=""), Code.BUDGET_NEVER, True),
        (pod(), budget(), Code.BUDGET_NEVER, True),
        (pod(owner=None), budget(wanted="minAvailable: 10%"), Code.BUDGET_NEVER, True),
        (pod(owner=None), budget(wanted="maxUnavailable: 1"), Code.BUDGET_NEVER, True),
        (SICK, SPENT, None, False),
        (SICK, replace(SPENT, current=False), None, False),
        (SICK, replace(SPENT, healthy=1), Code.NOT_READY, True),
        (SICK, replace(SPENT, healthy=1, spares_unhealthy=True), None, False),
        (SICK, replace(CLOSED, healthy=2), Code.BUDGET_NEVER, True),
        (SICK, replace(CLOSED, healthy=2, spares_unhealthy=True), None, False),
        (SICK, replace(OPEN, desired=0, healthy=0, allowed=0), Code.NOT_READY, True),
        (SICK, replace(OPEN, desired=0, healthy=2, allowed=2), None, False),
    ],
)
def test_a_pod_waits_for_its_budget_and_is_told_whether_for_ever(found, of, code, hopeless):
    verdict = slack.ask(found, of, UNHEALTHY[: of.expected - of.healthy], Queue())

    if code is None:
        assert verdict is None
    else:
        assert verdict is not None
        assert (verdict.outcome, verdict.code) == (Outcome.WAITS, code)
        assert verdict.hopeless == hopeless
        assert not hopeless or verdict.remedy


def test_a_rollout_may_open_a_budget_that_is_closed():
    more = slack.consumer(pod("web-4", phase="Pending", ready=False))
    assert more is not None

    verdict = slack.ask(pod(), CLOSED, [more], Queue())

    assert verdict is not None
    assert (verdict.code, verdict.hopeless) == (Code.BUDGET_SPENT, False)


def test_who_else_uses_a_budget_up_is_named():
    consumers = [Consumer(Name("p", f"web-{number}"), "not ready on n1") for number in range(7)]

    verdict = slack.ask(pod(), SPENT, consumers, Queue())

    assert verdict is not None
    assert "p/web-0 is not ready on n1" in verdict.reason
    assert "2 more are missing or not ready" in verdict.reason
    assert verdict.remedy


def test_pods_that_are_missing_are_told():
    verdict = slack.ask(pod(), SPENT, (), Queue())

    assert verdict is not None
    assert verdict.reason.endswith("has 2: 1 is missing or not ready")


def test_a_budget_that_was_just_used_is_not_blamed_on_pods():
    verdict = slack.ask(pod(), replace(OPEN, allowed=0), (), Queue())

    assert verdict is not None
    assert (verdict.code, verdict.hopeless, verdict.remedy) == (Code.BUDGET_SPENT, False, "")
    assert "just let others go" in verdict.reason


@pytest.mark.parametrize(
    ("found", "why", "state"),
    [
        (pod(ready=False), "not ready on n1", State.NOT_READY),
        (pod(at="", phase="Pending", ready=False), "pending and on no node yet", State.PENDING),
        (pod(deleted=NOON), "ending on n1", State.ENDING),
        (pod(deleted=NOON, ready=False), "ending on n1", State.ENDING),
    ],
)
def test_a_pod_that_does_not_count_as_healthy_takes_from_its_budget(found, why, state):
    assert slack.consumer(found) == Consumer(found.name, why, state)


def test_a_pod_that_is_healthy_or_finished_takes_nothing():
    assert slack.consumer(pod()) is None
    assert slack.consumer(pod(phase="Succeeded", ready=False)) is None


@pytest.mark.parametrize(
    "consumers",
    [UNHEALTHY[:1], [*UNHEALTHY, slack.consumer(pod("new", phase="Pending", ready=False))]],
)
def test_a_pod_that_is_not_ready_has_hope_while_others_come(consumers):
    verdict = slack.ask(SICK, replace(SPENT, healthy=1), consumers, Queue())

    assert verdict is not None
    assert (verdict.code, verdict.hopeless) == (Code.NOT_READY, False)


def test_pods_of_one_budget_go_in_turn_as_replacements_come():
    of, queue = replace(OPEN, allowed=2, healthy=6, desired=4, expected=6), Queue()

    verdicts = [slack.ask(pod(f"web-{number}"), of, (), queue) for number in range(4)]

    assert verdicts[:2] == [None, None]
    assert [one.code for one in verdicts[2:] if one] == [Code.BUDGET_TURN, Code.BUDGET_TURN]
    assert [one.reason.rpartition("after ")[2] for one in verdicts[2:] if one] == [
        "1 replacement",
        "2 replacements",
    ]
    assert not any(one.hopeless for one in verdicts if one)


def test_pods_that_nobody_replaces_use_a_budget_up_for_good():
    of, queue = replace(OPEN, allowed=2), Queue()

    bare = [slack.ask(pod(f"a-{number}", owner=None), of, (), queue) for number in range(2)]
    verdict = slack.ask(pod(), of, (), queue)

    assert bare == [None, None]
    assert verdict is not None
    assert verdict.code == Code.BUDGET_TURN
    assert verdict.hopeless


def test_a_spared_pod_takes_no_turn():
    queue = Queue()

    assert slack.ask(pod("a", ready=False), OPEN, (), queue) is None
    assert slack.ask(pod("b"), OPEN, (), queue) is None
    assert slack.ask(pod("c"), OPEN, (), queue) is not None


keys, values = st.sampled_from(["app", "tier", "zone"]), st.sampled_from(["a", "b"])
labels = st.dictionaries(keys, values)
expressions = st.fixed_dictionaries({"key": keys, "operator": st.just("In")}).flatmap(
    lambda one: st.lists(values, min_size=1).map(lambda chosen: {**one, "values": chosen})
)
selectors = st.none() | st.fixed_dictionaries(
    {}, optional={"matchLabels": labels, "matchExpressions": st.lists(expressions, max_size=2)}
)
namespaces = st.sampled_from(["p", "q"])


@st.composite
def lists_of_budgets(draw: st.DrawFn) -> list[Budget]:
    found = draw(st.lists(st.tuples(namespaces, selectors), max_size=6))
    return [
        Budget(Name(namespace, f"b{number}"), "", selector)
        for number, (namespace, selector) in enumerate(found)
    ]


@given(lists_of_budgets(), namespaces, labels)
def test_the_index_finds_what_a_look_at_each_budget_finds(budgets, namespace, chosen):
    found = Pod(Name(namespace, "web-1"), "", labels=chosen)

    covering = [
        one
        for one in budgets
        if one.name.namespace == namespace and label_selector.selects(one.selector, chosen)
    ]
    assert Coverage(budgets).of(found) == tuple(sorted(covering, key=lambda one: one.name))
