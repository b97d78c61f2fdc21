"""
Which nodes of a fleet are evacuated together, and which may start now.

Never more nodes are out of service than the limits allow: those under way, and those that were not
ready or not schedulable before, which take their place though nobody evacuates them. Such a node takes
no second place when its turn comes. The whole of which the limits are a part is the nodes asked for.

Nodes whose pods are under one disruption budget go together only while the budget bears all of their
pods at once, so that none is closed merely to wait for another. A node that has more pods under a
budget than it bears is the only one of that budget in its wave: it is emptied as replacements come up.
What a budget bears is what it allowed when it was looked at, less the pods that nobody makes anew:
waves count on the pods of earlier ones having come back.

A node that cannot be emptied as things are, or for which there will be no place, is in no wave, and
its reasons are told.

Waves are what `ready_to_start` yields if each batch is over before the next begins; a runner that does
not wait for the slowest asks it whenever a node is done, and is held by the same rules. Pure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from wharfinger.maintenance.explain import Explainer, NodePlan, PodPlan
from wharfinger.maintenance.fleet.limits import Limits, Order
from wharfinger.maintenance.fleet.roster import Place, Roster, Turn
from wharfinger.maintenance.model import Cluster, Name, Node
from wharfinger.maintenance.options import Options
from wharfinger.maintenance.verdict import Outcome

_TOLD: Final = 3
"""So many are named of what may be many."""
_ABSENT: Final = "the cluster has no node of this name: have it join, or mend the list of hosts"


@dataclass(frozen=True, slots=True)
class Blocked:
    node: str
    reasons: tuple[str, ...]
    """Sentences without a full stop, each with what can be done."""


@dataclass(frozen=True, slots=True)
class Wave:
    nodes: tuple[str, ...]
    reason: str
    """Why not more of them."""


@dataclass(frozen=True, slots=True)
class WavePlan:
    waves: tuple[Wave, ...]
    blocked: tuple[Blocked, ...]
    roster: Roster
    explained: Mapping[str, NodePlan]


def plan_waves(
    cluster: Cluster,
    nodes: Sequence[str],
    limits: Limits,
    options: Options,
    now: datetime,
    *,
    ours: Collection[str] = (),
) -> WavePlan:
    """Explain and plan these nodes, in this order."""
    explainer = Explainer(cluster, options, now)
    names = tuple(dict.fromkeys(nodes))
    explained = {name: explainer.node(name) for name in names if name in cluster.nodes}
    absent = [name for name in names if name not in explained]
    return arrange(explained, limits, absent, ours=ours)


def arrange(
    explained: Mapping[str, NodePlan],
    limits: Limits,
    absent: Iterable[str] = (),
    *,
    ours: Collection[str] = (),
) -> WavePlan:
    """Plan nodes that have been explained, in this order; `absent` are not in the cluster.

    `ours` are nodes that the same run has closed already: they come back when they have had their turn.
    """
    nodes = {name: plan.node for name, plan in explained.items()}
    places = _places(nodes, limits)
    needs = {name: _needs(plan) for name, plan in explained.items()}
    losses = _Losses({budget for each in needs.values() for budget in each})
    reasons = {name: _reasons(plan) or losses.add(plan) for name, plan in explained.items()}
    out = {name for name, node in nodes.items() if not (node.ready and node.schedulable)}
    back = {name for name in out.intersection(ours) if nodes[name].ready and not reasons[name]}
    crowded = _crowded(out - back, places, limits)
    for name in nodes:
        if name not in out and (why := crowded.get(places[name].value)) is not None:
            reasons[name].append(why)
    turns = [Turn(name, needs[name]) for name in nodes if not reasons[name]]
    ordered = _ordered(turns, places, limits, back)
    canaries = frozenset(turn.node for turn in ordered[: limits.canary])
    most = sum(place.limit for place in set(places.values()))
    roster = Roster(ordered, limits, places, losses.bears, canaries, most)
    blocked = [Blocked(name, (_ABSENT,)) for name in absent]
    blocked += [Blocked(name, tuple(why)) for name, why in reasons.items() if why]
    return WavePlan(tuple(_waves(roster, out, back)), tuple(blocked), roster, explained)


def ready_to_start(
    plan: WavePlan, under_way: Collection[str], done: Collection[str], unavailable: Collection[str]
) -> tuple[str, ...]:
    """Which nodes may start now, beside those that are under way.

    `done` are all that shall not start (again), however they ended. `unavailable` are nodes that are
    not ready or not schedulable now; those outside of the plan do not count. If too many are out
    there may be none to start though nothing is under way: then wait for these.
    """
    turns, now, over = plan.roster.turns, frozenset(under_way), frozenset(done)
    waiting = [turn for turn in turns if turn.node not in now and turn.node not in over]
    going = [turn for turn in turns if turn.node in now]
    return tuple(turn.node for turn in plan.roster.batch(waiting, going, unavailable).turns)


def _waves(roster: Roster, out: Collection[str], back: Collection[str]) -> Iterator[Wave]:
    waiting, unavailable = list(roster.turns), set(out)
    needed = Counter(name for turn in waiting for name in turn.needs)
    while waiting:
        batch = roster.batch(waiting, (), unavailable)
        nodes = tuple(turn.node for turn in batch.turns)
        taken = frozenset(nodes)
        waiting = [turn for turn in waiting if turn.node not in taken]
        unavailable -= taken.intersection(back)
        needed.subtract(name for turn in batch.turns for name in turn.needs)
        tight = sorted(name for name in batch.tight if needed[name] > 0)
        yield Wave(nodes, _reason(roster, nodes[0], full=batch.full, tight=tight))


def _reason(roster: Roster, first: str, *, full: bool, tight: Sequence[Name]) -> str:
    limits, place = roster.limits, roster.places[first]
    if first in roster.canaries:
        return "a canary goes alone"
    if full and limits.per and limits.order is Order.SIDE_BY_SIDE:
        return f"of each {limits.per} no more than {limits.max_unavailable} may be out at once"
    if full:
        return (
            f"no more than {place.limit} of {place.whole}{_where(place, limits)} may be out at once"
        )
    if tight:
        return f"the others have pods under budgets that bear no more: {_listed(map(str, tight))}"
    return f"no others are left{_where(place, limits)}"


class _Losses:
    """Pods that nobody makes anew: what they take of a budget does not come back for later nodes."""

    def __init__(self, returning: Collection[Name]) -> None:
        """`returning` are the budgets of pods that do come back: for these one is kept free."""
        self._returning = returning
        self._allowed: dict[Name, int] = {}
        self._lost: Counter[Name] = Counter()

    @property
    def bears(self) -> Mapping[Name, int]:
        """What is left of each budget for pods that come back."""
        return {name: allowed - self._lost[name] for name, allowed in self._allowed.items()}

    def add(self, plan: NodePlan) -> list[str]:
        """Count the pods of a node; or count none, and say why they would be too many."""
        budgets = {one.budget.name: one.budget.allowed for one in plan.budgets}
        lost = Counter(
            name
            for pod in plan.leaving
            if _counts(pod) and pod.pod.owner is None
            for name in pod.budgets
        )
        over = []
        for name, allowed in budgets.items():
            gone = self._lost[name] + lost[name]
            if gone and gone + (name in self._returning) > allowed:
                over.append(_used_up(name, allowed, gone))
        if not over:
            self._allowed |= budgets
            self._lost += lost
        return over


def _ordered(
    turns: Sequence[Turn], places: Mapping[str, Place], limits: Limits, back: Collection[str]
) -> tuple[Turn, ...]:
    """As asked for, but one place after the other, and first what comes back by being done."""
    values = list(dict.fromkeys(places[turn.node].value for turn in turns))
    rank = {value: number for number, value in enumerate(values)}

    def key(turn: Turn) -> tuple[int, bool]:
        in_turn = limits.order is Order.IN_TURN
        return rank[places[turn.node].value] if in_turn else 0, turn.node not in back

    return tuple(sorted(turns, key=key))


def _places(nodes: Mapping[str, Node], limits: Limits) -> dict[str, Place]:
    values = {name: _value(node, limits) for name, node in nodes.items()}
    places = {
        value: Place(value, whole, limits.max_unavailable.of(whole))
        for value, whole in Counter(values.values()).items()
    }
    return {name: places[value] for name, value in values.items()}


def _value(node: Node, limits: Limits) -> str:
    return node.labels.get(limits.per, "") if limits.per else ""


def _crowded(out: Iterable[str], places: Mapping[str, Place], limits: Limits) -> dict[str, str]:
    """Why no other node can go in a place, by its value, where as many are out as may be."""
    by_place: dict[Place, list[str]] = defaultdict(list)
    for name in out:
        by_place[places[name]].append(name)
    return {
        place.value: f"{len(names)} of {place.whole} nodes{_where(place, limits)} are out of service"
        f" already ({_listed(sorted(names))}), and no more than {place.limit} may be: bring them back,"
        " or raise the limit"
        for place, names in by_place.items()
        if len(names) >= place.limit
    }


def _reasons(plan: NodePlan) -> list[str]:
    return [
        f"pod {one.pod.name}: {one.verdict.reason}"
        + (f": {one.verdict.remedy}" if one.verdict.remedy else "")
        for one in plan.pods
        if one.verdict.outcome is Outcome.BLOCKS or (one.leaves and one.verdict.hopeless)
    ]


def _needs(plan: NodePlan) -> dict[Name, int]:
    return dict(
        Counter(
            name
            for one in plan.leaving
            if _counts(one) and one.pod.owner is not None
            for name in one.budgets
        )
    )


def _counts(plan: PodPlan) -> bool:
    """Whether a budget has one healthy pod less when it goes."""
    return plan.pod.ready


def _used_up(name: Name, allowed: int, gone: int) -> str:
    return (
        f"budget {name} lets {allowed} go at a time, and {gone} on these nodes would be gone for good,"
        " as nobody makes them anew: make such pods elsewhere first"
    )


def _where(place: Place, limits: Limits) -> str:
    if not limits.per:
        return ""
    return f" with {limits.per}={place.value}" if place.value else f" without {limits.per}"


def _listed(names: Iterable[str]) -> str:
    told = list(names)
    more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return f"{', '.join(told[:_TOLD])}{more}"
