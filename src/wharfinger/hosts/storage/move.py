"""
Plan how what Docker keeps moves to another driver, onto another volume, or both, losing nothing.

Pure. `moves` finds out whether a move is needed, and of which kind:

    another driver              images and containers go through archives; volumes stay where they are
                                or are copied. The store of the old driver stays until it is released
    another volume              all of the data root is copied; the old one is set aside
    rebuild, asked for by name  what the engine has in the wanted group is copied, then removed, and
                                the group is set up anew. Once removed, there is no way but forward

Which volumes are made, and how large, is decided by the caller (`Made`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, count
from typing import Final

from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host.storage.facts import Engine, StorageFacts, Volume
from wharfinger.hosts.on_host.storage.steps import ConfigureEngine, MountFilesystem
from wharfinger.hosts.site.storage import Driver, Storage
from wharfinger.hosts.storage import daemon_settings, move_refusals, move_steps, room
from wharfinger.hosts.storage.move_parts import (
    CALLED,
    Made,
    Make,
    Move,
    NewRoot,
    Situation,
    is_of,
    mapped,
    pool_of,
    volume_of,
)
from wharfinger.hosts.storage.planned import PlannedStep, Refusal

_DOCKER: Final = "docker"


def moves(
    wanted: Storage, facts: StorageFacts, make: Make, *, rebuild: bool = False
) -> Move | None:
    """`None` where what Docker keeps stays where and how it is, or there is no Docker. Then nothing
    is planned here, and what `make` says is the caller's to do."""
    engine = facts.engine(_DOCKER)
    if engine is None:
        return None
    in_group = _in_group(wanted, facts, engine)
    removed = in_group if rebuild else ()
    made = _hinted(make(_without(facts, removed)), in_group, rebuild=rebuild)
    move = _situation(wanted, facts, engine, made, removed)
    if not move.carried and not move.fresh:
        return None
    return _first(move) if _has_nothing(engine) else _planned(move)


def _situation(
    wanted: Storage,
    facts: StorageFacts,
    engine: Engine,
    made: Made,
    removed: tuple[Volume, ...],
) -> Situation:
    source = _driver(engine)
    target = wanted.driver or source or Driver.OVERLAY2
    other_pool = target is Driver.DEVICEMAPPER and _is_other_pool(facts, engine, made)
    made = made if _is_for(made.root, engine) else _mounted(made)
    return Situation(
        facts=facts,
        engine=engine,
        source=source,
        target=target,
        made=made,
        archives=wanted.archives or f"{engine.data_root}.archives",
        archives_named=wanted.archives is not None,
        kept=_free_name(f"{engine.data_root}.before", facts),
        carried=bool(removed) or other_pool or wanted.driver not in (None, source),
        fresh=bool(removed) or made.root is not None or (source is target and other_pool),
        removed=removed,
    )


def _planned(move: Situation) -> Move:
    needs = room.forecasts(move)
    settings, unreadable = _settings(move)
    return Move(
        steps=move_steps.steps(move, settings),
        refusals=(*move.made.refusals, *move_refusals.refusals(move, needs), *unreadable),
        forecasts=(*move.made.forecasts, *needs),
        notes=(*move.made.notes, *_notes(move)),
        keeps=tuple(_keeps(move)),
        rests_on=(f"engine {move.engine.name}", f"mount {move.root}"),
        summary=_summary(move),
    )


def _first(move: Situation) -> Move:
    """An engine that has never run is only told its driver: there is nothing to carry."""
    made = _mounted(move.made)
    settings, unreadable = _settings(move)
    told = tuple(PlannedStep(one, f"{_DOCKER} is to use {move.target}") for one in settings)
    return Move(
        steps=(*made.steps, *told),
        refusals=(*made.refusals, *unreadable),
        forecasts=made.forecasts,
        notes=made.notes,
        rests_on=(f"engine {move.engine.name}",),
        summary=f"set up the storage of {_DOCKER}",
    )


def _hinted(made: Made, in_group: tuple[Volume, ...], *, rebuild: bool) -> Made:
    """Where the group has no room, the engine itself may have taken it."""
    if rebuild or not in_group or all(one.code != "no-space" for one in made.refusals):
        return made
    names = " and ".join(f"{one.group}/{one.name}" for one in in_group)
    note = (
        f"there would be room without {names}: `--rebuild` copies what is in there, removes it and"
        " makes all anew; from then on there is no way back but the copies"
    )
    return replace(made, notes=(*made.notes, note))


def _settings(move: Situation) -> tuple[tuple[ConfigureEngine, ...], tuple[Refusal, ...]]:
    if not move.carried or not daemon_settings.can_tell(move.engine):
        return (), ()
    pool = move.made.pool
    device = None if pool is None else f"/dev/mapper/{mapped(*pool)}"
    try:
        return daemon_settings.steps(move.engine, move.target, device), ()
    except WharfingerError as error:
        remedy = error.remedy or "look at the file, and put it right"
        return (), (Refusal(error.code, move.engine.config, str(error), remedy),)


