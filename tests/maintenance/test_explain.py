"""A plan says of each pod what the API will answer, of each budget who uses it up, and ends or explains."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_evacuations import ALL, DAEMON, NOON, WEB, budget, plan, pod
from wharfinger.maintenance import explain
from wharfinger.maintenance.api import NodeUnknown
from wharfinger.maintenance.explain import NodePlan
from wharfinger.maintenance.model import Budget, Name, Owner, Pod
from wharfinger.maintenance.options import Options
from wharfinger.maintenance.slack import Consumer, State
from wharfinger.maintenance.verdict import Code, Outcome, Verdict

PAGE = Path(__file__).parents[2] / "docs/reference/evacuation.md"
SPENT = budget(healthy=2, desired=2, expected=3, wanted="minAvailable: 2")
OPEN = replace(SPENT, healthy=3, allowed=1)
DIRS = ("cache", "work")


def outcomes(found: NodePlan) -> dict[str, str]:
    return {one.pod.name.name: str(one.verdict.outcome) for one in found.pods}


def verdict_on(name: str, found: NodePlan) -> Verdict:
    return next(one.verdict for one in found.pods if one.pod.name.name == name)


def test_a_plan_has_all_pods_of_the_node_in_order_of_their_names():
    pods = [pod("b"), pod("a", owner=DAEMON), pod("c", at="n2"), pod("d", at="", phase="Pending")]

    found = plan(pods)

    assert outcomes(found) == {"a": "stays", "b": "goes"}
    assert [one.pod.name.name for one in found.leaving] == ["b"]
    assert not found.blocked


def test_one_pod_blocks_the_node():
    found = plan([pod("a", owner=None), pod("b")], options=Options())

    assert found.blocked
    assert outcomes(found) == {"a": "blocks", "b": "goes"}


def test_nobody_explains_a_node_that_is_not_there():
    with pytest.raises(NodeUnknown):
        plan([pod()], at="n9")


def test_a_node_without_pods_has_nothing_to_tell():
    found = plan([])

    assert (found.pods, found.budgets, found.blocked) == ((), (), False)


def test_what_a_budget_holds_back_keeps_its_warning():
    found = plan([pod(empty_dirs=DIRS)], SPENT)

    (one,) = found.pods
    assert (one.verdict.outcome, one.verdict.code) == (Outcome.WAITS, Code.BUDGET_SPENT)
    assert one.verdict.warning == "the content of emptyDir cache, work is lost"
    assert one.lost == DIRS


def test_a_pod_that_stays_loses_nothing_and_asks_no_budget():
    found = plan([pod(owner=DAEMON, empty_dirs=DIRS)], SPENT)

    (one,) = found.pods
    assert (one.lost, one.budgets, found.budgets) == ((), (), ())


def test_a_budget_is_not_asked_for_a_pod_that_serves_nobody():
    pods = [
        pod("a", phase="Pending", ready=False),
        pod("b", phase="Failed"),
        pod("c", deleted=NOON),
    ]

    found = plan(pods, SPENT, budget("other"))

    assert set(outcomes(found).values()) == {"goes"}
    assert found.budgets == ()


def test_two_budgets_for_one_pod_are_told():
    found = plan([pod()], SPENT, replace(OPEN, name=Name("p", "other")))

    (one,) = found.pods
    assert (one.verdict.code, one.verdict.hopeless) == (Code.BUDGETS_OVERLAPPING, True)
    assert one.budgets == (Name("p", "other"), Name("p", "web"))
    assert [two.here for two in found.budgets] == [1, 1]


def test_without_evictions_a_budget_is_only_warned_of():
    found = plan([pod(empty_dirs=DIRS)], SPENT, options=replace(ALL, disable_eviction=True))

    (one,) = found.pods
    assert one.verdict.outcome is Outcome.GOES
    assert one.verdict.warning.endswith("; it goes against budget p/web")


def test_a_budget_tells_its_slack_and_who_else_uses_it_up():
    pods = [
        pod("a"),
        pod("b"),
        pod("c", at="n2", ready=False),
        pod("d", at="n3", deleted=NOON),
        pod("e", at="", phase="Pending", ready=False),
        pod("f", at="n2", phase="Succeeded", ready=False),
        pod("g", at="n2"),
        pod("h", at="n2", ready=False, labels={"app": "db"}),
    ]

    (told,) = plan(pods, OPEN).budgets

    assert (told.budget, told.here) == (OPEN, 2)
    assert told.consumers == (
        Consumer(Name("p", "c"), "not ready on n2"),
        Consumer(Name("p", "d"), "ending on n3", State.ENDING),
        Consumer(Name("p", "e"), "pending and on no node yet", State.PENDING),
    )


def test_a_budget_of_another_namespace_is_none_of_a_pods_business():
    found = plan([pod()], replace(SPENT, name=Name("q", "web")), budget("nothing", selector=None))

    assert outcomes(found) == {"web-1": "goes"}
    assert found.budgets == ()


def test_a_broken_pod_lets_the_others_wait_and_goes_itself():
    pods = [pod("a", ready=False), pod("b"), pod("c", at="n2")]

    assert outcomes(plan(pods, SPENT)) == {"a": "goes", "b": "waits"}


def test_a_document_is_json_with_every_reason_in_it():
    document = explain.plan_document(
        plan([pod("a", empty_dirs=DIRS), pod("b", ready=False)], SPENT)
    )

    assert json.loads(json.dumps(document)) == document
    first, second = document["pods"]
    assert {key: first[key] for key in ("namespace", "name", "outcome", "code", "lost")} == {
        "namespace": "p",
        "name": "a",
        "outcome": "waits",
        "code": "budget-spent",
        "lost": ["cache", "work"],
    }
    assert (first["budgets"], second["outcome"]) == (["web"], "goes")
    (told,) = document["budgets"]
    assert (told["wanted"], told["allowed"], told["here"]) == ("minAvailable: 2", 0, 2)
    assert told["consumers"] == [{"namespace": "p", "name": "b", "why": "not ready on n1"}]


# The page of the verdicts: each row of its table is what the code says of one pod.

GONE = Owner("DaemonSet", "gone")
DATABASE = Owner("StatefulSet", "db")
PLAIN = Options()
LATE = NOON - timedelta(seconds=90)
SICK = pod("web-2", at="n2", ready=False)
NEVER = budget(healthy=3, desired=3, expected=3, wanted="maxUnavailable: 0")

EXAMPLES: Sequence[tuple[Pod, Options, Sequence[Pod], Sequence[Budget]]] = (
    (pod(), PLAIN, (), ()),
    (pod(owner=DATABASE), PLAIN, (), ()),
    (pod(phase="Pending", ready=False), PLAIN, (), ()),
    (pod(phase="Succeeded", ready=False), PLAIN, (), ()),
    (pod(deleted=LATE), PLAIN, (), ()),
    (pod(empty_dirs=DIRS), ALL, (), ()),
    (pod(owner=None), ALL, (), ()),
    (pod(owner=GONE), ALL, (), ()),
    (pod(owner=DAEMON), ALL, (), ()),
    (pod(mirror=True), PLAIN, (), ()),
    (pod(), Options(pod_selector={"matchLabels": {"app": "db"}}), (), ()),
    (pod(deleted=LATE), Options(skip_wait_for_delete=60), (), ()),
    (pod(), PLAIN, (pod("web-0"),), (OPEN,)),
    (pod(), PLAIN, (SICK,), (SPENT,)),
    (pod(), PLAIN, (), (replace(OPEN, current=False),)),
    (pod(), PLAIN, (), (NEVER,)),
    (pod(ready=False), PLAIN, (SICK,), (replace(SPENT, healthy=1),)),
    (pod(), PLAIN, (), (OPEN, replace(OPEN, name=Name("p", "old")))),
    (pod(owner=DAEMON), PLAIN, (), ()),
    (pod(owner=GONE), PLAIN, (), ()),
    (pod(empty_dirs=DIRS), PLAIN, (), ()),
    (pod(owner=None), PLAIN, (), ()),
)


def rows() -> list[str]:
    result = []
    for found, options, others, budgets in EXAMPLES:
        verdict = verdict_on(found.name.name, plan([found, *others], *budgets, options=options))
        outcome = f"{verdict.outcome}, for ever" if verdict.hopeless else str(verdict.outcome)
        said = (f"`{verdict.code}`", outcome, verdict.reason, verdict.remedy, verdict.warning)
        result.append(f"| {' | '.join(said)} |".replace("  ", " "))
    return result


def test_the_page_lists_what_the_code_says():
    text = PAGE.read_text()

    for row in rows():
        assert row in text
    listed = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    assert set(Code) == {code for code in listed if code in set(Code)}


# Against the API said once more, over random clusters.


@dataclass(frozen=True)
class Wish:
    """A budget as it is written; it is counted as its controller would."""

    name: str
    app: str
    least: int | None
    most_missing: int
    spares: bool

    def counted(self, pods: Sequence[Pod], replicas: Mapping[str, int]) -> Budget:
        covered = [one for one in pods if one.labels.get("app") == self.app]
        healthy = sum(one.ready and one.deleted is None and not one.finished for one in covered)
        if self.least is not None:
            expected, desired = len(covered), self.least
        else:
            owned = any(one.owner is not None for one in covered)
            expected = replicas[self.app] if owned else 0
            desired = max(0, expected - self.most_missing)
        return budget(
            self.name,
            selector={"matchLabels": {"app": self.app}},
            allowed=max(0, healthy - desired) if expected else 0,
            healthy=healthy,
            desired=desired,
            expected=expected,
            spares_unhealthy=self.spares,
            wanted=f"minAvailable: {self.least}"
            if self.least is not None
            else f"maxUnavailable: {self.most_missing}",
        )


apps = st.sampled_from(["web", "db"])
nodes = st.sampled_from(["n1", "n2", "n3"])
wishes = st.builds(
    Wish,
    name=st.sampled_from("uvw"),
    app=apps,
    least=st.none() | st.integers(0, 4),
    most_missing=st.integers(0, 3),
    spares=st.booleans(),
)
lists_of_wishes = st.lists(wishes, max_size=3, unique_by=lambda one: one.name)


@st.composite
def lists_of_pods(draw: st.DrawFn) -> list[Pod]:
    names = draw(st.lists(st.integers(0, 30).map("x-{:02}".format), max_size=9, unique=True))
    return [draw(drawn_pods(name)) for name in names]


@st.composite
def drawn_pods(draw: st.DrawFn, name: str) -> Pod:
    phase = draw(st.sampled_from(["Running", "Running", "Running", "Pending", "Failed"]))
    app = draw(apps)
    return pod(
        name,
        at=draw(nodes),
        owner=WEB if app == "web" else None,
        phase=phase,
        ready=phase == "Running" and draw(st.booleans()),
        deleted=draw(st.sampled_from([None, None, None, NOON])),
        labels={"app": app},
    )


def serving(pods: Sequence[Pod]) -> list[Pod]:
    """Those that are made anew if they go."""
    return [
        one for one in pods if one.owner is not None and one.deleted is None and not one.finished
    ]


def replicas(pods: Sequence[Pod]) -> Counter[str]:
    """How many pods the controller of each application wants."""
    return Counter(one.labels["app"] for one in serving(pods))


def counted(pods: Sequence[Pod], wanted: Sequence[Wish]) -> list[Budget]:
    return [wish.counted(pods, replicas(pods)) for wish in wanted]


def let_go(pods: Sequence[Pod], budgets: Sequence[Budget]) -> list[str]:
    """Which pods the eviction API lets go if all are asked for at once, in this order."""
    left = {one.name: one.allowed for one in budgets}
    result = []
    for one in pods:
        if one.deleted is None and one.phase == "Running":
            covering = [two for two in budgets if two.selector == {"matchLabels": dict(one.labels)}]
            if len(covering) > 1:
                continue
            if covering and not _spared(one, covering[0]):
                if left[covering[0].name] <= 0:
                    continue
                left[covering[0].name] -= 1
        result.append(one.name.name)
    return result


def _spared(one: Pod, of: Budget) -> bool:
    return not one.ready and (of.spares_unhealthy or (of.desired > 0 and of.healthy >= of.desired))


@given(lists_of_pods(), lists_of_wishes)
def test_what_goes_is_what_the_api_lets_go(pods, wanted):
    budgets = counted(pods, wanted)

    found = plan(pods, *budgets)

    here = [one.pod for one in found.pods]
    going = [one.pod.name.name for one in found.pods if one.verdict.outcome is Outcome.GOES]
    assert going == let_go(here, budgets)
    assert set(outcomes(found).values()) <= {"goes", "waits"}


@given(lists_of_pods(), lists_of_wishes, st.randoms(use_true_random=False))
def test_the_order_of_what_was_found_does_not_matter(pods, wanted, chance):
    budgets = counted(pods, wanted)
    shuffled = list(pods)
    chance.shuffle(shuffled)

    assert plan(shuffled, *reversed(budgets)) == plan(pods, *budgets)


@given(lists_of_pods(), lists_of_wishes, st.booleans(), st.booleans())
def test_a_node_is_blocked_if_kubectl_would_refuse_a_pod(pods, wanted, force, delete):
    options = Options(force=force, delete_empty_dir_data=delete)

    found = plan(pods, *counted(pods, wanted), options=options)

    bare = [one for one in pods if one.node == "n1" and one.owner is None and not one.finished]
    assert found.blocked == (bool(bare) and not force)


@given(lists_of_pods(), lists_of_wishes)
def test_an_evacuation_by_plans_ends_or_explains_and_never_goes_below_a_budget(pods, wanted):
    made = replicas(pods)
    doomed: set[Name] = set()
    for number in range(len(pods) + 2):
        budgets = [wish.counted(pods, made) for wish in wanted]
        found = plan(pods, *budgets)
        doomed |= {one.pod.name for one in found.leaving if one.verdict.hopeless}
        gone = {one.pod.name for one in found.leaving if one.verdict.outcome is Outcome.GOES}
        if not gone:
            break
        left = [one for one in pods if one.name not in gone]
        for before, after in zip(budgets, (w.counted(left, made) for w in wanted), strict=True):
            assert after.healthy >= min(before.healthy, before.desired)
        missed = [one for one in serving(pods) if one.name in gone]
        pods = left + [_replacement(one, number) for one in missed]
    assert not gone
    assert all(one.verdict.remedy for one in found.leaving)
    assert doomed <= {one.pod.name for one in found.leaving}


def _replacement(one: Pod, number: int) -> Pod:
    name = f"{one.name.name}-{number}"
    return pod(name, at="n2", owner=one.owner, labels=one.labels)
