"""
Volumes with a filesystem for an engine's directory: CONTAINER_ROOT_LV_* and DOCKER_ROOT_VOLUME.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.on_host.storage.facts import Mount, StorageFacts, Volume
from wharfinger.hosts.on_host.storage.steps import (
    KeepFile,
    MakeFilesystem,
    MakeVolume,
    RemoveVolume,
    SetMounted,
    SetUnit,
    Step,
)
from wharfinger.hosts.setup import units
from wharfinger.hosts.setup.errors import CannotSetUp, NoRoom
from wharfinger.hosts.site.sizes import Size, spelled
from wharfinger.hosts.site.storage import DEFAULT_SHARE
from wharfinger.hosts.storage.space import Space

DOCKER_VOLUME: Final = "docker-root-lv"
_LEAST: Final = 300 << 20
"""mkfs.xfs makes none that is smaller."""


@dataclass(frozen=True, slots=True)
class Root:
    """`unit` is the text of the mount unit that there is now, `None` for none; `unit_wanted` says
    that there should be one. `size` is for one that is yet to be made."""

    name: str
    path: str
    size: Size = DEFAULT_SHARE
    unit_wanted: bool = False
    unit: str | None = None


def made(root: Root, room: Space) -> tuple[list[Step], Space]:
    """The volume and its filesystem, and the space thereafter. Raise `NoRoom`."""
    size = root.size
    extents = room.share(size, 0) if size.amount is None else room.count(size.amount)
    if extents > room.free or room.bytes(extents) < _LEAST:
        raise NoRoom(
            f"cannot make the volume {root.name}: {size} would be {spelled(room.bytes(extents))}, "
            f"{spelled(_LEAST)} is the least, and volume group {room.group} has "
            f"{spelled(room.bytes(room.free))} free",
            remedy="add a disk to DEVS, or ask for another size",
        )
    device = device_of(room.group, root.name)
    steps: list[Step] = [
        MakeVolume(room.group, root.name, room.bytes(extents)),
        MakeFilesystem(device, units.TYPE),
    ]
    return steps, room.without(extents)


def mounted(root: Root, group: str, facts: StorageFacts) -> list[Step]:
    """Have it mounted, now and, where there should be a unit, at boot. Raise `CannotSetUp`."""
    device = device_of(group, root.name)
    steps: list[Step] = []
    if root.unit_wanted and root.unit is None:
        steps.append(KeepFile(units.file(root.path), units.text(device, root.path)))
        if facts.systemd:
            steps.append(SetUnit(units.unit(root.path), enabled=True))
    if not root.unit_wanted and root.unit is not None:
        steps += _without_unit(root, facts)
    found = facts.mount(root.path)
    if found is None:
        steps.append(SetMounted(device, root.path, units.TYPE, units.OPTIONS, mounted=True))
    elif not is_on(found, facts.volume(group, root.name)):
        raise CannotSetUp(
            f"cannot mount {device} at {root.path}: {found.source} is mounted there",
            remedy=f"umount {root.path}, or choose another place",
        )
    return steps


def unmounted(root: Root, group: str, facts: StorageFacts) -> list[Step]:
    """Nothing of the volume mounted any more, and no unit."""
    volume = facts.volume(group, root.name)
    device = device_of(group, root.name)
    steps: list[Step] = [
        SetMounted(device, one.target, one.type, units.OPTIONS, mounted=False)
        for one in reversed(facts.mounts)
        if is_on(one, volume) and _is_below(one.target, root.path)
    ]
    return steps if root.unit is None else [*steps, *_without_unit(root, facts)]


def removed(root: Root, group: str, facts: StorageFacts) -> list[Step]:
    """The final step, where there is such a volume. Raise `CannotSetUp` for one mounted elsewhere."""
    volume = facts.volume(group, root.name)
    if volume is None:
        return []
    for one in facts.mounts:
        if is_on(one, volume) and not _is_below(one.target, root.path):
            raise CannotSetUp(
                f"cannot remove the volume {group}/{root.name}: it is mounted at {one.target}",
                remedy=f"look who needs it, then: umount {one.target}",
            )
    return [RemoveVolume(group, root.name)]


def device_of(group: str, name: str) -> str:
    return f"/dev/{group}/{name}"


def is_on(mount: Mount, volume: Volume | None) -> bool:
    return volume is not None and mount.source in (volume.device, volume.path)


def _without_unit(root: Root, facts: StorageFacts) -> Iterator[Step]:
    if facts.systemd:
        yield SetUnit(units.unit(root.path), enabled=False)
    yield KeepFile(units.file(root.path), None)


def _is_below(target: str, path: str) -> bool:
    return target == path or target.startswith(f"{path}/")
