"""
Know by uid what has become of each pod that should leave a node, from lists and events.

No clock and no requests: the runner says the time, and asks. A name says nothing here, since a pod of
a StatefulSet comes back under the same name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from wharfinger.maintenance.explain import NodePlan, PodPlan
from wharfinger.maintenance.model import Owner, Pod
from wharfinger.maintenance.node.pacing import Pause
from wharfinger.maintenance.node.progress import Gone
from wharfinger.maintenance.verdict import Code, Outcome, Verdict

_RETURNS: Final = 3
"""So many pods more than it had on the node may come from one controller before we say so."""


@dataclass(slots=True)
class Tracked:
    """A pod that should leave."""

    plan: PodPlan
    tried: bool = False
    """It was asked for, whatever came of it."""
    asking: bool = False
    accepted: bool = False
    """The cluster has said that it ends the pod."""
    due: float = 0.0
    """When it may be asked for again."""
    said: str = ""
    """What was last told of it."""
    silent_since: float | None = None
    """Since when each request for it has failed without an answer."""
    slow: bool = False
    pause: Pause = field(default_factory=Pause)

    @property
    def uid(self) -> str:
        return self.plan.pod.uid

    @property
    def waits(self) -> bool:
        """Whether it is still to be asked for."""
        return not self.asking and not self.accepted


class Tracker:
    def __init__(self, plan: NodePlan) -> None:
        self.gone: list[Gone] = []
        self.left: list[PodPlan] = []
        """Given up, each with the reason."""
        self.unwaited: list[PodPlan] = []
        """Ending for so long that nobody waits for them."""
        self._active: dict[str, Tracked] = {one.pod.uid: Tracked(one) for one in plan.leaving}
        self._known = {one.pod.uid for one in plan.pods}
        self._strangers: dict[str, Pod] = {}
        self._elsewhere: dict[str, Pod] = {
            one.pod.uid: one.pod for one in plan.pods if not one.leaves
        }
        self._may_come = Counter(
            {owner: count + _RETURNS for owner, count in _owners(plan.leaving).items()}
        )

    @property
    def active(self) -> Iterator[Tracked]:
        return iter(self._active.values())

    @property
    def remaining(self) -> int:
        return len(self._active)

    @property
    def strangers(self) -> list[Pod]:
        """Pods that have come and that nobody has judged yet."""
        return list(self._strangers.values())

    @property
    def uids(self) -> frozenset[str]:
        """All that are on the node, as far as known."""
        return frozenset({*self._active, *self._strangers, *self._elsewhere})

    def settled(self) -> bool:
        """Whether all that should go is accounted for, as far as known."""
        return not self._active and not self._strangers

    def holds(self, uid: str) -> bool:
        """Whether a pod is still to go."""
        return uid in self._active

    @property
    def pods(self) -> list[Pod]:
        """All that are on the node, as they were last seen."""
        return [
            *(one.plan.pod for one in self._active.values()),
            *self._elsewhere.values(),
            *self._strangers.values(),
        ]

    def saw(self, pod: Pod) -> None:
        """Take in how a pod is now."""
        uid = pod.uid
        if uid in self._active:
            tracked = self._active[uid]
            tracked.plan = replace(tracked.plan, pod=pod)
        elif uid in self._known:
            if uid in self._elsewhere:
                self._elsewhere[uid] = pod
        else:
            self._strangers[uid] = pod

    def lost(self, uid: str, after: float) -> Tracked | None:
        """A pod is not on the node any more; return it if it should have left."""
        self._strangers.pop(uid, None)
        self._elsewhere.pop(uid, None)
        self.left = [one for one in self.left if one.pod.uid != uid]
        self.unwaited = [one for one in self.unwaited if one.pod.uid != uid]
        tracked = self._active.pop(uid, None)
        if tracked is not None:
            self.gone.append(Gone(tracked.plan.pod.name, uid, tracked.tried, after))
        return tracked

    def judged(self, plan: NodePlan) -> list[PodPlan]:
        """Take in a new explanation; return those of strangers that should leave as well.

        Who was to go goes, even if an explanation would now refuse: it was decided at the beginning.
        """
        came: list[PodPlan] = []
        for one in plan.pods:
            uid = one.pod.uid
            if uid in self._active:
                if one.leaves:
                    self._active[uid].plan = one
            elif self._strangers.pop(uid, None) is not None:
                self._known.add(uid)
                if one.verdict.outcome is Outcome.STAYS:
                    self._elsewhere[uid] = one.pod
                    continue
                came.append(self._came(one))
        return came

    def give_up(self, tracked: Tracked, verdict: Verdict) -> PodPlan:
        """Leave a pod where it is, and keep why."""
        del self._active[tracked.uid]
        plan = replace(tracked.plan, verdict=verdict)
        self._elsewhere[tracked.uid] = plan.pod
        self.left.append(plan)
        return plan

    def leave_alone(self, tracked: Tracked) -> None:
        """Wait no longer for one that does not end."""
        del self._active[tracked.uid]
        self._elsewhere[tracked.uid] = tracked.plan.pod
        self.unwaited.append(tracked.plan)

    def _came(self, plan: PodPlan) -> PodPlan:
        owner = plan.pod.owner
        if owner is not None and plan.leaves:
            room = self._may_come.setdefault(owner, _RETURNS)
            if room <= 0:
                plan = replace(plan, verdict=_returns(owner))
            self._may_come[owner] = room - 1
        if plan.leaves:
            self._active[plan.pod.uid] = Tracked(plan)
        else:
            self._elsewhere[plan.pod.uid] = plan.pod
            self.left.append(plan)
        return plan


def _owners(plans: Iterable[PodPlan]) -> Counter[Owner]:
    return Counter(one.pod.owner for one in plans if one.pod.owner is not None)


def _returns(owner: Owner) -> Verdict:
    return Verdict(
        Outcome.BLOCKS,
        Code.RETURNS,
        f"{owner.kind} {owner.name} puts its pods back on the node again and again",
        "have its pods not tolerate the taint node.kubernetes.io/unschedulable",
    )
