"""
What becomes of a pod by what it is: `kubectl drain`'s filters in their order, and a word on the rest.

Pure. Which pods are refused or left is decided as `kubectl` 1.35 does, flag for flag: whoever comes
from there is not surprised. The first rule that does not let a pod go ends; one that lets it go with
a warning does not. What disruption budgets say of a pod that may go is for `slack.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from wharfinger.cluster import label_selector
from wharfinger.maintenance.model import Name, Pod
from wharfinger.maintenance.options import Options
from wharfinger.maintenance.verdict import Code, Outcome, Verdict

_STATEFUL_SET: Final = "StatefulSet"
_FOR_GOOD: Final = "it does not come back"


@dataclass(frozen=True, slots=True)
class Case:
    """All that a rule may look at."""

    pod: Pod
    options: Options
    daemon_sets: Collection[Name]
    now: datetime


Rule = Callable[[Case], Verdict | None]


def judge(pod: Pod, options: Options, daemon_sets: Collection[Name], now: datetime) -> Verdict:
    """Say what becomes of a pod if no budget stands against it."""
    case = Case(pod, options, daemon_sets, now)
    told: list[Verdict] = []
    for rule in FILTERS:
        verdict = rule(case)
        if verdict is None:
            continue
        if verdict.outcome is not Outcome.GOES:
            return verdict
        told.append(verdict)
    return _goes(pod, told)


def not_selected(case: Case) -> Verdict | None:
    selector = case.options.pod_selector
    if selector is None or label_selector.matches(selector, case.pod.labels):
        return None
    return Verdict(
        Outcome.STAYS,
        Code.NOT_SELECTED,
        "its labels are not among those that --pod-selector chooses",
    )


def ending_too_long(case: Case) -> Verdict | None:
    """Nobody waits for a pod that does not end, as on a node that is down, if so asked."""
    deleted, most = case.pod.deleted, case.options.skip_wait_for_delete
    if most <= 0 or deleted is None or int((case.now - deleted).total_seconds()) <= most:
        return None
    return Verdict(
        Outcome.STAYS,
        Code.ENDING_TOO_LONG,
        f"it should have ended more than {most:g} seconds ago, and is not waited for",
        warning="it may still run on the node",
    )


def daemon_pod(case: Case) -> Verdict | None:
    """Its DaemonSet, which does not mind cordons, would put it straight back."""
    pod, owner = case.pod, case.pod.owner
    if owner is None or not owner.is_daemon_set or pod.finished:
        return None
    name = Name(pod.name.namespace, owner.name)
    if name not in case.daemon_sets:
        reason = f"its DaemonSet {name} is gone, so nobody makes it anew"
        if case.options.force:
            return Verdict(Outcome.GOES, Code.DAEMON_SET_GONE, reason, warning=_FOR_GOOD)
        remedy = "delete the pod, or let such pods go with --force"
        return Verdict(Outcome.BLOCKS, Code.DAEMON_SET_GONE, reason, remedy)
    reason = f"it is managed by DaemonSet {name}, which would put it straight back"
    if case.options.ignore_daemon_sets:
        return Verdict(Outcome.STAYS, Code.DAEMON_SET, reason, warning="it goes on running")
    return Verdict(
        Outcome.BLOCKS, Code.DAEMON_SET, reason, "leave such pods running with --ignore-daemonsets"
    )


def mirror_pod(case: Case) -> Verdict | None:
    if not case.pod.mirror:
        return None
    return Verdict(
        Outcome.STAYS,
        Code.MIRROR,
        "the node's kubelet made it from a file, and the API cannot end it",
    )


def local_storage(case: Case) -> Verdict | None:
    pod = case.pod
    if not pod.empty_dirs or pod.finished:
        return None
    volumes = ", ".join(pod.empty_dirs)
    if case.options.delete_empty_dir_data:
        warning = f"the content of emptyDir {volumes} is lost"
        return Verdict(
            Outcome.GOES, Code.LOCAL_STORAGE, "its local data goes with it", warning=warning
        )
    return Verdict(
        Outcome.BLOCKS,
        Code.LOCAL_STORAGE,
        f"the content of emptyDir {volumes} would be lost",
        "save what is needed, then allow it with --delete-emptydir-data",
    )


def unmanaged(case: Case) -> Verdict | None:
    if case.pod.owner is not None or case.pod.finished:
        return None
    reason = "it has no controller, so nobody makes it anew"
    if case.options.force:
        return Verdict(Outcome.GOES, Code.UNMANAGED, reason, warning=_FOR_GOOD)
    remedy = "let a controller make it, or let such pods go with --force"
    return Verdict(Outcome.BLOCKS, Code.UNMANAGED, reason, remedy)


FILTERS: Final[tuple[Rule, ...]] = (
    not_selected,
    ending_too_long,
    daemon_pod,
    mirror_pod,
    local_storage,
    unmanaged,
)


def _goes(pod: Pod, told: list[Verdict]) -> Verdict:
    """Say the most telling of the reasons why a pod goes, and all that is to be minded."""
    code, reason = _why(pod, told)
    warnings = [verdict.warning for verdict in told]
    if pod.finalizers:
        warnings.append(
            f"it is not gone before finalizers are taken off: {', '.join(pod.finalizers)}"
        )
    return Verdict(Outcome.GOES, code, reason, warning="; ".join(warnings))


def _why(pod: Pod, told: list[Verdict]) -> tuple[str, str]:
    if pod.deleted is not None:
        return Code.ENDING, "it is ending already"
    if pod.finished:
        return Code.FINISHED, f"it has finished ({pod.phase})"
    if told or pod.owner is None:  # who goes without a controller was told so
        return told[-1].code, told[-1].reason
    if pod.phase == "Pending":
        return Code.PENDING, "it has not started, so no budget is asked"
    if pod.owner.kind == _STATEFUL_SET:
        reason = f"StatefulSet {pod.owner.name} makes it anew under the same name on another node"
        return Code.STATEFUL_SET, reason
    return Code.REPLACED, f"{pod.owner.kind} {pod.owner.name} makes another one"
