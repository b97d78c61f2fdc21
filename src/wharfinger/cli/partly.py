"""Do something to each of several named things, and go on when one of them fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence

from wharfinger.cli.errors import PartlyDone
from wharfinger.cli.options import Connection
from wharfinger.cli.terminal import error_lines, note, wants_color
from wharfinger.errors import WharfingerError


def each(names: Iterable[str], action: Callable[[str], None], connection: Connection) -> None:
    """Report each failure; raise `PartlyDone` if only some failed, and the last one if all did."""
    failures, total = list[WharfingerError](), 0
    for name in names:
        total += 1
        try:
            action(name)
        except WharfingerError as error:
            failures.append(error)
    conclude(failures, total, connection)


def conclude(failures: Sequence[WharfingerError], total: int, connection: Connection) -> None:
    """Tell what failed of so many, and raise what that means for the whole, if anything did."""
    if not failures:
        return
    if len(failures) == total:
        *told, last = failures
    else:
        told, last = [*failures], PartlyDone(len(failures), total)
    color = wants_color(connection.color, sys.stderr, os.environ)
    for failure in told:
        note(error_lines(failure, color=color))
    raise last
