"""
Evacuate a node: explain, cordon, empty it, and leave it as it should be.

What becomes of each pod is decided by `explain`, and carried out by `draining`. Here is what stands
around it: nothing at all is done to a node whose plan blocks; only our own cordon is ever taken away; and
a run that was killed is run again with the same note, by which it knows its cordon.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from wharfinger.errors import Conflict
from wharfinger.maintenance import cordon, survey
from wharfinger.maintenance.api import Answer, Api, ApiFault, ApiRefused, NodeUnknown
from wharfinger.maintenance.cordon import Note, Patch
from wharfinger.maintenance.explain import Explainer, NodePlan, PodPlan
from wharfinger.maintenance.model import Node
from wharfinger.maintenance.node import pacing
from wharfinger.maintenance.node.draining import Draining, End, Interference
from wharfinger.maintenance.node.patience import Patience
from wharfinger.maintenance.node.progress import (
    Clock,
    Kind,
    Progress,
    Reopen,
    Report,
    State,
    Told,
)
from wharfinger.maintenance.node.tracking import Tracked
from wharfinger.maintenance.options import Options
from wharfinger.maintenance.verdict import Code, Outcome, Verdict

_GO_ON: Final = "it stays cordoned: evacuate it again to go on, or uncordon it"


async def evacuate(
    api: Api,
    node: str,
    options: Options,
    note: Note,
    *,
    told: Told,
    stop: asyncio.Event,
    clock: Clock,
    reopen: Reopen = Reopen.UNTOUCHED,
) -> Report:
    """Evacuate a node and report what came of it.

    If its plan blocks, nothing is done, not even a cordon. `stop` ends it: nothing more is asked for.
    Raises `NodeUnknown`, `ApiRefused` or `ApiFault` only while nothing is known of the node.
    """
    began = clock.now()

    def elapsed() -> float:
        return (clock.now() - began).total_seconds()

    def fault(error: ApiFault) -> None:
        told(Progress(node, Kind.FAULT, None, error.message, 0))

    patience = Patience(
        clock,
        told=fault,
        hurried=lambda: stop.is_set() or 0 < options.timeout <= elapsed(),
    )
    found = await survey.read(api, [node], owners=options.wait_replacements, ask=patience.ask)
    plan = Explainer(found.cluster, options, clock.now()).node(node)
    told(Progress(node, Kind.EXPLAINED, None, _explained(plan), len(plan.leaving)))
    door = _Door(api, plan.node, note, patience, told)
    draining = Draining(
        api,
        plan,
        found,
        options,
        patience=patience,
        told=told,
        stop=stop,
        clock=clock,
        began=began,
    )
    end = await _carried_out(plan, door, draining, stop)
    end = await _left_behind(end, door, draining, reopen)
    left = _left(plan, draining, end)
    told(Progress(node, Kind.ENDED, None, end.message, len(left)))
    return Report(
        node=node,
        state=end.state,
        plan=plan,
        gone=tuple(draining.course.tracker.gone),
        left=left,
        seconds=elapsed(),
        cordoned=door.ours,
        message=end.message,
    )


async def rehearse(api: Api, node: str, options: Options, *, told: Told, clock: Clock) -> Report:
    """Have the cluster say of each pod whether it would evict it now, and change nothing.

    Each is asked about alone, so a budget that lets one go says yes to all that it covers. Raises what
    the cluster raises.
    """
    began = clock.now()
    found = await survey.read(api, [node])
    plan = Explainer(found.cluster, options, clock.now()).node(node)
    told(Progress(node, Kind.EXPLAINED, None, _explained(plan), len(plan.leaving)))
    left = _blockers(plan)
    if not left:
        ask = api.delete if options.disable_eviction else api.evict
        free = asyncio.Semaphore(pacing.IN_FLIGHT)

        async def asked(one: PodPlan) -> PodPlan | None:
            async with free:
                try:
                    answer = await ask(one.pod, grace=options.grace, dry_run=True)
                except ApiRefused as refused:
                    kept = Verdict(
                        Outcome.BLOCKS, Code.REFUSED, refused.message, refused.remedy or ""
                    )
                else:
                    if answer.answer not in (Answer.REFUSED, Answer.OVERLAPPING):
                        told(Progress(node, Kind.ACCEPTED, one.pod.name, "it would be evicted", 0))
                        return None
                    kept = replace(one.verdict, outcome=Outcome.WAITS, reason=answer.message)
            told(Progress(node, Kind.HELD, one.pod.name, kept.reason, 0))
            return replace(one, verdict=kept)

        answers = await asyncio.gather(*map(asked, plan.leaving))
        left = tuple(one for one in answers if one is not None)
    state = State.BLOCKED if left else State.EVACUATED
    message = f"{len(left)} pods would be left" if left else "all pods that should go would go"
    told(Progress(node, Kind.ENDED, None, message, len(left)))
    seconds = (clock.now() - began).total_seconds()
    return Report(node, state, plan, (), left, seconds, cordoned=False, message=message)


class _Door:
    """The cordon of the node: closed under our note, and opened only if it is ours."""

    def __init__(self, api: Api, node: Node, note: Note, patience: Patience, told: Told) -> None:
        self._api, self._node, self._note = api, node, note
        self._patience, self._told = patience, told
        self.ours = False
        found = cordon.note_of(node)
        self.resumed = found is not None and found.run == note.run
        """A run that was killed had closed it: it may have evicted something."""

    async def close(self) -> None:
        await self._patience.ask(self._close)

    async def open(self) -> None:
        await self._patience.ask(self._open)

    async def _close(self) -> None:
        node = await self._written(lambda node: cordon.close(node, self._note))
        found = cordon.note_of(node)
        self.ours = found is not None and found.run == self._note.run
        if self.ours and not self.resumed:
            self._tell(Kind.CORDONED, "it takes no new pods")
        else:
            by = f" by {found.by}: {found.why}" if found is not None else ""
            self._tell(Kind.ALREADY_CORDONED, f"it was cordoned already{by}")

    async def _open(self) -> None:
        await self._written(lambda node: cordon.open(node, self._note.run))
        self.ours = False
        self._tell(Kind.REOPENED, "its cordon is taken away again")

    async def _written(self, change: Callable[[Node], Patch | None]) -> Node:
        """Make a change to the node as it is now; once more if somebody else was faster."""
        while True:
            node = await self._api.node(self._node.name)
            if node.uid != self._node.uid:
                raise Interference("the node was replaced by another one of its name")
            patch = change(node)
            if patch is None:
                return node
            try:
                return await self._api.patch_node(node, patch)
            except Conflict:
                continue

    def _tell(self, kind: Kind, message: str) -> None:
        self._told(Progress(self._node.name, kind, None, message, 0))


async def _carried_out(plan: NodePlan, door: _Door, draining: Draining, stop: asyncio.Event) -> End:
    if plan.blocked:
        count = len(_blockers(plan))
        return End(State.BLOCKED, f"{count} of its pods may not go, so nothing was done")
    if stop.is_set():
        return End(State.STOPPED, "it was stopped before anything was done")
    try:
        await door.close()
        return await draining.run()
    except Interference as interference:
        return End(State.FAILED, str(interference))
    except NodeUnknown:
        return End(State.FAILED, "the node was deleted")
    except ApiRefused as refused:
        remedy = f"; {refused.remedy}" if refused.remedy else ""
        return End(State.FAILED, refused.message + remedy)
    except ApiFault as fault:
        return draining.over() or End(State.FAILED, f"the cluster does not answer: {fault.message}")


async def _left_behind(end: End, door: _Door, draining: Draining, reopen: Reopen) -> End:
    """Take our cordon away where that is wanted, and say how the node is left."""
    if end.state is State.EVACUATED or not door.ours:
        return end
    untouched = not draining.course.touched and not door.resumed
    if reopen is Reopen.ALWAYS or (reopen is Reopen.UNTOUCHED and untouched):
        try:
            await door.open()
        except (ApiFault, ApiRefused, NodeUnknown, Interference) as error:
            return replace(end, message=f"{end.message}; its cordon is still there: {error}")
        return replace(end, message=f"{end.message}; its cordon was taken away again")
    return replace(end, message=f"{end.message}; {_GO_ON}")


def _explained(plan: NodePlan) -> str:
    blockers = len(_blockers(plan))
    leaving = f"{len(plan.leaving)} of {len(plan.pods)} pods are to go"
    return f"{leaving}; {blockers} block" if blockers else leaving


def _blockers(plan: NodePlan) -> tuple[PodPlan, ...]:
    return tuple(one for one in plan.pods if one.verdict.outcome is Outcome.BLOCKS)


def _left(plan: NodePlan, draining: Draining, end: End) -> tuple[PodPlan, ...]:
    """The pods that are still there though they should have gone, in order of their names."""
    if end.state is State.EVACUATED:
        return ()
    if plan.blocked:
        return _blockers(plan)
    found = [*draining.course.tracker.left, *map(_kept, draining.course.tracker.active)]
    return tuple(sorted(found, key=lambda one: one.pod.name))


def _kept(tracked: Tracked) -> PodPlan:
    """Why a pod is not gone that nobody has given up."""
    plan, verdict = tracked.plan, tracked.plan.verdict
    if tracked.accepted:
        verdict = Verdict(Outcome.GOES, Code.ENDING, "it was asked to go and is ending")
    elif tracked.said and tracked.said != verdict.reason:
        verdict = replace(verdict, outcome=Outcome.WAITS, reason=tracked.said)
    elif tracked.tried:
        verdict = replace(verdict, reason="it was asked to go, and there was no answer yet")
    return replace(plan, verdict=verdict)
