from itertools import pairwise

import pytest

from wharfinger.images.importing.timetable import StreamName, Timetable

APP, WEB = StreamName("team", "app"), StreamName("team", "web")


def table(interval=900.0, per_minute=60, *streams):
    made = Timetable(interval, per_minute, now=0)
    for one in streams:
        made.put(one, 0)
    return made


def test_each_is_due_once_in_an_interval():
    subject = table(900, 60, APP)
    taken = [second for second in range(0, 3601, 10) if subject.take(second)]

    assert len(taken) == 4
    assert 450 <= taken[0] <= 900
    assert all(900 <= later - earlier <= 910 for earlier, later in pairwise(taken))


def test_first_looks_are_spread_over_the_second_half_of_the_interval():
    streams = [StreamName("team", f"app-{n}") for n in range(100)]
    subject = table(900, -1, *streams)

    assert subject.take(449) == []
    halfway = len(subject.take(675))
    assert 30 < halfway < 70
    assert halfway + len(subject.take(900)) == 100


def test_no_more_are_begun_in_a_minute_than_is_said():
    streams = [StreamName("team", f"app-{n}") for n in range(500)]
    subject = table(900, 60, *streams)
    begun = [len(subject.take(second)) for second in range(900, 1500, 10)]

    assert begun[0] == 120  # what was not used in the minute before
    assert all(count == 10 for count in begun[1:38])
    assert sum(begun) == 500


def test_projects_take_turns():
    many = [StreamName("flood", f"app-{n}") for n in range(1000)]
    subject = table(60, 2, *many, APP)

    assert APP in subject.take(60)


def test_one_that_is_removed_is_not_looked_at_and_costs_nothing():
    subject = table(900, 1, APP, WEB)
    subject.remove(APP)

    assert len(subject) == 1
    assert subject.take(901) == [WEB]


def test_putting_again_changes_nothing():
    subject = table(900, 60, APP)
    subject.put(APP, 899)

    assert subject.take(900) == [APP]


def test_all_can_be_dropped():
    subject = table(900, 60, APP)
    subject.clear()

    assert (len(subject), subject.take(10_000), subject.pause(10_000)) == (0, [], None)


@pytest.mark.parametrize("per_minute", [-1, 60])
def test_the_pause_ends_when_something_is_due(per_minute):
    subject = table(900, per_minute, APP)
    pause = subject.pause(0)

    assert pause is not None
    assert subject.take(pause - 1) == []
    assert subject.take(pause) == [APP]
    assert subject.pause(pause) == 900


def test_while_some_wait_for_their_turn_the_pause_is_short():
    streams = [StreamName("team", f"app-{n}") for n in range(100)]
    subject = table(900, 10, *streams)
    subject.take(900)

    assert subject.pause(900) == 6


def test_a_clock_that_was_set_back_gives_no_credit():
    streams = [StreamName("team", f"app-{n}") for n in range(100)]
    subject = table(900, 10, *streams)
    subject.take(900)

    assert subject.take(100) == []
