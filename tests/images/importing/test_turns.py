import asyncio

import pytest

from wharfinger.images.importing.turns import Turns


class Workers:
    """Tasks that take a turn each and end it when they are told to."""

    def __init__(self, turns):
        self.turns, self.begun, self.ends = turns, [], {}
        self.tasks = {}

    def start(self, *names):
        for name in names:
            self.ends[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._work(name))

    async def _work(self, name):
        async with self.turns.of(name.rstrip("0123456789")):
            self.begun.append(name)
            await self.ends[name].wait()

    async def end(self, name):
        self.ends[name].set()
        await self.tasks[name]
        await settle()

    async def close(self):
        for event in self.ends.values():
            event.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def workers():
    made = Workers(Turns(most=3, each=2))
    yield made
    await made.close()


async def test_a_project_takes_no_more_than_its_share(workers):
    workers.start("a1", "a2", "a3", "a4", "b1")
    await settle()

    assert workers.begun == ["a1", "a2", "b1"]


async def test_all_together_take_no_more_than_there_is(workers):
    workers.start("a1", "b1", "c1", "d1")
    await settle()

    assert workers.begun == ["a1", "b1", "c1"]


async def test_projects_are_served_in_turn(workers):
    workers.start("a1", "a2", "b1", "a3", "a4", "c1", "d1")
    await settle()
    await workers.end("a1")
    await workers.end("b1")
    await workers.end("a2")

    assert workers.begun[:3] == ["a1", "a2", "b1"]
    assert sorted(workers.begun[3:]) == ["a3", "c1", "d1"]


async def test_who_gives_up_waiting_holds_nothing(workers):
    workers.start("a1", "a2", "a3")
    await settle()
    workers.tasks["a3"].cancel()
    await settle()
    await workers.end("a1")
    workers.start("a4")
    await settle()

    assert workers.begun == ["a1", "a2", "a4"]


async def test_a_turn_that_comes_together_with_the_end_of_its_taker_goes_on(workers):
    workers.start("a1", "a2", "a3", "a4")
    await settle()
    workers.ends["a1"].set()
    await asyncio.sleep(0)  # a3 has been given the turn, and has not run yet
    workers.tasks["a3"].cancel()
    await settle()

    assert workers.begun == ["a1", "a2", "a4"]


async def test_a_turn_ends_with_an_error(workers):
    with pytest.raises(ZeroDivisionError):
        async with workers.turns.of("a"):
            raise ZeroDivisionError
    workers.start("a1", "a2")
    await settle()

    assert workers.begun == ["a1", "a2"]
