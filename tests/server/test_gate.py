"""Requests pass the gate in turn; a flood waits or is refused, and others pass it."""

from __future__ import annotations

import asyncio

import pytest

from wharfinger.cluster.subject import MASTERS, Subject
from wharfinger.server.fairness import Shares
from wharfinger.server.gate import Flood, Gate
from wharfinger.server.metrics import Metrics

ADA, BOB = Subject("ada"), Subject("bob")
ADMIN = Subject("admin", groups=(MASTERS,))


@pytest.fixture
def metrics():
    return Metrics()


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(f"wharfinger_object_{name}", labels)


async def test_a_request_waits_for_one_of_its_own_subject(metrics):
    gate = Gate(metrics, Shares(seats_each=1))
    order = []

    async def request(subject, name):
        async with gate.seat(subject, 1) as waited:
            order.append((name, waited))
            await asyncio.sleep(0)

    await asyncio.gather(request(ADA, "first"), request(ADA, "second"), request(BOB, "third"))

    assert order == [("first", False), ("third", False), ("second", True)]
    assert value(metrics, "seats_taken") == value(metrics, "requests_waiting") == 0


async def test_a_flood_of_one_subject_leaves_the_others_answered():
    gate = Gate()
    answered = []

    async def request(subject):
        try:
            async with gate.seat(subject, 8):
                answered.append(subject.name)
        except Flood:
            pass

    flood = [asyncio.ensure_future(request(ADA)) for _ in range(1000)]
    late = asyncio.ensure_future(request(BOB))
    await asyncio.gather(*flood, late)

    assert answered.index("bob") <= 32 // 8
    assert answered.count("ada") == 32 // 8 + Shares().waiting_each


async def test_beyond_the_queue_requests_are_refused_and_counted(metrics):
    gate = Gate(metrics, Shares(seats_each=1, waiting_each=0))

    async with gate.seat(ADA, 1):
        assert value(metrics, "seats_taken") == 1
        with pytest.raises(Flood):
            async with gate.seat(ADA, 1):
                pytest.fail("there is no seat")

    assert value(metrics, "requests_refused_total", reason="queue") == 1


async def test_who_waits_too_long_is_refused_and_leaves_no_trace(metrics):
    gate = Gate(metrics, Shares(seats_each=1), seconds=0)

    async with gate.seat(ADA, 1):
        with pytest.raises(Flood):
            async with gate.seat(ADA, 1):
                pytest.fail("there is no seat")

    assert value(metrics, "requests_refused_total", reason="time") == 1
    assert value(metrics, "requests_waiting") == value(metrics, "seats_taken") == 0


async def test_a_request_that_fails_gives_its_seat_back(metrics):
    gate = Gate(metrics)

    with pytest.raises(RuntimeError):
        async with gate.seat(ADA, 1):
            raise RuntimeError

    assert value(metrics, "seats_taken") == 0


async def test_administrators_pass_always():
    gate = Gate(shares=Shares(seats_each=0, waiting_each=0, watches_each=0))

    async with gate.seat(ADMIN, 1):
        with gate.watch(ADMIN):
            pass


async def test_watches_are_counted_apart(metrics):
    gate = Gate(metrics, Shares(seats_each=1, watches_each=2, watches=3))

    with gate.watch(ADA), gate.watch(ADA):
        with pytest.raises(Flood), gate.watch(ADA):
            pytest.fail("there is no room")
        with gate.watch(BOB):
            assert value(metrics, "watches") == 3
            with pytest.raises(Flood), gate.watch(BOB):
                pytest.fail("there is no room")
        async with gate.seat(ADA, 1):
            pass
    assert value(metrics, "watches") == 0
    assert value(metrics, "requests_refused_total", reason="watches") == 2
