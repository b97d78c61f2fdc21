"""
Carry out an order, take it back, and say what has become of it.

An apply that fails in any way is taken back, and so is one that was killed, by the next command: only
the states from before are in the journal, and going back needs nobody's decision. Files that somebody
else has changed in between are theirs and stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from wharfinger.errors import Conflict, NotFound, TooLarge, Unavailable, WharfingerError
from wharfinger.hosts.on_host import (
    actions,
    daemons,
    docker_keys,
    ordered,
    preflight,
    proofs,
    states,
)
from wharfinger.hosts.on_host.actions import Setting
from wharfinger.hosts.on_host.changes import Order, Proof
from wharfinger.hosts.on_host.journal import Entry, Journal, Phase
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.results import Ending, Holds, Outcome, Proven
from wharfinger.hosts.on_host.states import DiskFull, NotAFile, NotPrepared, State
from wharfinger.hosts.on_host.tree import Tree


class PlannedTooEarly(Conflict):
    """The plan was made of what a killed apply had left."""

    code = "planned-too-early"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"cannot apply: {path} was left by an apply that was killed, and has been brought back "
            "just now",
            remedy="plan again",
        )


class ChangedSince(Conflict):
    """Somebody has changed a file after us."""

    code = "changed-since"

    def __init__(self, entry: Entry, paths: Sequence[str]) -> None:
        super().__init__(
            f"cannot undo {entry.id}: changed since by somebody else: {', '.join(paths)}",
            remedy="undo later entries first (`wharf hosts history`), or force it, which loses "
            "what was changed",
        )
        self.paths = tuple(paths)


class NotProven(Conflict):
    """What the order was to bring about does not hold."""

    code = "not-proven"

    def __init__(self, proven: Sequence[Proven]) -> None:
        claims = "; ".join(f"{one.what}: {one.why}" for one in proven if one.holds is Holds.NO)
        super().__init__(f"cannot prove that {claims}")


class GoingBackFailed(Unavailable):
    """Files are partly as before and partly not; the next command goes on."""

    code = "going-back-failed"

    def __init__(self, entry: Entry, error: Exception, trouble: str) -> None:
        first = f"{trouble}; then " if trouble else ""
        super().__init__(
            f"cannot bring back what stood before {entry.id}: {first}{_words(error)}",
            remedy="put that right, then run `wharf hosts undo`, which goes on with it",
        )


class NothingToUndo(NotFound):
    code = "nothing-to-undo"

    def __init__(self, wanted: str | None) -> None:
        what = "no apply" if wanted is None else f"no apply {wanted}"
        super().__init__(f"cannot undo: {what} is left to undo", remedy="see `wharf hosts history`")


def apply(order: Order, machine: Machine) -> Outcome:
    """Make an order's changes, and prove them; on any failure bring everything back.

    What a killed apply has left is brought back first. Raise a `Conflict` where a file is not as the
    plan saw it, and other errors of this package where something cannot be changed: then nothing
    has been changed.
    """
    journal = Journal(machine.files)
    if order == Order() and not journal.unfinished():
        return Outcome("", Ending.NOTHING_TO_DO, machine.now())
    with journal.locked():
        _refuse_stale(order, _recover(journal, machine))
        if order == Order():
            return Outcome("", Ending.NOTHING_TO_DO, machine.now())
        return _apply(order, machine, journal)


def recover(machine: Machine) -> list[Outcome]:
    """Bring back what a killed apply or undo has left, before a plan is made of it."""
    journal = Journal(machine.files)
    if not journal.unfinished():
        return []
    with journal.locked():
        return _recover(journal, machine)


def undo(machine: Machine, number: str | None = None, *, force: bool = False) -> Outcome:
    """Bring back what stood there before an apply, by default the last that is not undone.

    Raise `ChangedSince` where that would lose what somebody else did, unless it is forced.
    """
    journal = Journal(machine.files)
    if not journal.entries():
        raise NothingToUndo(number)
    with journal.locked():
        recovered = _recover(journal, machine)
        if recovered and number is None:
            return recovered[-1]
        return _undo(_applied(journal, number), machine, journal, force=force)


def history(machine: Machine) -> list[Outcome]:
    """Every apply that the journal knows, the oldest first."""
    journal = Journal(machine.files)
    return [journal.outcome(entry) for entry in journal.entries()]


def verify(wanted: Sequence[Proof], machine: Machine) -> list[Proven]:
    """Look whether what was proven still holds."""
    return proofs.prove(wanted, machine)


def _refuse_stale(order: Order, recovered: Iterable[Outcome]) -> None:
    """An order that speaks of all that was brought back was planned of that, as `expect` shows."""
    spoken = {change.path for change in order.files}
    for path in (path for outcome in recovered for path in outcome.paths):
        if path not in spoken:
            raise PlannedTooEarly(path)


def _apply(order: Order, machine: Machine, journal: Journal) -> Outcome:
    pairs = ordered.pairs(order, machine.files, journal.entries())
    before, after = zip(*pairs.values()) if pairs else ((), ())
    preflight.check(machine.files, after)
    entry = Entry(
        journal.next_id(),
        machine.now(),
        before,
        tuple(state.mark for state in after),
        tuple(change.path for change in order.files),
        order.actions,
        daemons.running(machine),
    )
    journal.add(entry)
    return _change(entry, after, order.proofs, machine, journal)


def _change(
    entry: Entry,
    after: Sequence[State],
    wanted: Sequence[Proof],
    machine: Machine,
    journal: Journal,
) -> Outcome:
    proven: list[Proven] = []
    try:
        states.put(machine.files, after, entry.id)
        entry = journal.move(entry, Phase.ACTING)
        actions.run(entry.actions, Setting(machine, entry.daemons))
        proven = proofs.prove(wanted, machine, entry.daemons)
        if any(one.holds is Holds.NO for one in proven):
            raise NotProven(proven)
    except (OSError, WharfingerError, KeyboardInterrupt) as error:
        return _go_back(entry, Phase.ROLLED_BACK, machine, journal, trouble=_words(error))
    outcome = replace(entry.outcome(), ending=Ending.APPLIED, proofs=tuple(proven))
    return journal.end(entry, Phase.APPLIED, outcome)


def _recover(journal: Journal, machine: Machine) -> list[Outcome]:
    """The newest first, so that each finds what it left."""
    return [
        _go_back(
            entry,
            Phase.UNDONE if entry.phase is Phase.UNDOING else Phase.ROLLED_BACK,
            machine,
            journal,
            trouble="" if entry.phase is Phase.UNDOING else "it was killed",
        )
        for entry in reversed(journal.unfinished())
    ]


def _applied(journal: Journal, number: str | None) -> Entry:
    found = [entry for entry in journal.entries() if entry.phase is Phase.APPLIED]
    if number is not None:
        found = [entry for entry in found if entry.id == number.zfill(6)]
    if not found:
        raise NothingToUndo(number)
    return found[-1]


def _undo(entry: Entry, machine: Machine, journal: Journal, *, force: bool) -> Outcome:
    changed = _changed_since(machine.files, entry)
    if changed and not force:
        raise ChangedSince(entry, sorted(changed))
    preflight.check(machine.files, entry.before)
    entry = journal.move(entry, Phase.UNDOING)
    try:
        states.put(machine.files, entry.before, entry.id)
    except (DiskFull, NotPrepared):
        journal.move(entry, Phase.APPLIED)
        raise
    except OSError as error:
        raise GoingBackFailed(entry, error, "") from error
    return _go_back(entry, Phase.UNDONE, machine, journal)


def _go_back(
    entry: Entry, ending: Phase, machine: Machine, journal: Journal, *, trouble: str = ""
) -> Outcome:
    """Put all as it was, but for what somebody else has changed, and tell the daemons."""
    theirs = _changed_since(machine.files, entry)
    told = [trouble] if trouble else []
    told += [f"{path} was changed by somebody else and stays" for path in sorted(theirs)]
    try:
        states.clear(machine.files, entry.before, entry.id)
        kept = [state for state in entry.before if state.path not in theirs]
        states.put(machine.files, kept, entry.id)
    except (OSError, WharfingerError) as error:
        raise GoingBackFailed(entry, error, trouble) from error
    proven: list[Proven] = []
    if entry.phase is not Phase.CHANGING:
        proven = _tell_daemons(entry, machine, told)
    outcome = replace(
        entry.outcome(),
        ending=Ending.UNDONE if ending is Phase.UNDONE else Ending.ROLLED_BACK,
        proofs=tuple(proven),
        trouble="; ".join(told),
    )
    return journal.end(entry, ending, outcome)


def _tell_daemons(entry: Entry, machine: Machine, told: list[str]) -> list[Proven]:
    again = actions.back(entry.actions, machine)
    try:
        actions.run(again, Setting(machine, entry.daemons, back=True))
    except (OSError, WharfingerError) as error:
        told.append(f"after going back: {_words(error)}")
    return proofs.up_again(machine, entry.daemons) if again else []


def _changed_since(tree: Tree, entry: Entry) -> set[str]:
    """The files and links that are neither as they were before nor as the apply left them."""
    return {
        before.path
        for before, after in zip(entry.before, entry.after)
        if {before.kind, after.kind} & {"file", "link"} and not _is_one_of(tree, before, after)
    }


def _is_one_of(tree: Tree, before: State, after: State) -> bool:
    try:
        found = states.capture(tree, before.path)
    except (NotAFile, TooLarge):
        return False
    return found.is_as(before) or found.is_as(after) or docker_keys.is_emptied(found, before)


def _words(error: BaseException) -> str:
    if isinstance(error, WharfingerError):
        return error.message
    if isinstance(error, OSError):
        return f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    return "it was interrupted"
