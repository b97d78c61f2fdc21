"""
What the exit status of every command means.

`docs/reference/exit-codes.md` documents this table, and a script may rely on it.
"""

from __future__ import annotations

import signal
from enum import IntEnum
from typing import Final

from wharfinger.cli.errors import Blocked, PartlyDone, TimedOut, UsageError
from wharfinger.errors import Forbidden, Unauthenticated, WharfingerError


class ExitCode(IntEnum):
    OK = 0
    ERROR = 1
    USAGE = 2
    BLOCKED = 3
    PARTIAL = 4
    REFUSED = 5
    TIMEOUT = 124


MEANINGS: Final[dict[ExitCode, str]] = {
    ExitCode.OK: "done, or already so",
    ExitCode.ERROR: "not done; the last lines on stderr say why and what to do",
    ExitCode.USAGE: "the command line makes no sense; nothing was tried",
    ExitCode.BLOCKED: "stopped before the end by something that a person must decide",
    ExitCode.PARTIAL: "done for some of what was named, and not for the rest",
    ExitCode.REFUSED: "refused by policy, or for lack of a login or a right",
    ExitCode.TIMEOUT: "not finished within the time allowed",
}
SIGNAL_BASE: Final = 128
"""A command that a signal ends exits with this plus the signal's number."""

_OF_ERROR: Final[tuple[tuple[type[WharfingerError], ExitCode], ...]] = (
    (UsageError, ExitCode.USAGE),
    (Blocked, ExitCode.BLOCKED),
    (PartlyDone, ExitCode.PARTIAL),
    (TimedOut, ExitCode.TIMEOUT),
    (Unauthenticated, ExitCode.REFUSED),
    (Forbidden, ExitCode.REFUSED),
)


def of_error(error: WharfingerError) -> ExitCode:
    return next((code for kind, code in _OF_ERROR if isinstance(error, kind)), ExitCode.ERROR)


def of_signal(number: signal.Signals) -> int:
    return SIGNAL_BASE + number
