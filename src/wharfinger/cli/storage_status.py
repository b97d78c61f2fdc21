"""
`wharf storage status` and `watch`: what stores data on this host, how full it is, and when it will be.

`status` only reads. `watch` notes how full everything is, tells what somebody should look at, writes
metrics and, if it is told to, extends thin pools before they are full.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from wharfinger.cli import host, output, storage_tree
from wharfinger.cli.errors import UsageError
from wharfinger.cli.host import HERE, RootOption
from wharfinger.cli.options import OUTPUT, Flag, Format, Output
from wharfinger.cli.terminal import error_lines, note, sanitized, say
from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import facts as storage_facts
from wharfinger.hosts.on_host.storage import samples
from wharfinger.hosts.on_host.storage.fill import fills
from wharfinger.hosts.on_host.storage.forecast import FEWEST
from wharfinger.hosts.on_host.storage.reading import read_storage
from wharfinger.hosts.on_host.storage.troubles import troubles

if TYPE_CHECKING:
    from wharfinger.hosts.on_host.storage.watch import Look

_AS_ROOT: Final = (
    "note: root also sees volume groups, the fill of thin pools, engines and forecasts"
)
_UNWATCHED: Final = "note: no forecasts yet: `wharf storage watch` notes how full all is"


def status(*, root: RootOption = HERE, form: Output = OUTPUT) -> None:
    """Show what stores data on this host, how full it is, and when it will be full.

    Parameters
    ----------
    root
        Directory tree to look at instead of this host.
    """
    machine = host.machine(root)
    person = form.format in (Format.TABLE, Format.WIDE)
    found = read_storage(machine, usage=not person)
    sees_all = machine.is_tree or machine.kernel.is_root()
    seen = samples.read(machine.files) if sees_all else []
    full, now = fills(found), machine.now()
    told = samples.forecasts(full, seen, now)
    known = troubles(found, full, told)
    if not person:
        document = {
            "facts": storage_facts.to_json(found),
            "fills": [{**asdict(one), "ratio": round(one.ratio, 4)} for one in full],
            "forecasts": [asdict(one) for one in told],
            "troubles": [asdict(one) for one in known],
        }
        say(output.documents(document, form.format))
        return
    say(storage_tree.text(found, told, known, as_root=sees_all))
    if not sees_all:
        note(_AS_ROOT)
    elif len(seen) < FEWEST and full:
        note(_UNWATCHED)


def watch(
    *,
    once: Flag = False,
    every: float = 60.0,
    textfile: Annotated[Path | None, Parameter(show_default=False)] = None,
    extend: Flag = False,
    threshold: Annotated[int | None, Parameter(show_default=False)] = None,
    percent: int = 20,
    reserve: int = 2,
    form: Output = OUTPUT,
) -> None:
    """Note how full all is, tell what somebody should look at, and extend thin pools in time.

    Parameters
    ----------
    once
        Look once and end, for cron or a timer.
    every
        Seconds between two looks.
    textfile
        File for metrics, as node_exporter's textfile collector reads it (its name ends in .prom).
    extend
        Extend thin pools that are fuller than their threshold, as LVM is told for each.
    threshold
        Threshold in percent for pools that LVM is told nothing for [default: leave those alone].
    percent
        By how much such a pool grows, in percent of its size.
    reserve
        Part of a volume group that stays free, in percent.
    """
    from wharfinger.hosts.on_host.storage import watch as watching
    from wharfinger.hosts.on_host.storage.extending import Rule
    from wharfinger.hosts.on_host.storage.watch import Watch

    _require_percent("--percent", percent, 1, 1000)
    _require_percent("--reserve", reserve, 0, 99)
    if threshold is not None:
        _require_percent("--threshold", threshold, 1, 99)
    if every < 1:
        raise UsageError("cannot look more often than once a second")
    asked = Watch(
        Rule(threshold, percent, reserve) if extend else None,
        "" if textfile is None else str(textfile.absolute()),
    )
    machine = Machine()
    if once:
        _tell(watching.look(machine, asked), form.format)
        return
    with watching.until_signalled() as stop:
        watching.keep_looking(
            machine, asked, every, lambda look: _tell(look, form.format), _fail, stop=stop
        )


def _require_percent(option: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UsageError(f"cannot take {value} for {option}: it is from {least} to {most} percent")


def _fail(error: WharfingerError) -> None:
    print(error_lines(error), file=sys.stderr, flush=True)


def _tell(look: Look, form: Format) -> None:
    """A line for each trouble that comes or goes; as JSON, one line for each look."""
    from wharfinger.hosts.on_host.storage import watch as watching

    if form is Format.JSON:
        print(json.dumps(watching.to_json(look)), flush=True)
        return
    for one in look.began:
        _note(f"warning: {one.subject}: {one.what} (hint: {one.remedy})")
    for key in look.ended:
        _note(f"over: {key}")
    if look.extended is not None:
        steps = ", ".join(look.extended.steps)
        _note(f"{look.extended.ending.value}: {steps} (order {look.extended.id})")


def _note(text: str) -> None:
    print(sanitized(text), file=sys.stderr, flush=True)
