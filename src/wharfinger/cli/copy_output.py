"""Plans and outcomes of `wharf copy`, as a person reads them or as a program does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wharfinger.cli import output
from wharfinger.cli.copy_progress import short
from wharfinger.cli.options import Format
from wharfinger.cli.output import Column, size
from wharfinger.cli.terminal import sanitized, say
from wharfinger.oci.names import Tag
from wharfinger.remote.copy.plan import Failure, Move, Plan
from wharfinger.remote.copy.run import Outcome

_COLUMNS = (
    Column("IMAGE", lambda row: short(row["image"])),
    Column("CHANGE", lambda row: row["change"]),
    Column("DIGEST", lambda row: short(row["digest"])),
    Column("NOW", lambda row: short(row["now"] or "-")),
)


def show_plan(plan: Plan, form: Format) -> None:
    """What would be done, and nothing else."""
    if form in (Format.JSON, Format.YAML):
        say(output.documents(plan_document(plan), form))
    elif form is Format.NAME:
        for row in _rows(plan):
            say(sanitized(row["image"]))
    else:
        say(plan_text(plan))


def plan_text(plan: Plan) -> str:
    rows = _rows(plan)
    table = [output.table(rows, _COLUMNS)] if rows else []
    return "\n".join([*table, summary(plan)])


def summary(plan: Plan) -> str:
    parts = []
    if plan.moves:
        amount = f"{_count(len(plan.blobs), 'blob')} with {size(plan.size)}"
        parts.append(f"{_count(len(plan.moves), 'image')} to copy, {amount}")
    if plan.same:
        parts.append(f"{_count(len(plan.same), 'image')} there already")
    if plan.extra:
        parts.append(f"{_count(len(plan.extra), 'tag')} to delete")
    if plan.failures:
        parts.append(f"{_count(len(plan.failures), 'image')} that cannot be read")
    return "; ".join(parts)


def plan_document(plan: Plan) -> dict[str, Any]:
    return {
        "changes": _rows(plan),
        "same": [str(one.goal) for one in plan.same],
        "blobs": [{"digest": str(one.digest), "size": one.size} for one in plan.blobs],
        "failures": _failures(plan.failures),
    }


def show_outcome(plan: Plan, outcome: Outcome, form: Format) -> None:
    if form in (Format.JSON, Format.YAML):
        say(output.documents(_document(plan, outcome), form))
    elif form is Format.NAME:
        for name in outcome.done:
            say(sanitized(name))
    else:
        say(_text(plan, outcome))


def _text(plan: Plan, outcome: Outcome) -> str:
    digests = {str(move.wanted.goal): move.wanted.root for move in plan.moves}
    lines = [f"{name} copied: {digests[name]}" for name in sorted(outcome.done) if name in digests]
    if len(plan.same) == 1 and not plan.moves:
        lines.append(f"{plan.same[0].goal} is there already: {plan.same[0].root}")
    lines += [f"{name} deleted" for name in sorted(outcome.deleted)]
    counts = {
        "copied": outcome.done,
        "there already": plan.same,
        "deleted": outcome.deleted,
        "failed": outcome.failures,
    }
    ends = ", ".join(f"{len(found)} {word}" for word, found in counts.items() if found)
    return "\n".join([*map(sanitized, lines), f"{ends}; {size(outcome.size)} sent"])


def _document(plan: Plan, outcome: Outcome) -> dict[str, Any]:
    digests = {str(move.wanted.goal): str(move.wanted.root) for move in plan.moves}
    return {
        "copied": [
            {"image": name, "digest": digests[name]}
            for name in sorted(outcome.done)
            if name in digests
        ],
        "same": [{"image": str(one.goal), "digest": str(one.root)} for one in plan.same],
        "deleted": sorted(outcome.deleted),
        "failures": _failures(outcome.failures),
        "bytes": outcome.size,
    }


def _rows(plan: Plan) -> list[dict[str, str]]:
    moves = [
        _row(str(one.wanted.goal), _change(one), str(one.wanted.root), one.was)
        for one in plan.moves
    ]
    return [*moves, *(_row(str(one.tag), "delete", "", one.digest) for one in plan.extra)]


def _row(image: str, change: str, digest: str, now: object) -> dict[str, str]:
    return {"image": image, "change": change, "digest": digest, "now": str(now) if now else ""}


def _change(move: Move) -> str:
    return "move" if isinstance(move.wanted.goal, Tag) and move.was is not None else "new"


def _failures(failures: Iterable[Failure]) -> list[dict[str, str]]:
    return [
        {"image": one.name, "code": one.error.code, "reason": one.error.message} for one in failures
    ]


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
