"""
What comes first whatever the driver is: the disks, the volume group, and the root filesystem.

The root filesystem grows before pool and volumes take their shares of what it leaves. The disks below
it are grown by an order of their own: what has grown stays, and after it the facts are read and the
rest is planned anew, with the sizes that LVM then has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from wharfinger.hosts.on_host.storage.facts import Device, StorageFacts, Volume, fingerprints
from wharfinger.hosts.on_host.storage.steps import (
    ExtendVolume,
    GrowFilesystem,
    Step,
    StorageOrder,
)
from wharfinger.hosts.setup import disks, roots
from wharfinger.hosts.setup.errors import CannotSetUp, NoRoom
from wharfinger.hosts.setup.keys import Settings
from wharfinger.hosts.site.sizes import spelled
from wharfinger.hosts.site.storage import Storage
from wharfinger.hosts.storage import groups
from wharfinger.hosts.storage.space import Space

OURS: Final = "docker-storage-setup: "
"""What the summary of our orders begins with."""

NOTHING: Final = StorageOrder()


@dataclass
class Draft:
    """A plan while it is made: the steps so far and the space that they leave in the group, and in the
    one of the root filesystem."""

    facts: StorageFacts
    group: str
    room: Space | None
    root_room: Space | None = None
    steps: list[Step] = field(default_factory=list)
    last: list[Step] = field(default_factory=list)
    rests_on: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    loud: list[str] = field(default_factory=list)

    def order(self, summary: str) -> StorageOrder:
        return ordered(self.facts, (*self.steps, *self.last), self.rests_on, summary)

    def need_room(self, what: str) -> Space:
        if self.room is None:
            raise CannotSetUp(
                f"cannot make {what}: there is no volume group {self.group}".rstrip(),
                remedy="set VG and DEVS",
            )
        return self.room


def root_volume(facts: StorageFacts) -> Volume | None:
    """The volume that the root filesystem is on."""
    mount = facts.mount("/")
    if mount is None:
        return None
    return next((one for one in facts.volumes if roots.is_on(mount, one)), None)


def group_of(settings: Settings, facts: StorageFacts) -> str:
    root = root_volume(facts)
    return settings.group or ("" if root is None else root.group)


def ordered(
    facts: StorageFacts, steps: Sequence[Step], rests_on: Iterable[str], summary: str
) -> StorageOrder:
    """An order that is refused if one of the things named has changed until it begins."""
    now = fingerprints(facts)
    return StorageOrder(
        tuple(steps),
        {one: now.get(one, "") for one in dict.fromkeys(rests_on)},
        (),
        f"{OURS}{summary}",
    )


def begin(
    settings: Settings, facts: StorageFacts, devices: Sequence[Device], *, grow: bool
) -> tuple[StorageOrder, Draft]:
    """The growth, and a draft with disks and group; `devices` are those of DEVS. Raise as `disks.chosen`
    does, or `NoRoom`."""
    root = root_volume(facts)
    group = group_of(settings, facts)
    exists = _room(group, facts) is not None
    growth, root_room = _growth(root, facts, grow=grow)
    room = root_room if root is not None and root.group == group else _room(group, facts)
    draft = Draft(facts, group, room, root_room)
    if root is None and (grow or settings.root_size is not None):
        draft.notes.append("the root filesystem is on no logical volume: it is not grown")
    if settings.devices and not group:
        draft.loud.append("DEVS is not used: VG is not set, and the root filesystem is in no group")
    elif devices:
        add_disks(
            draft,
            disks.chosen(devices, group, facts, wipe=settings.wipe),
            exists=exists,
        )
    if root is not None and root.group == group and draft.room is not None:
        # The root filesystem comes before pool and volumes: their shares are of what it leaves.
        draft.root_room = draft.room
        draft.room = draft.room.without(_root_gain(settings, root, draft.room))
    return growth, draft


def _growth(
    root: Volume | None, facts: StorageFacts, *, grow: bool
) -> tuple[StorageOrder, Space | None]:
    """How the disks below the root filesystem grow, and the space in its group thereafter."""
    if root is None:
        return NOTHING, None
    if not grow:
        return NOTHING, _room(root.group, facts)
    part, room = groups.group(Storage(volume_group=root.group, grow_partition=True), facts)
    steps = [one.step for one in part.steps]
    return ordered(facts, steps, part.rests_on, "grow the disks below the root filesystem"), room


def _room(group: str, facts: StorageFacts) -> Space | None:
    found = facts.group(group) if group else None
    return None if found is None else Space.of(found, len(facts.physical_of(group)))


def add_disks(draft: Draft, chosen: disks.Disks, *, exists: bool) -> None:
    draft.steps += chosen.steps(draft.group, exists=exists)
    draft.notes += chosen.notes
    if chosen.new:
        draft.rests_on += (*chosen.rests_on, f"volume group {draft.group}")
        draft.room = chosen.added_to(draft.room or Space(draft.group))


def grow_root(draft: Draft, settings: Settings) -> None:
    root = root_volume(draft.facts)
    mount = draft.facts.mount("/")
    room = draft.root_room
    if root is None or mount is None or room is None or settings.root_size is None:
        return
    more = _root_gain(settings, root, room)
    if not more:
        draft.notes.append("ROOT_SIZE is not more than the root filesystem has: it stays")
        return
    draft.last += [
        ExtendVolume(root.group, root.name, root.size + room.bytes(more)),
        GrowFilesystem(root.device, "/", mount.type),
    ]
    draft.rests_on += (f"volume group {root.group}", f"volume {root.group}/{root.name}", "mount /")


def _root_gain(settings: Settings, root: Volume, room: Space) -> int:
    """By how many extents ROOT_SIZE lets the root volume grow. Raise `NoRoom`."""
    asked = settings.root_size
    if asked is None:
        return 0
    size = asked.size
    extents = room.count(size.amount) if size.amount is not None else room.share(size, 0)
    more = extents if asked.more else max(extents - room.count(root.size), 0)
    if more > room.free:
        raise NoRoom(
            f"cannot grow the root filesystem by {spelled(room.bytes(more))}: volume group "
            f"{room.group} has {spelled(room.bytes(room.free))} free",
            remedy="set ROOT_SIZE to less, or add a disk to DEVS",
        )
    return more
