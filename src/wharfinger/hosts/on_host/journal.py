"""
What has been done to a host, so that it can be taken back: one file for each apply.

    /var/lib/wharfinger-host/lock
    /var/lib/wharfinger-host/000017.applied.json    what stood there before, and what stands there now
    /var/lib/wharfinger-host/000017.outcome.json    what was told of it: proofs, trouble

The phase of an entry is part of its file's name. Renaming it is one step that needs no room on the
disk, so the journal never says less than what has happened. Entries have the bytes from before, and
those may be keys: the directory is for root alone. It is not in the state directory of `wharf up`,
which belongs to the user that the server runs as: who can change the journal can change the host.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import Any, Final

from wharfinger.errors import Conflict, Forbidden, Unavailable
from wharfinger.hosts.on_host import results, states
from wharfinger.hosts.on_host.changes import Action
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.results import Ending, Outcome
from wharfinger.hosts.on_host.states import State
from wharfinger.hosts.on_host.tree import Tree, above

DIRECTORY: Final = "/var/lib/wharfinger-host"
KEPT: Final = 100
"""Entries that are kept; older ones go, and what they did can no longer be undone."""

_LIMIT: Final = 1 << 30
_NAME: Final = re.compile(r"(?P<id>[0-9]{6,})\.(?P<phase>[a-z-]+)\.json")


class Phase(str, Enum):
    """CHANGING: files may be old or new, no daemon knows. ACTING: all files are new. UNDOING: files
    may be old or new, daemons may know. The others are endings.
    """

    CHANGING = "changing"
    ACTING = "acting"
    UNDOING = "undoing"
    APPLIED = "applied"
    ROLLED_BACK = "rolled-back"
    UNDONE = "undone"


UNFINISHED: Final = (Phase.CHANGING, Phase.ACTING, Phase.UNDOING)
_ENDINGS: Final = {
    Phase.APPLIED: Ending.APPLIED,
    Phase.ROLLED_BACK: Ending.ROLLED_BACK,
    Phase.UNDONE: Ending.UNDONE,
}


class HostLocked(Conflict):
    code = "host-locked"

    def __init__(self) -> None:
        super().__init__(
            "cannot change this host: another apply or undo is at work",
            remedy="wait until it has ended",
        )


class JournalUnreadable(Conflict):
    """An entry that we did not write, or a newer version did."""

    code = "journal-unreadable"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"cannot read the journal entry {path}",
            remedy=f"look at it; move {path} away if what it did need not be undone",
        )
        self.path = path


class JournalUnsafe(Conflict):
    """Somebody else than root could have written there."""

    code = "journal-unsafe"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"cannot trust the journal: others than root may write to {path}",
            remedy=f"look into it, then: chown root:root {path}; chmod go-w {path}",
        )
        self.path = path


class JournalClosed(Forbidden):
    """Whoever asks is not root."""

    code = "journal-closed"

    def __init__(self) -> None:
        super().__init__(f"cannot look into {DIRECTORY}: it is root's", remedy="do it as root")


class JournalUnwritable(Unavailable):
    """The disk does not take how far we are."""

    code = "journal-unwritable"

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(
            f"cannot write down how far {path} is: {error.strerror}",
            remedy="put the disk right; `wharf hosts history` tells then how it ended",
        )
        self.path = path


@dataclass(frozen=True)
class Entry:
    """One apply. `before` and `after` speak of the same paths; `daemons` are those that ran, as
    they were started, so that they can be started again.
    """

    id: str
    time: float
    before: tuple[State, ...]
    after: tuple[State, ...]
    """Without bytes."""
    paths: tuple[str, ...] = ()
    """The paths that the order named; `before` has directories beside them."""
    actions: tuple[Action, ...] = ()
    daemons: Mapping[str, Process] = field(default_factory=dict)
    phase: Phase = Phase.CHANGING

    @property
    def unfinished(self) -> bool:
        return self.phase in UNFINISHED

    def outcome(self) -> Outcome:
        """What is known of it where nothing was written down."""
        ending = _ENDINGS.get(self.phase, Ending.UNFINISHED)
        return Outcome(self.id, ending, self.time, self.paths, tuple(map(str, self.actions)))


class Journal:
    """Entries in the order in which they were made. Nothing is made on the host by reading."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One at a time, by a lock that dies with its process.

        Raise `HostLocked`, `DiskFull` or `NotPrepared`.
        """
        try:
            descriptor = self._lock_file()
        except OSError as error:
            raise states.cannot_write(f"{DIRECTORY}/lock", error) from error
        try:
            _take(descriptor)
            yield
        finally:
            os.close(descriptor)

    def entries(self) -> list[Entry]:
        return [self._read(name, phase) for name, phase in self._names()]

    def unfinished(self) -> list[Entry]:
        """What a killed apply or undo has left. There is at most one, unless somebody meddled."""
        return [self._read(name, phase) for name, phase in self._names() if phase in UNFINISHED]

    def next_id(self) -> str:
        names = [name for name, _ in self._names()]
        return f"{int(names[-1].partition('.')[0]) + 1 if names else 1:06}"

    def add(self, entry: Entry) -> None:
        """Written before anything on the host is changed, and synced.

        Raise `DiskFull` or `NotPrepared`, with no entry made.
        """
        name = _name(entry.id, entry.phase)
        try:
            write(self._tree, DIRECTORY, name, _to_json(entry))
        except OSError as error:
            raise states.cannot_write(f"{DIRECTORY}/{name}", error) from error

    def move(self, entry: Entry, phase: Phase) -> Entry:
        """Say how far an entry is. Raise `JournalUnwritable`."""
        old, new = _name(entry.id, entry.phase), _name(entry.id, phase)
        try:
            with self._tree.directory(DIRECTORY) as directory:
                self._tree.disk.rename(directory, old, new)
                self._tree.disk.sync(directory)
        except OSError as error:
            raise JournalUnwritable(f"{DIRECTORY}/{old}", error) from error
        return replace(entry, phase=phase)

    def end(self, entry: Entry, phase: Phase, outcome: Outcome) -> Outcome:
        """Write down what came of an entry. The phase counts; the words are lost on a full disk."""
        with suppress(OSError):
            write(self._tree, DIRECTORY, f"{entry.id}.outcome.json", results.to_json(outcome))
        self.move(entry, phase)
        with suppress(OSError):  # what cannot be removed now is removed another time
            self._prune()
        return outcome

    def outcome(self, entry: Entry) -> Outcome:
        """As written down, if that is of the phase that the entry is in."""
        content = self._tree.read(f"{DIRECTORY}/{entry.id}.outcome.json", limit=_LIMIT)
        known = entry.outcome()
        if content is None or entry.unfinished:
            return known
        try:
            told = results.from_json(json.loads(content))
        except (ValueError, KeyError, TypeError):
            return known
        return told if told.ending == known.ending else known

    def _lock_file(self) -> int:
        self._tree.make_private(DIRECTORY)
        with self._tree.directory(DIRECTORY) as directory:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            return os.open("lock", flags, 0o600, dir_fd=directory)

    def _names(self) -> list[tuple[str, Phase]]:
        phases = {phase.value: phase for phase in Phase}
        require_safe(self._tree)
        try:
            matches = map(_NAME.fullmatch, self._tree.names(DIRECTORY))
        except PermissionError:
            raise JournalClosed from None
        found = [(match[0], match["phase"]) for match in matches if match is not None]
        known = [(name, phases[phase]) for name, phase in found if phase in phases]
        return sorted(known, key=lambda one: int(one[0].partition(".")[0]))

    def _read(self, name: str, phase: Phase) -> Entry:
        path = f"{DIRECTORY}/{name}"
        content = self._tree.read(path, limit=_LIMIT)
        try:
            return _from_json(json.loads(content or b""), phase)
        except (ValueError, KeyError, TypeError):
            raise JournalUnreadable(path) from None

    def _prune(self) -> None:
        for name, phase in self._names()[:-KEPT]:
            if phase in UNFINISHED:
                continue
            with self._tree.directory(DIRECTORY) as directory:
                self._tree.disk.remove(directory, name)
                with suppress(FileNotFoundError):
                    self._tree.disk.remove(directory, f"{name.partition('.')[0]}.outcome.json")


def require_safe(tree: Tree, directory: str = DIRECTORY) -> None:
    """What stands in a journal is put back as root: it has to be root's, and the way to it."""
    for folder in (*above(directory), directory):
        found = tree.look(folder)
        if found is not None and (
            found.st_uid not in (0, os.geteuid()) or found.st_mode & stat.S_IWOTH
        ):
            raise JournalUnsafe(folder)


