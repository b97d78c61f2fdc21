"""
Plan the root volume: made with a filesystem, or grown, and its filesystem with it.

Where it is mounted is left to the caller (`root`), since what an engine keeps at that place may have to
be moved first. A filesystem grows while it is mounted, and nothing that uses it has to stop.
"""

from __future__ import annotations

from typing import Final

from wharfinger.hosts.on_host.storage.facts import Device, Mount, StorageFacts, Volume
from wharfinger.hosts.on_host.storage.steps import (
    ExtendVolume,
    GrowFilesystem,
    MakeFilesystem,
    MakeVolume,
)
from wharfinger.hosts.site.sizes import readable
from wharfinger.hosts.site.storage import Driver, Filesystem, RootVolume, Storage
from wharfinger.hosts.storage import parts
from wharfinger.hosts.storage.move_parts import NewRoot, is_of
from wharfinger.hosts.storage.parts import Part
from wharfinger.hosts.storage.planned import Forecast, PlannedStep, Refusal
from wharfinger.hosts.storage.space import MIB, Space

_OPTIONS: Final = {Filesystem.XFS: ("pquota",), Filesystem.EXT4: ()}
"""With project quotas Docker can give each container a limit (`overlay2.size`)."""
_LEAST: Final = {Filesystem.XFS: 300 * MIB, Filesystem.EXT4: 16 * MIB}
"""mkfs.xfs refuses less since version 5.19."""
_PLAIN: Final = ("linear", "striped")
"""Of others an extent is more than one, and on chosen disks."""
_BEHIND: Final = 8
"""A filesystem that lacks more than this part of its volume has not grown with it; less are its own
tables and log."""


def volume(wanted: Storage, facts: StorageFacts, room: Space) -> tuple[Part, NewRoot | None, Space]:
    """What to do for the volume, what is left to mount, and the space thereafter."""
    asked = wanted.root_volume
    if asked is None or not room.total:
        return Part(), None, room
    found = facts.volume(room.group, asked.name)
    if found is None:
        return _made(asked, room)
    return _found(wanted, asked, found, facts, room)


def path(group: str, name: str) -> str:
    return f"/dev/{group}/{name}"


def _name(room: Space, asked: RootVolume) -> str:
    return f"volume {room.group}/{asked.name}"


def _made(asked: RootVolume, room: Space) -> tuple[Part, NewRoot | None, Space]:
    extents = room.target(asked.size, 0)
    forecast = Forecast(
        f"volume group {room.group}",
        room.bytes(max(extents, room.count(_LEAST[asked.filesystem]))),
        room.bytes(room.free),
        f"volume {asked.name}",
    )
    if not forecast.fits:
        return Part(refusals=(_no_space(asked, forecast),), forecasts=(forecast,)), None, room
    size = room.bytes(extents)
    if size < _LEAST[asked.filesystem]:
        return parts.refused(_too_small(asked, room, size)), None, room
    device = path(room.group, asked.name)
    steps = (
        PlannedStep(MakeVolume(room.group, asked.name, size), f"{asked.size} of {room.group}"),
        PlannedStep(MakeFilesystem(device, asked.filesystem), f"for {asked.mount_path}"),
    )
    part = Part(
        steps,
        forecasts=(forecast,),
        rests_on=(_name(room, asked), f"mount {asked.mount_path}"),
        summary=(f"make volume {room.group}/{asked.name} for {asked.mount_path}",),
    )
    root = NewRoot(device, asked.mount_path, asked.filesystem, size, _OPTIONS[asked.filesystem])
    return part, root, room.without(extents)


def _found(
    wanted: Storage, asked: RootVolume, found: Volume, facts: StorageFacts, room: Space
) -> tuple[Part, NewRoot | None, Space]:
    mount = next((one for one in facts.mounts if is_of(one, found) and one.root == "/"), None)
    on_it = _filesystem(found, facts, mount)
    refusal = _no_use(asked, found, mount, on_it) or _without_types(wanted, mount)
    if refusal is not None:
        return parts.refused(refusal), None, room
    grown, left, size = _grown(asked, found, room)
    told = [grown, *_kept(asked, on_it), Part(rests_on=(f"mount {asked.mount_path}",))]
    device = path(room.group, asked.name)
    if not on_it:
        step = PlannedStep(MakeFilesystem(device, asked.filesystem), "there is none on it yet")
        told.append(parts.step(step, _name(room, asked)))
    if mount is not None:
        told.append(_filled_out(mount, device, size, grown))
        return parts.joined(told), None, left
    kind = Filesystem(on_it or asked.filesystem)
    root = NewRoot(device, asked.mount_path, kind, size, _OPTIONS[kind])
    told.append(Part(summary=(f"mount {room.group}/{asked.name} at {asked.mount_path}",)))
    return parts.joined(told), root, left


