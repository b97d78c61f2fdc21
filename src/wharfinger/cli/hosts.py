"""
`wharf hosts`: what this host is, what it should be, and the way there and back.

Everything here works on this host, or with `--root` on a directory tree. Planning only reads. What
changes a host goes through its journal (`hosts/on_host/apply.py`), so that it can be undone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from wharfinger.cli import fleet, hosts_explain, hosts_output, output, site_file
from wharfinger.cli.errors import Blocked, UsageError
from wharfinger.cli.fleet import THIS_HOST, Fleet
from wharfinger.cli.options import OUTPUT, Flag, Format, Output
from wharfinger.cli.terminal import ask, note, sanitized, say
from wharfinger.errors import Conflict, WharfingerError
from wharfinger.hosts import bundle as host_bundle
from wharfinger.hosts import plan as planning
from wharfinger.hosts.on_host import apply as applying
from wharfinger.hosts.on_host import drift as drifting
from wharfinger.hosts.on_host import facts as host_facts
from wharfinger.hosts.on_host import reading, results
from wharfinger.hosts.on_host.changes import Disruption, DockerAnswers, Proof
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.results import Ending, Holds, Outcome
from wharfinger.hosts.plan import Plan
from wharfinger.system import files

app = App(name="hosts", help="Bring a host to what the site file says, prove it, undo it.")

HERE: Final = Path("/")
FACTS_LIMIT: Final = 64 << 20

SiteOption = Annotated[Path, Parameter(show_default=True)]
RootOption = Annotated[Path, Parameter(show_default=False)]
FactsOption = Annotated[Path | None, Parameter(show_default=False)]


class Allowed(StrEnum):
    """The largest disruption that an apply may cause."""

    NONE = "none"
    RELOAD = "reload"
    RESTART = "restart"
    DRAIN = "drain"


class RolledBack(WharfingerError):
    """Something went wrong on the way, and the host is again as it was."""

    code = "rolled-back"

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(
            f"cannot apply: {outcome.trouble}; all changes were taken back",
            remedy=f"see `wharf hosts history -o json`, entry {outcome.id}",
        )


class NotAsWanted(Conflict):
    """The host differs from the site file, or something that it should do does not hold."""

    code = "not-as-wanted"


@app.command
def facts(*, root: RootOption = HERE, form: Output = OUTPUT) -> None:
    """Read what this host is, its runtimes and its files.

    Parameters
    ----------
    root
        Directory tree to look at instead of this host.
    """
    found = reading.read_facts(_machine(root))
    if form.format in (Format.TABLE, Format.WIDE):
        rows = hosts_output.facts_rows(found)
        width = max(len(name) for name, _ in rows)
        say("\n".join(f"{name:{width}}   {sanitized(value)}" for name, value in rows))
    else:
        say(output.documents(host_facts.to_json(found), form.format))


@app.command
def plan(
    site: SiteOption = site_file.DEFAULT,
    /,
    *,
    root: RootOption = HERE,
    facts: FactsOption = None,
    hosts: Fleet = THIS_HOST,
    form: Output = OUTPUT,
) -> None:
    """Show what would change, as diffs, and what it costs.

    Nothing is written.

    Parameters
    ----------
    site
        The site file.
    root
        Directory tree to plan for instead of this host.
    facts
        Plan for the host whose facts this file has (`wharf hosts facts -o json`).
    """
    if hosts.meant(beside=(root != HERE, facts is not None)):
        fleet.plan(site, hosts, form.format)
        return
    found = reading.read_facts(_machine(root)) if facts is None else _facts_of(facts)
    _show(planning.plan(site_file.load(site), found), found, form)


@app.command
def apply(
    site: SiteOption = site_file.DEFAULT,
    /,
    *,
    root: RootOption = HERE,
    disruption: Allowed = Allowed.RESTART,
    yes: Annotated[Flag, Parameter(name=["--yes", "-y"])] = False,
    check: Flag = False,
    serial: Annotated[str, Parameter(group=fleet.GROUP)] = fleet.DEFAULT_BATCH,
    hosts: Fleet = THIS_HOST,
    form: Output = OUTPUT,
) -> None:
    """Bring this host to what the site file says, and prove it.

    If a change or a proof fails, all is taken back.

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
        _apply_to_fleet(
            site, hosts, form, Disruption[disruption.name], serial, yes=yes, check=check
        )
        return
    wanted = site_file.load(site)
    machine = _machine(root)
    if not check:
        _tell_recovered(applying.recover(machine))
    found = reading.read_facts(machine)
    planned = planning.plan(wanted, found)
    person = form.format in (Format.TABLE, Format.WIDE)
    if check or person:
        _show(planned, found, form)
    if check:
        return
    _require_allowed(planned, Disruption[disruption.name])
    if planned.changes and not yes:
        _require_consent()
    outcome = applying.apply(planned.order, machine)
    _tell(outcome, form)


@app.command
def explain(
    image: str,
    /,
    *,
    root: RootOption = HERE,
    facts: FactsOption = None,
    form: Output = OUTPUT,
) -> int:
    """Tell what each runtime of a host does with an image: allowed or not, from where it would be
    pulled, whom it trusts there, and the file and line that decide.

    Exits with 5 if no runtime may pull it, and with 4 if only some may.

    Parameters
    ----------
    image
        Name of the image, as one would pull it.
    root
        Directory tree to look at instead of this host.
    facts
        Look at the host whose facts this file has (`wharf hosts facts -o json`).
    """
    found = reading.read_facts(_machine(root)) if facts is None else _facts_of(facts)
    return hosts_explain.explain(found, image, form)


