"""
When a fleet may be maintained.

    windows = window *( ";" window )
    window  = [ days ] begin "-" end [ zone ]     "Sat,Sun 22:00-04:00 Europe/Berlin"
    days    = day *( "," day ) ; day = "Mon" | "Mon-Fri" | "daily"
    begin   = "HH:MM" ; end = "HH:MM", at most "24:00"

Without days it is each day, without a zone UTC. An end that is not after the beginning is on the next
day, and the days are those on which a window begins. Times are those of a clock on the wall: where it
is put forward over one of them, that hour is counted as if it had not been; where a time comes twice,
the first is meant, so that a window is rather too short. No windows at all means: always.

Pure; the clock is that of the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wharfinger.errors import BadInput

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAILY: Final = "daily"
_WINDOW: Final = re.compile(
    r"(?:(?P<days>[A-Za-z][A-Za-z,-]*)\s+)?"
    r"(?P<begin>[0-9]{2}:[0-9]{2})-(?P<end>[0-9]{2}:[0-9]{2})"
    r"(?:\s+(?P<zone>[A-Za-z][A-Za-z0-9_+/-]*))?"
)
_DAY: Final = timedelta(days=1)
_AHEAD: Final = 15
"""So many days are looked at: each window comes once a week, or once in two if a clock leaps over it."""


class InvalidWindow(BadInput):
    code = "invalid-window"

    def __init__(self, text: str, why: str, remedy: str | None = None) -> None:
        super().__init__(
            f"cannot read {text!r} as a maintenance window: {why}",
            remedy=remedy or 'write it as "Sat,Sun 22:00-04:00 Europe/Berlin"',
        )


@dataclass(frozen=True, slots=True)
class Window:
    days: frozenset[int]
    """On which it begins; Monday is 0."""
    begin: timedelta
    """From midnight."""
    end: timedelta
    """From the same midnight, so above 24 hours if on the next day."""
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> Self:
        found = _WINDOW.fullmatch(text.strip())
        if found is None:
            raise InvalidWindow(text, "it is not days, two times and a time zone")
        begin, end = _time(text, found["begin"]), _time(text, found["end"])
        if begin == _DAY:
            raise InvalidWindow(text, "a day is over at 24:00", 'it begins at "00:00"')
        if begin == end:
            raise InvalidWindow(text, "it has no length", 'for a whole day write "00:00-24:00"')
        end = end if end > begin else end + _DAY
        return cls(_days(text, found["days"] or _DAILY), begin, end, _zone(text, found["zone"]))

    def spans(self, first: datetime) -> Iterator[tuple[datetime, datetime]]:
        """When it is open, from two days before a time on, in UTC."""
        today = first.astimezone(self.zone).date()
        for number in range(-2, _AHEAD):
            day = today + number * _DAY
            begin, end = self._at(day, self.begin), self._at(day, self.end)
            if day.weekday() in self.days and begin < end:
                yield begin, end

    def __str__(self) -> str:
        every = len(self.days) == len(DAYS)
        days = _DAILY if every else ",".join(DAYS[day] for day in sorted(self.days))
        end = self.end if self.end <= _DAY else self.end - _DAY
        return f"{days} {_written(self.begin)}-{_written(end)} {self.zone.key}"

    def _at(self, day: date, after: timedelta) -> datetime:
        wall = datetime.combine(day, time()) + after
        return wall.replace(tzinfo=self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Windows:
    each: tuple[Window, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Each text may hold several."""
        written = chain.from_iterable(text.split(";") for text in texts)
        return cls(tuple(Window.parse(one) for one in written))

    def open_at(self, now: datetime) -> bool:
        return self.next_opening(now) == now

    def next_opening(self, now: datetime) -> datetime:
        """`now` itself if it is open."""
        if not self.each:
            return now
        return next(max(begin, now) for begin, end in self._joined(now) if end > now)

    def time_left(self, now: datetime) -> timedelta | None:
        """How long it is open still, nothing if it is not; None: it does not end."""
        if not self.each:
            return None
        begin, end = next(span for span in self._joined(now) if span[1] > now)
        if begin > now:
            return timedelta()
        return None if end - now > 8 * _DAY else end - now

    def _joined(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """When one of them is open; two of which one goes over into the other are one."""
        spans = sorted(chain.from_iterable(window.spans(now) for window in self.each))
        begin, end = spans[0]
        for later_begin, later_end in spans[1:]:
            if later_begin > end:
                yield begin, end
                begin, end = later_begin, later_end
            end = max(end, later_end)
        yield begin, end


def _time(text: str, written: str) -> timedelta:
    hours, minutes = map(int, written.split(":"))
    found = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or found > _DAY:
        raise InvalidWindow(text, f"there is no time {written}")
    return found


def _written(after: timedelta) -> str:
    hours, minutes = divmod(after // timedelta(minutes=1), 60)
    return f"{hours:02}:{minutes:02}"


def _days(text: str, written: str) -> frozenset[int]:
    found: set[int] = set()
    for one in written.split(","):
        if one.lower() == _DAILY:
            found.update(range(len(DAYS)))
            continue
        first, _, last = one.partition("-")
        begin = _day(text, first)
        length = (_day(text, last or first) - begin) % len(DAYS)
        found.update((begin + number) % len(DAYS) for number in range(length + 1))
    return frozenset(found)


def _day(text: str, written: str) -> int:
    if written.title() not in DAYS:
        raise InvalidWindow(text, f"there is no day {written!r}", f"days are {', '.join(DAYS)}")
    return DAYS.index(written.title())


def _zone(text: str, written: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(written or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidWindow(
            text, f"the time zone {written} is not known here", "install tzdata, or mend the name"
        ) from error
