"""`wharf hosts verify`, `history` and `drift`: is a host in order, and what was done to it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wharfinger.cli import host, hosts_output, output, site_file
from wharfinger.cli.host import HERE, RootOption, SiteOption
from wharfinger.cli.options import OUTPUT, Format, Output
from wharfinger.cli.terminal import sanitized, say
from wharfinger.errors import Conflict
from wharfinger.hosts import plan as planning
from wharfinger.hosts.on_host import apply as applying
from wharfinger.hosts.on_host import drift as drifting
from wharfinger.hosts.on_host import reading, results
from wharfinger.hosts.on_host.changes import DockerAnswers, Proof
from wharfinger.hosts.on_host.results import Holds


class NotAsWanted(Conflict):
    """The host differs from the site file, or something that it should do does not hold."""

    code = "not-as-wanted"


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


def history(*, root: RootOption = HERE, form: Output = OUTPUT) -> None:
    """List what was applied to this host, and how it ended.

    Parameters
    ----------
    root
        Directory tree to look at instead of this host.
    """
    entries = [results.to_json(outcome) for outcome in applying.history(host.machine(root))]
    output.show({"items": entries}, form.format, columns=hosts_output.HISTORY_COLUMNS, kind="apply")


def drift(*, root: RootOption = HERE, form: Output = OUTPUT) -> None:
    """List files that are not as the last apply left them.

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


def _standing(claims: Sequence[Proof]) -> list[Proof]:
    """Claims without what can be told only across an apply."""
    return [
        replace(claim, same_pid=False) if isinstance(claim, DockerAnswers) else claim
        for claim in claims
    ]
