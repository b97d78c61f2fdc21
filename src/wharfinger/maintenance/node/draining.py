"""
Empty a node that is closed: ask for evictions, follow them by one watch, and see when it ends, or cannot.

One loop decides; requests, the watch and looks at the budgets run beside it and wake it. It begins with
a plan that does not block. Every request may be made twice, since evictions name a uid.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from wharfinger.maintenance import survey
from wharfinger.maintenance.api import (
    Api,
    ApiFault,
    NodeUnknown,
)
from wharfinger.maintenance.explain import Explainer, NodePlan
from wharfinger.maintenance.model import Budget, Name, Pod
from wharfinger.maintenance.node import replacements
from wharfinger.maintenance.node.asking import Asking
from wharfinger.maintenance.node.course import Course
from wharfinger.maintenance.node.listening import Listening
from wharfinger.maintenance.node.pacing import Pause
from wharfinger.maintenance.node.patience import Patience
from wharfinger.maintenance.node.progress import Clock, Kind, State, Told
from wharfinger.maintenance.node.replacements import Missing
from wharfinger.maintenance.options import Options
from wharfinger.maintenance.survey import Survey
from wharfinger.maintenance.verdict import Code

_IDLE: Final = 30.0
"""Seconds between two looks while all pods are ending."""
_NODE_LOOK: Final = 5.0
_SKIP_LOOK: Final = 1.0
"""Seconds between two looks whether a pod has been ending for too long."""
_CONFIRM: Final = 5.0
"""Seconds without progress after which what looks hopeless is explained anew, to believe it."""
_AGAIN: Final = 10.0
"""Seconds until that is done once more."""
_STARTING: Final = 60.0
"""The same for a pod that is not ready: it may be about to be."""
_UNREPLACED: Final = 600.0
"""Seconds without a change after which replacements are given up, if there is no timeout."""


@dataclass(frozen=True, slots=True)
class End:
    state: State
    message: str


class Interference(Exception):
    """Somebody else did something to the node that makes it wrong to go on."""


class Draining:
    def __init__(
        self,
        api: Api,
        plan: NodePlan,
        found: Survey,
        options: Options,
        *,
        patience: Patience,
        told: Told,
        stop: asyncio.Event,
        clock: Clock,
        began: datetime,
    ) -> None:
        self._api, self._options, self._patience, self._stop = api, options, patience, stop
        self._first, self._revision = found.cluster, found.revision
        self.course = Course(
            plan,
            found.cluster,
            options,
            patience=patience,
            told=told,
            clock=clock,
            began=began,
        )
        self._asking, self._listening = Asking(api, self.course), Listening(api, self.course)
        self._looking = False
        self._node_due = 0.0
        self._confirmed_at = -1.0

    async def run(self) -> End:
        """Raises what the cluster raises, and `Interference`."""
        self.course.look_due = self.course.elapsed + self.course.look_pause.next()
        self._node_due = self.course.elapsed + _NODE_LOOK
        for work in (self._listening.follow(self._revision), self._heed_stop()):
            self.course.work.begin(work)
        try:
            while True:
                self.course.work.hear()
                if self.course.tracker.strangers:
                    await self._judge_strangers()
                end = self.over() or self._hopeless() or await self._proven()
                if end is not None:
                    return end
                self._asking.ask()
                await self._rest()
        finally:
            await self.course.work.end()

    # What ends it

    def over(self) -> End | None:
        """Whether it must end now, whatever is left to do."""
        if self._stop.is_set():
            return End(State.STOPPED, "it was stopped")
        if self.late:
            return End(State.TIMED_OUT, f"it is not done after {self._options.timeout:g} seconds")
        if self._patience.ended and self._patience.fault is not None:
            return End(State.FAILED, f"the cluster does not answer: {self._patience.fault.message}")
        return None

    @property
    def late(self) -> bool:
        return 0 < self._options.timeout <= self.course.elapsed

    def _hopeless(self) -> End | None:
        """Whether only pods are left that would wait forever, and a fresh look has said so too."""
        if self._options.timeout > 0:
            return None
        active = list(self.course.tracker.active)
        if not active or not all(one.waits and one.plan.verdict.hopeless for one in active):
            return None
        starting = any(one.plan.verdict.code == Code.NOT_READY for one in active)
        if self._confirmed_at - self.course.progress_at < (_STARTING if starting else _CONFIRM):
            return None
        for one in active:
            self.course.give_up(one, one.plan.verdict)
        return End(State.BLOCKED, "what is left would wait forever")

    async def _proven(self) -> End | None:
        """When all pods are accounted for: see that it is so, and that they are up elsewhere."""
        if not self.course.tracker.settled():
            return None
        await self._patience.ask(self._listening.list)
        await self._patience.ask(self._look_at_node)
        if self.course.tracker.strangers:
            await self._judge_strangers()
        if not self.course.tracker.settled():
            return None
        if self.course.tracker.left:
            return End(State.BLOCKED, "pods are left that will not go")
        if self._options.wait_replacements and (end := await self._replaced()) is not None:
            return end
        if not self.course.tracker.settled():
            return None
        message = "no pod is left that should go"
        if count := len(self.course.tracker.unwaited):
            message += f"; {count} {'pod' if count == 1 else 'pods'} that did not end may still run"
        return End(State.EVACUATED, message)

    async def _replaced(self) -> End | None:
        """Wait until each controller has as many ready pods elsewhere as it had."""
        evicted = {one.uid for one in self.course.tracker.gone if one.evicted}
        wanted = replacements.wanted(self._first.pods, evicted)
        pause, told, since = Pause(), "", self.course.elapsed
        while wanted:
            pods = await self._all_pods({namespace for namespace, _ in wanted})
            missing = replacements.missing(wanted, pods, beside=self.course.node.name)
            if not missing:
                return None
            text = "; ".join(map(str, missing))
            if text != told:
                told, since = text, self.course.elapsed
                pause.reset()
                self.course.tell(Kind.REPLACEMENTS, None, text)
            if (end := self.over() or self._unreplaced(since, missing)) is not None:
                return replace(end, message=f"{end.message}; {text}")
            self.course.work.hear()
            await self.course.work.pause(pause.next())
        return None

    def _unreplaced(self, since: float, missing: Sequence[Missing]) -> End | None:
        if self._options.timeout > 0 or self.course.elapsed - since < _UNREPLACED:
            return None
        count = sum(one.wanted - one.ready for one in missing)
        return End(State.BLOCKED, f"the node is empty, but {count} replacements do not come")

    async def _all_pods(self, namespaces: set[str]) -> list[Pod]:
        only = next(iter(namespaces)) if len(namespaces) == 1 else ""
        pods, _ = await self._patience.ask(lambda: self._api.pods(namespace=only))
        return pods

    # What is read now and then

    async def _look(self) -> None:
        """Read the budgets anew, and now and then the node; explain anew where it may be hopeless."""
        self.course.ledger.begin_reading(
            one.uid for one in self.course.tracker.active if one.asking
        )
        try:
            if self._node_due <= self.course.elapsed:
                await self._look_at_node()
            if self._unsure():
                await self._confirm()
            else:
                await self._read_budgets()
        except ApiFault as fault:
            self._patience.failed(fault)
        finally:
            self._looking = False
            waiting = any(one.waits for one in self.course.tracker.active)
            self.course.look_due = self.course.elapsed + (
                self.course.look_pause.next() if waiting else _IDLE
            )
            self.course.work.call()

    async def _look_at_node(self) -> None:
        name = self.course.node.name
        try:
            node = await self._api.node(name)
        except NodeUnknown:
            raise Interference("the node was deleted; its pods end without an eviction") from None
        if node.uid != self.course.node.uid:
            raise Interference("the node was replaced by another one of its name")
        if node.schedulable:
            raise Interference("somebody has made the node schedulable again")
        self._patience.answered()
        self.course.node, self._node_due = node, self.course.elapsed + _NODE_LOOK

    def _unsure(self) -> bool:
        """Whether nothing has moved for a while, so that all should be looked at anew."""
        if not all(one.waits for one in self.course.tracker.active):
            return False
        since = _CONFIRM if self._confirmed_at <= self.course.progress_at else _AGAIN
        return self.course.elapsed - max(self.course.progress_at, self._confirmed_at) >= since

    async def _confirm(self) -> None:
        began, known = self.course.elapsed, self.course.tracker.uids
        found = await survey.read(self._api, [self.course.node.name], ask=self._patience.ask)
        self.course.cluster = found.cluster
        self._take_budgets(found.cluster.budgets)
        self._listening.listed(
            [pod for pod in found.cluster.pods if pod.node == self.course.node.name], known
        )
        self._explain()
        self._confirmed_at = began  # what moved meanwhile is to be confirmed anew

    async def _read_budgets(self) -> None:
        namespaces = {
            one.plan.pod.name.namespace for one in self.course.tracker.active if one.waits
        }
        if not namespaces:
            return
        only = next(iter(namespaces)) if len(namespaces) == 1 else ""
        read = await self._api.budgets(only)
        self._patience.answered()
        others = [one for one in self.course.ledger.budgets if only and one.name.namespace != only]
        if self._take_budgets([*others, *read]):
            self._explain()

    def _take_budgets(self, budgets: Sequence[Budget]) -> bool:
        """Keep what was read; say whether other pods may be covered than before."""
        before = _coverage(self.course.ledger.budgets)
        if self.course.ledger.read(budgets):
            self.course.look_pause.reset()
        return before != _coverage(budgets)

    # What it means

    async def _judge_strangers(self) -> None:
        """Say what becomes of pods that came after the plan was made."""
        owners = {
            Name(pod.name.namespace, pod.owner.name)
            for pod in self.course.tracker.strangers
            if pod.owner is not None and pod.owner.is_daemon_set
        }
        if not owners <= self.course.cluster.daemon_sets:
            known = await self._patience.ask(self._api.daemon_sets)
            self.course.cluster = replace(self.course.cluster, daemon_sets=known)
        self._explain()

    def _explain(self) -> None:
        name = self.course.node.name
        elsewhere = [pod for pod in self.course.cluster.pods if pod.node != name]
        cluster = replace(
            self.course.cluster,
            nodes={name: self.course.node},
            pods=(*self.course.tracker.pods, *elsewhere),
            budgets=self.course.ledger.budgets,
        )
        plan = Explainer(cluster, self._options, self.course.clock.now()).node(name)
        for one in self.course.tracker.judged(plan):
            self.course.get_on()
            self.course.tell(Kind.CAME, one, one.verdict.reason)
            if not one.leaves:
                self.course.tell(Kind.LEFT, one, one.verdict.reason)

    # Time and tasks

    async def _heed_stop(self) -> None:
        await self._stop.wait()
        self.course.work.call()

    async def _rest(self) -> None:
        if not self._looking and self.course.look_due <= self.course.elapsed:
            self._looking = True
            self.course.work.begin(self._look())
        await self.course.work.pause(self._next_due() - self.course.elapsed)

    def _next_due(self) -> float:
        due = [
            one.due
            for one in self.course.tracker.active
            if one.waits and one.due > self.course.elapsed
        ]
        if not self._looking:
            due.append(self.course.look_due)
        if self._options.timeout > 0:
            due.append(self._options.timeout)
        if self._options.skip_wait_for_delete > 0:
            due.append(self.course.elapsed + _SKIP_LOOK)
        return min(due, default=self.course.elapsed + _IDLE)


def _coverage(budgets: Iterable[Budget]) -> list[tuple[Name, str, str]]:
    return sorted((one.name, one.uid, repr(one.selector)) for one in budgets)
