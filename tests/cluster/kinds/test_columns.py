"""Ages are written as kubectl writes them."""

from datetime import UTC, datetime, timedelta

import pytest

from wharfinger.cluster.kinds import columns


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (121, "2m1s"),
        (599, "9m59s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (8 * 3600 + 60, "8h"),
        (48 * 3600 - 1, "47h"),
        (48 * 3600, "2d"),
        (50 * 3600, "2d2h"),
        (8 * 86400, "8d"),
        (730 * 86400 - 1, "729d"),
        (730 * 86400, "2y"),
        (731 * 86400, "2y1d"),
        (8 * 365 * 86400, "8y"),
        (9 * 365 * 86400 + 86400, "9y"),
    ],
)
def test_a_duration_has_two_or_three_digits(seconds, text):
    assert columns.duration(timedelta(seconds=seconds)) == text


def test_an_age_is_counted_from_a_time_of_the_api():
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)

    assert columns.age("2026-01-01T11:59:00Z", now) == "60s"
    assert columns.age("2026-01-01T11:59:00.500000Z", now) == "59s"
    assert columns.age(None, now) == "<unknown>"
