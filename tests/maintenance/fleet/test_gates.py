"""What must hold before the next node goes: asked until it does, or until the time is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wharfinger.errors import Unavailable
from wharfinger.maintenance.fleet import gates
from wharfinger.maintenance.fleet.gates import Answer, Command, Place, Prometheus

PLACE = Place("r1", "one", "pier-1")


class Clock:
    def __init__(self) -> None:
        self._now = datetime(2026, 11, 23, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class Turning:
    """Holds from the given time it is asked on."""

    def __init__(self, name: str, after: int) -> None:
        self.name, self.left = name, after

    async def ask(self, place: Place) -> Answer:
        self.left -= 1
        return Answer(self.left < 0, self.name)


def vector(*values: str) -> bytes:
    samples = [{"metric": {}, "value": [1, value]} for value in values]
    return success({"resultType": "vector", "result": samples})


def success(data: Any) -> bytes:
    return json.dumps({"status": "success", "data": data}).encode()


@pytest.mark.parametrize(
    ("body", "holds", "why"),
    [
        (vector("1"), True, "up is 1"),
        (vector("1", "2.5"), True, "up is 1, 2.5"),
        (vector("1", "0"), False, "up is 1, 0"),
        (vector("NaN"), False, "up is nan"),
        (vector(), False, "up has no sample"),
        (success({"resultType": "scalar", "result": [1, "3"]}), True, "up is 3"),
        (
            success({"resultType": "matrix", "result": []}),
            False,
            "what answers up is no Prometheus",
        ),
        (b"<html>", False, "what answers up is no Prometheus"),
        (b"[]", False, "what answers up is no Prometheus"),
        (
            b'{"status": "error", "error": "parse error"}',
            False,
            "Prometheus says of up: parse error",
        ),
    ],
)
def test_an_answer_of_prometheus_is_judged(body: bytes, holds: bool, why: str) -> None:
    assert gates.read_prometheus("up", body) == Answer(holds, why)


async def test_a_prometheus_that_does_not_answer_keeps_its_gate_closed() -> None:
    async def fetch(query: str) -> bytes:
        raise Unavailable(f"cannot ask {query}")

    assert await Prometheus("up", fetch).ask(PLACE) == Answer(False, "cannot ask up")


@pytest.mark.parametrize(
    ("status", "printed", "answer"),
    [
        (0, "", Answer(True, "check exits with 0")),
        (2, "looking\nno light\n", Answer(False, "check exits with 2: no light")),
    ],
)
async def test_a_command_is_told_where_and_judged_by_its_status(
    status: int, printed: str, answer: Answer
) -> None:
    seen: list[tuple[Sequence[str], Mapping[str, str]]] = []

    async def run(words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
        seen.append((words, environment))
        return status, printed

    assert await Command(("check", "-v"), run).ask(PLACE) == answer
    environment = {"WHARF_RUN": "r1", "WHARF_HOST": "one", "WHARF_NODE": "pier-1"}
    assert seen == [(("check", "-v"), environment)]


async def watch(*asked: Turning, seconds: float = 60, stop_after: int = 100) -> Answer | None:
    rounds = iter(range(stop_after))
    return await gates.watch(
        asked,
        PLACE,
        clock=Clock(),
        seconds=seconds,
        told=lambda _: None,
        stopped=lambda: next(rounds, None) is None,
    )


async def test_all_gates_hold_in_one_round() -> None:
    assert await watch(Turning("light", 2), Turning("tide", 3)) == Answer(True, "light; tide")


async def test_no_gates_always_hold() -> None:
    assert await watch() == Answer(True, "")


async def test_what_does_not_hold_in_time_is_told() -> None:
    found = await watch(Turning("light", 1), Turning("tide", 99), seconds=30)

    assert found == Answer(False, "tide, for 30 s")


async def test_a_stop_ends_the_waiting_without_an_answer() -> None:
    assert await watch(Turning("light", 99), stop_after=2) is None
