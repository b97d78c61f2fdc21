"""Verdicts of an image policy as rows for people and as documents for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from wharfinger.cli.output import Column
from wharfinger.cli.terminal import sanitized
from wharfinger.images.offline.verdicts import Change, Judged

if TYPE_CHECKING:
    from wharfinger.cli.client import Object

COLUMNS: Final = (
    Column("VERDICT", lambda row: str(row["verdict"])),
    Column("OBJECT", lambda row: str(row["object"])),
    Column("IMAGE", lambda row: row["image"] or "-"),
    Column("WHY", lambda row: str(row["reason"])),
    Column("WHAT TO DO", lambda row: row["remedy"] or "-"),
    Column("RULE", lambda row: row["rule"] or "-"),
    Column("RUNS AS", lambda row: row["rewritten"] or row["resolved"] or "-"),
    Column("AT", lambda row: f"{row['source']} {row['place']}".strip()),
)
CHANGES: Final = (
    Column("WAS", lambda row: str(row["before"]["verdict"])),
    Column("IS", lambda row: str(row["after"]["verdict"])),
    Column("OBJECT", lambda row: str(row["object"])),
    Column("IMAGE", lambda row: row["image"] or "-"),
    Column("WHY", lambda row: str(row["after"]["reason"])),
    Column("WHY IT WAS", lambda row: str(row["before"]["reason"]), wide=True),
    Column("AT", lambda row: f"{row['source']} {row['place']}".strip(), wide=True),
)
ALLOWED: Final = "allowed"
REFUSED: Final = "refused"


def row(judged: Judged) -> Object:
    verdict = judged.verdict
    return {
        **_subject(judged),
        "place": verdict.place,
        "image": verdict.written,
        "verdict": ALLOWED if verdict.allowed else REFUSED,
        "rule": verdict.rule,
        "resolved": verdict.resolved,
        "rewritten": verdict.rewritten,
        "message": verdict.message,
        "reason": verdict.reason,
        "remedy": verdict.remedy,
    }


def blocks(rows: Sequence[Object]) -> str:
    """Each image with its reason at full length, for who reads line by line."""
    return "\n".join(line for row in rows for line in _block(row))


def _block(row: Object) -> Iterator[str]:
    image = sanitized(row["image"] or row["place"])
    yield f"{row['verdict']}  {sanitized(row['object'])}: {image}  ({sanitized(row['source'])})"
    yield f"  {sanitized(row['reason'])}"
    if row["remedy"]:
        yield f"  hint: {sanitized(row['remedy'])}"


def change_row(change: Change) -> Object:
    shown = change.after or change.before
    assert shown is not None
    return {
        **_subject(shown),
        "place": shown.verdict.place,
        "image": shown.verdict.written,
        "before": _side(change.before),
        "after": _side(change.after),
    }


def _subject(judged: Judged) -> Object:
    subject = judged.subject
    made = "" if judged.made is None else judged.made.kind
    return {
        "metadata": {"name": subject.name, "namespace": subject.namespace},
        "kind": subject.kind,
        "group": subject.resource.group,
        "madeOfIt": made,
        "object": f"{subject}, its {made}" if made else str(subject),
        "source": subject.source,
    }


def _side(judged: Judged | None) -> Object:
    if judged is None:
        return {"verdict": ALLOWED, "rule": "", "reason": "this policy does not judge it"}
    verdict = judged.verdict
    return {
        "verdict": ALLOWED if verdict.allowed else REFUSED,
        "rule": verdict.rule,
        "reason": verdict.reason,
    }


def summary(objects: int, judged: Sequence[Judged]) -> Object:
    refused = [one for one in judged if not one.verdict.allowed]
    return {
        "objects": objects,
        "judged": len({id(one.subject) for one in judged}),
        "refused": len({id(one.subject) for one in refused}),
        "images": len(judged),
        "imagesRefused": len(refused),
    }


def summed(numbers: Object) -> str:
    """The summary in words."""
    return (
        f"{numbers['refused']} of {_many(numbers['objects'], 'object')} refused, "
        f"{numbers['imagesRefused']} of {_many(numbers['images'], 'image')}; "
        f"{_many(numbers['objects'] - numbers['judged'], 'object')} without images to judge"
    )


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
