"""
How much room a move needs, and where.

Docker counts the bytes of files. As an archive or unpacked they take more: ends of blocks, headers,
directories. What we add for these was measured on images of distributions. Needs on one filesystem
are added up, since archives and the new store often lie on the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from wharfinger.hosts.on_host.storage.facts import Usage
from wharfinger.hosts.on_host.storage.steps import MakePool
from wharfinger.hosts.site.storage import Driver
from wharfinger.hosts.storage.move_parts import Situation
from wharfinger.hosts.storage.planned import Forecast

_OVERHEAD_PERCENT: Final = 8
_BYTES_PER_FILE: Final = 32 << 10
"""Of an image of a distribution, on average."""


class _Need(NamedTuple):
    place: str
    what: str
    amount: int
    free: int


def forecasts(move: Situation) -> tuple[Forecast, ...]:
    """What the move writes, one forecast for each filesystem."""
    usage = move.engine.usage or Usage()
    return _added_up([*_archives(move, usage), *_root(move, usage), *_store(move, usage)])


def files(move: Situation) -> int:
    """About how many files the engine keeps, by their size."""
    usage = move.engine.usage or Usage()
    return (usage.images + usage.containers) // _BYTES_PER_FILE


def _archives(move: Situation, usage: Usage) -> Iterator[_Need]:
    """With the volumes, where even these have to leave the old data root."""
    if move.carried:
        volumes = usage.volumes if move.root_is_removed else 0
        amount = _with_overhead(usage.images + usage.containers + volumes)
        yield _need(move, move.archives, amount, "archives")


def _root(move: Situation, usage: Usage) -> Iterator[_Need]:
    """What is copied into a data root that begins empty; all of it, where the driver stays."""
    if not move.fresh:
        return
    own = move.facts.mount(move.root)
    amount = _with_overhead(usage.volumes)
    if not move.carried:
        kept = 0 if move.source is Driver.DEVICEMAPPER else usage.images + usage.containers
        amount = own.used if own is not None else _with_overhead(kept + usage.volumes)
    yield _need(move, move.root, amount, "data root")


def _store(move: Situation, usage: Usage) -> Iterator[_Need]:
    """What the new driver unpacks. containerd keeps the layers as they came beside it."""
    if not move.carried:
        return
    unpacked = _with_overhead(usage.images + usage.containers)
    if move.target is Driver.OVERLAY2:
        yield _need(move, move.root, unpacked, "new store")
    elif move.target is Driver.CONTAINERD:
        place = move.engine.containerd_root or move.root
        yield _need(move, place, unpacked + _with_overhead(usage.images), "image store")
    elif move.made.pool is not None:
        free = _pool_size(move, *move.made.pool)
        yield _Need(f"thin pool {'/'.join(move.made.pool)}", "new store", unpacked, free)


def _pool_size(move: Situation, group: str, name: str) -> int:
    """What is free in the pool that is wanted; all of it where it is yet to be made."""
    planned = (one.step for one in move.made.steps)
    new = next((one for one in planned if isinstance(one, MakePool) and one.name == name), None)
    if new is not None:
        return new.size
    found = move.facts.volume(group, name)
    if found is None:
        return 0
    return found.size - int(found.size * (found.data_percent or 0) / 100)


def _need(move: Situation, path: str, amount: int, what: str) -> _Need:
    """At a path, on the filesystem that will be below it."""
    new = move.made.root
    if new is not None and f"{path}/".startswith(f"{new.target}/"):
        return _Need(new.target, what, amount, _usable(new.size))
    mount = move.facts.mount_of(path)
    if mount is None:
        return _Need(path, what, amount, 0)
    return _Need(mount.target, what, amount, 0 if move.goes(mount) else mount.free)


def _usable(size: int) -> int:
    """Of a new filesystem, without its own tables and log."""
    return size - size // 50


def _with_overhead(amount: int) -> int:
    return amount + amount * _OVERHEAD_PERCENT // 100


def _added_up(needs: Sequence[_Need]) -> tuple[Forecast, ...]:
    places = dict.fromkeys((one.place, one.free) for one in needs)
    return tuple(_sum([one for one in needs if (one.place, one.free) == key]) for key in places)


def _sum(needs: Sequence[_Need]) -> Forecast:
    first = needs[0]
    amount = sum(one.amount for one in needs)
    return Forecast(first.place, amount, first.free, " and ".join(one.what for one in needs))
