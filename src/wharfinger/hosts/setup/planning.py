"""
What a configuration comes to on a host: steps, in the peer's order of things, all judged before the first.

Pure: settings and facts in, steps out. What cannot be done raises, so there is no plan that would fail
for a reason that could be seen before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from wharfinger.hosts.on_host.storage.facts import Device, Engine, StorageFacts, Volume
from wharfinger.hosts.on_host.storage.steps import (
    KeepFile,
    MakeGroup,
    SkipActivation,
    StorageOrder,
)
from wharfinger.hosts.setup import disks, drafts, options, pools, records, roots
from wharfinger.hosts.setup.drafts import NOTHING, Draft
from wharfinger.hosts.setup.errors import CannotSetUp
from wharfinger.hosts.setup.keys import DEVICEMAPPER, Pool, Settings
from wharfinger.hosts.setup.records import Record
from wharfinger.hosts.setup.roots import Root
from wharfinger.hosts.site.sizes import spelled

OUTPUT: Final = "/etc/sysconfig/docker-storage"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a plan rests on beside the facts. `devices` are those of DEVS, found; `output` is what the
    output file has, `None` for no file; `old_metadata` says that Docker has kept its own about a pool
    that was there before."""

    devices: tuple[Device, ...] = ()
    output: str | None = None
    engine: options.Engine = field(default_factory=options.Engine)
    old_metadata: bool = False
    root: Root | None = None
    docker_root: Root | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """`notes` are what a person should know; `loud` what a person must not miss."""

    order: StorageOrder
    growth: StorageOrder = NOTHING
    notes: tuple[str, ...] = ()
    loud: tuple[str, ...] = ()
    record: Record | None = None


def compat(settings: Settings, facts: StorageFacts, seen: Seen) -> Planned:
    """What `docker-storage-setup` does. Raise an error of `setup.errors`."""
    growth, draft = drafts.begin(settings, facts, seen.devices, grow=settings.grow_partition)
    told = options.read(seen.output or "", options.COMPAT_VARIABLE)
    if options.is_loopback(told):
        raise CannotSetUp(
            "cannot go on from dm.datadev and dm.metadatadev, which the output file has",
            remedy=f"save what the engine keeps, then remove {OUTPUT}",
        )
    before = options.driver(told)
    if not settings.driver:
        draft.notes.append("STORAGE_DRIVER is empty: no driver is set up")
    elif before and before != settings.driver:
        draft.loud.append(_stays(before, settings.driver))
    else:
        _require_engine_fits(settings.driver, facts)
        if settings.driver == DEVICEMAPPER:
            _compat_pool(draft, settings, seen, told)
        else:
            _write(draft, OUTPUT, seen.output, _overlay_line(settings, options.COMPAT_VARIABLE))
        for root in filter(None, (seen.docker_root, seen.root)):
            _root(draft, root)
        _require_types(draft, settings, seen.root)
    drafts.grow_root(draft, settings)
    return Planned(
        draft.order("set up storage for Docker"),
        growth,
        (*settings.notes, *draft.notes),
        tuple(draft.loud),
    )


def named(
    name: str, infile: str, output: str, settings: Settings, facts: StorageFacts, seen: Seen
) -> Planned:
    """What `create` does; `output` is the path of `-o`, or empty. Raise as `compat`."""
    _, draft = drafts.begin(settings, facts, seen.devices, grow=False)
    line = ""
    if settings.driver == DEVICEMAPPER and settings.pool is not None:
        _named_pool(draft, settings.pool)
        path = options.mapper_path(draft.group, settings.pool.name)
        told = options.devicemapper(path, settings.extra, seen.engine)
        line = options.line(options.NAMED_VARIABLE, told)
    elif settings.driver:
        line = _overlay_line(settings, options.NAMED_VARIABLE)
    if settings.driver and seen.root is not None:
        if facts.volume(draft.group, seen.root.name) is not None:
            raise CannotSetUp(
                f"cannot make the volume {draft.group}/{seen.root.name}: there is one of that name",
                remedy="set CONTAINER_ROOT_LV_NAME to another name",
            )
        _root(draft, seen.root)
    _require_types(draft, settings, seen.root)
    record = _record(settings, draft, seen)
    files = {
        "infile": infile,
        "outfile": line,
        "metadata": records.written(record),
        "status": f"{records.ACTIVE}\n",
    }
    draft.steps += [KeepFile(records.path(name, file), text) for file, text in files.items()]
    if output and line:
        draft.steps.append(KeepFile(output, line))
    summary = f"create the storage configuration {name}"
    return Planned(draft.order(summary), notes=(*settings.notes, *draft.notes), record=record)


def add_device(name: str, record: Record, device: Device, facts: StorageFacts) -> Planned:
    """What `add-dev` does."""
    found = facts.group(record.group) if record.group else None
    if found is None:
        raise CannotSetUp(
            f"cannot add {device.path} to the storage configuration {name}: "
            + (f"there is no volume group {record.group}" if record.group else "it has no group"),
            remedy=f"container-storage-setup list {name}",
        )
    chosen = disks.chosen((device,), record.group, facts, wipe=False)
    draft = Draft(facts, record.group, None)
    drafts.add_disks(draft, chosen, exists=True)
    if chosen.new:
        more = replace(record, devices=tuple(dict.fromkeys((*record.devices, device.path))))
        draft.steps.append(KeepFile(records.path(name, "metadata"), records.written(more)))
    summary = f"add {device.path} to the storage configuration {name}"
    return Planned(draft.order(summary), notes=tuple(draft.notes))


