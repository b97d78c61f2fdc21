"""
Plan the thin pool: made, or grown to what the site asks of it, and told when to grow by itself.

A share is of all that the pool takes, as LVM counts it: data, metadata, and the spare of the metadata
that LVM keeps in the group for repairs. A pool never shrinks.
"""

from __future__ import annotations

from typing import Final

from wharfinger.hosts.on_host.storage import pool_health
from wharfinger.hosts.on_host.storage.facts import StorageFacts, Volume
from wharfinger.hosts.on_host.storage.steps import (
    ExtendMetadata,
    ExtendVolume,
    MakePool,
    SetAutoExtend,
    Step,
)
from wharfinger.hosts.site.sizes import readable
from wharfinger.hosts.site.storage import AutoExtend, Storage, ThinPool
from wharfinger.hosts.storage import parts
from wharfinger.hosts.storage.parts import Part
from wharfinger.hosts.storage.planned import Forecast, PlannedStep, Refusal
from wharfinger.hosts.storage.space import MIB, SECTOR, Space

_LEAST_METADATA: Final = 2 * MIB
_MOST_METADATA: Final = 16192 * MIB
"""What LVM gives at most: 15.8125 GiB."""
_SMALL: Final = 2048 * MIB


def pool(wanted: Storage, facts: StorageFacts, room: Space) -> tuple[Part, Space]:
    """What to do for the pool, and the space thereafter."""
    asked = wanted.thin_pool
    if asked is None or not room.total:
        return Part(), room
    found = facts.volume(room.group, asked.name)
    spare = _spare(facts, room, asked.name)
    if found is None:
        return _made(asked, room, spare)
    if found.kind != "thin-pool":
        refusal = Refusal(
            "not-a-pool",
            f"{room.group}/{asked.name}",
            f"a volume of that name is there, and it is no thin pool ({found.kind})",
            "name the pool otherwise",
        )
        return parts.refused(refusal), room
    grown, left = _grown(asked, found, room, spare)
    extended = _auto_extended(asked.auto_extend, found)
    return parts.joined((grown, extended, _health(found, grown), _kept(asked, found))), left


def helps(step: Step, pool: Volume) -> bool:
    """Does this heal what LVM says of the pool?"""
    own = (pool.group, pool.name)
    if pool.health == pool_health.DATA_FULL:
        return isinstance(step, ExtendVolume) and (step.group, step.name) == own
    if pool.health == pool_health.METADATA_FULL:
        return isinstance(step, ExtendMetadata) and (step.group, step.pool) == own
    return False


def _name(room: Space, asked: ThinPool) -> str:
    return f"volume {room.group}/{asked.name}"


def _spare(facts: StorageFacts, room: Space, name: str) -> int:
    """What LVM keeps for the other pools of the group already."""
    others = (one for one in facts.volumes if one.group == room.group and one.name != name)
    return max((room.count(one.metadata_size or 0) for one in others), default=0)


