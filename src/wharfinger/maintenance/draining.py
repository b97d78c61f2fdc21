"""
Empty a node that is closed: ask for evictions, follow them by one watch, and see when it ends, or cannot.

One loop decides; requests, the watch and looks at the budgets run beside it and wake it. It begins with
a plan that does not block. Every request may be made twice, since evictions name a uid.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from wharfinger.maintenance import pacing, replacements, rules, survey
from wharfinger.maintenance.api import (
    Answer,
    Api,
    ApiFault,
    ApiRefused,
    Eviction,
    NodeUnknown,
    PodEvent,
    WatchExpired,
)
from wharfinger.maintenance.explain import Explainer, NodePlan, PodPlan
from wharfinger.maintenance.model import Budget, Name, Node, Pod
from wharfinger.maintenance.options import Options
from wharfinger.maintenance.pacing import Ledger, Pause
from wharfinger.maintenance.patience import LONGEST, Patience
from wharfinger.maintenance.progress import Clock, Kind, Progress, State, Told
from wharfinger.maintenance.replacements import Missing
from wharfinger.maintenance.survey import Survey
from wharfinger.maintenance.tracking import Tracked, Tracker
from wharfinger.maintenance.verdict import Code, Outcome, Verdict
from wharfinger.maintenance.work import Work

_IDLE: Final = 30.0
"""Seconds between two looks while all pods are ending."""
_NODE_LOOK: Final = 5.0
_SKIP_LOOK: Final = 1.0
"""Seconds between two looks whether a pod has been ending for too long."""
_CONFIRM: Final = 5.0
"""Seconds without progress after which what looks hopeless is explained anew, to believe it."""
_STARTING: Final = 60.0
"""The same for a pod that is not ready: it may be about to be."""
_OVERDUE: Final = timedelta(seconds=30)
"""How long after its grace period a pod is told to be slow."""
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
        self._api, self._plan, self._options = api, plan, options
        self._patience, self._told, self._stop, self._clock = patience, told, stop, clock
        self._began = began
        self._first = self._cluster = found.cluster
        self._revision = found.revision
        self._ledger = Ledger(found.cluster.budgets)
        self._node = plan.node
        self.tracker = Tracker(plan)
        self.touched = False
        """Whether any pod may have been evicted: a refusal has changed nothing."""
        self._work = Work(clock)
        self._looking = False
        self._look_pause = Pause()
        self._look_due = self._node_due = 0.0
        self._progress_at = 0.0
        self._confirmed_at = -1.0

    async def run(self) -> End:
        """Raises what the cluster raises, and `Interference`."""
        self._look_due = self._elapsed + self._look_pause.next()
        self._node_due = self._elapsed + _NODE_LOOK
        for work in (self._follow(), self._heed_stop()):
            self._work.begin(work)
        try:
            while True:
                self._work.hear()
                if self.tracker.strangers:
                    await self._judge_strangers()
                end = self.over() or self._hopeless() or await self._proven()
                if end is not None:
                    return end
                self._ask()
                await self._rest()
        finally:
            await self._work.end()

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
        return 0 < self._options.timeout <= self._elapsed

    def _hopeless(self) -> End | None:
        """Whether only pods are left that would wait forever, and a fresh look has said so too."""
        if self._options.timeout > 0:
            return None
        active = list(self.tracker.active)
        if not active or not all(one.waits and one.plan.verdict.hopeless for one in active):
            return None
        starting = any(one.plan.verdict.code == Code.NOT_READY for one in active)
        if self._confirmed_at - self._progress_at < (_STARTING if starting else _CONFIRM):
            return None
        for one in active:
            self._give_up(one, one.plan.verdict)
        return End(State.BLOCKED, "what is left would wait forever")

    async def _proven(self) -> End | None:
        """When all pods are accounted for: see that it is so, and that they are up elsewhere."""
        if not self.tracker.settled():
            return None
        await self._patience.ask(self._list)
        await self._patience.ask(self._look_at_node)
        if self.tracker.strangers:
            await self._judge_strangers()
        if not self.tracker.settled():
            return None
        if self.tracker.left:
            return End(State.BLOCKED, "pods are left that will not go")
        if self._options.wait_replacements and (end := await self._replaced()) is not None:
            return end
        if not self.tracker.settled():
            return None
        message = "no pod is left that should go"
        if count := len(self.tracker.unwaited):
            message += f"; {count} {'pod' if count == 1 else 'pods'} that did not end may still run"
        return End(State.EVACUATED, message)

    async def _replaced(self) -> End | None:
        """Wait until each controller has as many ready pods elsewhere as it had."""
        evicted = {one.uid for one in self.tracker.gone if one.evicted}
        wanted = replacements.wanted(self._first.pods, evicted)
        pause, told, since = Pause(), "", self._elapsed
        while wanted:
            pods = await self._all_pods({namespace for namespace, _ in wanted})
            missing = replacements.missing(wanted, pods, beside=self._node.name)
            if not missing:
                return None
            text = "; ".join(map(str, missing))
            if text != told:
                told, since = text, self._elapsed
                pause.reset()
                self._tell(Kind.REPLACEMENTS, None, text)
            if (end := self.over() or self._unreplaced(since, missing)) is not None:
                return replace(end, message=f"{end.message}; {text}")
            self._work.hear()
            await self._work.pause(pause.next())
        return None

    def _unreplaced(self, since: float, missing: Sequence[Missing]) -> End | None:
        if self._options.timeout > 0 or self._elapsed - since < _UNREPLACED:
            return None
        count = sum(one.wanted - one.ready for one in missing)
        return End(State.BLOCKED, f"the node is empty, but {count} replacements do not come")

    async def _all_pods(self, namespaces: set[str]) -> list[Pod]:
        only = next(iter(namespaces)) if len(namespaces) == 1 else ""
        pods, _ = await self._patience.ask(lambda: self._api.pods(namespace=only))
        return pods

    # What is asked for

    def _ask(self) -> None:
        now = self._elapsed
        self._mind_slow_ones()
        waiting = [one for one in self.tracker.active if one.waits and one.due <= now]
        flying = sum(one.asking for one in self.tracker.active)
        by_uid = {one.uid: one for one in waiting}
        free = pacing.IN_FLIGHT - flying
        if self._options.disable_eviction or self._options.once:
            chosen = [one.plan for one in waiting[:free]]
        else:
            chosen = self._ledger.charge([one.plan for one in waiting], most=free)
        for plan in chosen:
            tracked = by_uid.pop(plan.pod.uid)
            tracked.asking = True
            if not tracked.tried:
                self._tell(Kind.EVICTING, plan, "it is asked to go")
            tracked.tried = True
            self._work.begin(self._request(tracked))
        for tracked in by_uid.values():
            if not tracked.tried and tracked.plan.verdict.outcome is Outcome.WAITS:
                self._hold(tracked, tracked.plan.verdict.reason)

    async def _request(self, tracked: Tracked) -> None:
        pod, grace = tracked.plan.pod, self._options.grace
        ask = self._api.delete if self._options.disable_eviction else self._api.evict
        evicted = True  # for all we know, should the answer be lost
        try:
            answer = await ask(pod, grace=grace)
        except ApiFault as fault:
            self._unanswered(tracked, fault)
        except ApiRefused as refused:
            evicted = False
            self._patience.answered()
            verdict = Verdict(Outcome.BLOCKS, Code.REFUSED, refused.message, refused.remedy or "")
            self._give_up(tracked, verdict)
        else:
            evicted = answer.answer is Answer.ACCEPTED
            self._patience.answered()
            tracked.silent_since = None
            self._answered(tracked, answer)
        finally:
            self.touched |= evicted
            tracked.asking = False
            self._work.call()

    def _answered(self, tracked: Tracked, answer: Eviction) -> None:
        if not self.tracker.holds(tracked.uid):  # the watch was faster
            return
        match answer.answer:
            case Answer.ACCEPTED | Answer.NAMESPACE_ENDING:
                tracked.accepted = True
                self._get_on()
                self._tell(Kind.ACCEPTED, tracked.plan, answer.message or "it ends")
            case Answer.ABSENT:
                self._gone(tracked.uid)
            case Answer.REFUSED:
                self._refused(tracked, answer)
            case Answer.OVERLAPPING:
                remedy = "let only one budget cover the pod"
                verdict = Verdict(
                    Outcome.WAITS, Code.BUDGETS_OVERLAPPING, answer.message, remedy, hopeless=True
                )
                self._give_up(tracked, verdict)

    def _refused(self, tracked: Tracked, answer: Eviction) -> None:
        """A budget says no: somebody else was faster, or it is newer than what we know of it."""
        charged = self._ledger.refused(tracked.uid)
        if self._options.once:
            verdict = tracked.plan.verdict
            if verdict.outcome is not Outcome.WAITS:
                verdict = Verdict(Outcome.WAITS, Code.BUDGET_SPENT, answer.message)
            self._give_up(tracked, verdict)
            return
        after = answer.retry_after or 0.0
        if not charged or after:
            tracked.due = self._elapsed + max(after, tracked.pause.next())
        self._hold(tracked, answer.message)

    def _unanswered(self, tracked: Tracked, fault: ApiFault) -> None:
        """Nobody knows whether it was evicted: it is asked again, and its budget stays charged."""
        self._patience.failed(fault)
        now = self._elapsed
        tracked.due = now + max(tracked.pause.next(), fault.retry_after or 0.0)
        if tracked.silent_since is None:
            tracked.silent_since = now
        elif now - tracked.silent_since > LONGEST and not self._patience.ended:
            remedy = "look at the API server and its webhooks, then evacuate the node again"
            self._give_up(tracked, Verdict(Outcome.BLOCKS, Code.SILENCE, fault.message, remedy))

    def _mind_slow_ones(self) -> None:
        """Tell of pods that should have ended, and wait no longer for those we need not wait for."""
        moment = self._clock.now()
        for one in list(self.tracker.active):
            pod = one.plan.pod
            if pod.deleted is None:
                continue
            verdict = rules.judge(pod, self._options, self._cluster.daemon_sets, moment)
            if verdict.outcome is Outcome.STAYS:
                self.tracker.leave_alone(one)
                self._tell(Kind.LEFT, one.plan, verdict.reason)
                self._work.call()
            elif not one.slow and moment - pod.deleted > _OVERDUE:
                one.slow = True
                self._tell(Kind.SLOW, one.plan, _why_slow(pod, self._node))

    # What is heard

    async def _follow(self) -> None:
        """Hear of all pods of the node: list, watch, and list again whenever a watch ends."""
        pause, revision = Pause(), self._revision
        while True:
            try:
                if not revision:
                    revision = await self._list()
                async for event in self._api.watch_pods(revision, node=self._node.name):
                    self._patience.answered()
                    pause.reset()
                    self._heard(event)
            except WatchExpired:
                self._patience.answered()
            except ApiFault as fault:
                self._patience.failed(fault)
                self._work.call()
            revision = ""
            await self._clock.sleep(pause.next())

    def _heard(self, event: PodEvent) -> None:
        if event.pod is None:
            return
        if event.gone:
            self._gone(event.pod.uid)
        else:
            self.tracker.saw(event.pod)
        self._work.call()

    async def _list(self) -> str:
        """Hear of all pods at once; return from where to watch."""
        known = self.tracker.uids
        pods, revision = await self._api.pods(node=self._node.name)
        self._patience.answered()
        self._listed(pods, known)
        return revision

    def _listed(self, pods: Sequence[Pod], known: Collection[str]) -> None:
        """Take in a list. Of those not in it only they are gone who were known before it was asked for."""
        for uid in set(known) - {pod.uid for pod in pods}:
            self._gone(uid)
        for pod in pods:
            self.tracker.saw(pod)
        self._work.call()

    def _gone(self, uid: str) -> None:
        tracked = self.tracker.lost(uid, self._elapsed)
        if tracked is None:
            return
        self._get_on()
        how = "it is gone" if tracked.tried else "it went by itself"
        self._tell(Kind.GONE, tracked.plan, how)

    async def _look(self) -> None:
        """Read the budgets anew, and now and then the node; explain anew where it may be hopeless."""
        self._ledger.begin_reading(one.uid for one in self.tracker.active if one.asking)
        try:
            if self._node_due <= self._elapsed:
                await self._look_at_node()
            if self._unsure():
                await self._confirm()
            else:
                await self._read_budgets()
        except ApiFault as fault:
            self._patience.failed(fault)
        finally:
            self._looking = False
            waiting = any(one.waits for one in self.tracker.active)
            self._look_due = self._elapsed + (self._look_pause.next() if waiting else _IDLE)
            self._work.call()

    async def _look_at_node(self) -> None:
        name = self._node.name
        try:
            node = await self._api.node(name)
        except NodeUnknown:
            raise Interference("the node was deleted; its pods end without an eviction") from None
        if node.uid != self._node.uid:
            raise Interference("the node was replaced by another one of its name")
        if node.schedulable:
            raise Interference("somebody has made the node schedulable again")
        self._patience.answered()
        self._node, self._node_due = node, self._elapsed + _NODE_LOOK

    def _unsure(self) -> bool:
        """Whether nothing has moved for a while, so that all should be looked at anew."""
        if not all(one.waits for one in self.tracker.active):
            return False
        since = _CONFIRM if self._confirmed_at <= self._progress_at else _IDLE
        return self._elapsed - max(self._progress_at, self._confirmed_at) >= since

    async def _confirm(self) -> None:
        known = self.tracker.uids
        found = await survey.read(self._api, [self._node.name], ask=self._patience.ask)
        self._cluster = found.cluster
        self._take_budgets(found.cluster.budgets)
        self._listed([pod for pod in found.cluster.pods if pod.node == self._node.name], known)
        self._explain()
        self._confirmed_at = self._elapsed

    async def _read_budgets(self) -> None:
        namespaces = {one.plan.pod.name.namespace for one in self.tracker.active if one.waits}
        if not namespaces:
            return
        only = next(iter(namespaces)) if len(namespaces) == 1 else ""
        read = await self._api.budgets(only)
        self._patience.answered()
        others = [one for one in self._ledger.budgets if only and one.name.namespace != only]
        if self._take_budgets([*others, *read]):
            self._explain()

    def _take_budgets(self, budgets: Sequence[Budget]) -> bool:
        """Keep what was read; say whether other pods may be covered than before."""
        before = _coverage(self._ledger.budgets)
        if self._ledger.read(budgets):
            self._look_pause.reset()
        return before != _coverage(budgets)

    # What it means

    async def _judge_strangers(self) -> None:
        """Say what becomes of pods that came after the plan was made."""
        owners = {
            Name(pod.name.namespace, pod.owner.name)
            for pod in self.tracker.strangers
            if pod.owner is not None and pod.owner.is_daemon_set
        }
        if not owners <= self._cluster.daemon_sets:
            known = await self._patience.ask(self._api.daemon_sets)
            self._cluster = replace(self._cluster, daemon_sets=known)
        self._explain()

    def _explain(self) -> None:
        name = self._node.name
        elsewhere = [pod for pod in self._cluster.pods if pod.node != name]
        cluster = replace(
            self._cluster,
            nodes={name: self._node},
            pods=(*self.tracker.pods, *elsewhere),
            budgets=self._ledger.budgets,
        )
        plan = Explainer(cluster, self._options, self._clock.now()).node(name)
        for one in self.tracker.judged(plan):
            self._get_on()
            self._tell(Kind.CAME, one, one.verdict.reason)
            if not one.leaves:
                self._tell(Kind.LEFT, one, one.verdict.reason)

    def _give_up(self, tracked: Tracked, verdict: Verdict) -> None:
        self._ledger.refund(tracked.uid)
        if self.tracker.holds(tracked.uid):
            plan = self.tracker.give_up(tracked, verdict)
            self._get_on()
            self._tell(Kind.LEFT, plan, verdict.reason)

    def _hold(self, tracked: Tracked, why: str) -> None:
        if why != tracked.said:
            tracked.said = why
            self._tell(Kind.HELD, tracked.plan, why)

    def _get_on(self) -> None:
        """Something has moved, so what is held may not be held for long."""
        self._progress_at = self._elapsed
        self._look_pause.reset()
        self._look_due = min(self._look_due, self._elapsed + self._look_pause.next())

    def _tell(self, kind: Kind, plan: PodPlan | None, message: str) -> None:
        pod = plan.pod.name if plan is not None else None
        self._told(Progress(self._node.name, kind, pod, message, self.tracker.remaining))

    # Time and tasks

    @property
    def _elapsed(self) -> float:
        return (self._clock.now() - self._began).total_seconds()

    async def _heed_stop(self) -> None:
        await self._stop.wait()
        self._work.call()

    async def _rest(self) -> None:
        if not self._looking and self._look_due <= self._elapsed:
            self._looking = True
            self._work.begin(self._look())
        await self._work.pause(self._next_due() - self._elapsed)

    def _next_due(self) -> float:
        due = [one.due for one in self.tracker.active if one.waits and one.due > self._elapsed]
        if not self._looking:
            due.append(self._look_due)
        if self._options.timeout > 0:
            due.append(self._options.timeout)
        if self._options.skip_wait_for_delete > 0:
            due.append(self._elapsed + _SKIP_LOOK)
        return min(due, default=self._elapsed + _IDLE)


def _coverage(budgets: Iterable[Budget]) -> list[tuple[Name, str, str]]:
    return sorted((one.name, one.uid, repr(one.selector)) for one in budgets)


def _why_slow(pod: Pod, node: Node) -> str:
    late = "it should have ended"
    if pod.finalizers:
        return f"{late}, and is kept by finalizers: {', '.join(pod.finalizers)}"
    if not node.ready:
        return f"{late}, but the node does not report: nobody there ends it"
    return f"{late} by now"
