import asyncio
import logging

import pytest

from wharfinger.server.metrics import Metrics
from wharfinger.server.tasks import Tasks


class Pauses:
    """A sleep that lasts until the test lets go of it."""

    def __init__(self):
        self.asked = asyncio.Queue()
        self.go = asyncio.Queue()

    async def __call__(self, seconds):
        await self.asked.put(seconds)
        await self.go.get()


@pytest.fixture
def pauses():
    return Pauses()


@pytest.fixture
async def tasks(pauses):
    tasks = Tasks(Metrics(), sleep=pauses)
    yield tasks
    await tasks.stop()


async def test_a_task_that_dies_is_told_logged_and_started_again(tasks, pauses, caplog):
    runs = 0
    running = asyncio.Event()

    async def work():
        nonlocal runs
        runs += 1
        if runs == 1:
            raise OSError("the disk is full")
        running.set()
        await asyncio.Event().wait()

    with caplog.at_level(logging.ERROR):
        tasks.start("provisioner", work)
        await pauses.asked.get()

    assert tasks.fault("provisioner") == "OSError"
    assert "the disk is full" in caplog.text
    pauses.go.put_nowait(None)
    await running.wait()
    assert tasks.fault("provisioner") is None


async def test_a_task_that_ends_is_a_fault_too(tasks, pauses):
    async def work():
        return

    tasks.start("sweeper", work)
    await pauses.asked.get()

    assert tasks.fault("sweeper") == "it ended"


async def test_the_pauses_grow_up_to_a_minute(tasks, pauses):
    async def work():
        raise OSError

    tasks.start("restless", work)
    seen = []
    for _ in range(8):
        seen.append(await pauses.asked.get())
        pauses.go.put_nowait(None)

    assert seen == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_stopping_ends_the_work():
    ended = asyncio.Event()
    begun = asyncio.Event()

    async def work():
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    tasks = Tasks(Metrics())
    tasks.start("work", work)
    await begun.wait()
    await tasks.stop()

    assert ended.is_set()