def _metadata(asked: ThinPool, room: Space) -> int:
    """In extents; a thousandth of the group and a sector, as docker-storage-setup asks for it."""
    if asked.metadata_size is not None:
        return room.count(asked.metadata_size.amount or 0)
    thousandth = (room.bytes(room.total) // SECTOR // 1000 + 1) * SECTOR
    return room.count(min(max(thousandth, _LEAST_METADATA), _MOST_METADATA))


def _made(asked: ThinPool, room: Space, spare: int) -> tuple[Part, Space]:
    metadata = _metadata(asked, room)
    beside = _beside(metadata, spare)
    data = _data(asked, room, now=0, beside=beside)
    needed = data + beside
    forecast = Forecast(
        f"volume group {room.group}",
        room.bytes(max(needed, beside + 1)),
        room.bytes(room.free),
        f"thin pool {asked.name}",
    )
    if data < 1 or not forecast.fits:
        return Part(refusals=(_no_space(asked.name, forecast),), forecasts=(forecast,)), room
    chunk = asked.chunk_size.amount
    step = PlannedStep(
        MakePool(room.group, asked.name, room.bytes(data), room.bytes(metadata), chunk),
        f"{asked.data_size} of {room.group}",
    )
    name = f"{room.group}/{asked.name}"
    told = [
        parts.step(step, _name(room, asked), summary=f"make thin pool {name}"),
        Part(forecasts=(forecast,)),
    ]
    if room.bytes(data) < _SMALL:
        told.append(parts.noted(f"{name} gets {readable(room.bytes(data))}, which is little"))
    left = room.without(needed)
    return parts.joined((*told, _first_auto_extension(asked, left))), left


def _first_auto_extension(asked: ThinPool, left: Space) -> Part:
    name = f"{left.group}/{asked.name}"
    extend = asked.auto_extend
    if extend is None:
        return parts.noted(_never_grows(name))
    step = SetAutoExtend(left.group, asked.name, extend.threshold, extend.percent)
    return parts.step(PlannedStep(step, f"{name} grows before it is full"))


def _grown(asked: ThinPool, found: Volume, room: Space, spare: int) -> tuple[Part, Space]:
    has = room.count(found.size)
    metadata_has = room.count(found.metadata_size or 0)
    metadata = max(metadata_has, _metadata(asked, room))
    now = has + _beside(metadata_has, spare)
    data = _data(asked, room, now=now, beside=_beside(metadata, spare))
    trifle = room.trifle if asked.data_size.amount is None else 0
    if data <= has + trifle:
        if asked.metadata_size is None or metadata == metadata_has:
            return _larger(asked, found, has > data + trifle), room
        data = has
    needed = data + _beside(metadata, spare) - now
    forecast = Forecast(
        f"volume group {room.group}",
        room.bytes(needed),
        room.bytes(room.free),
        f"more for thin pool {asked.name}",
    )
    if not forecast.fits:
        return Part(refusals=(_no_space(asked.name, forecast),), forecasts=(forecast,)), room
    steps = []
    if metadata > metadata_has:
        step = ExtendMetadata(room.group, asked.name, room.bytes(metadata))
        steps.append(PlannedStep(step, "metadata grows with the data it describes"))
    if data > has:
        grow = ExtendVolume(room.group, asked.name, room.bytes(data))
        steps.append(
            PlannedStep(grow, f"from {readable(found.size)}, for {asked.data_size} are asked")
        )
    summary = f"grow thin pool {room.group}/{asked.name}"
    part = Part(tuple(steps), (), (forecast,), (), (_name(room, asked),), (summary,))
    return part, room.without(needed)


def _data(asked: ThinPool, room: Space, *, now: int, beside: int) -> int:
    """The extents of data that are asked for: an amount is of data alone, a share of all that the
    pool takes. `now` is what it takes already."""
    target = room.target(asked.data_size, now)
    return target if asked.data_size.amount is not None else target - beside


def _beside(metadata: int, spare: int) -> int:
    """What a pool takes beside its data: metadata, and what the spare lacks for it."""
    return metadata + max(metadata - spare, 0)


def _auto_extended(wanted: AutoExtend | None, found: Volume) -> Part:
    name = f"{found.group}/{found.name}"
    if wanted is None:
        if found.threshold is None:
            return parts.noted(_never_grows(name))
        step = SetAutoExtend(found.group, found.name, None, None)
        why = "the site says that it does not grow by itself"
        return parts.step(
            PlannedStep(step, why), f"volume {name}", summary=f"let {name} grow no more by itself"
        )
    if (found.threshold, found.percent) == (wanted.threshold, wanted.percent):
        return Part()
    step = SetAutoExtend(found.group, found.name, wanted.threshold, wanted.percent)
    now = "never" if found.threshold is None else f"at {found.threshold}% by {found.percent}%"
    return parts.step(
        PlannedStep(step, f"it grows by itself {now} so far"),
        f"volume {name}",
        summary=f"have {name} grow by itself",
    )


def _never_grows(name: str) -> str:
    return f"{name} never grows by itself: once it is full, containers get errors when they write"


def _health(found: Volume, grown: Part) -> Part:
    """A pool that fails is for a person: to give it more could be what it cannot bear. One that is
    only full is helped by that; but where its metadata is, more data alone is no help."""
    if found.health in ("", pool_health.DATA_FULL):
        return Part()
    if any(helps(one.step, found) for one in grown.steps):
        return Part()
    return parts.refused(
        Refusal(
            "pool-unhealthy",
            f"{found.group}/{found.name}",
            pool_health.what(found),
            pool_health.remedy(found),
        )
    )


def _kept(asked: ThinPool, found: Volume) -> Part:
    if found.chunk in (None, asked.chunk_size.amount):
        return Part()
    chunk = readable(found.chunk or 0)
    return parts.noted(
        f"{found.group}/{found.name} keeps its chunks of {chunk}: they are chosen once for all"
    )


def _larger(asked: ThinPool, found: Volume, larger: bool) -> Part:
    """A share of what is free is no statement of how large a pool is to stay."""
    if asked.data_size.of == "FREE" or not larger:
        return Part()
    return parts.noted(
        f"{found.group}/{found.name} has {readable(found.size)}, more than {asked.data_size}:"
        " it stays so, for nothing shrinks"
    )


def _no_space(name: str, forecast: Forecast) -> Refusal:
    return Refusal(
        "no-space",
        forecast.place,
        f"{name} would need {readable(forecast.needed)}, and {readable(forecast.free)} are free",
        "add a disk to devices, or ask for less",
    )
