"""
`wharf swarm`: drain nodes of a Docker Swarm by a manager, and give them back.

It says first what becomes of each task; the swarm moves them; and it is over once they run elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from cyclopts import App, Parameter

from wharfinger.cli import docker_engine, nodes, partly
from wharfinger.cli.docker_engine import CLOCK, DockerHost
from wharfinger.cli.errors import Blocked, TimedOut, UsageError
from wharfinger.cli.evacuate_options import Duration
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.cli.options import CONNECTION, Flag, Format, Text
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.maintenance.docker import swarm, swarm_drain
from wharfinger.maintenance.docker.swarm import Node, Swarm, TaskPlan
from wharfinger.maintenance.docker.swarm_drain import Drained
from wharfinger.maintenance.verdict import Outcome

app = App(name="swarm", help="Drain nodes of a Docker Swarm, and give them back.")

Form = Annotated[Format, Parameter(name=["--output", "-o"], show_default=False)]


class TasksHeld(Blocked):
    code = "tasks-held"

    def __init__(self, node: Node, held: Sequence[TaskPlan]) -> None:
        super().__init__(f"cannot drain node {node.name!r}: {len(held)} of its tasks cannot go")
        self.details = tuple(
            f"  {one.task.name}: {one.verdict.reason} ({one.verdict.remedy})" for one in held
        )


class TasksUnplaced(Blocked):
    code = "tasks-unplaced"

    def __init__(self, drained: Drained) -> None:
        super().__init__(
            f"cannot move all tasks of node {drained.node!r}: it is empty, and some run nowhere",
            remedy="make room elsewhere and run this again, or give the node back: "
            f"`wharf swarm uncordon {drained.node}`",
        )
        self.details = _missing(drained)


class DrainTimedOut(TimedOut):
    code = "drain-timed-out"

    def __init__(self, drained: Drained, seconds: float) -> None:
        super().__init__(f"the tasks of node {drained.node!r}", seconds)
        left = (f"  {one.name}: {one.state} here" for one in drained.left)
        self.details = (*left, *_missing(drained))


@app.command
def evacuate(
    *names: str,
    plan: Flag = False,
    force: Flag = False,
    timeout: Duration = 600.0,
    reason: Text = "",
    docker_host: DockerHost = docker_engine.DEFAULT,
    output: Form = Format.TABLE,
) -> int | None:
    """Drain nodes, one after another, and wait until their tasks run elsewhere.

    Run it on a manager. Run again after a kill, it goes on.

    Parameters
    ----------
    names
        The nodes, by name or id.
    plan
        Only say what would become of each task, and change nothing.
    force
        Let tasks go too that no other node can take.
    timeout
        When to give up on a node, as 90s or 10m; 0: never [default: 10m].
    reason
        Why, for whoever finds the node drained.
    docker_host
        The engine of a manager.
    output
        Of the plan: table or json.
    """
    if not names:
        raise UsageError("cannot drain: no node is named")
    if output not in (Format.TABLE, Format.JSON):
        raise UsageError(f"cannot show a plan as {output}", remedy="use -o json")
    engine = docker_engine.engine(docker_host)
    found = swarm_drain.look(engine)
    chosen = [swarm_drain.chosen(found, name) for name in names]
    if plan:
        return _show(found, chosen, output, force=force)
    why = nodes.note(reason or "wharf swarm evacuate")

    def drain_one(name: str) -> None:
        now = swarm_drain.look(engine)
        node = swarm_drain.chosen(now, name)
        plans = swarm.plan(now, node, force=force)
        for line in _lines(now, node, plans):
            note(line)
        if held := _held(plans):
            raise TasksHeld(node, held)
        _conclude(
            swarm_drain.drain(
                engine, node, why, force=force, time=CLOCK, limit=timeout, told=_told
            ),
            timeout,
            force=force,
        )

    partly.each([node.id for node in chosen], drain_one, CONNECTION)
    return None


@app.command
def uncordon(
    *names: str, force: Flag = False, docker_host: DockerHost = docker_engine.DEFAULT
) -> None:
    """Make nodes again what they were before our drain.

    Parameters
    ----------
    names
        The nodes, by name or id.
    force
        Make them active whoever drained them.
    docker_host
        The engine of a manager.
    """
    if not names:
        raise UsageError("cannot give nodes back: none is named")
    engine = docker_engine.engine(docker_host)

    def give_back(name: str) -> None:
        node = swarm_drain.chosen(swarm_drain.look(engine), name)
        was = swarm_drain.give_back(engine, node, force=force)
        before = was.availability if was is not None else swarm.ACTIVE
        already = node.availability != swarm.DRAIN
        state = node.availability if already else before
        say(f"node/{sanitized(node.name)} {'already ' if already else ''}{state}")
        if was is not None:
            note(sanitized(f"it was drained by {was.by} at {was.at}: {was.why}"))

    partly.each(names, give_back, CONNECTION)


def _conclude(drained: Drained, timeout: float, *, force: bool) -> None:
    if drained.timed_out:
        raise DrainTimedOut(drained, timeout)
    if drained.missing and not force:
        raise TasksUnplaced(drained)
    for line in _missing(drained):
        note(sanitized(f"warning: {line.strip()}"))
    say(f"node/{sanitized(drained.node)} evacuated")


def _show(found: Swarm, chosen: Sequence[Node], form: Format, *, force: bool) -> ExitCode:
    plans = {node.id: swarm.plan(found, node, force=force) for node in chosen}
    if form is Format.JSON:
        documents = [
            {
                "node": node.name,
                "id": node.id,
                "warnings": [*swarm.warnings(found, node)],
                "tasks": [asdict(one) for one in plans[node.id]],
            }
            for node in chosen
        ]
        say(json.dumps(documents, indent=2))
    else:
        for node in chosen:
            for line in _lines(found, node, plans[node.id]):
                say(line)
    held = any(_held(each) for each in plans.values())
    return ExitCode.BLOCKED if held else ExitCode.OK


def _held(plans: Sequence[TaskPlan]) -> list[TaskPlan]:
    return [one for one in plans if one.verdict.outcome is Outcome.BLOCKS]


def _lines(found: Swarm, node: Node, plans: Sequence[TaskPlan]) -> list[str]:
    lines = [f"node {node.name}, tasks: {len(plans)}"]
    lines += [f"  warning: {one}" for one in swarm.warnings(found, node)]
    for one in plans:
        lines.append(f"{one.task.name}: {one.verdict.outcome}, {one.verdict.reason}")
        if one.verdict.warning:
            lines.append(f"  warning: {one.verdict.warning}")
        if one.verdict.remedy:
            lines.append(f"  hint: {one.verdict.remedy}")
    return [*map(sanitized, lines)]


def _missing(drained: Drained) -> tuple[str, ...]:
    return tuple(
        f"  {name}: {one.why or 'does not run elsewhere yet'}"
        for name, one in sorted(drained.missing.items())
    )


def _told(line: str) -> None:
    note(sanitized(line))