def _driver(engine: Engine) -> Driver | None:
    """As the engine says, or where it does not run, as its data root says."""
    called = engine.driver or (engine.stores[0] if len(engine.stores) == 1 else "")
    known = (one for one, name in CALLED.items() if name == called)
    return next(known, None)


def _has_nothing(engine: Engine) -> bool:
    return engine.pid is None and not engine.driver and not engine.stores


def _is_for(root: NewRoot | None, engine: Engine) -> bool:
    """Would the engine's data be below this mount?"""
    return root is not None and f"{engine.data_root}/".startswith(f"{root.target}/")


def _mounted(made: Made) -> Made:
    """A filesystem that no move concerns is mounted right after it is made."""
    if (root := made.root) is None:
        return made
    step = MountFilesystem(root.device, root.target, root.type, root.options)
    planned = PlannedStep(step, f"{root.target} is to have a filesystem of its own")
    return replace(made, steps=(*made.steps, planned), root=None)


def _is_other_pool(facts: StorageFacts, engine: Engine, made: Made) -> bool:
    found = pool_of(facts, engine)
    return made.pool is not None and (found is None or (found.group, found.name) != made.pool)


def _in_group(wanted: Storage, facts: StorageFacts, engine: Engine) -> tuple[Volume, ...]:
    """What of the engine lies in the wanted group: its pool, and the volume of its data root."""
    own = facts.mount(engine.data_root)
    found = (pool_of(facts, engine), None if own is None else volume_of(facts, own))
    groups = {one.name for one in facts.groups}
    if wanted.volume_group is not None:
        groups = {wanted.volume_group}
    return tuple(one for one in found if one is not None and one.group in groups)


def _without(facts: StorageFacts, removed: tuple[Volume, ...]) -> StorageFacts:
    """What will be there once these volumes are gone."""
    if not removed:
        return facts
    freed = {one.group: 0 for one in removed}
    for one in removed:
        freed[one.group] += one.size + 2 * (one.metadata_size or 0)  # it has a spare
    return replace(
        facts,
        volumes=tuple(one for one in facts.volumes if one not in removed),
        groups=tuple(
            replace(one, free=min(one.size, one.free + freed.get(one.name, 0)))
            for one in facts.groups
        ),
        mounts=tuple(one for one in facts.mounts if not any(is_of(one, gone) for gone in removed)),
        devices=tuple(
            one
            for one in facts.devices
            if not any(one.path == gone.path or gone.path in one.links for gone in removed)
        ),
    )


def _free_name(path: str, facts: StorageFacts) -> str:
    """A name that no order before this one has kept something under."""
    taken = {path for kept in facts.kept.values() for path in kept}
    numbered = (f"{path}-{number}" for number in count(2))
    return next(name for name in chain((path,), numbered) if name not in taken)


def _keeps(move: Situation) -> Iterator[str]:
    """In the order in which it can be released: what is mounted before the volume below."""
    own = move.facts.mount(move.root)
    if move.fresh and not move.root_is_removed:
        yield move.kept
        volume = None if own is None else volume_of(move.facts, own)
        if volume is not None:
            yield f"{volume.group}/{volume.name}"
    elif move.carried and not move.fresh:
        yield from _old_store(move)
        yield from (f"{move.root}/containers/{one}" for one in move.engine.container_ids)
    if move.carried:
        pool = pool_of(move.facts, move.engine)
        if pool is not None and pool not in move.removed:
            yield f"{pool.group}/{pool.name}"
        if not move.archives_named:
            yield move.archives


def _old_store(move: Situation) -> Iterator[str]:
    """What the old driver has in a data root that the new one goes on with. A containerd of the
    host's own has images of others, too, and stays as it is."""
    if move.source is not Driver.CONTAINERD:
        yield f"{move.root}/{move.engine.driver}"
        yield f"{move.root}/image/{move.engine.driver}"
    elif move.engine.containerd_root.startswith(f"{move.root}/"):
        yield move.engine.containerd_root


def _notes(move: Situation) -> Iterator[str]:
    if move.carried:
        yield "containers are made again as they were defined: they get new ids, and no old logs"
        yield "the build cache is not carried"
    if move.carried and Driver.CONTAINERD in (move.source, move.target):
        yield "images get other ids, since containerd counts their manifests and Docker their configs"
    if not move.carried and move.source is Driver.CONTAINERD:
        yield f"images stay where containerd keeps them: {move.engine.containerd_root}"
    if move.engine.foreign_volumes:
        names = ", ".join(move.engine.foreign_volumes)
        yield f"volumes of other drivers are left to these drivers: {names}"
    if move.removed:
        names = ", ".join(f"{one.group}/{one.name}" for one in move.removed)
        yield f"{names} is removed on the way: from then on there is no way back but the archives"


def _summary(move: Situation) -> str:
    source, target = move.engine.driver, CALLED[move.target]
    what = f"from {source} to {target}" if source != target else f"on {target}"
    where = f" onto {move.made.root.device}" if move.made.root is not None else ""
    return f"{'rebuild' if move.removed else 'move'} the data of {move.engine.name} {what}{where}"
