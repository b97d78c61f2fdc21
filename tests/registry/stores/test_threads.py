import asyncio
import threading

import pytest

from wharfinger.registry.stores.threads import finished


async def test_a_result_and_an_error_come_through():
    async def fail():
        raise ValueError("x")

    assert await finished(asyncio.ensure_future(asyncio.sleep(0, "done"))) == "done"
    with pytest.raises(ValueError, match="x"):
        await finished(asyncio.ensure_future(fail()))


async def test_work_is_awaited_however_often_we_are_cancelled():
    go, ended = threading.Event(), []

    def work():
        go.wait()
        ended.append(True)

    async def wait():
        await finished(asyncio.get_running_loop().run_in_executor(None, work))

    task = asyncio.create_task(wait())
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()

    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended
