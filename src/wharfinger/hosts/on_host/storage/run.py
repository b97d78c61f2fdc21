"""
Begin a storage order, go on with one that was killed, take one back, release what one has kept.

An order goes forward: what was killed is gone on with by the next command, since half of what was
asked for helps nobody and each step finds what is there of it. What fails is taken back (`passage`).
An order that stopped after a step that stays is gone on with, too, or given up with `undo`. Nothing
new is begun before that.
"""

from __future__ import annotations

from collections.abc import Callable

from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import facts as storage_facts
from wharfinger.hosts.on_host.storage import reading, releasing
from wharfinger.hosts.on_host.storage.errors import (
    DeviceRenamed,
    FactsChanged,
    NoDevices,
    NothingToRelease,
    NothingToUndo,
    UndoImpossible,
    Unfinished,
)
from wharfinger.hosts.on_host.storage.facts import StorageFacts
from wharfinger.hosts.on_host.storage.journal import Entry, Journal, Phase, said
from wharfinger.hosts.on_host.storage.outcomes import Ending, Progress, StorageOutcome
from wharfinger.hosts.on_host.storage.passage import Passage, Say, Workers, floor_of
from wharfinger.hosts.on_host.storage.steps import Back, MountFilesystem, StorageOrder
from wharfinger.hosts.on_host.storage.workers import WORKERS

Read = Callable[[Machine], StorageFacts]

_STAND = (Phase.APPLIED, Phase.GIVEN_UP, Phase.RELEASED)
"""Phases of orders that have left something behind."""


_DISKS = ("disk", "mpath")


def quiet(_: Progress) -> None:
    """Nobody wants to know how far it is."""


def _now(machine: Machine) -> StorageFacts:
    """What fingerprints are of. The engines need not count for it what they keep, which takes long."""
    return reading.read_storage(machine, usage=False)


def apply(
    order: StorageOrder,
    machine: Machine,
    *,
    say: Say = quiet,
    read: Read = _now,
    workers: Workers = WORKERS,
    releases: str = "",
) -> StorageOutcome:
    """Carry out an order.

    Raise `Unfinished` where another one comes first, `FactsChanged` where the plan no longer counts,
    what a worker's check raises, or `DiskFull`: then nothing has been begun.
    """
    journal = Journal(machine.files)
    _refuse_tree(machine)
    if not order.steps:
        _refuse_unfinished(journal)
        return StorageOutcome("", Ending.NOTHING_TO_DO, machine.now())
    with journal.locked():
        _refuse_unfinished(journal)
        found = read(machine)
        _refuse_stale(order, found)
        passage = Passage(machine, journal, workers, say)
        passage.check(order)
        identities = _identities(order, found)
        entry = journal.add(order, machine.now(), identities=identities, releases=releases)
        return passage.forward(entry)


def unfinished(machine: Machine) -> StorageOutcome | None:
    """The order that was begun and did not end."""
    entry = Journal(machine.files).unfinished()
    return None if entry is None else entry.outcome()


def resume(
    machine: Machine,
    *,
    say: Say = quiet,
    read: Read = _now,
    workers: Workers = WORKERS,
) -> StorageOutcome | None:
    """Go on with the order that was begun, in the direction in which it went; `None` for none."""
    journal = Journal(machine.files)
    _refuse_tree(machine)
    if journal.unfinished() is None:
        return None
    with journal.locked():
        entry = journal.unfinished()
        if entry is None:
            return None
        _refuse_renamed(entry, read(machine))
        passage = Passage(machine, journal, workers, say)
        return passage.back(entry) if entry.phase is Phase.UNDOING else passage.forward(entry)


def undo(
    machine: Machine,
    order_id: str | None = None,
    *,
    force: bool = False,
    say: Say = quiet,
    read: Read = _now,
    workers: Workers = WORKERS,
) -> StorageOutcome:
    """Take back the order that did not end, as far as it goes, or else the last one.

    Raise `NothingToUndo`, `UndoImpossible` where it has no way back, or what a worker raises where that
    would lose what has come since, unless it is forced: then nothing has been done.
    """
    journal = Journal(machine.files)
    _refuse_tree(machine)
    to_undo(machine, order_id)
    with journal.locked():
        entry = _undoable(journal, machine, order_id)
        _refuse_renamed(entry, read(machine))
        passage = Passage(machine, journal, workers, say)
        if entry.phase is Phase.APPLIED:
            if not force:
                passage.check_back(entry)
            entry = journal.move(entry, phase=Phase.UNDOING, floor=0, after=Phase.UNDONE)
        else:
            floor = entry.floor if entry.phase is Phase.UNDOING else floor_of(entry)
            after = Phase.GIVEN_UP if floor else Phase.UNDONE
            entry = journal.move(entry, phase=Phase.UNDOING, floor=floor, after=after)
        return passage.back(entry)


