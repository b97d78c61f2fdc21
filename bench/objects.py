"""
The object API: a list, creations, watches, and the memory that objects take.

Each is measured on `wharf up` as its users have it: TLS, the administrator's token, every write synced.
There is nobody to be measured against; the goals are those that we have set. The objects are pods of
2.5 KB (see `pods`); creations are measured with config maps too. Each figure has a server of its own.
What the clients cost stands beside, since they share the machine's processors with the server.
"""

from __future__ import annotations

import itertools
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench import object_clients, pods, report
from bench.object_clients import Address, Connection, Created, Watchers
from bench.report import OURS, Measure
from bench.wire import UnexpectedAnswer
from e2e import machine
from e2e.wharf import Wharf

LISTED: Final = 5_000
CLIENTS: Final = 16
CREATED: Final = 4_000
WATCHES: Final = 500
UPDATES: Final = 20
HELD: Final = 20_000
PAGE: Final = 500

LIST: Final = Measure("list of 5,000 pods as JSON, median", "ms", "lower")
PLAIN: Final = Measure("durable creates of config maps, 16 clients", "1/s", "higher")
PLAIN_SLOWEST: Final = Measure("a create of these, p99", "ms", "lower")
CREATES: Final = Measure("durable creates of pods, 16 clients", "1/s", "higher")
SLOWEST: Final = Measure("a create of a pod, p99", "ms", "lower")
SEEN: Final = Measure("500 watches see an update, median", "ms", "lower")
LAST: Final = Measure("500 watches see an update, p99", "ms", "lower")
MEMORY: Final = Measure("memory with 20,000 pods, at most", "MiB", "lower")
GOALS: Final = {
    LIST: "< 150",
    PLAIN: "> 1,000",
    PLAIN_SLOWEST: "",
    CREATES: "",
    SLOWEST: "",
    SEEN: "< 100",
    LAST: "< 1,000",
    MEMORY: "< 300",
}

Taken = Mapping[Measure, float]


def measure(folder: Path, rounds: int, suites: Iterable[str] | None = None) -> str:
    """The table of figures, the first round left out."""
    samples: dict[Measure, list[float]] = {}
    for suite in suites if suites is not None else SUITES:
        for number, taken in enumerate(SUITES[suite](folder / suite, rounds + 1)):
            for one, sample in taken.items():
                report.tell(number, OURS, one, sample)
                if number > 0:
                    samples.setdefault(one, []).append(sample)
    return report.figures(samples, GOALS)


def _list(folder: Path, rounds: int) -> Iterator[Taken]:
    with _serving(folder, LISTED) as (_, address):
        for _ in range(rounds):
            header = f"Authorization: Bearer {address.token}"
            url = f"https://127.0.0.1:{address.port}{pods.PATH}"
            wrk = (machine.need("wrk"), "-t1", "-c1", "-d4s", "--latency", "-H", header, url)
            yield {LIST: _median(machine.run(*wrk).check())}


def _creates(folder: Path, rounds: int) -> Iterator[Taken]:
    with _serving(folder, 0) as (_, address):
        for _ in range(rounds):
            made = _created(address, pods.PLAIN_PATH, pods.plain_bodies(CREATED))
            yield {PLAIN: CREATED / made.seconds, PLAIN_SLOWEST: made.slowest * 1000}


def _pod_creates(folder: Path, rounds: int) -> Iterator[Taken]:
    """No node suits the pods, and that is written to the status of each meanwhile."""
    with _serving(folder, 0) as (_, address):
        for _ in range(rounds):
            made = _created(address, pods.PATH, pods.bodies(CREATED))
            yield {CREATES: CREATED / made.seconds, SLOWEST: made.slowest * 1000}


def _created(address: Address, path: str, bodies: Iterable[bytes]) -> Created:
    made = object_clients.create(address, path, object_clients.split(bodies, CLIENTS))
    _tell_cost(made.client, made.seconds)
    return made


def _watches(folder: Path, rounds: int) -> Iterator[Taken]:
    with _serving(folder, LISTED) as (_, address):
        connection = address.connect()
        found = json.loads(_ask(connection, address, f"{pods.PATH}?limit=1"))
        connection.close()
        since = found["metadata"]["resourceVersion"]
        path = f"{pods.PATH}?watch=1&resourceVersion={since}"
        watchers = Watchers(address, path, WATCHES)
        updates = itertools.count()
        for _ in range(rounds):
            start, before = time.perf_counter(), time.process_time()
            seen = sorted(one for _ in range(UPDATES) for one in _update(watchers, next(updates)))
            _tell_cost(time.process_time() - before, time.perf_counter() - start)
            yield {
                SEEN: statistics.median(seen) * 1000,
                LAST: seen[len(seen) * 99 // 100] * 1000,
            }
        watchers.close()


def _memory(folder: Path, rounds: int) -> Iterator[Taken]:
    """The most that a server has held resident: to start, and to list all in pages, as clients do."""
    with _stopped(folder, HELD) as wharf:
        for _ in range(rounds):
            wharf.start()
            address = _address(wharf)
            connection = address.connect()
            token = ""
            while True:
                page = f"{pods.PATH}?limit={PAGE}&continue={token}"
                token = json.loads(_ask(connection, address, page))["metadata"].get("continue", "")
                if not token:
                    break
            connection.close()
            yield {MEMORY: wharf.peak_memory() / (1 << 20)}
            wharf.stop()


SUITES: Final[dict[str, Callable[[Path, int], Iterator[Taken]]]] = {
    "list_pods_5000": _list,
    "creates_16_clients": _creates,
    "pod_creates_16_clients": _pod_creates,
    "watch_500": _watches,
    "memory_20000": _memory,
}


def _update(watchers: Watchers, number: int) -> list[float]:
    """What each watch took to show one update; the next is sent when all have seen this one."""
    body = json.dumps({"metadata": {"annotations": {"site.test/round": str(number)}}}).encode()
    path = f"{pods.PATH}/{pods.name(number % LISTED)}"
    return watchers.update("PATCH", path, body, pods.MERGE_PATCH)


@contextmanager
def _serving(folder: Path, count: int) -> Iterator[tuple[Wharf, Address]]:
    with _stopped(folder, count) as wharf:
        wharf.start()
        yield wharf, _address(wharf)


@contextmanager
def _stopped(folder: Path, count: int) -> Iterator[Wharf]:
    """A server with so many pods in its store, not running yet."""
    folder.mkdir()
    wharf = Wharf(folder / "state")
    wharf.start()
    try:
        like = pods.template(_address(wharf))
        wharf.stop()
        pods.fill(wharf.state / "objects.sqlite", like, count)
        yield wharf
    finally:
        wharf.kill()


def _address(wharf: Wharf) -> Address:
    return Address(wharf.port, wharf.authority, wharf.admin_token())


def _ask(connection: Connection, address: Address, path: str) -> bytes:
    head, body = connection.ask(address.request("GET", path))
    head.expect(200)
    return body


def _median(said: str) -> float:
    """The median latency that wrk found, in milliseconds."""
    found = re.search(r"^ +50% +([\d.]+)(us|ms|s)$", said, re.MULTILINE)
    if found is None or "Non-2xx" in said or "Socket errors" in said:
        raise UnexpectedAnswer(said)
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


def _tell_cost(client: float, seconds: float) -> None:
    print(f"the clients: {client / seconds:.0%} of one processor", file=sys.stderr)
