import asyncio

import pytest

from wharfinger.server.drain import Drain


async def test_without_requests_there_is_nothing_to_wait_for():
    assert await Drain().finish(10) == 0


async def test_what_has_begun_may_finish():
    drain, go = Drain(), asyncio.Event()

    async def request():
        with drain.request():
            await go.wait()
        return "answered"

    task = asyncio.create_task(request())
    await asyncio.sleep(0)
    assert drain.in_flight == 1
    drain.begin()
    finishing = asyncio.create_task(drain.finish(10))
    await asyncio.sleep(0)
    go.set()

    assert await finishing == 0
    assert await task == "answered"


async def test_what_does_not_finish_in_time_is_cut_and_cleans_up():
    drain = Drain()
    cleaned = []

    async def request():
        with drain.request():
            try:
                await asyncio.Event().wait()
            finally:
                cleaned.append(True)

    task = asyncio.create_task(request())
    await asyncio.sleep(0)

    assert await drain.finish(0) == 1
    assert cleaned == [True]
    with pytest.raises(asyncio.CancelledError):
        await task