def write(tree: Tree, directory: str, name: str, document: Mapping[str, Any]) -> None:
    """Put a document in the place of the one with this name, all of it or nothing, synced."""
    content = json.dumps(document, separators=(",", ":")).encode()
    with tree.directory(directory) as descriptor:
        partial = f"{name}.partial"
        with suppress(FileNotFoundError):
            tree.disk.remove(descriptor, partial)
        file = tree.disk.create(descriptor, partial)
        try:
            tree.disk.write(file, content)
            tree.disk.sync(file)
        finally:
            os.close(file)
        tree.disk.rename(descriptor, partial, name)
        tree.disk.sync(descriptor)


def _take(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise HostLocked from None


def _name(number: str, phase: Phase) -> str:
    return f"{number}.{phase.value}.json"


def _to_json(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "time": entry.time,
        "before": [states.to_json(state) for state in entry.before],
        "after": [states.to_json(state) for state in entry.after],
        "paths": entry.paths,
        "actions": entry.actions,
        "daemons": {name: asdict(process) for name, process in entry.daemons.items()},
    }


def _from_json(document: Mapping[str, Any], phase: Phase) -> Entry:
    daemons = {
        name: Process(**{**process, "arguments": tuple(process["arguments"])})
        for name, process in document["daemons"].items()
    }
    return Entry(
        document["id"],
        document["time"],
        tuple(states.from_json(state) for state in document["before"]),
        tuple(states.from_json(state) for state in document["after"]),
        tuple(document["paths"]),
        tuple(map(Action, document["actions"])),
        daemons,
        phase,
    )
