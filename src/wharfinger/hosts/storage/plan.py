"""
Plan what brings the storage of a host to what its site says.

Pure: facts in, steps in order out, with everything judged before any step is listed. The layout (group,
pool, volume) is planned here; where what Docker keeps has to go elsewhere, `move` plans that around it.
Shrinking is never planned: a wrong size would lose data, so that is left to a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from wharfinger.hosts.on_host.storage import facts as host_facts
from wharfinger.hosts.on_host.storage.facts import Engine, StorageFacts
from wharfinger.hosts.on_host.storage.steps import (
    Back,
    MountFilesystem,
    ProveInventory,
    StorageOrder,
    TakeInventory,
)
from wharfinger.hosts.site.storage import Storage
from wharfinger.hosts.storage import layout, move, parts
from wharfinger.hosts.storage.layout import Layout
from wharfinger.hosts.storage.move_parts import Move, NewRoot
from wharfinger.hosts.storage.parts import Part
from wharfinger.hosts.storage.planned import PlannedStep, Refusal, StoragePlan

_PROVEN: Final = "docker"
"""The engine whose images can be counted and compared."""


def plan(wanted: Storage, facts: StorageFacts, *, rebuild: bool = False) -> StoragePlan:
    """Without steps and refusals the host is so already. With a refusal no order is made."""
    own = layout.layout(wanted, facts)
    moved = move.moves(wanted, facts, lambda then: layout.made(wanted, then), rebuild=rebuild)
    part = _with_root(own, facts) if moved is None else _moved(own, moved)
    part = parts.joined((_unfinished(facts), _nobody_to_tell(wanted, facts), part))
    if moved is None:
        part = _proven(part, facts)
    return StoragePlan(
        part.steps,
        part.refusals,
        part.forecasts,
        part.notes,
        StorageOrder() if part.refusals else _order(part, facts, moved),
    )


def _order(part: Part, facts: StorageFacts, moved: Move | None) -> StorageOrder:
    if not part.steps:
        return StorageOrder()
    return StorageOrder(
        tuple(one.step for one in part.steps),
        expects(part.rests_on, facts),
        () if moved is None else moved.keeps,
        "; ".join(part.summary),
    )


def expects(names: Iterable[str], facts: StorageFacts) -> dict[str, str]:
    """The fingerprint of each thing that a plan rests on; empty for what is not there."""
    known = host_facts.fingerprints(facts)
    return {name: known.get(name, "") for name in names}


def _unfinished(facts: StorageFacts) -> Part:
    if not facts.unfinished:
        return Part()
    return parts.refused(
        Refusal(
            "unfinished-order",
            facts.unfinished,
            f"order {facts.unfinished} was begun and has not ended",
            "`wharf storage apply` goes on with it, `wharf storage undo` takes it back",
        )
    )


def _nobody_to_tell(wanted: Storage, facts: StorageFacts) -> Part:
    if wanted.driver is None or facts.engine(_PROVEN) is not None:
        return Part()
    return parts.noted(f"there is no Docker here, so nobody is told to use {wanted.driver}")


def _moved(own: Layout, moved: Move) -> Part:
    """A move has the steps of the layout within its own."""
    return Part(
        moved.steps,
        moved.refusals,
        moved.forecasts,
        moved.notes,
        tuple(dict.fromkeys((*own.part.rests_on, *moved.rests_on))),
        tuple(one for one in (*own.part.summary, moved.summary) if one),
    )


# Where nothing has to move


def _with_root(own: Layout, facts: StorageFacts) -> Part:
    if own.root is None:
        return own.part
    refusal = _in_the_way(own.root, facts)
    if refusal is not None:
        return parts.joined((own.part, parts.refused(refusal)))
    root = own.root
    step = PlannedStep(
        MountFilesystem(root.device, root.target, root.type, root.options), "now and at each boot"
    )
    return parts.joined((own.part, parts.step(step, f"mount {root.target}")))


def _in_the_way(root: NewRoot, facts: StorageFacts) -> Refusal | None:
    """What would be hidden by the mount and is not ours to move."""
    found = facts.mount(root.target)
    if found is not None:
        return Refusal(
            "mounted",
            root.target,
            f"{found.source} is mounted there",
            f"unmount it, or say another mountPath for {root.device}",
        )
    engine = next((one for one in facts.engines if _keeps_data_in(one, root.target)), None)
    if engine is None:
        return None
    return Refusal(
        "data-in-the-way",
        root.target,
        f"{engine.name} keeps {engine.images} images and {engine.containers} containers in"
        f" {engine.data_root}, which the mount would hide",
        f"remove them with the tools of {engine.name}, or move them to the new volume yourself",
    )


def _keeps_data_in(engine: Engine, target: str) -> bool:
    inside = f"{engine.data_root}/".startswith(f"{target}/")
    return inside and engine.name != _PROVEN and bool(engine.images or engine.containers)


def _proven(part: Part, facts: StorageFacts) -> Part:
    """What grows under a running engine: its images are counted before and compared afterwards."""
    engine = facts.engine(_PROVEN)
    grows = any(one.step.back is Back.STAYS for one in part.steps)
    if engine is None or engine.pid is None or not grows:
        return part
    return parts.joined(_around(part, engine))


def _around(part: Part, engine: Engine) -> Iterator[Part]:
    before = TakeInventory(engine.name, contents=False)
    after = ProveInventory(engine.name, contents=False)
    yield parts.step(PlannedStep(before, "what there is now"), f"engine {engine.name}")
    yield part
    yield parts.step(PlannedStep(after, "the same images, volumes and containers are there"))