def to_undo(machine: Machine, order_id: str | None = None) -> StorageOutcome:
    """The order that `undo` would take back; raise as it does."""
    return _undoable(Journal(machine.files), machine, order_id).outcome()


def history(machine: Machine) -> list[StorageOutcome]:
    """Every order that was begun, the oldest first."""
    return [entry.outcome() for entry in Journal(machine.files).entries()]


def to_release(machine: Machine, order_id: str, *, read: Read = _now) -> StorageOrder:
    """The steps that remove what an order keeps; raise `NothingToRelease` or `StillNeeded`."""
    journal = Journal(machine.files)
    _refuse_unfinished(journal)
    return releasing.order(_keeping(journal, order_id), read(machine))


def release(
    machine: Machine,
    order_id: str,
    *,
    say: Say = quiet,
    read: Read = _now,
    workers: Workers = WORKERS,
) -> StorageOutcome:
    """Remove what an order keeps for its way back. After that it has none."""
    order = to_release(machine, order_id, read=read)
    number = _keeping(Journal(machine.files), order_id).id
    return apply(order, machine, say=say, read=read, workers=workers, releases=number)


def _refuse_tree(machine: Machine) -> None:
    if machine.is_tree:
        raise NoDevices


def _refuse_unfinished(journal: Journal) -> None:
    entry = journal.unfinished()
    if entry is not None:
        raise Unfinished(entry.id)


def _refuse_stale(order: StorageOrder, found: StorageFacts) -> None:
    now = storage_facts.fingerprints(found)
    changed = [name for name, then in order.expects.items() if now.get(name, "") != then]
    if changed:
        raise FactsChanged(changed)


def _identities(order: StorageOrder, found: StorageFacts) -> dict[str, str]:
    """What the disks are that the order speaks of, where that stays when names change. What lies on
    them may be removed or made by the order itself."""
    named = {name.partition(" ")[2] for name in order.expects if name.startswith("device ")}
    return {
        one.path: one.identity
        for one in found.devices
        if one.path in named and one.kind in _DISKS and one.identity
    }


def _refuse_renamed(entry: Entry, found: StorageFacts) -> None:
    """A restart of the host between two attempts may have given other names."""
    now = {one.path: one.identity for one in found.devices}
    for path, identity in entry.identities.items():
        if now.get(path) != identity:
            place = next((one.path for one in found.devices if one.identity == identity), "")
            raise DeviceRenamed(entry.id, path, identity, place)


def _undoable(journal: Journal, machine: Machine, order_id: str | None) -> Entry:
    entries = journal.entries()
    wanted = None if order_id is None else order_id.zfill(6)
    pending = next((entry for entry in reversed(entries) if entry.unfinished), None)
    if pending is not None and wanted in (None, pending.id):
        return pending
    standing = [entry for entry in entries if entry.phase in _STAND]
    found = [entry for entry in standing if wanted in (None, entry.id)]
    if not found:
        raise NothingToUndo(order_id)
    if pending is not None:
        raise Unfinished(pending.id)
    _refuse_no_way_back(found[-1], standing[-1], machine)
    return found[-1]


def _refuse_no_way_back(entry: Entry, last: Entry, machine: Machine) -> None:
    if entry.phase is Phase.RELEASED:
        raise UndoImpossible(entry.id, "what it had kept for the way back was released")
    for step in entry.order.steps:
        if step.back is Back.STAYS:
            raise UndoImpossible(entry.id, f"'{said(step)}' stays: what has grown does not shrink")
        if step.back is Back.FINAL:
            raise UndoImpossible(entry.id, f"'{said(step)}' is final: what it removed is gone")
    if entry.phase is Phase.GIVEN_UP:
        raise UndoImpossible(entry.id, "it was given up, and what is left of it stays")
    if last.id != entry.id:
        raise UndoImpossible(
            entry.id, f"order {last.id} came after it", remedy=f"undo {last.id} first"
        )
    if not entry.order.keeps:
        _refuse_used(entry, machine)


def _refuse_used(entry: Entry, machine: Machine) -> None:
    """What has been written since to a filesystem that the order made stands nowhere else."""
    for step in entry.order.steps:
        if isinstance(step, MountFilesystem):
            names = set(machine.files.names(step.target)) - {"lost+found"}
            if names:
                raise UndoImpossible(
                    entry.id,
                    f"{step.target} holds what was written there since ({min(names)}, …)",
                    remedy="move that away first, then undo",
                )


def _keeping(journal: Journal, order_id: str) -> Entry:
    for entry in journal.entries():
        if entry.id == order_id.zfill(6) and entry.phase is Phase.APPLIED and entry.order.keeps:
            return entry
    raise NothingToRelease(order_id)