def _grown(asked: RootVolume, found: Volume, room: Space) -> tuple[Part, Space, int]:
    has = room.count(found.size)
    target = room.target(asked.size, has)
    worth = room.trifle if asked.size.amount is None else 0
    if target <= has + worth:
        more = asked.size.of != "FREE" and has > target + worth
        return (parts.noted(_larger(asked, found)) if more else Part()), room, found.size
    if found.kind not in _PLAIN:
        note = f"{found.group}/{found.name} stays as large as it is: we do not grow {found.kind}"
        return parts.noted(note), room, found.size
    forecast = Forecast(
        f"volume group {room.group}",
        room.bytes(target - has),
        room.bytes(room.free),
        f"more for volume {asked.name}",
    )
    if not forecast.fits:
        part = Part(refusals=(_no_space(asked, forecast),), forecasts=(forecast,))
        return part, room, found.size
    size = room.bytes(target)
    step = PlannedStep(
        ExtendVolume(room.group, asked.name, size),
        f"from {readable(found.size)}, for {asked.size} are asked",
    )
    summary = f"grow volume {room.group}/{asked.name}"
    part = Part((step,), (), (forecast,), (), (_name(room, asked),), (summary,))
    return part, room.without(target - has), size


def _filled_out(mount: Mount, device: str, size: int, grown: Part) -> Part:
    """The filesystem grows with its volume; also one that was left behind before."""
    behind = 0 < mount.size < size - size // _BEHIND - 128 * MIB
    if not grown.steps and not behind:
        return Part()
    if mount.type not in set(Filesystem):
        note = f"{mount.target} stays as large as it is: we do not grow {mount.type}"
        return parts.noted(note)
    step = PlannedStep(
        GrowFilesystem(device, mount.target, mount.type), "while it is mounted and in use"
    )
    return parts.step(
        step, f"mount {mount.target}", summary=f"grow the filesystem at {mount.target}"
    )


def _filesystem(found: Volume, facts: StorageFacts, mount: Mount | None) -> str:
    """What is on a volume, in the words of `wipefs`; empty for nothing."""
    if mount is not None:
        return mount.type
    device = _device(found, facts)
    return next((sign.type for sign in device.signatures), "") if device is not None else ""


def _device(found: Volume, facts: StorageFacts) -> Device | None:
    return next((one for one in facts.devices if found.path in (one.path, *one.links)), None)


def _no_use(asked: RootVolume, found: Volume, mount: Mount | None, on_it: str) -> Refusal | None:
    name = f"{found.group}/{found.name}"
    if found.kind in ("thin-pool", "thin"):
        why = f"a volume of that name is there, and it is not a plain one ({found.kind})"
        return Refusal("not-a-volume", name, why, "name the volume otherwise")
    if mount is not None and mount.target != asked.mount_path:
        why = f"it is mounted at {mount.target}, and {asked.mount_path} is asked"
        return Refusal("mounted", name, why, f"say mountPath: {mount.target}, or unmount it")
    if mount is None and on_it and on_it not in set(Filesystem):
        why = f"something is on it that is no filesystem for an engine: {on_it}"
        return Refusal("foreign-signature", name, why, "name the volume otherwise")
    return None


def _without_types(wanted: Storage, mount: Mount | None) -> Refusal | None:
    if wanted.driver is not Driver.OVERLAY2 or mount is None:
        return None
    if mount.type_in_directories is not False:
        return None
    return Refusal(
        "no-ftype",
        mount.target,
        "its XFS was made without ftype, on which overlay2 does not work",
        "ask for a volume of another name: it gets a filesystem that has it",
    )


def _kept(asked: RootVolume, on_it: str) -> tuple[Part, ...]:
    if on_it in ("", asked.filesystem):
        return ()
    return (parts.noted(f"{asked.name} keeps its filesystem {on_it}: nothing is made anew"),)


def _larger(asked: RootVolume, found: Volume) -> str:
    return (
        f"{found.group}/{found.name} has {readable(found.size)}, more than {asked.size}:"
        " it stays so, for nothing shrinks"
    )


def _no_space(asked: RootVolume, forecast: Forecast) -> Refusal:
    return Refusal(
        "no-space",
        forecast.place,
        f"{asked.name} would need {readable(forecast.needed)}, and {readable(forecast.free)} are free",
        "add a disk to devices, or ask for less",
    )


def _too_small(asked: RootVolume, room: Space, size: int) -> Refusal:
    least = readable(_LEAST[asked.filesystem])
    return Refusal(
        "too-small",
        f"{room.group}/{asked.name}",
        f"{asked.size} are {readable(size)}, and {asked.filesystem} needs {least}",
        "ask for more, or add a disk to devices",
    )
