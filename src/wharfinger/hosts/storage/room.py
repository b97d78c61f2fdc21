"""
How much room a move needs, and where.

Docker counts the bytes of files. As an archive or unpacked they take more: ends of blocks, headers,
directories. What we add for these was measured on images of distributions. Needs on one filesystem
are added up, since archives and the new store often lie on the same.
"""

from __future__ import annotations

from typing import Final

from wharfinger.hosts.on_host.storage.facts import Mount, Usage
from wharfinger.hosts.site.storage import Driver
from wharfinger.hosts.storage.move_parts import Situation
from wharfinger.hosts.storage.planned import Forecast

_OVERHEAD_PERCENT: Final = 8
_BYTES_PER_FILE: Final = 32 << 10
"""Of an image of a distribution, on average."""


def forecasts(move: Situation) -> tuple[Forecast, ...]:
    """What the move writes, one forecast for each filesystem."""
    usage = move.engine.usage or Usage()
    needs: list[tuple[str, str, int, int]] = []
    if move.carried:
        needs.append(_need(move, move.archives, _archived(move, usage), "archives"))
    if move.made.root is not None:
        size = _filled(move, usage)
        needs.append((move.root, "data root", size, _usable(move.made.root.size)))
    else:
        needs.append(_need(move, move.root, _stored(move, usage), "new store"))
    if move.target is Driver.CONTAINERD and move.carried:
        amount = _with_overhead(2 * usage.images + usage.containers)
        needs.append(_need(move, move.engine.containerd_root, amount, "image store"))
    return _added_up([one for one in needs if one[2] > 0])


def files(move: Situation) -> int:
    """About how many files the engine keeps, by their size."""
    usage = move.engine.usage or Usage()
    return (usage.images + usage.containers) // _BYTES_PER_FILE


def _archived(move: Situation, usage: Usage) -> int:
    """With the volumes, where even these have to leave the old data root."""
    volumes = usage.volumes if move.root_is_removed else 0
    return _with_overhead(usage.images + usage.containers + volumes)


def _filled(move: Situation, usage: Usage) -> int:
    """What a new data root gets."""
    own = move.facts.mount(move.root)
    if not move.carried and own is not None:
        return own.used
    in_root = 0 if _elsewhere(move) else usage.images + usage.containers
    return _with_overhead(in_root + usage.volumes)


def _stored(move: Situation, usage: Usage) -> int:
    """What is written below a data root that stays on its filesystem."""
    in_root = 0 if _elsewhere(move) else usage.images + usage.containers
    return _with_overhead(in_root + (usage.volumes if move.fresh else 0))


def _elsewhere(move: Situation) -> bool:
    """Does the new driver keep its images outside of the data root?"""
    return move.target is not Driver.OVERLAY2


def _need(move: Situation, path: str, amount: int, what: str) -> tuple[str, str, int, int]:
    mount = move.facts.mount_of(path)
    place, free = ("/", 0) if mount is None else (mount.target, _free(move, mount))
    return (place, what, amount, free)


def _free(move: Situation, mount: Mount) -> int:
    """Free on a filesystem that stays; on one that goes there is nothing to count on."""
    gone = move.root_is_removed and mount == move.root_mount
    return 0 if gone else mount.free


def _usable(size: int) -> int:
    """Of a new filesystem, without its own tables and log."""
    return size - size // 50


def _with_overhead(amount: int) -> int:
    return amount + amount * _OVERHEAD_PERCENT // 100


def _added_up(needs: list[tuple[str, str, int, int]]) -> tuple[Forecast, ...]:
    places = dict.fromkeys((place, free) for place, _, _, free in needs)
    return tuple(
        Forecast(
            place,
            sum(amount for at, _, amount, room in needs if (at, room) == (place, free)),
            free,
            " and ".join(what for at, what, _, room in needs if (at, room) == (place, free)),
        )
        for place, free in places
    )
