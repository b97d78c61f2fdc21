"""
Plan the layout that a site wants: group, pool, volume, in the order in which they need each other.

What an engine keeps is not touched by any of it: what is there grows, what is new is empty.
"""

from __future__ import annotations

from dataclasses import dataclass

from wharfinger.hosts.on_host.storage.facts import StorageFacts
from wharfinger.hosts.site.storage import Storage
from wharfinger.hosts.storage import groups, parts, pools, volumes
from wharfinger.hosts.storage.move_parts import Made, NewRoot
from wharfinger.hosts.storage.parts import Part
from wharfinger.hosts.storage.space import Space


@dataclass(frozen=True, slots=True)
class Layout:
    """`root` is the filesystem that is yet to be mounted."""

    part: Part
    root: NewRoot | None = None


def layout(wanted: Storage, facts: StorageFacts) -> Layout:
    group, room = groups.group(wanted, facts)
    pool, room = pools.pool(wanted, facts, room)
    volume, root, room = volumes.volume(wanted, facts, room)
    return Layout(parts.joined((group, pool, volume, _nothing_left(wanted, room))), root)


def _nothing_left(wanted: Storage, room: Space) -> Part:
    """A pool that is to grow by itself needs something to grow into."""
    pool = wanted.thin_pool
    if pool is None or pool.auto_extend is None or room.free > room.trifle or not room.total:
        return Part()
    return parts.noted(
        f"{room.group}/{pool.name} cannot grow by itself: nothing of {room.group} is left free"
    )


def made(wanted: Storage, facts: StorageFacts) -> Made:
    """The layout, as a move of an engine's data takes it."""
    found = layout(wanted, facts)
    pool = wanted.thin_pool
    named = (
        None if pool is None or wanted.volume_group is None else (wanted.volume_group, pool.name)
    )
    part = found.part
    return Made(part.steps, found.root, named, part.refusals, part.forecasts, part.notes)
