"""
`wharf storage apply`, `undo`, `history` and `release`: what changes the storage of this host.

An order that was begun comes first: nothing new is planned before it has come to its end. What is done
goes through the host's journal (`hosts/on_host/storage/run.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from wharfinger.cli import (
    consent,
    output,
    site_file,
    storage_host,
    storage_outcomes,
    storage_output,
    storage_plan_file,
    storage_progress,
)
from wharfinger.cli.consent import Allowed
from wharfinger.cli.host import SiteOption
from wharfinger.cli.options import OUTPUT, Flag, Format, Output
from wharfinger.cli.storage_host import PlanRefused
from wharfinger.cli.storage_outcomes import NotApplied
from wharfinger.cli.terminal import note, say
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import outcomes, reading, run
from wharfinger.hosts.on_host.storage.outcomes import Ending, StorageOutcome
from wharfinger.hosts.storage import plan as planning
from wharfinger.hosts.storage.planned import StoragePlan

Yes = Annotated[Flag, Parameter(name=["--yes", "-y"])]


def apply(
    site: SiteOption = site_file.DEFAULT,
    /,
    *,
    plan: Annotated[Path | None, Parameter(show_default=False)] = None,
    rebuild: Flag = False,
    disruption: Allowed = Allowed.RESTART,
    yes: Yes = False,
    form: Output = OUTPUT,
) -> None:
    """Bring the storage of this host to what the site file says, and lose nothing.

    Parameters
    ----------
    site
        The site file.
    plan
        Apply this plan, as `wharf storage plan -o json` gave it, instead of a new one.
    rebuild
        Take the destructive way: save what the engine keeps, remove its volumes, make them anew.
    disruption
        The largest disruption that is allowed.
    yes
        Apply without asking.
    """
    machine = Machine()
    _go_on(machine, form)
    hostname, planned = _planned(machine, site, plan, rebuild=rebuild)
    if form.format in (Format.TABLE, Format.WIDE):
        storage_output.show_plan(planned, hostname, form)
    if planned.refusals:
        raise PlanRefused(planned)
    consent.require_allowed(planned.disruption, disruption)
    if planned.order.steps and not yes:
        consent.require()
    with storage_progress.telling(form.format) as progress:
        outcome = run.apply(planned.order, machine, say=progress)
    _tell(outcome, form)


def undo(
    entry: str | None = None, /, *, force: Flag = False, yes: Yes = False, form: Output = OUTPUT
) -> None:
    """Take back what an order did, as far as it has a way back.

    Parameters
    ----------
    entry
        Which order, as `wharf storage history` names it [default: the one that did not end, else
        the last].
    force
        Take it back although something has come since: images, containers, what was written. It is lost.
    yes
        Take it back without asking.
    """
    machine = Machine()
    known = run.to_undo(machine, entry)
    if not yes:
        note(storage_outcomes.undo_text(known))
        consent.require("undo")
    with storage_progress.telling(form.format) as progress:
        outcome = run.undo(machine, entry, force=force, say=progress)
    _tell(outcome, form)


def history(*, form: Output = OUTPUT) -> None:
    """List the orders that were begun on this host, and how they ended."""
    entries = [outcomes.to_json(one) for one in run.history(Machine())]
    columns = storage_outcomes.HISTORY_COLUMNS
    output.show({"items": entries}, form.format, columns=columns, kind="order")


def release(entry: str, /, *, yes: Yes = False, form: Output = OUTPUT) -> None:
    """Remove what an order has kept for its way back. After that there is none.

    Parameters
    ----------
    entry
        Which order, as `wharf storage history` names it.
    yes
        Remove it without asking.
    """
    machine = Machine()
    order = run.to_release(machine, entry)
    if not yes:
        note(storage_outcomes.release_text(order))
        consent.require_typed("release", entry.zfill(6))
    with storage_progress.telling(form.format) as progress:
        outcome = run.release(machine, entry, say=progress)
    _tell(outcome, form)


def _go_on(machine: Machine, form: Output) -> None:
    """Bring the order that was begun to its end, which somebody has agreed to already."""
    pending = run.unfinished(machine)
    if pending is None:
        return
    note(
        f"going on with order {pending.id}, which did not end: {pending.summary} "
        f"({pending.done} of {len(pending.steps)} steps are done)"
    )
    with storage_progress.telling(form.format) as progress:
        outcome = run.resume(machine, say=progress)
    if outcome is None:
        return
    note(storage_outcomes.outcome_text(outcome))
    if outcome.ending is Ending.STOPPED:
        raise NotApplied(outcome)


def _planned(
    machine: Machine, site: Path, plan: Path | None, *, rebuild: bool
) -> tuple[str, StoragePlan]:
    if plan is not None:
        return machine.hostname(), storage_plan_file.read(plan)
    found = reading.read_storage(machine)
    return found.hostname, planning.plan(storage_host.wanted(site), found, rebuild=rebuild)


def _tell(outcome: StorageOutcome, form: Output) -> None:
    if form.format in (Format.TABLE, Format.WIDE):
        say(storage_outcomes.outcome_text(outcome))
    else:
        say(output.documents(outcomes.to_json(outcome), form.format))
    if outcome.ending in (Ending.ROLLED_BACK, Ending.STOPPED):
        raise NotApplied(outcome)
