"""
Plans and outcomes of hosts, as a person reads them and as a program does.

A person gets each change as a diff with the statement of the site file that asks for it, and what
it costs. File contents come from the host and are shown with their control characters escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from wharfinger.cli import output
from wharfinger.cli.options import Format, Output
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import sanitized, say
from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.hosts.on_host.results import Drift, Holds, Outcome, Proven

if TYPE_CHECKING:
    from wharfinger.cli.client import Object
    from wharfinger.hosts.on_host.facts import Facts
    from wharfinger.hosts.plan import Change, Plan

COSTS: Final = {
    Disruption.NONE: "nothing is disturbed",
    Disruption.RELOAD: "a daemon reads its configuration again, nothing stops",
    Disruption.RESTART: "a daemon restarts, containers go on",
    Disruption.DRAIN: "containers of this host stop: move them away first",
}


def show_plan(plan: Plan, facts: Facts, form: Output) -> None:
    if form.format in (Format.TABLE, Format.WIDE):
        say(plan_text(plan, facts))
    else:
        say(output.documents(plan_document(plan, facts), form.format))


def plan_text(plan: Plan, facts: Facts) -> str:
    """The whole plan; one line if the host is already so."""
    return "\n".join(_plan_lines(plan, facts))


def plan_document(plan: Plan, facts: Facts) -> Object:
    return {
        "host": facts.hostname,
        "disruption": str(plan.disruption),
        "changes": [
            {
                "path": change.wanted.path,
                "change": _kind(change),
                "statement": change.wanted.reason,
                "disruption": str(change.disruption),
                "diff": change.diff(),
            }
            for change in plan.changes
        ],
        "actions": [
            {"action": str(effect.action), "disruption": str(effect.disruption), "why": effect.why}
            for effect in plan.effects
        ],
        "limits": [
            {"runtime": runtime, "statement": limit.statement, "instead": limit.instead}
            for runtime, limit in plan.limits
        ],
    }


def _plan_lines(plan: Plan, facts: Facts) -> Iterator[str]:
    host = sanitized(f"{facts.hostname} ({facts.system})")
    if not plan.changes:
        yield f"{host}: already so"
    else:
        count = len(plan.changes)
        yield f"{host}: {count} {'change' if count == 1 else 'changes'}"
    for change in plan.changes:
        yield ""
        yield f"{_kind(change)} {sanitized(change.wanted.path)}   ({change.wanted.reason})"
        yield from (f"    {sanitized(line)}" for line in change.diff().splitlines())
    if plan.effects:
        yield ""
        yield from (f"then {effect.action}: {effect.why}" for effect in plan.effects)
    if plan.changes:
        yield f"disruption: {plan.disruption} ({COSTS[plan.disruption]})"
    if plan.limits:
        yield ""
        yield "not enforced here:"
    for runtime, limit in plan.limits:
        yield sanitized(f"    {runtime}: {limit.statement}: {limit.instead}")


def _kind(change: Change) -> str:
    if change.before is None:
        return "create"
    return "remove" if change.wanted.content is None else "change"


def outcome_text(outcome: Outcome) -> str:
    lines = [f"{outcome.ending.value}: {_count(outcome)}"] if outcome.id else [outcome.ending.value]
    lines += [f"did: {action}" for action in outcome.actions]
    lines += proof_lines(outcome.proofs)
    if outcome.id:
        lines.append(f"journal entry {outcome.id}; `wharf hosts undo {outcome.id}` takes it back")
    return "\n".join(lines)


def proof_lines(proofs: Iterable[Proven]) -> list[str]:
    words = {Holds.YES: "proven", Holds.NO: "DOES NOT HOLD", Holds.UNKNOWN: "not proven"}
    return [
        sanitized(f"{words[proof.holds]}: {proof.what}{f': {proof.why}' if proof.why else ''}")
        for proof in proofs
    ]


def _count(outcome: Outcome) -> str:
    return f"{len(outcome.paths)} {'file' if len(outcome.paths) == 1 else 'files'}"


def facts_rows(facts: Facts) -> list[tuple[str, str]]:
    """The host in short: what it is, its runtimes, how many files were read."""
    rows = [("host", facts.hostname), ("system", f"{facts.system} ({facts.family})")]
    for name, runtime in sorted(facts.runtimes.items()):
        running = "" if runtime.pid is None else f", daemon {runtime.pid}"
        count = "" if runtime.containers is None else f", {runtime.containers} containers"
        rows.append((name, f"{runtime.version}{running}{count}"))
    rows.append(("files", str(len(facts.files))))
    return rows


HISTORY_COLUMNS: Final = (
    Column("ID", lambda item: str(item["id"])),
    Column("TIME", lambda item: _moment(item["time"])),
    Column("ENDING", lambda item: str(item["ending"])),
    Column("FILES", lambda item: str(len(item["paths"]))),
    Column("ACTIONS", lambda item: ", ".join(item["actions"]) or "-"),
    Column("TROUBLE", lambda item: item["trouble"] or "-", wide=True),
)


def drift_document(drift: Drift) -> Object:
    return {"path": drift.path, "what": drift.what, "entry": drift.id, "why": drift.why}


DRIFT_COLUMNS: Final = (
    Column("FILE", lambda item: str(item["path"])),
    Column("WHAT", lambda item: str(item["what"])),
    Column("ENTRY", lambda item: str(item["entry"])),
    Column("WHY", lambda item: item["why"] or "-"),
)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
