"""
Explain an evacuation before it begins: what becomes of each pod of a node, why, and at what price.

Pure, and fit for large clusters: what concerns all nodes is looked up once, then each node takes the
time of its own pods. A plan is true for the moment of its facts; the runner asks for a new one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from wharfinger.maintenance import rules, slack
from wharfinger.maintenance.api import NodeUnknown
from wharfinger.maintenance.model import Budget, Cluster, Name, Node, Pod
from wharfinger.maintenance.options import Options
from wharfinger.maintenance.slack import Consumer, Queue
from wharfinger.maintenance.verdict import Outcome, Verdict


@dataclass(frozen=True, slots=True)
class PodPlan:
    pod: Pod
    verdict: Verdict
    budgets: tuple[Name, ...] = ()
    """Those that are asked when it is evicted."""
    lost: tuple[str, ...] = ()
    """The `emptyDir` volumes whose content ends with the pod, should it go."""

    @property
    def leaves(self) -> bool:
        return self.verdict.outcome in (Outcome.GOES, Outcome.WAITS)


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    budget: Budget
    here: int
    """How many pods of the node it is asked for."""
    consumers: tuple[Consumer, ...] = ()
    """All its pods, on any node, that do not count as healthy."""


@dataclass(frozen=True, slots=True)
class NodePlan:
    node: Node
    pods: tuple[PodPlan, ...]
    """All pods of the node, in order of their names."""
    budgets: tuple[BudgetPlan, ...]

    @property
    def blocked(self) -> bool:
        """Whether nothing of the node is evicted as things stand."""
        return any(one.verdict.outcome is Outcome.BLOCKS for one in self.pods)

    @property
    def leaving(self) -> tuple[PodPlan, ...]:
        return tuple(one for one in self.pods if one.leaves)


class Explainer:
    def __init__(self, cluster: Cluster, options: Options, now: datetime) -> None:
        self._cluster, self._options, self._now = cluster, options, now
        self._pods: dict[str, list[Pod]] = defaultdict(list)
        self._covering: dict[Name, tuple[Budget, ...]] = {}
        self._consumers: dict[Name, list[Consumer]] = defaultdict(list)
        coverage = slack.Coverage(cluster.budgets)
        for pod in sorted(cluster.pods, key=lambda one: one.name):
            self._pods[pod.node].append(pod)
            if budgets := coverage.of(pod):
                self._covering[pod.name] = budgets
                self._consume(pod, budgets)

    def node(self, name: str) -> NodePlan:
        """Raise `NodeUnknown` if there is none."""
        node = self._cluster.nodes.get(name)
        if node is None:
            raise NodeUnknown(f"cannot find node {name!r}")
        queues: dict[Name, Queue] = defaultdict(Queue)
        pods = tuple(self._plan(pod, queues) for pod in self._pods.get(name, ()))
        return NodePlan(node, pods, self._budgets(pods))

    def _consume(self, pod: Pod, budgets: Sequence[Budget]) -> None:
        consumer = slack.consumer(pod)
        if consumer is not None:
            for budget in budgets:
                self._consumers[budget.name].append(consumer)

    def _plan(self, pod: Pod, queues: Mapping[Name, Queue]) -> PodPlan:
        verdict = rules.judge(pod, self._options, self._cluster.daemon_sets, self._now)
        if verdict.outcome is Outcome.STAYS:
            return PodPlan(pod, verdict)
        budgets = self._covering.get(pod.name, ()) if slack.guarded(pod) else ()
        if verdict.outcome is Outcome.GOES and budgets:
            verdict = self._held_back(pod, verdict, budgets, queues)
        return PodPlan(pod, verdict, tuple(one.name for one in budgets), pod.empty_dirs)

    def _held_back(
        self, pod: Pod, verdict: Verdict, budgets: Sequence[Budget], queues: Mapping[Name, Queue]
    ) -> Verdict:
        """What may go, as its budgets let it; what its going is warned of stays told."""
        refusal = self._refusal(pod, budgets, queues)
        if refusal is None:
            return verdict
        if self._options.disable_eviction:
            names = ", ".join(str(one.name) for one in budgets)
            return replace(
                verdict, warning=_both(verdict.warning, f"it goes against budget {names}")
            )
        return replace(refusal, warning=verdict.warning)

    def _refusal(
        self, pod: Pod, budgets: Sequence[Budget], queues: Mapping[Name, Queue]
    ) -> Verdict | None:
        if len(budgets) > 1:
            return slack.overlapping(budgets)
        (budget,) = budgets
        consumers = self._consumers.get(budget.name, ())
        return slack.ask(pod, budget, consumers, queues[budget.name])

    def _budgets(self, pods: Sequence[PodPlan]) -> tuple[BudgetPlan, ...]:
        here: dict[Name, list[Budget]] = defaultdict(list)
        for plan in pods:
            if plan.budgets:
                for budget in self._covering[plan.pod.name]:
                    here[budget.name].append(budget)
        return tuple(
            BudgetPlan(found[0], len(found), tuple(self._consumers.get(name, ())))
            for name, found in sorted(here.items())
        )


def plan_document(plan: NodePlan) -> dict[str, Any]:
    """A plan as JSON for machines; every key is always there."""
    return {
        "node": plan.node.name,
        "schedulable": plan.node.schedulable,
        "blocked": plan.blocked,
        "pods": [_pod_document(one) for one in plan.pods],
        "budgets": [_budget_document(one) for one in plan.budgets],
    }


def _pod_document(plan: PodPlan) -> dict[str, Any]:
    pod, verdict = plan.pod, plan.verdict
    return {
        "namespace": pod.name.namespace,
        "name": pod.name.name,
        "uid": pod.uid,
        "outcome": str(verdict.outcome),
        "code": str(verdict.code),
        "reason": verdict.reason,
        "remedy": verdict.remedy,
        "hopeless": verdict.hopeless,
        "warning": verdict.warning,
        "lost": list(plan.lost),
        "budgets": [one.name for one in plan.budgets],
    }


def _budget_document(plan: BudgetPlan) -> dict[str, Any]:
    budget = plan.budget
    return {
        "namespace": budget.name.namespace,
        "name": budget.name.name,
        "wanted": budget.wanted,
        "allowed": budget.allowed,
        "healthy": budget.healthy,
        "desired": budget.desired,
        "expected": budget.expected,
        "here": plan.here,
        "consumers": [
            {"namespace": one.pod.namespace, "name": one.pod.name, "why": one.why}
            for one in plan.consumers
        ],
    }


def _both(first: str, second: str) -> str:
    return f"{first}; {second}" if first else second
