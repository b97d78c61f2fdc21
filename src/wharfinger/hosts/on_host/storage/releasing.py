"""
The order that removes what another order has kept for its way back.

Pure. It is refused while anything still uses what is kept, and while the engines that were moved do not
run: who cannot see that the new place works should keep the old one.
"""

from __future__ import annotations

from collections.abc import Iterator

from wharfinger.hosts.on_host.storage import facts as storage_facts
from wharfinger.hosts.on_host.storage.errors import StillNeeded
from wharfinger.hosts.on_host.storage.facts import StorageFacts
from wharfinger.hosts.on_host.storage.journal import Entry
from wharfinger.hosts.on_host.storage.steps import (
    RemoveTree,
    RemoveVolume,
    Step,
    StorageOrder,
    Unmount,
)


def order(entry: Entry, found: StorageFacts) -> StorageOrder:
    """Raise `StillNeeded` where it may not be done now."""
    paths = tuple(one for one in entry.order.keeps if one.startswith("/"))
    volumes = tuple(one for one in entry.order.keeps if not one.startswith("/"))
    _refuse_stopped_engines(entry, found)
    for path in paths:
        _refuse_used_path(entry.id, path, found)
    for volume in volumes:
        _refuse_used_volume(entry.id, volume, paths, found)
    names = [f"mount {path}" for path in paths] + [f"volume {volume}" for volume in volumes]
    now = storage_facts.fingerprints(found)
    return StorageOrder(
        (*_path_steps(paths, found), *(RemoveVolume(*one.split("/", 1)) for one in volumes)),
        {name: now.get(name, "") for name in names},
        summary=f"release what order {entry.id} has kept",
    )


def _path_steps(paths: tuple[str, ...], found: StorageFacts) -> Iterator[Step]:
    for path in paths:
        if found.mount(path) is not None:
            yield Unmount(path)
        yield RemoveTree(path)


def _refuse_stopped_engines(entry: Entry, found: StorageFacts) -> None:
    for name in sorted({str(vars(step).get("engine", "")) for step in entry.order.steps} - {""}):
        engine = found.engine(name)
        if engine is None or not engine.driver:
            raise StillNeeded(entry.id, f"{name} does not run", remedy=f"start {name}, look at it")


def _refuse_used_path(order_id: str, path: str, found: StorageFacts) -> None:
    for engine in found.engines:
        for root in (engine.data_root, engine.containerd_root):
            if root == path or root.startswith(f"{path}/"):
                raise StillNeeded(order_id, f"{engine.name} keeps its data in {path}")


def _refuse_used_volume(
    order_id: str, volume: str, paths: tuple[str, ...], found: StorageFacts
) -> None:
    mapped = "-".join(part.replace("-", "--") for part in volume.split("/", 1))
    for engine in found.engines:
        if engine.pool == mapped:
            raise StillNeeded(order_id, f"{engine.name} keeps its data in the pool {volume}")
    device = found.device(f"/dev/{volume}") or found.device(f"/dev/mapper/{mapped}")
    others = set(device.mounts if device is not None else ()) - set(paths)
    if others:
        raise StillNeeded(
            order_id,
            f"{volume} is mounted at {', '.join(sorted(others))}",
            remedy="unmount it, if nobody needs it",
        )
