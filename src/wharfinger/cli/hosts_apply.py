"""
`wharf hosts apply` and `undo`: what changes a host, or the hosts of an inventory.

Nothing is begun that would disturb more than was allowed, or that nobody agreed to. What is done goes
through the host's journal (`hosts/on_host/apply.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from wharfinger.cli import consent, host, hosts_output, output, site_file
from wharfinger.cli.consent import Allowed
from wharfinger.cli.fleet_options import DEFAULT_BATCH, GROUP, THIS_HOST, Fleet
from wharfinger.cli.host import HERE, RootOption, SiteOption
from wharfinger.cli.options import OUTPUT, Flag, Format, Output
from wharfinger.cli.terminal import note, say
from wharfinger.errors import WharfingerError
from wharfinger.hosts import plan as planning
from wharfinger.hosts.on_host import apply as applying
from wharfinger.hosts.on_host import reading, results
from wharfinger.hosts.on_host.results import Ending, Outcome


class RolledBack(WharfingerError):
    """Something went wrong on the way, and the host is again as it was."""

    code = "rolled-back"

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(
            f"cannot apply: {outcome.trouble}; all changes were taken back",
            remedy=f"see `wharf hosts history -o json`, entry {outcome.id}",
        )


def apply(
    site: SiteOption = site_file.DEFAULT,
    /,
    *,
    root: RootOption = HERE,
    disruption: Allowed = Allowed.RESTART,
    yes: Annotated[Flag, Parameter(name=["--yes", "-y"])] = False,
    check: Flag = False,
    serial: Annotated[str, Parameter(group=GROUP)] = DEFAULT_BATCH,
    hosts: Fleet = THIS_HOST,
    form: Output = OUTPUT,
) -> None:
    """Bring this host to what the site file says, and prove it.

    Parameters
    ----------
    site
        The site file.
    root
        Directory tree to change instead of this host.
    disruption
        The largest disruption that is allowed.
    yes
        Apply without asking.
    check
        Only show the plan.
    serial
        How many hosts to change at a time; if one fails, the next ones are not begun.
    """
    if hosts.meant(beside=(root != HERE,)):
        _apply_to_fleet(site, hosts, form, disruption, serial, yes=yes, check=check)
        return
    wanted = site_file.load(site)
    machine = host.machine(root)
    if not check:
        _tell_recovered(applying.recover(machine))
    found = reading.read_facts(machine)
    planned = planning.plan(wanted, found)
    person = form.format in (Format.TABLE, Format.WIDE)
    if check or person:
        hosts_output.show_plan(planned, found, form)
    if check:
        return
    consent.require_allowed(planned.disruption, disruption)
    if planned.changes and not yes:
        consent.require()
    outcome = applying.apply(planned.order, machine)
    _tell(outcome, form)


def undo(
    entry: str | None = None,
    /,
    *,
    root: RootOption = HERE,
    force: Flag = False,
    form: Output = OUTPUT,
) -> None:
    """Bring back what stood here before an apply.

    Parameters
    ----------
    entry
        Which apply, as `wharf hosts history` names it [default: the last that is not undone].
    root
        Directory tree to change instead of this host.
    force
        Undo although somebody has changed a file since; what they changed is lost.
    """
    _tell(applying.undo(host.machine(root), entry, force=force), form)


def _apply_to_fleet(
    site: Path,
    hosts: Fleet,
    form: Output,
    disruption: Allowed,
    serial: str,
    *,
    yes: bool,
    check: bool,
) -> None:
    from wharfinger.cli import fleet  # what reaches many hosts is not for one

    person = form.format in (Format.TABLE, Format.WIDE)
    if not (check or yes):
        consent.require_person()
    if check or (person and not yes):
        fleet.plan(site, hosts, form.format)
    if check:
        return
    if not yes:
        consent.require()
    fleet.apply(site, hosts, form.format, disruption=disruption.disruption, serial=serial)


def _tell(outcome: Outcome, form: Output) -> None:
    if form.format in (Format.TABLE, Format.WIDE):
        say(hosts_output.outcome_text(outcome))
    else:
        say(output.documents(results.to_json(outcome), form.format))
    if outcome.ending is Ending.ROLLED_BACK:
        raise RolledBack(outcome)


def _tell_recovered(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        note(f"an apply that was killed has been undone: entry {outcome.id}")
