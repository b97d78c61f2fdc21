"""Two runs on one cluster exclude each other, and one that was killed is in the way for a short time only."""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wharfinger.errors import AlreadyExists, Conflict, NotFound
from wharfinger.maintenance.api import ApiFault
from wharfinger.maintenance.fleet import lease
from wharfinger.maintenance.fleet.lease import Lease, LeaseHeld

BEGIN = datetime(2026, 11, 23, 10, tzinfo=UTC)


class Clock:
    """Time passes in sleep; what is to happen at a time happens then."""

    def __init__(self) -> None:
        self._now = BEGIN
        self.meanwhile: list[Callable[[], None]] = []

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        for happen in self.meanwhile:
            happen()
        await asyncio.sleep(0)


class Shelf:
    """The one lease of a cluster, as the API keeps it."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.faults = 0
        self._revisions = map(str, itertools.count(1))

    async def ask(self, method: str, path: str, *, body: Any = None) -> Any:
        await asyncio.sleep(0)
        if self.faults:
            self.faults -= 1
            raise ApiFault("cannot reach it")
        if method == "POST":
            if self.lease is not None:
                raise AlreadyExists("it is there")
            return self.put(body)
        if self.lease is None:
            raise NotFound("it is not there")
        if method == "PUT":
            if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
                raise Conflict("it has changed")
            return self.put(body)
        return copy.deepcopy(self.lease)

    def put(self, body: Any) -> Any:
        self.lease = copy.deepcopy(dict(body))
        self.lease["metadata"]["resourceVersion"] = next(self._revisions)
        return copy.deepcopy(self.lease)

    @property
    def holder(self) -> str:
        return lease.holder_of(self.lease or {})


def of(shelf: Shelf, who: str, clock: Clock, told: Callable[[str], None] = lambda _: None) -> Lease:
    return Lease(shelf, who, clock, told)


async def test_one_of_two_gets_it_and_the_other_is_told_who_has_it() -> None:
    shelf, clock = Shelf(), Clock()

    results = await asyncio.gather(
        of(shelf, "ann", clock).take(), of(shelf, "ben", clock).take(), return_exceptions=True
    )

    (refused,) = [one for one in results if one is not None]
    assert isinstance(refused, LeaseHeld)
    assert refused.holder == shelf.holder
    assert "2026-11-23T10:00:00" in refused.message


async def test_given_back_it_is_free_at_once_and_counts_its_holders() -> None:
    shelf, clock = Shelf(), Clock()
    first = of(shelf, "ann", clock)
    await first.take()
    await first.release()
    assert shelf.holder == ""

    await of(shelf, "ben", clock).take()

    assert shelf.lease is not None
    assert (shelf.holder, shelf.lease["spec"]["leaseTransitions"]) == ("ben", 1)


async def test_a_resumed_run_takes_its_own_again_and_keeps_when_it_began() -> None:
    shelf, clock = Shelf(), Clock()
    await of(shelf, "ann", clock).take()
    await clock.sleep(5)

    await of(shelf, "ann", clock).take()

    assert shelf.lease is not None
    spec = shelf.lease["spec"]
    assert spec["acquireTime"] < spec["renewTime"]
    assert spec["leaseTransitions"] == 0


async def test_an_expired_one_is_taken_over_after_a_time_in_which_nobody_renews_it() -> None:
    shelf, clock = Shelf(), Clock()
    told: list[str] = []
    await of(shelf, "ann", clock).take()
    await clock.sleep(lease.SECONDS + 1)

    await of(shelf, "ben", clock, told.append).take()

    assert shelf.holder == "ben"
    assert told == ["the lease of ann has expired; it is watched for 30 s more"]


async def test_an_expired_one_that_is_renewed_after_all_is_left_to_its_holder() -> None:
    """Its holder's clock is behind ours."""
    shelf, clock = Shelf(), Clock()
    await of(shelf, "ann", clock).take()
    await clock.sleep(lease.SECONDS + 1)
    clock.meanwhile.append(lambda: shelf.put(shelf.lease) and None)

    with pytest.raises(LeaseHeld, match="ann"):
        await of(shelf, "ben", clock).take()


async def test_it_is_kept_through_faults_until_it_would_have_expired() -> None:
    shelf, clock = Shelf(), Clock()
    ours = of(shelf, "ann", clock)
    await ours.take()
    shelf.faults = 2

    def cut_off() -> None:
        if clock.now() > BEGIN + timedelta(seconds=100):
            shelf.faults = 100

    clock.meanwhile.append(cut_off)
    why = await ours.keep()

    assert why == "the lease could not be renewed in time: cannot reach it"
    assert clock.now() > BEGIN + timedelta(seconds=100 + lease.SECONDS)
    assert shelf.lease is not None
    assert shelf.lease["spec"]["renewTime"] > "2026-11-23T10:01"


async def test_who_has_lost_it_is_told_to_whom() -> None:
    shelf, clock = Shelf(), Clock()
    ours = of(shelf, "ann", clock)
    await ours.take()
    clock.meanwhile.append(lambda: shelf.put(lease.taken(shelf.lease, "ben", BEGIN)) and None)

    assert await ours.keep() == "the lease has gone to ben"

    await ours.release()
    assert shelf.holder == "ben"


async def test_one_that_somebody_deletes_is_made_again() -> None:
    shelf, clock = Shelf(), Clock()
    ours = of(shelf, "ann", clock)
    await ours.take()
    shelf.lease = None
    keeping = asyncio.create_task(ours.keep())
    for _ in range(20):
        await asyncio.sleep(0)
    keeping.cancel()

    assert shelf.holder == "ann"


async def test_one_that_cannot_be_given_back_is_left_to_expire() -> None:
    shelf, clock = Shelf(), Clock()
    told: list[str] = []
    ours = of(shelf, "ann", clock, told.append)
    await ours.take()
    shelf.faults = 1

    await ours.release()

    assert told == ["the lease is not given back, and expires: cannot reach it"]
