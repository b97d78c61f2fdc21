"""
How full everything was, so far back as a forecast looks: a line of JSON for each time we looked.

    /var/lib/wharfinger-host/storage/fill.jsonl     {"time": 1700000000.0, "fill": {"data docker/pool": [used, size]}}

Lines are added at the end. Once there are many they are thinned: one a minute for the last hour, one in
five minutes for two days, one an hour for two weeks. A line that a power cut has torn is passed over.
The file is root's, as all in that folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.storage.fill import Fill
from wharfinger.hosts.on_host.storage.forecast import Forecast, Point, forecast
from wharfinger.hosts.on_host.storage.journal import DIRECTORY
from wharfinger.hosts.on_host.tree import Tree

NAME: Final = "fill.jsonl"
PATH: Final = f"{DIRECTORY}/{NAME}"
MOST: Final = 2000
"""Lines before the file is thinned, to about half of it."""

_TIERS: Final = ((3600.0, 60.0), (2 * 86400.0, 300.0), (14 * 86400.0, 3600.0))
_LIMIT: Final = 64 << 20
_PARTIAL: Final = f"{NAME}.partial"


@dataclass(frozen=True)
class Sample:
    """What was used of what size, by `Fill.key`."""

    time: float
    fill: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def sample(time: float, fills: Iterable[Fill]) -> Sample:
    return Sample(time, {one.key: (one.used, one.size) for one in fills})


def read(tree: Tree) -> list[Sample]:
    """In the order of time; none where nothing has been written yet."""
    lines = (tree.read(PATH, limit=_LIMIT) or b"").split(b"\n")
    found = [one for one in map(_parsed, lines) if one is not None]
    return sorted(found, key=lambda one: one.time)


def add(tree: Tree, new: Sample) -> list[Sample]:
    """Write one more; return all. Raise `DiskFull` or `NotPrepared`, with none of the others lost."""
    known = [*read(tree), new]
    try:
        tree.make_private(DIRECTORY)
        if len(known) > MOST:
            known = thinned(known, new.time)
            _rewrite(tree, known)
        else:
            _append(tree, new)
    except OSError as error:
        raise states.cannot_write(PATH, error) from error
    return known


def thinned(samples: Sequence[Sample], now: float) -> list[Sample]:
    """The newest of each stretch of time, whose length grows with its age; none of the future."""
    kept: list[Sample] = []
    seen: set[tuple[float, int]] = set()
    for one in reversed(samples):
        step = next((step for age, step in _TIERS if 0 <= now - one.time <= age), None)
        if step is not None and (step, int(one.time // step)) not in seen:
            seen.add((step, int(one.time // step)))
            kept.append(one)
    return kept[::-1]


def forecasts(fills: Iterable[Fill], samples: Sequence[Sample], now: float) -> tuple[Forecast, ...]:
    found = (forecast(one, points(samples, one), now) for one in fills)
    return tuple(one for one in found if one is not None)


def points(samples: Iterable[Sample], fill: Fill) -> list[Point]:
    return [Point(one.time, one.fill[fill.key][0]) for one in samples if fill.key in one.fill]


def _parsed(line: bytes) -> Sample | None:
    try:
        document = json.loads(line)
        fill = {str(key): (int(used), int(size)) for key, (used, size) in document["fill"].items()}
        return Sample(float(document["time"]), fill)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _line(one: Sample) -> bytes:
    return json.dumps({"time": one.time, "fill": one.fill}, separators=(",", ":")).encode() + b"\n"


def _append(tree: Tree, new: Sample) -> None:
    """The line begins with an end of line, so that one which was torn takes no other with it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with tree.directory(DIRECTORY) as directory:
        file = os.open(NAME, flags, 0o600, dir_fd=directory)
        try:
            tree.disk.write(file, b"\n" + _line(new))
        finally:
            os.close(file)


def _rewrite(tree: Tree, samples: Iterable[Sample]) -> None:
    with tree.directory(DIRECTORY) as directory:
        with suppress(FileNotFoundError):
            tree.disk.remove(directory, _PARTIAL)
        file = tree.disk.create(directory, _PARTIAL)
        try:
            tree.disk.write(file, b"".join(map(_line, samples)))
            tree.disk.sync(file)
        finally:
            os.close(file)
        tree.disk.rename(directory, _PARTIAL, NAME)
