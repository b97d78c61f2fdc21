"""What came of storage orders, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from wharfinger.cli.output import Column
from wharfinger.cli.terminal import sanitized
from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host.storage.journal import said
from wharfinger.hosts.on_host.storage.outcomes import Ending, StorageOutcome
from wharfinger.hosts.on_host.storage.steps import StorageOrder

_REMEDIES: Final = {
    Ending.ROLLED_BACK: "put that right, then `wharf storage apply`; all is as it was before",
    Ending.STOPPED: "put that right, then `wharf storage apply`, which goes on with it, or give "
    "it up with `wharf storage undo`",
}


class NotApplied(WharfingerError):
    """A step failed. The host is as before, or stands after a step that stays."""

    code = "storage-not-applied"

    def __init__(self, outcome: StorageOutcome) -> None:
        if outcome.ending is Ending.STOPPED:
            end = f"{outcome.done} of {len(outcome.steps)} steps are done and stay"
        else:
            end = "all was taken back"
        super().__init__(
            f"cannot apply: {outcome.trouble}; {end}", remedy=_REMEDIES[outcome.ending]
        )


def outcome_text(outcome: StorageOutcome) -> str:
    return "\n".join(sanitized(line) for line in _lines(outcome))


def _lines(outcome: StorageOutcome) -> Iterator[str]:
    if not outcome.id:
        yield outcome.ending.value
        return
    yield f"{outcome.ending.value}: {outcome.summary} (order {outcome.id})"
    yield from (f"proven: {claim}" for claim in outcome.proven)
    if outcome.trouble:
        yield f"trouble: {outcome.trouble}"
    if outcome.ending in (Ending.STOPPED, Ending.GIVEN_UP):
        yield from (f"stays: {step}" for step in outcome.steps[: outcome.done])
    for kept in outcome.keeps:
        yield f"kept: {kept}, until `wharf storage release {outcome.id}`"
    if outcome.reversible:
        yield f"`wharf storage undo {outcome.id}` takes it back"


def undo_text(outcome: StorageOutcome) -> str:
    """What is about to be taken back, the last step first."""
    begun = outcome.steps[: max(outcome.done, 1)]
    lines = [f"order {outcome.id} ({outcome.summary}) is taken back:"]
    lines += [f"    {step}" for step in reversed(begun)]
    return "\n".join(map(sanitized, lines))


def release_text(order: StorageOrder) -> str:
    lines = [f"{order.summary}, for good:"]
    lines += [f"    {said(step)}" for step in order.steps]
    return "\n".join(map(sanitized, lines))


HISTORY_COLUMNS: Final = (
    Column("ID", lambda item: str(item["id"])),
    Column("TIME", lambda item: _moment(item["time"])),
    Column("ENDING", lambda item: str(item["ending"])),
    Column("STEPS", lambda item: f"{item['done']}/{len(item['steps'])}"),
    Column("SUMMARY", lambda item: item["summary"] or "-"),
    Column("KEEPS", lambda item: ", ".join(item["keeps"]) or "-"),
    Column("TROUBLE", lambda item: item["trouble"] or "-", wide=True),
)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
