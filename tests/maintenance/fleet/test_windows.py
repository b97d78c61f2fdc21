from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.maintenance.fleet.windows import DAYS, InvalidWindow, Window, Windows

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def at(text: str, zone: ZoneInfo | None = None) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC)


def windows(*texts: str) -> Windows:
    return Windows.parse(texts)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Sat,Sun 22:00-04:00 Europe/Berlin", "Sat,Sun 22:00-04:00 Europe/Berlin"),
        ("sun,SAT 01:00-02:00", "Sat,Sun 01:00-02:00 UTC"),
        ("Mon-Fri 18:00-24:00", "Mon,Tue,Wed,Thu,Fri 18:00-24:00 UTC"),
        ("Fri-Mon 18:00-19:00", "Mon,Fri,Sat,Sun 18:00-19:00 UTC"),
        ("00:00-24:00", "daily 00:00-24:00 UTC"),
        (" daily  22:00-00:00  America/New_York ", "daily 22:00-24:00 America/New_York"),
        ("Tue 03:00-05:00 Etc/GMT+3", "Tue 03:00-05:00 Etc/GMT+3"),
    ],
)
def test_a_window_is_written_in_one_way_and_read_back(text: str, written: str):
    window = Window.parse(text)

    assert str(window) == written
    assert Window.parse(written) == window


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sat",
        "Sat 22-04",
        "Sat 25:00-26:00",
        "Sat 10:60-11:00",
        "Sat 24:00-04:00",
        "Sat 04:00-04:00",
        "Sam 22:00-04:00",
        "Sat,, 22:00-04:00",
        "Sat 22:00-04:00 Europe/Atlantis",
        "Sat 22:00-04:00 ../etc/passwd",
        "Sat 22:00-04:00 UTC and then some",
    ],
)
def test_what_is_no_window_is_refused_with_what_to_write(text: str):
    with pytest.raises(InvalidWindow) as refused:
        Window.parse(text)
    assert text in refused.value.message
    assert refused.value.remedy


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins():
    weekend = windows("Sat 22:00-04:00 Europe/Berlin")

    assert not weekend.open_at(at("2026-11-21T21:59", BERLIN))
    assert weekend.open_at(at("2026-11-21T22:00", BERLIN))
    assert weekend.open_at(at("2026-11-22T03:59", BERLIN))
    assert not weekend.open_at(at("2026-11-22T04:00", BERLIN))
    assert not weekend.open_at(at("2026-11-22T22:00", BERLIN))


def test_it_says_when_it_opens_next_and_how_long_it_is_open_still():
    weekend = windows("Sat,Sun 22:00-04:00 Europe/Berlin")
    monday, sunday = at("2026-11-23T12:00"), at("2026-11-23T01:30", BERLIN)

    assert weekend.next_opening(monday) == at("2026-11-28T22:00", BERLIN)
    assert weekend.time_left(monday) == timedelta()
    assert weekend.next_opening(sunday) == sunday
    assert weekend.time_left(sunday) == 2 * HOUR + 30 * MINUTE


def test_windows_that_touch_or_overlap_are_one():
    evening = windows("Sat 20:00-24:00; Sun 00:00-02:00", "Sun 01:00-05:00 UTC")

    assert evening.time_left(at("2026-11-21T20:00")) == 9 * HOUR
    assert evening.next_opening(at("2026-11-22T05:00")) == at("2026-11-28T20:00")


def test_without_windows_or_with_the_whole_week_it_is_always_open():
    for always in (windows(), windows("00:00-24:00"), windows("12:00-00:00", "00:00-12:00")):
        assert always.open_at(at("2026-11-21T20:00"))
        assert always.time_left(at("2026-11-21T20:00")) is None


def test_an_hour_that_a_clock_leaps_over_is_not_counted():
    night = windows("Sun 01:00-04:00 Europe/Berlin")
    assert night.time_left(at("2026-03-29T01:00", BERLIN)) == 2 * HOUR

    lost = windows("Sun 02:00-03:00 Europe/Berlin")
    assert lost.next_opening(at("2026-03-28T12:00")) == at("2026-04-05T02:00", BERLIN)


def test_of_an_hour_that_comes_twice_the_first_is_meant():
    night = windows("Sun 00:00-02:30 Europe/Berlin")
    assert night.time_left(at("2026-10-25T00:00", BERLIN)) == 2 * HOUR + 30 * MINUTE

    through = windows("Sun 01:00-04:00 Europe/Berlin")
    assert through.time_left(at("2026-10-25T01:00", BERLIN)) == 4 * HOUR


TIMES = st.integers(0, 2 * 365 * 24 * 60).map(lambda number: at("2026-01-01") + number * MINUTE)
MINUTES = st.integers(0, 24 * 60 - 1)


@st.composite
def texts(draw: st.DrawFn) -> str:
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=3))
    begin, length = draw(MINUTES), draw(st.integers(1, 24 * 60 - 1))
    end = (begin + length) % (24 * 60)
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata"]))
    clock = "-".join(f"{one // 60:02}:{one % 60:02}" for one in (begin, end))
    return f"{','.join(days)} {clock} {zone}"


@given(st.lists(texts(), min_size=1, max_size=3), TIMES)
def test_it_opens_where_it_says_and_closes_where_it_says(written: list[str], now: datetime):
    some = windows(*written)
    opening = some.next_opening(now)

    assert opening >= now
    assert some.open_at(now) == (opening == now)
    assert some.open_at(opening)
    left = some.time_left(opening)
    if left is not None:
        assert left > timedelta()
        assert some.open_at(opening + left - timedelta(microseconds=1))
        assert not some.open_at(opening + left)
    if opening > now:
        assert not some.open_at(opening - timedelta(microseconds=1))
        assert some.time_left(now) == timedelta()
    assert some.open_at(now) == any(Windows((one,)).open_at(now) for one in some.each)
