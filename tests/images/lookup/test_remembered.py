import asyncio
import weakref
from functools import partial

import pytest

from wharfinger.images.lookup.remembered import Remembered


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Large:
    """Something that takes room."""


class Asked:
    """Answers with the number of times that it was asked, once it is let go."""

    def __init__(self):
        self.times, self.go = 0, asyncio.Event()

    async def __call__(self):
        self.times += 1
        times = self.times
        await self.go.wait()
        return times


async def at_once(value):
    return value


async def test_what_is_known_is_not_asked_for_again_until_its_time_is_over():
    clock = Clock()
    kept = Remembered(10, lambda _: 5.0, clock=clock)

    assert await kept.get("a", lambda: at_once(1)) == 1
    clock.now = 4.9
    assert await kept.get("a", lambda: at_once(2)) == 1
    clock.now = 5.0
    assert kept.recall("a") is None
    assert await kept.get("a", lambda: at_once(3)) == 3


async def test_how_long_a_value_counts_goes_by_the_value():
    clock = Clock()
    kept = Remembered(10, lambda value: value, clock=clock)
    await kept.get("short", lambda: at_once(1.0))
    await kept.get("long", lambda: at_once(100.0))
    clock.now = 50.0

    assert (kept.recall("short"), kept.recall("long")) == (None, 100.0)


async def test_what_was_not_wanted_longest_makes_room():
    kept = Remembered(2, lambda _: 5.0)
    for key in ("a", "b"):
        await kept.get(key, lambda: at_once(1))
    kept.recall("a")
    await kept.get("c", lambda: at_once(1))

    assert [kept.recall(key) for key in ("a", "b", "c")] == [1, None, 1]


async def test_what_does_not_count_any_more_is_let_go_of():
    clock = Clock()
    kept = Remembered(100, lambda _: 5.0, clock=clock)
    values = [Large() for _ in range(3)]
    for number, value in enumerate(values):
        await kept.get(number, partial(at_once, value))
    gone = [weakref.ref(value) for value in values]
    del values, value
    clock.now = 5.0
    await kept.get("new", lambda: at_once(1))

    assert [one() for one in gone] == [None] * 3


async def test_a_value_that_counts_for_no_time_is_told_and_not_kept():
    kept = Remembered(10, lambda _: 0.0)

    assert await kept.get("a", lambda: at_once(1)) == 1
    assert kept.recall("a") is None


async def test_many_who_want_one_thing_ask_once():
    asked, kept = Asked(), Remembered(10, lambda _: 5.0)
    waiting = [asyncio.create_task(kept.get("a", asked)) for _ in range(100)]
    await asyncio.sleep(0)
    asked.go.set()

    assert await asyncio.gather(*waiting) == [1] * 100


async def test_who_gives_up_ends_the_question_for_nobody():
    asked, kept = Asked(), Remembered(10, lambda _: 5.0)
    impatient = asyncio.create_task(kept.get("a", asked))
    patient = asyncio.create_task(kept.get("a", asked))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    asked.go.set()

    assert await patient == 1
    assert kept.recall("a") == 1


async def test_a_question_that_breaks_is_asked_again():
    async def breaks():
        raise ValueError("a bug")

    kept = Remembered(10, lambda _: 5.0)
    with pytest.raises(ValueError, match="a bug"):
        await kept.get("a", breaks)

    assert await kept.get("a", lambda: at_once(2)) == 2


async def test_close_ends_what_is_under_way():
    asked, kept = Asked(), Remembered(10, lambda _: 5.0)
    waiting = asyncio.create_task(kept.get("a", asked))
    await asyncio.sleep(0)
    await kept.close()

    with pytest.raises(asyncio.CancelledError):
        await waiting
