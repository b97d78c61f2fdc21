"""When a question is asked again."""

from datetime import UTC, datetime

import pytest

from wharfinger.remote.errors import HttpOnly, LoginNeeded, NoAnswer, TooBusy, Untrusted
from wharfinger.remote.retry import NEVER, Patience, Retry, retry_after

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def test_waits_grow_up_to_a_limit_and_end():
    retry = Retry(times=5, first=1.0, most=6.0)

    pauses = [retry.pause(number) for number in range(1, 7)]

    most = [1.0, 2.0, 4.0, 6.0, 6.0]
    assert pauses[5] is None
    assert all(top / 2 <= pause <= top for pause, top in zip(pauses, most, strict=False))
    assert NEVER.pause(1) is None


def test_a_wait_that_is_asked_for_is_kept_unless_it_is_too_long():
    retry = Retry(times=3, first=0.1, most=10.0)

    assert retry.pause(1, 7.0) == 7.0
    assert retry.pause(1, 11.0) is None
    assert retry.pause(4, 0.0) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("9" * 5_000, 999_999_999.0),
        ("-1", None),
        ("1e9", None),
        ("٣", None),
        ("soon", None),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 12:00:30 -0000", 30.0),
        ("Mon, 23 Nov 2020 12:00:30 GMT", 0.0),
        ("Mon, 99 Nov 2026 99:00:30 GMT", None),
    ],
)
def test_a_wait_is_asked_for_in_seconds_or_by_a_date(value, seconds):
    assert retry_after(value, NOW) == seconds


async def test_patience_ends_and_begins_anew_with_what_came():
    waits = []

    async def wait(seconds):
        waits.append(seconds)

    patience = Patience(Retry(times=1), wait)
    await patience.after(NoAnswer("a", "x"))
    patience.renew()
    await patience.after(TooBusy("a", 3.0))
    with pytest.raises(NoAnswer):
        await patience.after(NoAnswer("a", "x"))
    assert len(waits) == 2
    assert waits[1] == 3.0


@pytest.mark.parametrize("error", [HttpOnly("a", "x"), Untrusted("a", "x"), LoginNeeded("a", "x")])
async def test_what_will_not_pass_is_not_waited_for(error):
    async def wait(seconds):
        raise AssertionError

    with pytest.raises(type(error)):
        await Patience(Retry(), wait).after(error)
