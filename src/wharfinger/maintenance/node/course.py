"""Where the evacuation of one node stands: its pods and budgets, the time, and who is told."""

from __future__ import annotations

from datetime import datetime

from wharfinger.maintenance.explain import NodePlan, PodPlan
from wharfinger.maintenance.model import Cluster
from wharfinger.maintenance.node.pacing import Ledger, Pause
from wharfinger.maintenance.node.patience import Patience
from wharfinger.maintenance.node.progress import Clock, Kind, Progress, Told
from wharfinger.maintenance.node.tracking import Tracked, Tracker
from wharfinger.maintenance.node.work import Work
from wharfinger.maintenance.options import Options
from wharfinger.maintenance.verdict import Verdict


class Course:
    def __init__(
        self,
        plan: NodePlan,
        cluster: Cluster,
        options: Options,
        *,
        patience: Patience,
        told: Told,
        clock: Clock,
        began: datetime,
    ) -> None:
        self.options, self.patience, self.clock = options, patience, clock
        self._told, self._began = told, began
        self.node, self.cluster = plan.node, cluster
        """As they were last seen."""
        self.tracker = Tracker(plan)
        self.ledger = Ledger(cluster.budgets)
        self.work = Work(clock)
        self.touched = False
        """Whether any pod was evicted, for all we know."""
        self.progress_at = 0.0
        self.look_due = 0.0
        """When budgets are to be read again."""
        self.look_pause = Pause()

    @property
    def elapsed(self) -> float:
        return (self.clock.now() - self._began).total_seconds()

    def tell(self, kind: Kind, plan: PodPlan | None, message: str) -> None:
        pod = plan.pod.name if plan is not None else None
        self._told(Progress(self.node.name, kind, pod, message, self.tracker.remaining))

    def get_on(self) -> None:
        """Something has moved, so what is held may not be held for long."""
        self.progress_at = self.elapsed
        self.look_pause.reset()
        self.look_due = min(self.look_due, self.elapsed + self.look_pause.next())

    def hold(self, tracked: Tracked, why: str) -> None:
        if why != tracked.said:
            tracked.said = why
            self.tell(Kind.HELD, tracked.plan, why)

    def give_up(self, tracked: Tracked, verdict: Verdict) -> None:
        self.ledger.refund(tracked.uid)
        if self.tracker.holds(tracked.uid):
            plan = self.tracker.give_up(tracked, verdict)
            self.get_on()
            self.tell(Kind.LEFT, plan, verdict.reason)

    def gone(self, uid: str) -> None:
        tracked = self.tracker.lost(uid, self.elapsed)
        if tracked is None:
            return
        self.get_on()
        how = "it is gone" if tracked.tried else "it went by itself"
        self.tell(Kind.GONE, tracked.plan, how)
