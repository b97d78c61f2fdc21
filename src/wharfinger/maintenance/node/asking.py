"""
Ask for the evictions of a node, as many at a time as its budgets allow, and make sense of the answers.

Each may be asked for twice, since it names a uid: an answer that was lost does no harm.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from wharfinger.maintenance import rules
from wharfinger.maintenance.api import Answer, Api, ApiFault, ApiRefused, Eviction
from wharfinger.maintenance.model import Node, Pod
from wharfinger.maintenance.node import pacing
from wharfinger.maintenance.node.course import Course
from wharfinger.maintenance.node.patience import LONGEST, until_again
from wharfinger.maintenance.node.progress import Kind
from wharfinger.maintenance.node.tracking import Tracked
from wharfinger.maintenance.verdict import Code, Outcome, Verdict

_OVERDUE: Final = timedelta(seconds=30)
"""How long after its grace period a pod is told to be slow."""
_KEPT: Final = 60.0
"""The longest `Retry-After` of a budget that is kept."""


class Asking:
    def __init__(self, api: Api, course: Course) -> None:
        self._api, self._course = api, course

    def ask(self) -> None:
        now = self._course.elapsed
        self._mind_slow_ones()
        waiting = [one for one in self._course.tracker.active if one.waits and one.due <= now]
        flying = sum(one.asking for one in self._course.tracker.active)
        by_uid = {one.uid: one for one in waiting}
        free = pacing.IN_FLIGHT - flying
        if self._course.options.disable_eviction or self._course.options.once:
            chosen = [one.plan for one in waiting[:free]]
        else:
            chosen = self._course.ledger.charge([one.plan for one in waiting], most=free)
        for plan in chosen:
            tracked = by_uid.pop(plan.pod.uid)
            tracked.asking = True
            if not tracked.tried:
                self._course.tell(Kind.EVICTING, plan, "it is asked to go")
            tracked.tried = True
            self._course.work.begin(self._request(tracked))
        for tracked in by_uid.values():
            if not tracked.tried and tracked.plan.verdict.outcome is Outcome.WAITS:
                self._course.hold(tracked, tracked.plan.verdict.reason)

    async def _request(self, tracked: Tracked) -> None:
        pod, grace = tracked.plan.pod, self._course.options.grace
        ask = self._api.delete if self._course.options.disable_eviction else self._api.evict
        evicted = True  # for all we know, should the answer be lost
        try:
            answer = await ask(pod, grace=grace)
        except ApiFault as fault:
            self._unanswered(tracked, fault)
        except ApiRefused as refused:
            evicted = False
            self._course.patience.answered()
            verdict = Verdict(Outcome.BLOCKS, Code.REFUSED, refused.message, refused.remedy or "")
            self._course.give_up(tracked, verdict)
        else:
            evicted = answer.answer is Answer.ACCEPTED
            self._course.patience.answered()
            tracked.silent_since = None
            self._answered(tracked, answer)
        finally:
            self._course.touched |= evicted
            tracked.asking = False
            self._course.work.call()

    def _answered(self, tracked: Tracked, answer: Eviction) -> None:
        if not self._course.tracker.holds(tracked.uid):  # the watch was faster
            return
        match answer.answer:
            case Answer.ACCEPTED | Answer.NAMESPACE_ENDING:
                tracked.accepted = True
                self._course.get_on()
                self._course.tell(Kind.ACCEPTED, tracked.plan, answer.message or "it ends")
            case Answer.ABSENT:
                self._course.gone(tracked.uid)
            case Answer.REFUSED:
                self._refused(tracked, answer)
            case Answer.OVERLAPPING:
                remedy = "let only one budget cover the pod"
                verdict = Verdict(
                    Outcome.WAITS, Code.BUDGETS_OVERLAPPING, answer.message, remedy, hopeless=True
                )
                self._course.give_up(tracked, verdict)

    def _refused(self, tracked: Tracked, answer: Eviction) -> None:
        """A budget says no: somebody else was faster, or it is newer than what we know of it."""
        charged = self._course.ledger.refused(tracked.uid)
        if self._course.options.once:
            verdict = tracked.plan.verdict
            if verdict.outcome is not Outcome.WAITS:
                verdict = Verdict(Outcome.WAITS, Code.BUDGET_SPENT, answer.message)
            self._course.give_up(tracked, verdict)
            return
        after = min(answer.retry_after or 0.0, _KEPT)
        if not charged or after:
            tracked.due = self._course.elapsed + max(after, tracked.pause.next())
        self._course.hold(tracked, answer.message)

    def _unanswered(self, tracked: Tracked, fault: ApiFault) -> None:
        """Nobody knows whether it was evicted: it is asked again, and its budget stays charged."""
        self._course.patience.failed(fault)
        now = self._course.elapsed
        tracked.due = now + until_again(fault, tracked.pause)
        if tracked.silent_since is None:
            tracked.silent_since = now
        elif now - tracked.silent_since > LONGEST and not self._course.patience.ended:
            remedy = "look at the API server and its webhooks, then evacuate the node again"
            self._course.give_up(
                tracked, Verdict(Outcome.BLOCKS, Code.SILENCE, fault.message, remedy)
            )

    def _mind_slow_ones(self) -> None:
        """Tell of pods that should have ended, and wait no longer for those we need not wait for."""
        moment = self._course.clock.now()
        for one in list(self._course.tracker.active):
            pod = one.plan.pod
            if pod.deleted is None:
                continue
            verdict = rules.judge(
                pod, self._course.options, self._course.cluster.daemon_sets, moment
            )
            if verdict.outcome is Outcome.STAYS:
                self._course.tracker.leave_alone(one)
                self._course.tell(Kind.LEFT, one.plan, verdict.reason)
                self._course.work.call()
            elif not one.slow and moment - pod.deleted > _OVERDUE:
                one.slow = True
                self._course.tell(Kind.SLOW, one.plan, _why_slow(pod, self._course.node))


def _why_slow(pod: Pod, node: Node) -> str:
    late = "it should have ended"
    if pod.finalizers:
        return f"{late}, and is kept by finalizers: {', '.join(pod.finalizers)}"
    if not node.ready:
        return f"{late}, but the node does not report: nobody there ends it"
    return f"{late} by now"
