"""
Waiting for a thread that works on a file.

A cancelled request must not let go of its upload while a thread still writes to it or is about
to give it a name: the next request would work on the same bytes.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

T = TypeVar("T")


async def finished(work: asyncio.Future[T]) -> T:
    """Wait until the work is done, however often we are cancelled; then pass that on."""
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:
            cancelled = error
    result = work.result()
    if cancelled is not None:
        raise cancelled
    return result