@app.command
def verify(
    site: SiteOption = site_file.DEFAULT, /, *, root: RootOption = HERE, form: Output = OUTPUT
) -> None:
    """Prove that this host is as the site file says.

    Parameters
    ----------
    site
        The site file.
    root
        Directory tree to look at instead of this host.
    """
    machine = _machine(root)
    found = reading.read_facts(machine)
    planned = planning.plan(site_file.load(site), found)
    proofs = applying.verify(_standing(planned.claims), machine)
    paths = [change.wanted.path for change in planned.changes]
    if form.format in (Format.TABLE, Format.WIDE):
        lines = [f"differs: {sanitized(path)}" for path in paths]
        say("\n".join(lines + hosts_output.proof_lines(proofs)) or "as the site file says")
    else:
        told = [{"what": one.what, "holds": one.holds.value, "why": one.why} for one in proofs]
        say(output.documents({"differs": paths, "proofs": told}, form.format))
    failed = [proof for proof in proofs if proof.holds is Holds.NO]
    if paths or failed:
        raise NotAsWanted(
            f"cannot call this host in order: {len(paths)} files differ, {len(failed)} claims do "
            "not hold",
            remedy="see `wharf hosts plan`, then `wharf hosts apply`",
        )


@app.command
def undo(
    entry: str | None = None,
    /,
    *,
    root: RootOption = HERE,
    force: Flag = False,
    form: Output = OUTPUT,
) -> None:
    """Bring back what stood here before an apply.

    Bytes, modes, owners and labels are again as they were.

    Parameters
    ----------
    entry
        Which apply, as `wharf hosts history` names it [default: the last that is not undone].
    root
        Directory tree to change instead of this host.
    force
        Undo although somebody has changed a file since; what they changed is lost.
    """
    _tell(applying.undo(_machine(root), entry, force=force), form)


@app.command
def history(*, root: RootOption = HERE, form: Output = OUTPUT) -> None:
    """List what was applied to this host, and how it ended.

    Parameters
    ----------
    root
        Directory tree to look at instead of this host.
    """
    entries = [results.to_json(outcome) for outcome in applying.history(_machine(root))]
    output.show({"items": entries}, form.format, columns=hosts_output.HISTORY_COLUMNS, kind="apply")


@app.command
def drift(*, root: RootOption = HERE, form: Output = OUTPUT) -> None:
    """List files that are not as the last apply left them.

    The exit code is 1 if there are any.

    Parameters
    ----------
    root
        Directory tree to look at instead of this host.
    """
    found = drifting.drift(_machine(root))
    output.show(
        {"items": [hosts_output.drift_document(one) for one in found]},
        form.format,
        columns=hosts_output.DRIFT_COLUMNS,
        kind="file",
    )
    if found:
        raise NotAsWanted(
            f"cannot call this host in order: {len(found)} files are not as they were left",
            remedy="`wharf hosts apply` brings them back; `wharf site adopt` takes them over",
        )


def _apply_to_fleet(
    site: Path,
    hosts: Fleet,
    form: Output,
    disruption: Disruption,
    serial: str,
    *,
    yes: bool,
    check: bool,
) -> None:
    person = form.format in (Format.TABLE, Format.WIDE)
    if not (check or yes):
        _require_person()
    if check or (person and not yes):
        fleet.plan(site, hosts, form.format)
    if check:
        return
    if not yes:
        _require_consent()
    fleet.apply(site, hosts, form.format, disruption=disruption, serial=serial)


@app.command
def bundle(file: Path = Path("wharf-host.pyz"), /) -> None:
    """Write what runs on a host as one file.

    It needs Python 3.9 or newer and nothing else.

    Parameters
    ----------
    file
        Where to write it.
    """
    files.write(file, host_bundle.content(), mode=0o755)
    say(str(file))


def _machine(root: Path) -> Machine:
    if not root.is_dir():
        raise UsageError(f"cannot use {str(root)!r} as a root: it is no directory")
    return Machine(str(root))


def _facts_of(path: Path) -> Facts:
    content = site_file.read(path, str(path), limit=FACTS_LIMIT).content
    try:
        return host_facts.from_json(json.loads(content))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UsageError(
            f"cannot read facts from {str(path)!r}: they are not what `wharf hosts facts` writes",
            remedy="write them with `wharf hosts facts -o json`",
        ) from None


def _show(planned: Plan, found: Facts, form: Output) -> None:
    if form.format in (Format.TABLE, Format.WIDE):
        say(hosts_output.plan_text(planned, found))
    else:
        say(output.documents(hosts_output.plan_document(planned, found), form.format))


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


def _require_allowed(planned: Plan, allowed: Disruption) -> None:
    if planned.disruption > allowed:
        raise Blocked(
            f"cannot apply: it needs a {planned.disruption}, and at most {allowed} is allowed",
            remedy=f"allow it with --disruption {planned.disruption}; for a drain, move the "
            "containers away first",
        )


def _require_person() -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            "cannot ask whether to apply: stdin is not a terminal", remedy="say so with --yes"
        )


def _require_consent() -> None:
    _require_person()
    if ask("Apply? [y/N]").strip().lower() not in ("y", "yes"):
        raise Blocked("cannot apply: nobody agreed to it", remedy="answer y, or give --yes")


def _standing(claims: Sequence[Proof]) -> list[Proof]:
    """Claims without what can be told only across an apply."""
    return [
        replace(claim, same_pid=False) if isinstance(claim, DockerAnswers) else claim
        for claim in claims
    ]
