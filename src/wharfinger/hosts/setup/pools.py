"""
The thin pool: made once, and never resized again; told when to grow by itself at each run.
"""

from __future__ import annotations

from typing import Final

from wharfinger.hosts.on_host.storage.facts import StorageFacts, Volume
from wharfinger.hosts.on_host.storage.steps import MakePool, SetAutoExtend, Step
from wharfinger.hosts.setup import amounts
from wharfinger.hosts.setup.errors import CannotSetUp, NoRoom
from wharfinger.hosts.setup.keys import Pool
from wharfinger.hosts.site.sizes import Size, spelled
from wharfinger.hosts.site.storage import AutoExtend
from wharfinger.hosts.storage.space import SECTOR, Space

KIND: Final = "thin-pool"
_METADATA_SHARE: Final = 1000


def made(pool: Pool, room: Space, facts: StorageFacts) -> tuple[list[Step], list[str], Space]:
    """The steps that make it, what to tell, and the space thereafter. Raise `NoRoom`."""
    notes: list[str] = []
    if room.bytes(room.free) < pool.smallest:
        raise NoRoom(
            f"cannot make the thin pool {pool.name}: volume group {room.group} has "
            f"{spelled(room.bytes(room.free))} free, and MIN_DATA_SIZE is {spelled(pool.smallest)}",
            remedy="add a disk to DEVS, or set MIN_DATA_SIZE to less",
        )
    metadata = _metadata(pool, room)
    beside = metadata + max(metadata - _spare(facts, room), 0)
    size = pool.data
    if _extents(size, room) * room.extent < pool.smallest:
        size = Size(amount=pool.smallest)
        notes.append(
            f"DATA_SIZE comes to less than MIN_DATA_SIZE: {spelled(pool.smallest)} are taken"
        )
    # LVM takes metadata and their spare out of a share, and adds them to an amount.
    data = _extents(size, room) - (beside if size.amount is None else 0)
    if data < 1 or data + beside > room.free:
        raise NoRoom(
            f"cannot make the thin pool {pool.name}: it needs "
            f"{spelled(room.bytes(max(data, 1) + beside))} with its metadata, and volume group "
            f"{room.group} has {spelled(room.bytes(room.free))} free",
            remedy="add a disk to DEVS, or ask for less",
        )
    step = MakePool(room.group, pool.name, room.bytes(data), room.bytes(metadata), pool.chunk)
    steps: list[Step] = [step]
    if pool.auto_extend is not None:
        steps.append(_extended(room.group, pool.name, pool.auto_extend))
    return steps, notes, room.without(data + beside)


def kept(pool: Pool, found: Volume) -> list[Step]:
    """What a pool that is there lacks: only whether it grows by itself."""
    wanted = pool.auto_extend
    if wanted is None:
        return unextended(found)
    if found.profile and (found.threshold, found.percent) == (wanted.threshold, wanted.percent):
        return []
    return [_extended(found.group, found.name, wanted)]


def unextended(found: Volume) -> list[Step]:
    """Without the profile that this program gives a pool; another one is somebody's choice."""
    if found.profile != f"{found.group}--{found.name}-extend":
        return []
    return [SetAutoExtend(found.group, found.name, None, None)]


def require_pool(found: Volume | None, group: str, name: str) -> Volume:
    if found is None or found.kind != KIND:
        what = "there is no such volume" if found is None else f"it is no thin pool ({found.kind})"
        raise CannotSetUp(
            f"cannot use the thin pool {group}/{name}: {what}",
            remedy="set CONTAINER_THINPOOL to another name, or remove the output file",
        )
    return found


def _extended(group: str, name: str, wanted: AutoExtend) -> SetAutoExtend:
    return SetAutoExtend(group, name, wanted.threshold, wanted.percent)


def _metadata(pool: Pool, room: Space) -> int:
    """In extents; a thousandth of the group and one sector, if nothing is said."""
    if pool.metadata is not None:
        return room.count(pool.metadata)
    usual = (room.bytes(room.total) // SECTOR // _METADATA_SHARE + 1) * SECTOR
    return room.count(min(max(usual, amounts.METADATA_SMALLEST), amounts.METADATA_LARGEST))


def _spare(facts: StorageFacts, room: Space) -> int:
    """What LVM keeps for other pools of the group already."""
    others = (one for one in facts.volumes if one.group == room.group)
    return max((room.count(one.metadata_size or 0) for one in others), default=0)


def _extents(size: Size, room: Space) -> int:
    return room.share(size, 0) if size.amount is None else room.count(size.amount)
