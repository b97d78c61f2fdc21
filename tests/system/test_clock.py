from datetime import UTC, datetime, timedelta

from wharfinger.system.clock import StoppedClock, SystemClock


def test_the_clock_of_the_machine_is_aware_of_its_zone():
    assert SystemClock().now().tzinfo is UTC


def test_a_stopped_clock_moves_only_when_told():
    clock = StoppedClock(datetime(2026, 1, 1, tzinfo=UTC))

    clock.advance(timedelta(hours=1))

    assert clock.now() == datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert clock() == clock.now().timestamp()
