"""
The plan of an evacuation as a person reads it: what becomes of each pod, what budgets say, and what
stands against it with what to do. A program gets `explain.plan_document`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from wharfinger.cli import output
from wharfinger.cli.options import Format
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import sanitized, say
from wharfinger.maintenance import explain
from wharfinger.maintenance.explain import NodePlan, PodPlan
from wharfinger.maintenance.verdict import Outcome

if TYPE_CHECKING:
    from wharfinger.cli.client import Object

PODS: Final = (
    Column("POD", lambda row: f"{row['namespace']}/{row['name']}"),
    Column("WHAT", lambda row: row["outcome"]),
    Column("WHY", lambda row: _why(row)),
    Column("DATA LOST", lambda row: ", ".join(row["lost"]) or "-"),
    Column("BUDGET", lambda row: ", ".join(row["budgets"]) or "-"),
    Column("CODE", lambda row: row["code"], wide=True),
)
BUDGETS: Final = (
    Column("BUDGET", lambda row: f"{row['namespace']}/{row['name']}"),
    Column("WANTS", lambda row: row["wanted"] or "-"),
    Column("HEALTHY", lambda row: f"{row['healthy']} of {row['expected']}"),
    Column("LETS GO NOW", lambda row: str(row["allowed"])),
    Column("PODS HERE", lambda row: str(row["here"])),
    Column("ALSO USED UP BY", lambda row: ", ".join(_consumers(row)) or "-"),
)
_NAMED: Final = 10
"""Of more pods than these with one cause the rest is a number; the table has all of them."""
_OUTCOMES: Final = (
    (Outcome.GOES, "goes", "go"),
    (Outcome.WAITS, "waits", "wait"),
    (Outcome.STAYS, "stays", "stay"),
    (Outcome.BLOCKS, "blocks", "block"),
)


def show(plans: Sequence[NodePlan], form: Format) -> None:
    match form:
        case Format.JSON | Format.YAML:
            say(output.documents({"nodes": [explain.plan_document(one) for one in plans]}, form))
        case Format.NAME:
            for plan in plans:
                for one in plan.leaving:
                    say(f"pod/{sanitized(str(one.pod.name))}")
        case _:
            say("\n\n".join(text(plan, wide=form is Format.WIDE) for plan in plans))


def text(plan: NodePlan, *, wide: bool = False) -> str:
    document = explain.plan_document(plan)
    parts = [f"node {sanitized(plan.node.name)}: {summary(plan)}"]
    if plan.pods:
        columns = [one for one in PODS if wide or not one.wide]
        parts[0] += "\n" + output.table(document["pods"], columns)
    if plan.budgets:
        parts.append(output.table(document["budgets"], BUDGETS))
    if against := obstacles(plan):
        parts.append("\n".join(("what stands against it:", *map(sanitized, against))))
    return "\n\n".join(parts)


def summary(plan: NodePlan) -> str:
    """Say in a line what would happen, as "4 pods go, 1 waits, 2 stay"."""
    counts = Counter(one.verdict.outcome for one in plan.pods)
    parts = [
        f"{counts[outcome]} {one if counts[outcome] == 1 else more}"
        for outcome, one, more in _OUTCOMES
        if counts[outcome]
    ]
    if not parts:
        return "no pods"
    number, _, rest = parts[0].partition(" ")
    listed = ", ".join([f"{number} pod{'' if number == '1' else 's'} {rest}", *parts[1:]])
    return f"{listed}; so nothing would be done" if plan.blocked else listed


def obstacles(plan: NodePlan) -> list[str]:
    """What a person must do something about: each pod that blocks or waits in vain."""
    return by_cause(
        one
        for one in plan.pods
        if one.verdict.outcome is Outcome.BLOCKS
        or (one.verdict.outcome is Outcome.WAITS and one.verdict.hopeless)
    )


def by_cause(held: Iterable[PodPlan]) -> list[str]:
    """Each cause once, with the pods that it holds and, on a line below, what to do."""
    alike: dict[tuple[str, str], list[str]] = {}
    for one in held:
        cause = (one.verdict.reason, one.verdict.remedy)
        alike.setdefault(cause, []).append(str(one.pod.name))
    lines = []
    for (reason, remedy), names in alike.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        lines.append(f"  {', '.join(names[:_NAMED])}{more}: {reason}")
        if remedy:
            lines.append(f"    {remedy}")
    return lines


def _why(row: Object) -> str:
    reason, warning = row["reason"], row["warning"]
    return f"{reason}; {warning}" if warning and warning != reason else str(reason)


def _consumers(row: Mapping[str, Any]) -> Iterator[str]:
    for one in row["consumers"]:
        yield f"{one['namespace']}/{one['name']} ({one['why']})"
