"""
When a cron job makes jobs: five fields, or a name for one of the usual times.

    schedule = field{5} | "@yearly" | "@annually" | "@monthly" | "@weekly" | "@daily"
             | "@midnight" | "@hourly" | "@every" duration
    field    = part *("," part)                 minute hour day-of-month month day-of-week
    part     = ("*" | "?" | value ["-" value]) ["/" step]
    value    = number | name                    names of months and of days, three letters

Only whether a schedule is one is decided here, in the words that clients know: nothing here makes
jobs at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from wharfinger.errors import BadInput

_MONTHS: Final = [
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
]
_DAYS: Final = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_NAMED: Final = (
    "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly",
)  # fmt: skip
_EVERY: Final = "@every "
_DURATION: Final = re.compile(
    r"[-+]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)", re.ASCII
)  # as Go reads it
_ZONE: Final = re.compile(r"(CRON_)?TZ=\S* *")


class ScheduleError(BadInput):
    """The text is no schedule; the message is what a client is told."""

    code = "schedule-invalid"


class _Bounds(NamedTuple):
    least: int
    most: int
    names: Mapping[str, int] = {}


_FIELDS: Final = (
    _Bounds(0, 59),
    _Bounds(0, 23),
    _Bounds(1, 31),
    _Bounds(1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Bounds(0, 6, {name: number for number, name in enumerate(_DAYS)}),
)


def check(schedule: str) -> None:
    """Raise `ScheduleError` if this is no schedule."""
    rest = _ZONE.sub("", schedule, count=1) if _ZONE.match(schedule) else schedule
    if not rest.strip():
        raise ScheduleError("empty spec string")
    if rest.startswith("@"):
        _check_name(rest)
        return
    fields = rest.split()
    if len(fields) != len(_FIELDS):
        told = " ".join(fields)
        raise ScheduleError(f"expected exactly 5 fields, found {len(fields)}: [{told}]")
    for field, bounds in zip(fields, _FIELDS, strict=True):
        for part in _parts(field):
            _check_part(part, bounds)


def _check_name(text: str) -> None:
    if text.startswith(_EVERY):
        if _DURATION.fullmatch(text.removeprefix(_EVERY)) is None:
            told = f'time: invalid duration "{text.removeprefix(_EVERY)}"'
            raise ScheduleError(f"failed to parse duration {text}: {told}")
    elif text not in _NAMED:
        raise ScheduleError(f"unrecognized descriptor: {text}")


def _parts(field: str) -> Iterator[str]:
    return (part for part in field.split(",") if part)


def _check_part(part: str, bounds: _Bounds) -> None:
    span, *steps = part.split("/")
    ends = span.split("-")
    if ends[0] in ("*", "?"):
        first, last = bounds.least, bounds.most
    else:
        first, last = _span(part, ends, bounds)
    if len(steps) > 1:
        raise ScheduleError(f"too many slashes: {part}")
    step = _number(steps[0]) if steps else 1
    if steps and len(ends) == 1:
        last = bounds.most
    if first < bounds.least:
        raise ScheduleError(f"beginning of range ({first}) below minimum ({bounds.least}): {part}")
    if last > bounds.most:
        raise ScheduleError(f"end of range ({last}) above maximum ({bounds.most}): {part}")
    if first > last:
        raise ScheduleError(f"beginning of range ({first}) beyond end of range ({last}): {part}")
    if step == 0:
        raise ScheduleError(f"step of range should be a positive number: {part}")


def _span(part: str, ends: Sequence[str], bounds: _Bounds) -> tuple[int, int]:
    first = _value(ends[0], bounds)
    if len(ends) > 2:
        raise ScheduleError(f"too many hyphens: {part}")
    return first, _value(ends[1], bounds) if len(ends) == 2 else first


def _value(text: str, bounds: _Bounds) -> int:
    named = bounds.names.get(text.lower())
    return named if named is not None else _number(text)


def _number(text: str) -> int:
    if re.fullmatch(r"[-+]?[0-9]{1,9}", text) is None:
        told = f'strconv.Atoi: parsing "{text}": invalid syntax'
        raise ScheduleError(f"failed to parse int from {text}: {told}")
    if int(text) < 0:
        raise ScheduleError(f"negative number ({text}) not allowed: {text}")
    return int(text)