# The driver


def _stays(before: str, wanted: str) -> str:
    return (
        f"the storage driver {before} is set up already, and STORAGE_DRIVER={wanted} changes nothing: "
        "no driver, pool, volume or file was touched. What the engine keeps would be lost to sight. "
        "To change the driver with all that is in it, see `wharf storage plan`; "
        f"to begin without it, run docker-storage-setup --reset first, which removes {OUTPUT}"
    )


def _require_engine_fits(driver: str, facts: StorageFacts) -> None:
    """Docker that runs with another driver would not find its images after its next start."""
    engine = facts.engine("docker")
    if engine is None or not engine.driver or engine.driver == driver or not _keeps(engine):
        return
    raise CannotSetUp(
        f"cannot set up {driver}: Docker runs with {engine.driver} and keeps {engine.images} images "
        f"and {engine.containers} containers, which it would not see any more",
        remedy="`wharf storage plan` moves them; or set STORAGE_DRIVER to what Docker uses",
    )


def _keeps(engine: Engine) -> bool:
    return bool(engine.images or engine.containers)


def _compat_pool(draft: Draft, settings: Settings, seen: Seen, told: str) -> None:
    assert settings.pool is not None
    pool = settings.pool
    device = options.pool_device(told)
    if device:
        group = options.group_of(device, pool.name)
        found = pools.require_pool(draft.facts.volume(group, pool.name), group, pool.name)
        _keep_pool(draft, pool, found)
        return
    existing = draft.facts.volume(draft.group, pool.name)
    if existing is not None:
        _keep_pool(draft, pool, pools.require_pool(existing, draft.group, pool.name))
        if seen.output is not None:
            return
        draft.notes.append(f"{OUTPUT} was missing, and is written for the pool that is there")
    else:
        if seen.old_metadata:
            raise CannotSetUp(
                "cannot make a thin pool: /var/lib/docker/devicemapper/metadata tells of another one, "
                "and Docker would not start with both",
                remedy="if nothing there is needed any more, remove /var/lib/docker/devicemapper",
            )
        _make_pool(draft, pool)
    line = options.devicemapper(
        options.mapper_path(draft.group, pool.name), settings.extra, seen.engine
    )
    _write(draft, OUTPUT, seen.output, options.line(options.COMPAT_VARIABLE, line))


def _keep_pool(draft: Draft, pool: Pool, found: Volume) -> None:
    draft.notes.append(
        f"the thin pool {found.group}/{found.name} is there already: its size "
        f"({spelled(found.size)}) stays whatever DATA_SIZE says; `wharf storage plan` grows it"
    )
    draft.steps += pools.kept(pool, found)


def _named_pool(draft: Draft, pool: Pool) -> None:
    there = next((one for one in draft.facts.volumes if one.name == pool.name), None)
    if there is not None:
        raise CannotSetUp(
            f"cannot make the thin pool {pool.name}: {there.group}/{there.name} has that name",
            remedy="set CONTAINER_THINPOOL to another name",
        )
    _make_pool(draft, pool)
    draft.steps.append(SkipActivation(draft.group, pool.name))


def _make_pool(draft: Draft, pool: Pool) -> None:
    room = draft.need_room(f"the thin pool {pool.name}")
    steps, notes, draft.room = pools.made(pool, room, draft.facts)
    draft.steps += steps
    draft.notes += notes
    draft.rests_on += (f"volume group {draft.group}", f"volume {draft.group}/{pool.name}")


def _overlay_line(settings: Settings, variable: str) -> str:
    return options.line(variable, options.overlay(settings.driver, settings.extra))


def _write(draft: Draft, path: str, found: str | None, text: str) -> None:
    if found != text:
        draft.steps.append(KeepFile(path, text))


# Volumes with a filesystem


def _root(draft: Draft, root: Root) -> None:
    if draft.facts.volume(draft.group, root.name) is None:
        room = draft.need_room(f"the volume {root.name}")
        steps, draft.room = roots.made(root, room)
        draft.steps += steps
        draft.rests_on += (f"volume group {draft.group}", f"volume {draft.group}/{root.name}")
    draft.steps += roots.mounted(root, draft.group, draft.facts)
    draft.rests_on.append(f"mount {root.path}")


def _require_types(draft: Draft, settings: Settings, root: Root | None) -> None:
    """The overlay drivers need XFS to tell the types of files in directories; ours does."""
    if settings.driver in ("", DEVICEMAPPER):
        return
    path = "/var" if root is None else root.path
    if root is not None and draft.facts.mount(path) is None:
        return
    mount = draft.facts.mount_of(path)
    if mount is not None and mount.type_in_directories is False:
        raise CannotSetUp(
            f"cannot use {settings.driver}: the XFS at {mount.target} was made with ftype=0",
            remedy="set CONTAINER_ROOT_LV_NAME and CONTAINER_ROOT_LV_MOUNT_PATH for a volume of its own",
        )


def _record(settings: Settings, draft: Draft, seen: Seen) -> Record:
    root = seen.root
    return Record(
        settings.driver,
        draft.group,
        any(isinstance(step, MakeGroup) for step in draft.steps),
        tuple(one.path for one in seen.devices),
        settings.pool_name,
        "" if root is None else root.name,
        "" if root is None else root.path,
        settings.auto_extend,
        str(settings.wait),
    )
