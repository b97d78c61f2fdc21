"""
`wharf docker`: empty a plain Docker host for maintenance, and bring back what ran on it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from wharfinger.cli import docker_engine, nodes
from wharfinger.cli.docker_engine import CLOCK, DockerHost
from wharfinger.cli.errors import Blocked, PartlyDone, UsageError
from wharfinger.cli.evacuate_options import Duration
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.cli.options import Flag, Format
from wharfinger.cli.terminal import Color, error_lines, note, sanitized, say, wants_color
from wharfinger.errors import NotFound, WharfingerError
from wharfinger.maintenance.docker import containers
from wharfinger.maintenance.docker import host as container_host
from wharfinger.maintenance.docker import record as container_record
from wharfinger.maintenance.docker.containers import ContainerPlan
from wharfinger.maintenance.docker.host import Keep, Lost
from wharfinger.maintenance.docker.record import Record, Stage
from wharfinger.maintenance.verdict import Outcome
from wharfinger.system import files

app = App(name="docker", help="Empty a plain Docker host, and bring back what ran on it.")

RecordFile = Annotated[Path, Parameter(name="--record")]
Form = Annotated[Format, Parameter(name=["--output", "-o"], show_default=False)]


class ContainersHeld(Blocked):
    code = "containers-held"

    def __init__(self, held: list[ContainerPlan]) -> None:
        super().__init__(f"cannot stop the containers of this host: {len(held)} of them cannot go")
        self.details = tuple(
            f"  {one.container.name}: {one.verdict.reason} ({one.verdict.remedy})" for one in held
        )


class NoRecord(NotFound):
    code = "no-record"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"cannot read record {str(path)!r}: there is none",
            remedy="name the file that `wharf docker evacuate` has written",
        )


class ContainerLost(WharfingerError):
    code = "container-lost"

    def __init__(self, lost: Lost) -> None:
        super().__init__(f"cannot bring back container {lost.container.name}: {lost.why}")
        self.details = tuple(f"  | {line}" for line in lost.words)


@app.command
def evacuate(
    *,
    record: RecordFile,
    plan: Flag = False,
    force: Flag = False,
    grace_period: int = -1,
    docker_host: DockerHost = docker_engine.DEFAULT,
    output: Form = Format.TABLE,
) -> int | None:
    """Write down what runs on this host, then stop it, those first that need others.

    Run again after a kill, it goes on from the record.

    Parameters
    ----------
    record
        File for what ran, which `wharf docker restore` reads.
    plan
        Only say what would be done, and change nothing.
    force
        Stop containers with --rm too, which removes them.
    grace_period
        Seconds for each container to end; below 0: what the container itself asks for.
    docker_host
        The engine.
    output
        Of the plan: table or json.
    """
    if output not in (Format.TABLE, Format.JSON):
        raise UsageError(f"cannot show a plan as {output}", remedy="use -o json")
    engine = docker_engine.engine(docker_host)
    running = container_host.running(engine)
    plans = containers.plan(running, force=force)
    held = [one for one in plans if one.verdict.outcome is Outcome.BLOCKS]
    if plan:
        _show(plans, output)
        return ExitCode.BLOCKED if held else ExitCode.OK
    _tell(plans)
    begun = _begun(record, container_host.name_of(engine))
    if held:
        raise ContainersHeld(held)
    begun = begun.joined(running)
    container_host.stop(engine, begun, grace=grace_period, told=_told, keep=_kept_in(record))
    say(f"host {sanitized(begun.host)} is empty; containers to restore: {len(begun.containers)}")
    return None


@app.command
def restore(
    *,
    record: RecordFile,
    timeout: Duration = 120.0,
    docker_host: DockerHost = docker_engine.DEFAULT,
) -> None:
    """Start what the record names, in turn, and prove that it is the same set and well.

    Parameters
    ----------
    record
        File that `wharf docker evacuate` has written.
    timeout
        How long to wait until all run, and are healthy that were so, as 90s or 2m [default: 2m].
    docker_host
        The engine.
    """
    engine = docker_engine.engine(docker_host)
    found = _read(record)
    if found is None:
        raise NoRecord(record)
    found.require(container_host.name_of(engine))
    for one in found.removed:
        note(sanitized(f"container {one.name} was removed when it was stopped (--rm)"))
    lost = container_host.start(
        engine, found, time=CLOCK, limit=timeout, told=_told, keep=_kept_in(record)
    )
    color = wants_color(Color.AUTO, sys.stderr, os.environ)
    for each in lost:
        note(error_lines(ContainerLost(each), color=color))
    if lost:
        raise PartlyDone(len(lost), len(found.containers))
    say(f"host {sanitized(found.host)} is as it was; containers: {len(found.containers)}")


def _begun(path: Path, host: str) -> Record:
    """The record to go on with, or a new one where none is there or the last has had its end."""
    found = _read(path)
    if found is None or found.stage is Stage.RESTORED:
        return Record(host, nodes.note("").at, Stage.STOPPING, ())
    found.require(host)
    return found


def _read(path: Path) -> Record | None:
    try:
        return container_record.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable("read", path, error) from None


def _kept_in(path: Path) -> Keep:
    def keep(record: Record) -> None:
        try:
            files.write(path, container_record.encode(record))
        except OSError as error:
            raise _unusable("write", path, error) from None

    return keep


def _unusable(verb: str, path: Path, error: OSError) -> WharfingerError:
    return UsageError(f"cannot {verb} record {str(path)!r}: {error.strerror}")


def _show(plans: Sequence[ContainerPlan], form: Format) -> None:
    if form is Format.JSON:
        say(json.dumps([asdict(one) for one in plans], indent=2))
    else:
        for line in _lines(plans):
            say(line)


def _tell(plans: Sequence[ContainerPlan]) -> None:
    for line in _lines(plans):
        note(line)


def _lines(plans: Sequence[ContainerPlan]) -> Iterator[str]:
    for one in plans:
        yield sanitized(f"{one.container.name}: {one.verdict.outcome}, {one.verdict.reason}")
        if one.verdict.warning:
            yield sanitized(f"  warning: {one.verdict.warning}")
        if one.verdict.remedy:
            yield sanitized(f"  hint: {one.verdict.remedy}")


def _told(line: str) -> None:
    note(sanitized(line))
