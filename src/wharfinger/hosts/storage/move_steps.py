"""
The steps of a move in their order.

    inventory, copies      while the engine runs, and the old data is only read
    stop
    room                   the old data root is set aside (or saved and removed: the destructive way),
                           the new volume mounted, and what knows no driver copied into it
    settings
    start, copies back, proof

All but a removal is taken back by its undo, in the reverse order, and ends with the engine up on the
old driver with all that it had.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.hosts.on_host.storage.steps import (
    CarryDigests,
    ConfigureEngine,
    CopyTree,
    ExportContainers,
    ExportImages,
    ImportContainers,
    ImportImages,
    MountFilesystem,
    ProveInventory,
    RemoveVolume,
    SetAside,
    StartEngine,
    StopEngine,
    TakeInventory,
    Unmount,
)
from wharfinger.hosts.site.storage import Driver
from wharfinger.hosts.storage.move_parts import CALLED, Situation
from wharfinger.hosts.storage.planned import PlannedStep

_KNOWS_NO_DRIVER: Final = ("engine-id", "network", "plugins", "swarm", "trust", "volumes")
"""What of a data root serves any driver; what of these is not there is passed over."""
_NAMES_AND_LAYERS: Final = "image"
"""Where the data root has the names of images; the new one gets them by `CarryDigests`."""


def steps(move: Situation, settings: tuple[ConfigureEngine, ...]) -> tuple[PlannedStep, ...]:
    made = () if move.removed else move.made.steps
    return (*made, *_before(move), *_room(move), *_after(move, settings))


def _before(move: Situation) -> Iterator[PlannedStep]:
    name = move.engine.name
    yield PlannedStep(
        TakeInventory(name, contents=True), "to prove afterwards that everything is there"
    )
    if move.carried:
        why = f"{move.engine.driver} and {CALLED[move.target]} cannot read each other's"
        if move.source is move.target:
            why = "what they are in goes on the way"
        yield PlannedStep(ExportImages(name, move.archives), why)
        yield PlannedStep(ExportContainers(name, move.archives), why)
    yield PlannedStep(StopEngine(name), "nobody may write while its data moves", Disruption.DRAIN)


def _room(move: Situation) -> Iterator[PlannedStep]:
    if move.root_is_removed:
        yield from _saved(move)
    elif move.fresh:
        yield PlannedStep(SetAside(move.root, move.kept), "it is kept until the move is released")
    for volume in move.removed:
        yield PlannedStep(
            RemoveVolume(volume.group, volume.name),
            "the destructive way was asked for; what was in it stands in the archives",
        )
    if move.removed:
        yield from move.made.steps
    if (new := move.made.root) is not None:
        step = MountFilesystem(new.device, new.target, new.type, new.options)
        yield PlannedStep(step, f"{move.engine.name} keeps its data there from now on")
    if move.fresh:
        names = _KNOWS_NO_DRIVER if move.carried else ()
        yield PlannedStep(CopyTree(move.saved, move.root, names), "the engine goes on with it")


def _saved(move: Situation) -> Iterator[PlannedStep]:
    names = (*_KNOWS_NO_DRIVER, _NAMES_AND_LAYERS)
    yield PlannedStep(CopyTree(move.root, move.saved, names), "its filesystem is removed")
    yield PlannedStep(Unmount(move.root), "its filesystem is removed")


def _after(move: Situation, settings: tuple[ConfigureEngine, ...]) -> Iterator[PlannedStep]:
    name = move.engine.name
    for setting in settings:
        yield PlannedStep(setting, f"{name} is to use {move.target}")
    if move.carried and Driver.CONTAINERD not in (move.source, move.target):
        source = move.saved if move.fresh else move.root
        step = CarryDigests(source, move.root, move.engine.driver, CALLED[move.target])
        yield PlannedStep(step, "copies of images do not know the digests of their registries")
    yield PlannedStep(StartEngine(name), f"on {CALLED[move.target]}")
    if move.carried:
        yield PlannedStep(ImportImages(name, move.archives), "back from the archives")
        yield PlannedStep(ImportContainers(name, move.archives), "as they were defined")
    same = Driver.CONTAINERD not in (move.source, move.target) or not move.carried
    yield PlannedStep(
        ProveInventory(name, contents=True, digests=same),
        "only then does the move count as done",
    )
