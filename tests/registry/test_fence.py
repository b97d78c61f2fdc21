import asyncio

import pytest

from wharfinger.registry.fence import Fence


async def test_deletion_waits_for_the_writes_that_were_permitted():
    fence = Fence()
    events = []

    async def delete():
        await fence.quiet("team")
        events.append("deleted")

    with fence.writing("team"):
        deletion = asyncio.create_task(delete())
        await asyncio.sleep(0)
        events.append("written")
    await deletion

    assert events == ["written", "deleted"]


async def test_deletion_does_not_wait_for_other_projects():
    fence = Fence()

    with fence.writing("team"):
        await fence.quiet("other")
        await fence.quiet("tea")


async def test_a_write_that_failed_holds_nobody_up():
    fence = Fence()

    with pytest.raises(ValueError, match="x"), fence.writing("team"):
        raise ValueError("x")

    await fence.quiet("team")
