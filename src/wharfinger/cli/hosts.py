"""
`wharf hosts`: what this host is, what it should be, and the way there and back.

Everything here works on this host, or with `--root` on a directory tree, and only reads. What changes a
host is in `hosts_apply`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cyclopts import App

from wharfinger.cli import (
    fleet,
    host,
    hosts_apply,
    hosts_explain,
    hosts_output,
    output,
    site_file,
)
from wharfinger.cli.fleet import THIS_HOST, Fleet
from wharfinger.cli.host import HERE, FactsOption, RootOption, SiteOption
from wharfinger.cli.options import OUTPUT, Format, Output
from wharfinger.cli.terminal import sanitized, say
from wharfinger.errors import Conflict
from wharfinger.hosts import bundle as host_bundle
from wharfinger.hosts import plan as planning
from wharfinger.hosts.on_host import apply as applying
from wharfinger.hosts.on_host import drift as drifting
from wharfinger.hosts.on_host import facts as host_facts
from wharfinger.hosts.on_host import reading, results
from wharfinger.hosts.on_host.changes import DockerAnswers, Proof
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.on_host.results import Holds
from wharfinger.system import files

app = App(name="hosts", help="Bring a host to what the site file says, prove it, undo it.")
app.command(hosts_apply.apply)
app.command(hosts_apply.undo)


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
    found = reading.read_facts(host.machine(root))
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
    found = _found(root, facts)
    hosts_output.show_plan(planning.plan(site_file.load(site), found), found, form)


@app.command
def explain(
    image: str,
    /,
    *,
    root: RootOption = HERE,
    facts: FactsOption = None,
    form: Output = OUTPUT,
) -> int:
    """Tell what each runtime does with an image, and why.

    Allowed or not, from where it would be pulled, whom it trusts there, and the file and line that
    decide. Exits with 5 if no runtime may pull it, and with 4 if only some may.

    Parameters
    ----------
    image
        Name of the image, as one would pull it.
    root
        Directory tree to look at instead of this host.
    facts
        Look at the host whose facts this file has (`wharf hosts facts -o json`).
    """
    found = _found(root, facts)
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
    machine = host.machine(root)
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
def history(*, root: RootOption = HERE, form: Output = OUTPUT) -> None:
    """List what was applied to this host, and how it ended.

    Parameters
    ----------
    root
        Directory tree to look at instead of this host.
    """
    entries = [results.to_json(outcome) for outcome in applying.history(host.machine(root))]
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
    found = drifting.drift(host.machine(root))
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


def _found(root: Path, facts: Path | None) -> Facts:
    return reading.read_facts(host.machine(root)) if facts is None else host.facts_of(facts)


def _standing(claims: Sequence[Proof]) -> list[Proof]:
    """Claims without what can be told only across an apply."""
    return [
        replace(claim, same_pid=False) if isinstance(claim, DockerAnswers) else claim
        for claim in claims
    ]
