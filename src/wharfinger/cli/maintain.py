"""
`wharf maintain`: bring the hosts of a cluster to the site file, with their pods out of the way.

All is explained before the first host is touched. What was asked for and what is done is in the journal
of the run, so that a run which was stopped or killed is resumed by its id alone.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from wharfinger.cli import consent, maintain_journal, maintain_output, output, site_file
from wharfinger.cli.errors import UsageError
from wharfinger.cli.evacuate_options import DRAIN, Drain, DryRun
from wharfinger.cli.fleet_options import THIS_HOST, Fleet
from wharfinger.cli.maintain_asked import Asked, inventory_path
from wharfinger.cli.maintain_options import (
    GATE_OPTIONS,
    HEARING_OPTIONS,
    PACE_OPTIONS,
    RUN_OPTIONS,
    Gating,
    Hearing,
    Pace,
    Runs,
)
from wharfinger.cli.maintain_run import Command
from wharfinger.cli.options import CONNECTION, OUTPUT, Connection, Format, Output
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import say
from wharfinger.maintenance.fleet import prometheus, report
from wharfinger.server.settings import default_state
from wharfinger.system.clock import SystemClock

_RUNS: Final = (
    Column("RUN", lambda row: row["run"]),
    Column("BEGAN", lambda row: row["began"]),
    Column("HOSTS", lambda row: row["counts"]),
)


def maintain(
    *,
    site: Path = site_file.DEFAULT,
    hosts: Fleet = THIS_HOST,
    pace: Pace = PACE_OPTIONS,
    gating: Gating = GATE_OPTIONS,
    runs: Runs = RUN_OPTIONS,
    drain: Drain = DRAIN,
    hearing: Hearing = HEARING_OPTIONS,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> int | None:
    """Bring the hosts of an inventory to the site file, each with its pods out of the way.

    Parameters
    ----------
    site
        The site file.
    """
    maintain_output.check_report_names(runs.report)
    root = runs.journal or default_state(os.environ, root=os.geteuid() == 0) / "maintenance"
    modes = (runs.status, runs.resume is not None, runs.abort is not None, bool(hosts.inventory))
    if sum(modes) != 1:
        raise UsageError(
            "cannot tell what to do",
            remedy="give one of --inventory, --resume RUN, --abort RUN and --status",
        )
    if runs.status:
        _status(root, runs, form.format)
        return None
    command = Command(root, runs, hearing, connection, form.format)
    if runs.abort is not None:
        return asyncio.run(command.abort(runs.abort))
    if runs.resume is not None:
        return asyncio.run(command.resume(runs.resume))
    site_file.load(site)  # its faults are told once, not by each host
    asked = _asked(site, hosts, pace, gating, runs, drain, connection)
    asked.check()
    only_plan = runs.plan or drain.dry is not DryRun.NONE
    if not (only_plan or runs.yes):
        consent.require_person("begin")
    return asyncio.run(command.begin(asked, only_plan=only_plan))


def _asked(
    site: Path,
    hosts: Fleet,
    pace: Pace,
    gating: Gating,
    runs: Runs,
    drain: Drain,
    connection: Connection,
) -> Asked:
    for address, _ in gating.gate_prometheus:
        prometheus.host_of(address)
    return Asked(
        site=str(site.absolute()),
        inventory=tuple(map(inventory_path, hosts.inventory)),
        limit=hosts.limit,
        forks=hosts.forks,
        become=hosts.become,
        cluster="",
        kubeconfig=_absolute(connection.kubeconfig),
        context=connection.context,
        max_unavailable=pace.max_unavailable,
        per=pace.per,
        canary=pace.canary,
        side_by_side=pace.side_by_side,
        windows=pace.window,
        drain_for=pace.drain_for,
        prometheus=gating.gate_prometheus,
        commands=gating.gate_command,
        gate_seconds=gating.gate_timeout,
        pause_file=_absolute(runs.pause_file),
        evacuation=asdict(replace(drain, dry_run=False)),
    )


def _absolute(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


def _status(root: Path, runs: Runs, form: Format) -> None:
    now = SystemClock().now
    every = [report.document(files.read()) for files in maintain_journal.all_runs(root, now)]
    if runs.run is None and not every:
        say(f"no runs in {root}")
        return
    chosen = maintain_journal.named(root, runs.run or maintain_journal.LAST, now)
    document = {**report.document(chosen.read()), "process": chosen.process()}
    if form in (Format.JSON, Format.YAML):
        say(output.documents({"runs": every, "run": document}, form))
        return
    if runs.run is None:
        say(output.table([{**row, "counts": _counts(row)} for row in every], _RUNS))
        say("")
    maintain_output.show(document, form)


def _counts(document: Mapping[str, Mapping[str, int]]) -> str:
    return ", ".join(f"{count} {step}" for step, count in document["counts"].items())
