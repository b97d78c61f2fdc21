"""
Reports that tools give as JSON, asked for and taken apart.

A tool that is not there, fails or answers something else is an error with the tool's name: half an
answer about disks is worse than none. What a report leaves out is empty, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wharfinger.errors import Unavailable, Unsupported
from wharfinger.hosts.on_host.machine import Machine, Ran

_SECONDS: Final = 120
_SHOWN: Final = 400

Row = Mapping[str, Any]


class ReportFailed(Unavailable):
    """A tool that tells of disks did not."""

    code = "storage-report-failed"

    def __init__(self, command: tuple[str, ...], ran: Ran) -> None:
        words = (ran.complaints or ran.output).strip()[-_SHOWN:] or f"it ended with {ran.code}"
        super().__init__(
            f"cannot read the storage of this host: {command[0]} failed: {words}",
            remedy=f"run it by hand: {' '.join(command)}",
        )


class ReportUnreadable(Unsupported):
    """A tool said something that is no report: it is too old, or something stands in its place."""

    code = "storage-report-unreadable"

    def __init__(self, command: tuple[str, ...], remedy: str | None = None) -> None:
        super().__init__(
            f"cannot read the storage of this host: what {command[0]} answers is no JSON report",
            remedy=remedy or f"look at what it says: {' '.join(command)}",
        )


def ask(machine: Machine, *commands: tuple[str, ...]) -> list[Row]:
    """The documents that commands give, all of which have to succeed."""
    answers = machine.report(*commands, seconds=_SECONDS)
    for command, ran in zip(commands, answers):
        if not ran.ok:
            raise ReportFailed(command, ran)
    return [document(command, ran) for command, ran in zip(commands, answers)]


def document(command: tuple[str, ...], ran: Ran) -> Row:
    """Raise `ReportUnreadable` for what is no JSON object."""
    try:
        found = json.loads(ran.output)
    except (ValueError, RecursionError):
        raise ReportUnreadable(command) from None
    if not isinstance(found, dict):
        raise ReportUnreadable(command)
    return found


def rows(found: Any) -> Iterator[Row]:
    """The objects of a list; nothing where it is no list."""
    if isinstance(found, list):
        yield from (one for one in found if isinstance(one, dict))


def text(row: Row, key: str) -> str:
    """Empty for nothing and `null`. Padding of fixed fields (models of disks) goes."""
    value = row.get(key)
    return str(value).strip() if isinstance(value, (str, int)) else ""


def whole(row: Row, key: str) -> int | None:
    """A whole number, which old versions write as text."""
    try:
        return int(text(row, key), 0)
    except ValueError:
        return None


def number(row: Row, key: str) -> float | None:
    try:
        return float(text(row, key)) if not isinstance(row.get(key), float) else row[key]
    except ValueError:
        return None


def truth(row: Row, key: str) -> bool:
    """`true`, which old versions write as `"1"`."""
    return row.get(key) in (True, 1, "1")
