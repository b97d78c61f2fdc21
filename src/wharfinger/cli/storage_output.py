"""
Plans for storage, as a person reads them and as a program does.

A program gets the order, too: `wharf storage apply --plan FILE` takes exactly that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from wharfinger.cli import hosts_output, output
from wharfinger.cli.options import Format, Output
from wharfinger.cli.terminal import sanitized, say
from wharfinger.hosts.on_host.storage import steps
from wharfinger.hosts.on_host.storage.steps import Back
from wharfinger.hosts.site.sizes import readable
from wharfinger.hosts.storage.planned import PlannedStep, StoragePlan

if TYPE_CHECKING:
    from wharfinger.cli.client import Object

_WAYS_BACK: Final = {
    Back.TAKEN_BACK: "",
    Back.STAYS: "  [stays: there is no way back]",
    Back.FINAL: "  [final: what it removes is gone]",
}


def show_plan(plan: StoragePlan, hostname: str, form: Output) -> None:
    if form.format in (Format.TABLE, Format.WIDE):
        say(plan_text(plan, hostname))
    else:
        say(output.documents(plan_document(plan, hostname), form.format))


def plan_text(plan: StoragePlan, hostname: str) -> str:
    """The whole plan; one line if the host is already so."""
    return "\n".join(sanitized(line) for line in _lines(plan, hostname))


def plan_document(plan: StoragePlan, hostname: str) -> Object:
    return {
        "host": hostname,
        "disruption": str(plan.disruption),
        "steps": [
            {
                "step": steps.name(one.step),
                "subject": steps.subject(one.step),
                "why": one.why,
                "disruption": str(one.disruption),
                "back": one.step.back.value,
            }
            for one in plan.steps
        ],
        "forecasts": [
            {
                "place": one.place,
                "needed": one.needed,
                "free": one.free,
                "fits": one.fits,
                "why": one.why,
            }
            for one in plan.forecasts
        ],
        "refusals": [
            {"code": one.code, "subject": one.subject, "why": one.why, "remedy": one.remedy}
            for one in plan.refusals
        ],
        "notes": list(plan.notes),
        "order": steps.to_json(plan.order),
    }


def differences(plan: StoragePlan) -> Iterator[str]:
    """What a host is not yet, in the words of what would be done."""
    yield from (f"{steps.name(one.step)} {steps.subject(one.step)}" for one in plan.steps)
    yield from (f"{one.subject}: {one.why}" for one in plan.refusals)


def _lines(plan: StoragePlan, hostname: str) -> Iterator[str]:
    yield f"{hostname}: {_head(plan)}"
    if plan.steps:
        yield ""
        yield from _steps(plan.steps)
        yield ""
        yield f"disruption: {plan.disruption} ({hosts_output.COSTS[plan.disruption]})"
    for one in plan.forecasts:
        fits = "" if one.fits else ": TOO LITTLE"
        yield f"room: {one.place}: {one.why} {readable(one.needed)} of {readable(one.free)}{fits}"
    yield from (f"note: {note}" for note in plan.notes)
    if plan.refusals:
        yield ""
        yield "refused, and nothing is done:"
    for refusal in plan.refusals:
        yield f"    {refusal.subject}: {refusal.why}"
        yield f"        {refusal.remedy}"


def _head(plan: StoragePlan) -> str:
    if not plan.steps:
        return "refused" if plan.refusals else "already so"
    count = f"{len(plan.steps)} {'step' if len(plan.steps) == 1 else 'steps'}"
    return f"{count}: {plan.order.summary}" if plan.order.summary else count


def _steps(planned: tuple[PlannedStep, ...]) -> Iterator[str]:
    names = [f"{steps.name(one.step)} {steps.subject(one.step)}" for one in planned]
    width = max(len(name) for name in names)
    for number, (name, one) in enumerate(zip(names, planned, strict=True), 1):
        yield f"{number:4}  {name:{width}}  {one.why}{_WAYS_BACK[one.step.back]}"
