"""
What disruption budgets say of a pod that may go: now, after others, or never as things stand.

Pure. It foretells what the eviction API answers (which pods it asks no budget for, which it spares,
when it refuses), and adds what the API does not say: whether waiting will help, and who else uses
up what a budget allows. https://kubernetes.io/docs/tasks/run-application/configure-pdb/
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wharfinger.cluster import label_selector
from wharfinger.maintenance.model import Budget, Name, Pod
from wharfinger.maintenance.verdict import Code, Outcome, Verdict

_NAMED: Final = 5
"""So many pods are named in a sentence; a plan has all of them."""


class State(StrEnum):
    """Why a pod does not count as healthy; of these only the first need not pass by itself."""

    NOT_READY = "not ready"
    PENDING = "pending"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class Consumer:
    """A pod that does not count as healthy, which lessens what its budget allows."""

    pod: Name
    why: str
    """As "not ready on n2"."""
    state: State = State.NOT_READY


@dataclass(slots=True)
class Queue:
    """Of one budget, on one node: how many pods go before the next one."""

    ahead: int = 0
    lost: int = 0
    """Those ahead that nobody makes anew: what they take of the budget does not come back."""

    def enter(self, pod: Pod) -> None:
        self.ahead += 1
        self.lost += pod.owner is None


class Coverage:
    """Which budgets cover a pod, without a look at each budget for each pod."""

    def __init__(self, budgets: Iterable[Budget]) -> None:
        found = [one for one in budgets if one.selector is not None]
        frequency = Counter(label for one in found for label in _labels(one))
        self._by_label: dict[tuple[str, str, str], list[Budget]] = defaultdict(list)
        self._others: dict[str, list[Budget]] = defaultdict(list)
        for one in found:
            rarest = min(_labels(one), key=lambda label: (frequency[label], label), default=None)
            if rarest is not None:
                self._by_label[rarest].append(one)
            else:
                self._others[one.name.namespace].append(one)

    def of(self, pod: Pod) -> tuple[Budget, ...]:
        """In order of their names."""
        found = [
            one for one in self._candidates(pod) if label_selector.selects(one.selector, pod.labels)
        ]
        return tuple(sorted(found, key=lambda one: one.name)) if found else ()

    def _candidates(self, pod: Pod) -> Iterator[Budget]:
        namespace = pod.name.namespace
        for key, value in pod.labels.items():
            yield from self._by_label.get((namespace, key, value), ())
        yield from self._others.get(namespace, ())


def guarded(pod: Pod) -> bool:
    """Whether a budget is asked at all: a pod that has not begun or will not go on serves nobody."""
    return pod.deleted is None and not pod.finished and pod.phase != "Pending"


def spared(pod: Pod, budget: Budget) -> bool:
    """Whether a pod that is not ready may go without a look at what the budget allows."""
    return not pod.ready and (budget.spares_unhealthy or 0 < budget.desired <= budget.healthy)


def consumer(pod: Pod) -> Consumer | None:
    """What a pod takes of the budget that covers it, just by its state."""
    if pod.finished or (pod.ready and pod.deleted is None):
        return None
    place = f"on {pod.node}" if pod.node else "and on no node yet"
    state = _state(pod)
    return Consumer(pod.name, f"{state} {place}", state)


def _state(pod: Pod) -> State:
    if pod.deleted is not None:
        return State.ENDING
    return State.PENDING if pod.phase == "Pending" else State.NOT_READY


def overlapping(budgets: Sequence[Budget]) -> Verdict:
    names = ", ".join(str(one.name) for one in budgets)
    return Verdict(
        Outcome.WAITS,
        Code.BUDGETS_OVERLAPPING,
        f"more than one budget covers it ({names}), and then none can be asked",
        "change the selectors so that one of them covers it",
        hopeless=True,
    )


def ask(pod: Pod, budget: Budget, consumers: Sequence[Consumer], queue: Queue) -> Verdict | None:
    """Say why a guarded pod must wait for its budget; None: it may go now, as the next in the queue."""
    if spared(pod, budget):
        return None
    if budget.problem or not budget.current or _stale(pod, budget):
        return _uncounted(budget)
    if budget.allowed <= 0:
        return _closed(pod, budget, consumers)
    verdict = _turn(budget, queue) if queue.ahead >= budget.allowed else None
    queue.enter(pod)
    return verdict


def _stale(pod: Pod, budget: Budget) -> bool:
    """Whether a pod that will be in the count is not in it yet."""
    if budget.expected > 0 or not budget.wanted:
        return False
    return pod.owner is not None or not _by_controllers(budget)


def _by_controllers(budget: Budget) -> bool:
    """Whether it counts the pods that controllers ask for, and not those that are there."""
    return "maxUnavailable" in budget.wanted or "%" in budget.wanted


def _uncounted(budget: Budget) -> Verdict:
    if not budget.problem:
        reason = f"budget {budget.name} is not counted yet as it is written now"
        return Verdict(Outcome.WAITS, Code.BUDGET_UNCOUNTED, reason)
    return Verdict(
        Outcome.WAITS,
        Code.BUDGET_UNCOUNTED,
        f"budget {budget.name} cannot be counted: {budget.problem}",
        "write the budget with a number as minAvailable, which needs no controllers",
        hopeless=True,
    )


def _closed(pod: Pod, budget: Budget, consumers: Sequence[Consumer]) -> Verdict:
    """The budget lets no pod go now; say whether it ever will."""
    if not budget.wanted:
        return _never(
            f"budget {budget.name} says neither minAvailable nor maxUnavailable, so it lets none go",
            "write one of the two into the budget",
        )
    if budget.expected <= 0:
        return _never(
            f"budget {budget.name} ({budget.wanted}) counts by controllers, and it has none",
            "write the budget with a number as minAvailable",
        )
    if budget.desired >= _most(budget, consumers):
        return _never(
            f"budget {budget.name} ({budget.wanted}) keeps {budget.desired} of {budget.expected}"
            " pods, so it never lets one go",
            "add replicas, or change the budget so that one may be missing",
        )
    if budget.healthy > budget.desired:
        reason = f"budget {budget.name} has just let others go, and is not counted anew yet"
        return Verdict(Outcome.WAITS, Code.BUDGET_SPENT, reason)
    needs = f"budget {budget.name} needs {budget.desired} healthy pods and has {budget.healthy}"
    told = f"{needs}: {_unhealthy(budget, consumers)}"
    if not pod.ready:
        return Verdict(
            Outcome.WAITS,
            Code.NOT_READY,
            f"it is not ready, and so keeps itself from going; {told}",
            "mend it, delete it, or set unhealthyPodEvictionPolicy: AlwaysAllow in the budget",
            hopeless=not _changing(budget, consumers),
        )
    remedy = "wait for the pods that are missing or not ready, or mend them"
    return Verdict(Outcome.WAITS, Code.BUDGET_SPENT, told, remedy)


def _never(reason: str, remedy: str) -> Verdict:
    return Verdict(Outcome.WAITS, Code.BUDGET_NEVER, reason, remedy, hopeless=True)


def _turn(budget: Budget, queue: Queue) -> Verdict:
    allows = f"budget {budget.name} lets {budget.allowed} go now"
    if queue.lost >= budget.allowed:
        return Verdict(
            Outcome.WAITS,
            Code.BUDGET_TURN,
            f"{allows}, and nobody makes those anew that go before",
            "make another such pod elsewhere first",
            hopeless=True,
        )
    number = queue.ahead + 1 - budget.allowed
    after = "1 replacement" if number == 1 else f"{number} replacements"
    return Verdict(Outcome.WAITS, Code.BUDGET_TURN, f"{allows}; it can go after {after}")


def _most(budget: Budget, consumers: Sequence[Consumer]) -> int:
    """How many pods could be healthy, if all that are there or still to be made become so."""
    staying = sum(one.state is not State.ENDING for one in consumers)
    return max(budget.expected, budget.healthy + staying)


def _changing(budget: Budget, consumers: Sequence[Consumer]) -> bool:
    """Whether pods come or go, or are still to be made, so that there may soon be more healthy ones."""
    missing = budget.expected - budget.healthy > len(consumers)
    return missing or any(one.state is not State.NOT_READY for one in consumers)


def _unhealthy(budget: Budget, consumers: Sequence[Consumer]) -> str:
    """Who does not count, as far as they are known; the count may know of more."""
    told = [f"{one.pod} is {one.why}" for one in consumers[:_NAMED]]
    others = max(len(consumers), budget.expected - budget.healthy) - len(told)
    if others > 0:
        more = "more " if told else ""
        told.append(f"{others} {more}{'is' if others == 1 else 'are'} missing or not ready")
    return ", ".join(told)


def _labels(budget: Budget) -> list[tuple[str, str, str]]:
    """The labels that a pod must have to be covered, each with the namespace."""
    wanted: Mapping[str, str] = (budget.selector or {}).get("matchLabels") or {}
    return [(budget.name.namespace, key, value) for key, value in wanted.items()]
