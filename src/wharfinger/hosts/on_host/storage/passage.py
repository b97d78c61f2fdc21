"""
The steps of one order, one after the other: forward, and back where one fails.

Each step is written down before it is begun and after it is done. What a step raises sends the order
back to the last step that stays. A signal counts as a failure of the step that it meets; on the way
back signals wait. If the journal cannot be written, we stop at once, without going back: it says that
the order runs, and the next command goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import steps
from wharfinger.hosts.on_host.storage.errors import GoingBackFailed, JournalUnwritable
from wharfinger.hosts.on_host.storage.interrupts import Interrupts
from wharfinger.hosts.on_host.storage.journal import Entry, Journal, Phase, said
from wharfinger.hosts.on_host.storage.outcomes import Progress, StorageOutcome
from wharfinger.hosts.on_host.storage.steps import Back
from wharfinger.hosts.on_host.storage.work import Notes, Setting, Worker

Say = Callable[[Progress], None]
Workers = Mapping[type, Worker[Any]]


class Passage:
    """How orders pass on this host; whoever makes one holds the journal's lock."""

    def __init__(self, machine: Machine, journal: Journal, workers: Workers, say: Say) -> None:
        self._machine = machine
        self._journal = journal
        self._workers = workers
        self._say = say

    def check(self, order: steps.StorageOrder) -> None:
        """Ask each worker whether its step may be done. Nothing is noted and nothing is changed."""
        for step in order.steps:
            self._workers[type(step)].check(step, Setting(self._machine, "", ""))

    def check_back(self, entry: Entry) -> None:
        """Ask each worker whether taking its step back would lose anything."""
        keeper = _Keeper(self._journal, entry)
        for index, step in enumerate(entry.order.steps):
            setting = self._setting(keeper, index, back=True)
            self._worker(entry, index).check_undo(step, setting)

    def forward(self, entry: Entry) -> StorageOutcome:
        """To the end, or back. Raise `JournalUnwritable` or `GoingBackFailed`."""
        interrupts = Interrupts()
        with interrupts.taken():
            entry = self._journal.move(entry, phase=Phase.RUNNING, trouble="")
            for index in range(entry.done, len(entry.order.steps)):
                entry = self._journal.move(entry, begun=index + 1)
                keeper = _Keeper(self._journal, entry)
                try:
                    with interrupts.let_in():
                        notes = self._worker(entry, index).do(
                            entry.order.steps[index], self._setting(keeper, index, back=False)
                        )
                except JournalUnwritable:
                    raise
                except (OSError, WharfingerError, KeyboardInterrupt) as error:
                    return self._fall_back(keeper.entry, words(error), index)
                entry = self._journal.move(keeper.entry.noted(index, notes), done=index + 1)
            return self._end(entry)

    def back(self, entry: Entry) -> StorageOutcome:
        """Take back what an entry that is `UNDOING` has above its floor; raise `GoingBackFailed`."""
        with Interrupts().taken():
            while entry.begun > entry.floor:
                entry = self._take_back(entry, entry.begun - 1)
            return self._journal.end(entry, entry.after)

    def _fall_back(self, entry: Entry, trouble: str, index: int) -> StorageOutcome:
        floor = floor_of(entry)
        told = f"{said(entry.order.steps[index])}: {trouble}"
        after = Phase.STOPPED if floor else Phase.ROLLED_BACK
        return self.back(
            self._journal.move(entry, phase=Phase.UNDOING, floor=floor, after=after, trouble=told)
        )

    def _take_back(self, entry: Entry, index: int) -> Entry:
        step, keeper = entry.order.steps[index], _Keeper(self._journal, entry)
        undo = self._worker(entry, index).undo
        if undo is not None:
            try:
                undo(step, self._setting(keeper, index, back=True))
            except JournalUnwritable:
                raise
            except (OSError, WharfingerError) as error:
                raise GoingBackFailed(entry.id, said(step), words(error), entry.trouble) from error
        done = min(entry.done, index)
        return self._journal.move(keeper.entry.noted(index, {}), begun=index, done=done)

    def _end(self, entry: Entry) -> StorageOutcome:
        if entry.releases:
            for other in self._journal.entries():
                if other.id == entry.releases:
                    self._journal.move(other, phase=Phase.RELEASED)
        return self._journal.end(entry, Phase.APPLIED)

    def _worker(self, entry: Entry, index: int) -> Worker[Any]:
        return self._workers[type(entry.order.steps[index])]

    def _setting(self, keeper: _Keeper, index: int, *, back: bool) -> Setting:
        order = keeper.entry.order
        step = said(order.steps[index])

        def say(what: str, done: int, whole: int) -> None:
            count = len(order.steps)
            self._say(Progress(keeper.entry.id, index + 1, count, step, back, what, done, whole))

        say("", 0, 0)
        return Setting(
            self._machine,
            keeper.entry.id,
            keeper.entry.folder,
            keeper.entry.notes.get(index, {}),
            lambda notes: keeper.keep(index, notes),
            say,
        )


class _Keeper:
    """The entry of a step under way, with what its worker notes meanwhile."""

    def __init__(self, journal: Journal, entry: Entry) -> None:
        self._journal = journal
        self.entry = entry

    def keep(self, index: int, notes: Notes) -> None:
        self.entry = self._journal.move(self.entry.noted(index, notes))


def floor_of(entry: Entry) -> int:
    """How many steps an order keeps when it goes back: all up to the last that stays. One that is
    final counts from its beginning, since what it has removed of a thing is gone."""
    for index in reversed(range(entry.begun)):
        back = entry.order.steps[index].back
        if back is Back.FINAL or (back is Back.STAYS and index < entry.done):
            return index + 1
    return 0


def words(error: BaseException) -> str:
    if isinstance(error, WharfingerError):
        return error.message
    if isinstance(error, OSError):
        return f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    return "it was interrupted"
