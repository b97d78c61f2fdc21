"""
What must hold after a node is back in service before the next one goes out of it.

Each gate is asked again and again until all hold in one round, or the time for it is over. Processes
and requests come in as parameters.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from wharfinger.errors import Unavailable
from wharfinger.maintenance.api import Api
from wharfinger.maintenance.node.progress import Clock

PAUSE: Final = 5.0
"""Seconds between two rounds."""
_SHOWN: Final = 200

Fetch = Callable[[str], Awaitable[bytes]]
"""Asks Prometheus a query, and gives the body of its answer."""
RunCommand = Callable[[Sequence[str], Mapping[str, str]], Awaitable[tuple[int, str]]]
"""Runs a command with more environment; gives its exit status and what it printed."""


@dataclass(frozen=True, slots=True)
class Answer:
    holds: bool
    why: str
    """A sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class Place:
    """Of which host it is asked, in which run."""

    run: str
    host: str
    node: str


class Gate(Protocol):
    async def ask(self, place: Place, /) -> Answer: ...


@dataclass(frozen=True, slots=True)
class NodeReady:
    api: Api

    async def ask(self, place: Place) -> Answer:
        try:
            ready = (await self.api.node(place.node)).ready
        except Unavailable as error:
            return Answer(False, error.message)
        return Answer(ready, f"node {place.node} is {'' if ready else 'not '}Ready")


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A query holds if its answer has a sample and none of them is 0."""

    query: str
    fetch: Fetch

    async def ask(self, _: Place) -> Answer:
        try:
            body = await self.fetch(self.query)
        except Unavailable as error:
            return Answer(False, error.message)
        return read_prometheus(self.query, body)


@dataclass(frozen=True, slots=True)
class Command:
    """A command holds if it exits with 0."""

    words: tuple[str, ...]
    run: RunCommand

    async def ask(self, place: Place) -> Answer:
        environment = {
            "WHARF_RUN": place.run,
            "WHARF_HOST": place.host,
            "WHARF_NODE": place.node,
        }
        status, printed = await self.run(self.words, environment)
        lines = printed.strip().splitlines()
        said = f": {lines[-1].strip()[:_SHOWN]}" if lines else ""
        return Answer(status == 0, f"{self.words[0]} exits with {status}{said}")


def read_prometheus(query: str, body: bytes) -> Answer:
    """Judge an answer of `/api/v1/query`."""
    try:
        document = json.loads(body)
        if document["status"] != "success":
            return Answer(False, f"Prometheus says of {query}: {document.get('error', 'an error')}")
        values = _values(document["data"])
    except (ValueError, KeyError, TypeError, IndexError):
        return Answer(False, f"what answers {query} is no Prometheus")
    if not values:
        return Answer(False, f"{query} has no sample")
    holds = all(value == value and value != 0 for value in values)  # NaN equals nothing
    shown = ", ".join(f"{value:g}" for value in values[:3])
    return Answer(holds, f"{query} is {shown}")


def _values(data: Mapping[str, Any]) -> list[float]:
    match data["resultType"]:
        case "vector":
            return [float(sample["value"][1]) for sample in data["result"]]
        case "scalar":
            return [float(data["result"][1])]
    raise ValueError(data["resultType"])


async def watch(
    gates: Sequence[Gate],
    place: Place,
    *,
    clock: Clock,
    seconds: float,
    told: Callable[[str], None],
    stopped: Callable[[], bool],
) -> Answer | None:
    """Wait until all gates hold; the answer of the last that did not, or None if stopped before."""
    begun = clock.now()
    while True:
        answers = [await gate.ask(place) for gate in gates]
        missing = next((one for one in answers if not one.holds), None)
        if missing is None:
            return Answer(True, "; ".join(one.why for one in answers))
        if stopped():
            return None
        if (clock.now() - begun).total_seconds() >= seconds:
            return Answer(False, f"{missing.why}, for {seconds:g} s")
        told(missing.why)
        await clock.sleep(PAUSE)
