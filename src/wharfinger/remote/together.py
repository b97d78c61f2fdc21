"""
Ask many registries at the same time, and wait for none longer than it may take.

Each question runs in a thread that nobody waits for: a registry that sends one byte now and then, or a
name server that never answers, keeps its thread and not the command.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

from wharfinger.remote.errors import RemoteError
from wharfinger.remote.registry import Peer
from wharfinger.remote.transport import Deadline, late

AT_ONCE: Final = 32
_GRACE: Final = 0.5
"""Seconds beyond its time for a question to end by itself, with a better reason than ours."""

Answer = TypeVar("Answer")
Ask = Callable[[Peer, Deadline], Answer]


def ask(
    peers: Sequence[Peer], question: Ask[Answer], *, seconds: float
) -> list[Answer | RemoteError]:
    """The answer of each registry, in their order, or the error in its place."""
    pending: SimpleQueue[int] = SimpleQueue()
    done: SimpleQueue[tuple[int, Answer | RemoteError]] = SimpleQueue()
    for number in range(len(peers)):
        pending.put(number)

    def work() -> None:
        while (number := _next(pending)) is not None:
            done.put((number, _answer(peers[number], question, seconds)))

    workers = min(AT_ONCE, len(peers))
    for _ in range(workers):
        threading.Thread(target=work, daemon=True).start()
    rounds = -(-len(peers) // AT_ONCE)
    found = _collected(done, len(peers), time.monotonic() + rounds * (seconds + _GRACE))
    return [
        found.get(number, late(str(peer.registry), seconds)) for number, peer in enumerate(peers)
    ]


def _answer(peer: Peer, question: Ask[Answer], seconds: float) -> Answer | RemoteError:
    try:
        return question(peer, Deadline.after(seconds))
    except RemoteError as error:
        return error


def _next(pending: SimpleQueue[int]) -> int | None:
    try:
        return pending.get_nowait()
    except Empty:
        return None


def _collected(
    done: SimpleQueue[tuple[int, Answer | RemoteError]], count: int, until: float
) -> dict[int, Answer | RemoteError]:
    found: dict[int, Answer | RemoteError] = {}
    while len(found) < count:
        try:
            number, answer = done.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            break
        found[number] = answer
    return found
