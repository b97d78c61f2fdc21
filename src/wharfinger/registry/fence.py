"""
Keep the deletion of a project apart from writes that were permitted just before it.

A write asks for its right and then makes something visible, in two steps; a project that is
deleted between them would get a repository back that nobody owns. So both steps stand inside
`writing`, and deletion, once no new write is permitted, waits for the open ones.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Fence:
    def __init__(self) -> None:
        self._open: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextmanager
    def writing(self, project: str) -> Iterator[None]:
        ended = asyncio.Event()
        self._open[project].add(ended)
        try:
            yield
        finally:
            ended.set()
            self._open[project].discard(ended)
            if not self._open[project]:
                del self._open[project]

    async def quiet(self, project: str) -> None:
        """Wait for the writes that are open now."""
        for ended in tuple(self._open.get(project, ())):
            await ended.wait()
