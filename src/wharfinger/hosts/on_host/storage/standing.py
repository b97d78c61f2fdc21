"""
Whether what orders have brought about still stands: mounts at the next boot, and what was proven last.

Nothing is changed. What somebody has removed since is told and not judged: nobody can say from here
whether it was meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.results import Holds, Proven
from wharfinger.hosts.on_host.storage import boot_mounts
from wharfinger.hosts.on_host.storage.docker import engine, inventory
from wharfinger.hosts.on_host.storage.docker.api import EngineFailed
from wharfinger.hosts.on_host.storage.docker.inventory import Inventory
from wharfinger.hosts.on_host.storage.journal import Entry, Journal, Phase
from wharfinger.hosts.on_host.storage.readable import text_of
from wharfinger.hosts.on_host.storage.steps import ProveInventory
from wharfinger.hosts.on_host.storage.work import Setting, StepFailed

_STANDS: Final = (Phase.APPLIED, Phase.RELEASED)
_SHOWN: Final = 5


def at_boot(machine: Machine, target: str) -> Proven:
    """Is it mounted at the next boot, by /etc/fstab or by a unit that is started?"""
    what = f"{target} is mounted at boot"
    table = text_of(machine.files, boot_mounts.FSTAB)
    if boot_mounts.without(table, target) != table:
        return Proven(what, Holds.YES)
    if not boot_mounts.units(machine):
        return Proven(what, Holds.NO, f"no line of {boot_mounts.FSTAB} has it")
    unit = boot_mounts.unit_name(target)
    if machine.files.look(f"{boot_mounts.UNITS}/{unit}") is None:
        return Proven(what, Holds.NO, f"neither {boot_mounts.FSTAB} nor {unit} has it")
    started = f"{boot_mounts.UNITS}/local-fs.target.wants/{unit}"
    if machine.files.look(started) is None:
        return Proven(what, Holds.NO, f"{unit} is there and is not enabled")
    return Proven(what, Holds.YES)


def last_proof(machine: Machine) -> Proven | None:
    """Of the last order that has proven anything; `None` where there is none."""
    entry = _last(machine)
    return None if entry is None else still_there(entry.id, entry.folder, machine)


def still_there(order_id: str, folder: str, machine: Machine) -> Proven:
    """Is what an order found at its end still there?"""
    what = f"what order {order_id} has proven is there"
    try:
        then = inventory.read(Setting(machine, order_id, folder), f"{folder}/after")
        gone = list(_gone(then, engine.connect(machine)))
    except (EngineFailed, StepFailed) as error:
        return Proven(what, Holds.UNKNOWN, error.message)
    if gone:
        more = f" and {len(gone) - _SHOWN} more" if len(gone) > _SHOWN else ""
        return Proven(what, Holds.UNKNOWN, f"not any more: {', '.join(gone[:_SHOWN])}{more}")
    return Proven(what, Holds.YES)


def _last(machine: Machine) -> Entry | None:
    proven = (
        one
        for one in reversed(Journal(machine.files).entries())
        if one.phase in _STANDS
        and any(isinstance(step, ProveInventory) for step in one.order.steps)
    )
    return next(proven, None)


def _gone(then: Inventory, found: engine.Engine) -> Iterator[str]:
    images = inventory.images(found.api)
    known = {one.id for one in images} | {one.content for one in images}
    for image in then.images:
        if not known & {image.id, image.content}:
            yield f"image {image.shown}"
    volumes = {one.name for one in inventory.volumes(found.api)}
    yield from (f"volume {one.name}" for one in then.volumes if one.name not in volumes)
    listed = found.api.get("/containers/json?all=1", "list the containers") or ()
    containers = {engine.name_of(one) for one in listed}
    yield from (f"container {one.name}" for one in then.containers if one.name not in containers)
