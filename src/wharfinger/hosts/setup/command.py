"""
What `docker-storage-setup` and `container-storage-setup` do when they are called.

Information and errors go to stderr, as `INFO: ` and `ERROR: `; what was asked for goes to stdout. The
code is 0, or 1 for anything that could not be done, which then has been taken back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from wharfinger.errors import Conflict, Forbidden, WharfingerError
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import reading, run
from wharfinger.hosts.on_host.storage.facts import StorageFacts
from wharfinger.hosts.on_host.storage.outcomes import Ending, Progress, StorageOutcome
from wharfinger.hosts.on_host.storage.steps import StorageOrder
from wharfinger.hosts.setup import arguments, host, keys, options, planning, records, taking
from wharfinger.hosts.setup.arguments import VERSION, Called, Word
from wharfinger.hosts.setup.drafts import OURS
from wharfinger.hosts.setup.errors import ConfigExists, NoSuchConfig, SetUpFailed
from wharfinger.hosts.setup.keys import DEVICEMAPPER
from wharfinger.hosts.setup.planning import OUTPUT, Planned
from wharfinger.hosts.setup.records import Record

_LIMIT: Final = 1 << 20
_GOOD: Final = (Ending.APPLIED, Ending.NOTHING_TO_DO)
_OVERLAYS: Final = ("overlay", "overlay2")

Write = Callable[[str], object]
Read = Callable[[Machine], StorageFacts]
Plan = Callable[[StorageFacts], Planned]


class NotRoot(Forbidden):
    code = "setup-not-root"

    def __init__(self) -> None:
        super().__init__("cannot set up storage: only root may", remedy="do it as root")


class NotActivatable(Conflict):
    """A configuration that was being removed."""

    code = "setup-invalid-config"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"cannot activate the storage configuration {name}: it was begun to be removed",
            remedy=f"container-storage-setup remove {name}",
        )


def read_facts(machine: Machine) -> StorageFacts:
    return reading.read_storage(machine, usage=False)


@dataclass(frozen=True, slots=True)
class Command:
    """One call of one of the programs. `out` and `err` take whole texts."""

    machine: Machine
    program: str
    out: Write
    err: Write
    read: Read = read_facts

    def run(self, words: Sequence[str]) -> int:
        """Do what the words say; return the exit code."""
        try:
            self._do(arguments.parse(self.program, words))
        except WharfingerError as error:
            self.err(f"ERROR: {error.message}\n")
            if error.remedy is not None:
                self.say(error.remedy)
            return 1
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            self.err(f"ERROR: cannot go on: {error.strerror or error}{where}\n")
            return 1
        return 0

    def say(self, text: str) -> None:
        self.err(f"INFO: {text}\n")

    def _do(self, called: Called) -> None:
        if called.word is Word.HELP:
            self.out(called.help)
        elif called.word is Word.VERSION:
            self.out(f"{VERSION}\n")
        elif not self.machine.kernel.is_root():
            raise NotRoot
        else:
            with host.locked(self.machine, self.say):
                _WORDS[called.word](self, called)

    # Compat mode

    def compat(self, _: Called) -> None:
        values = host.values(self.machine, host.INPUT, compat=True)
        settings = keys.read(values, compat=True)
        self._go_on()
        told = options.read(host.text(self.machine, OUTPUT) or "", options.COMPAT_VARIABLE)
        pool = options.pool_device(told)
        if pool and settings.driver:
            host.wait_for_node(self.machine, pool, settings.wait, self.say)
        if settings.driver in _OVERLAYS and options.driver(told) in ("", settings.driver):
            host.try_overlay(self.machine)

        def plan(facts: StorageFacts) -> Planned:
            seen = host.seen(self.machine, settings, facts, compat=True)
            return planning.compat(settings, facts, seen)

        self._carry_out(plan)

    def reset(self, _: Called) -> None:
        values = host.values(self.machine, host.INPUT, compat=True)
        settings = keys.read_for_removal(values)
        self._go_on()

        def plan(facts: StorageFacts) -> Planned:
            seen = host.seen_for_removal(self.machine, settings, facts)
            return taking.reset(settings, facts, seen)

        self._carry_out(plan)

    # Named configurations

    def create(self, called: Called) -> None:
        name, given = called.operands
        infile = os.path.abspath(given)  # noqa: PTH100 - as a shell takes it
        output = host.resolved(self.machine, os.path.abspath(called.output))  # noqa: PTH100 - the same
        folder = records.path(name)
        settings = keys.read(host.values(self.machine, infile, compat=False), compat=False)
        text = host.text(self.machine, infile) or ""
        summary = f"create the storage configuration {name}"
        if self._go_on() != summary:
            if self.machine.files.look(folder) is not None:
                raise ConfigExists(name)
            if settings.driver in _OVERLAYS:
                host.try_overlay(self.machine)

            def plan(facts: StorageFacts) -> Planned:
                seen = host.seen(self.machine, settings, facts, compat=False)
                wanted = output if called.output else ""
                return planning.named(name, text, wanted, settings, facts, seen)

            self._carry_out(plan)
        self.out(f"Created storage configuration {name}\n")

    def activate(self, called: Called) -> None:
        (name,) = called.operands
        record, status = self._kept(name)
        if status == records.INVALID:
            raise NotActivatable(name)
        self._go_on()
        seconds = int(record.wait or "0")
        names = [record.pool] if record.driver == DEVICEMAPPER else []
        for one in filter(None, (*names, record.root_name)):
            host.wait_for_volume(self.machine, record.group, one, seconds, self.say)
        self._carry_out(lambda facts: taking.activate(name, record, facts))
        self.out(f"Activated storage configuration {name}\n")

    def deactivate(self, called: Called) -> None:
        (name,) = called.operands
        record, _ = self._kept(name)
        self._go_on()
        self._carry_out(lambda facts: taking.deactivate(name, record, facts))
        self.out(f"Deactivated storage configuration {name}\n")

    def remove(self, called: Called) -> None:
        (name,) = called.operands
        record, _ = self._kept(name)
        if self._go_on() != f"remove the storage configuration {name}":
            self._carry_out(lambda facts: taking.remove(name, record, facts))
        self.out(f"Removed storage configuration {name}\n")

    def add_device(self, called: Called) -> None:
        name, given = called.operands
        record, _ = self._kept(name)
        self._go_on()

        def plan(facts: StorageFacts) -> Planned:
            (device,) = host.devices(self.machine, (given,), facts, compat=False)
            return planning.add_device(name, record, device, facts)

        self._carry_out(plan)
        self.out(f"Added device {given} to storage configuration {name}\n")

    def list(self, called: Called) -> None:
        if called.operands:
            (name,) = called.operands
            self.out(records.told(name, *self._kept(name)))
            return
        rows: dict[str, tuple[str, str]] = {}
        for name in self.machine.files.names(records.STATE_DIRECTORY):
            record, status = self._kept(name)
            rows[name] = (record.driver, status)
        self.out(records.table(rows))

    def export(self, called: Called) -> None:
        (name,) = called.operands
        self._kept(name)
        self.out(host.text(self.machine, records.path(name, "outfile")) or "")

    def _kept(self, name: str) -> tuple[Record, str]:
        """What is recorded of a configuration, and its status."""
        path = records.path(name, "metadata")
        content = self.machine.files.read(path, limit=_LIMIT)
        if content is None:
            raise NoSuchConfig(name)
        status = host.text(self.machine, records.path(name, "status")) or ""
        return records.parsed(content, path), status.strip()

    # Orders

    def _go_on(self) -> str:
        """End what a killed run of ours has begun, and say what it was. An order of `wharf storage`
        is not ours to go on with: engines may have to be stopped for it."""
        pending = run.unfinished(self.machine)
        if pending is None or not pending.summary.startswith(OURS):
            return ""
        self.say(f"going on with what was not finished: {pending.summary}")
        outcome = run.resume(self.machine, say=self._progress, read=self.read)
        if outcome is None:
            return ""
        self._require_good(outcome)
        return outcome.summary.removeprefix(OURS)

    def _carry_out(self, plan: Plan) -> None:
        planned = plan(self.read(self.machine))
        if planned.growth.steps:
            self._apply(planned.growth)
            planned = plan(self.read(self.machine))
        for note in planned.notes:
            self.say(note)
        for note in planned.loud:
            self.err(f"WARNING: {note}\n")
        self._apply(planned.order)

    def _apply(self, order: StorageOrder) -> None:
        if not order.steps:
            return  # also beside an order of `wharf storage` that did not end: a boot goes on
        outcome = run.apply(order, self.machine, say=self._progress, read=self.read)
        self._require_good(outcome)

    def _require_good(self, outcome: StorageOutcome) -> None:
        if outcome.ending in _GOOD:
            return
        if outcome.ending is Ending.STOPPED:
            run.undo(self.machine, outcome.id, say=self._progress, read=self.read)
        raise SetUpFailed(
            f"cannot {outcome.summary.removeprefix(OURS)}: {outcome.trouble}",
            remedy="what was made for it has been taken back",
        )

    def _progress(self, progress: Progress) -> None:
        if not progress.what:
            back = "taking back: " if progress.back else ""
            self.say(f"{back}{progress.name} ({progress.step} of {progress.steps})")


_WORDS: Final[Mapping[Word, Callable[[Command, Called], None]]] = {
    Word.COMPAT: Command.compat,
    Word.RESET: Command.reset,
    Word.CREATE: Command.create,
    Word.ACTIVATE: Command.activate,
    Word.DEACTIVATE: Command.deactivate,
    Word.REMOVE: Command.remove,
    Word.LIST: Command.list,
    Word.EXPORT: Command.export,
    Word.ADD_DEVICE: Command.add_device,
}
