"""Do something to each of several named things, and go on when one of them fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable

from wharfinger.cli.errors import PartlyDone
from wharfinger.cli.options import Connection
from wharfinger.cli.terminal import error_lines, note, wants_color
from wharfinger.errors import WharfingerError


def each(names: Iterable[str], action: Callable[[str], None], connection: Connection) -> None:
    """Report each failure; raise `PartlyDone` if only some failed, and the last one if all did."""
    done, failures = 0, list[WharfingerError]()
    for name in names:
        try:
            action(name)
        except WharfingerError as error:
            failures.append(error)
        else:
            done += 1
    if not failures:
        return
    if not done:
        *told, last = failures
    else:
        told, last = failures, PartlyDone(len(failures), done + len(failures))
    color = wants_color(connection.color, sys.stderr, os.environ)
    for failure in told:
        note(error_lines(failure, color=color))
    raise last
