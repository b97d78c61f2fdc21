from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.hosts.on_host.storage.fill import DATA, Fill
from wharfinger.hosts.on_host.storage.forecast import DAY, HOUR, Point, forecast, slope

NOW = 1_700_000_000.0


def line(rate: float, *, start: float, seconds: float, every: float = 300.0) -> list[Point]:
    """What grows evenly for so long until now."""
    count = int(seconds // every)
    times = [NOW - seconds + at * every for at in range(count + 1)]
    return [Point(time, start + rate * (time - times[0])) for time in times]


@given(
    rate=st.floats(1.0, 1e6),
    start=st.floats(0, 1e9),
    seconds=st.sampled_from([1800.0, 3600.0, 6 * HOUR, DAY]),
)
def test_what_grows_evenly_is_full_when_the_line_says(rate: float, start: float, seconds: float):
    points = line(rate, start=start, seconds=seconds)
    used = points[-1].used
    fill = Fill(DATA, "a/b", int(used), int(used + rate * HOUR))

    found = forecast(fill, points, NOW)

    assert found is not None
    assert found.rate == pytest.approx(rate, rel=1e-3)
    assert found.seconds == pytest.approx(HOUR, rel=0.01, abs=2)


@given(
    rates=st.lists(st.floats(-1e6, 0), min_size=0, max_size=50),
    start=st.floats(0, 1e12),
)
def test_what_does_not_grow_is_never_full(rates: list[float], start: float):
    points, used = [], start
    for at, rate in enumerate(rates):
        points.append(Point(NOW - 300.0 * (len(rates) - at), used))
        used += rate

    assert forecast(Fill(DATA, "a/b", 1, 100), points, NOW) is None


@given(
    spikes=st.lists(st.integers(0, 20), max_size=4, unique=True),
    height=st.floats(-1e9, 1e9),
)
def test_a_few_spikes_do_not_bend_the_rate(spikes: list[int], height: float):
    points = line(1000.0, start=0, seconds=6000)
    for at in spikes:
        points[at] = Point(points[at].time, points[at].used + height)

    assert slope(points) == pytest.approx(1000.0, rel=0.5)


def test_a_clean_up_in_between_does_not_hide_that_it_fills():
    points = line(1000.0, start=0, seconds=DAY)
    cleaned = [
        Point(one.time, one.used - (5e7 if one.time > NOW - DAY / 2 else 0)) for one in points
    ]

    found = forecast(Fill(DATA, "a/b", int(cleaned[-1].used), 1 << 30), cleaned, NOW)

    assert found is not None
    assert found.rate == pytest.approx(1000.0)


def test_what_has_begun_to_fill_in_the_last_hour_is_told():
    still = line(0, start=0, seconds=DAY)[:-12]
    points = [*still, *line(1000.0, start=0, seconds=HOUR - 1)]

    found = forecast(Fill(DATA, "a/b", int(points[-1].used), 10_000_000), points, NOW)

    assert found is not None
    assert found.window == HOUR
    assert found.seconds < 2 * HOUR


@pytest.mark.parametrize(
    "points",
    [
        [],
        line(1000.0, start=0, seconds=900),  # four of them
        line(1000.0, start=0, seconds=500, every=10),  # too short a time
        [Point(NOW - 2 * DAY - at, 1e6 - at) for at in range(50, 0, -1)],  # long ago
    ],
)
def test_too_few_samples_say_nothing(points: list[Point]):
    assert forecast(Fill(DATA, "a/b", 1, 1 << 40), points, NOW) is None


def test_what_takes_longer_than_a_year_is_not_told():
    points = line(1.0, start=0, seconds=DAY)

    assert forecast(Fill(DATA, "a/b", 86400, 1 << 40), points, NOW) is None


def test_what_is_full_is_full_now():
    points = line(1000.0, start=0, seconds=HOUR)

    found = forecast(Fill(DATA, "a/b", 3_600_000, 3_600_000), points, NOW)

    assert found is not None
    assert found.seconds == 0
