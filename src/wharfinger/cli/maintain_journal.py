"""
Where the journals of runs are: a directory for each, with `journal.jsonl` and a lock.

Each line is synced before the call returns. The lock dies with its process, so a run that was killed can
be taken up again at once, and never by two.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from wharfinger.errors import Conflict, NotFound, Unavailable
from wharfinger.maintenance.fleet import journal
from wharfinger.maintenance.fleet.host_states import Event
from wharfinger.maintenance.fleet.journal import Run
from wharfinger.system import files, lock
from wharfinger.system.lock import Lock, Locked

LAST: Final = "last"
_JOURNAL: Final = "journal.jsonl"
_LOCK: Final = "lock"
_PAUSE: Final = "pause"


class RunUnderWay(Conflict):
    code = "run-under-way"

    def __init__(self, run: str, pid: int | None) -> None:
        holder = f"process {pid}" if pid is not None else "another process"
        super().__init__(
            f"cannot take up run {run}: {holder} is at it",
            remedy="look at it with `wharf maintain --status`, or stop it with Ctrl-C",
        )


class RunUnknown(NotFound):
    code = "run-unknown"

    def __init__(self, run: str, root: Path) -> None:
        super().__init__(
            f"cannot find run {run!r} in {root}", remedy="`wharf maintain --status` lists all"
        )


class JournalUnwritable(Unavailable):
    code = "journal-unwritable"

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"cannot write {path}, so nothing more is begun: {error.strerror}",
            remedy="make room or mend the disk, then resume the run",
        )


class RunFiles:
    """One run's files. Written only while `locked`."""

    def __init__(self, root: Path, run: str, now: Callable[[], datetime]) -> None:
        self.run = run
        self._root, self._folder, self._now = root, root / run, now

    @classmethod
    def new(cls, root: Path, asked: Mapping[str, Any], now: Callable[[], datetime]) -> RunFiles:
        """Make a directory for a run that begins now."""
        began = now()
        found = cls(root, f"{began:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}", now)
        try:
            files.make_private(root)
            found._folder.mkdir(mode=files.PRIVATE_DIRECTORY)
            head = journal.head(found.run, began.isoformat(timespec="seconds"), asked)
            files.write(found._journal, head.encode())
            files.sync_directory(root)
        except OSError as error:
            raise JournalUnwritable(found._folder, error) from error
        return found

    @property
    def pause(self) -> Path:
        """While this file is there, no host starts."""
        return self._folder / _PAUSE

    @property
    def _journal(self) -> Path:
        return self._folder / _JOURNAL

    def read(self) -> Run:
        try:
            return journal.read(self._journal.read_text(errors="replace"))
        except (FileNotFoundError, NotADirectoryError):
            raise RunUnknown(self.run, self._root) from None

    def process(self) -> int | None:
        """The pid of whoever is at it now."""
        return lock.holder(self._folder / _LOCK)

    def forget(self) -> None:
        """Take away a run that never began."""
        shutil.rmtree(self._folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Raise `RunUnderWay` if another process is at it."""
        ours = Lock(self._folder / _LOCK)
        try:
            ours.acquire()
        except Locked as error:
            raise RunUnderWay(self.run, error.pid) from error
        try:
            self._cut_torn()
            yield
        finally:
            ours.release()

    def write(self, event: Event) -> None:
        line = journal.line(event, self._now().isoformat(timespec="milliseconds"))
        try:
            self._append(line.encode())
        except OSError as error:
            raise JournalUnwritable(self._journal, error) from error

    def _append(self, content: bytes) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self._journal, flags)
        try:
            end = os.fstat(descriptor).st_size
            try:
                if os.write(descriptor, content) < len(content):
                    raise OSError(0, "the disk is full")
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)

    def _cut_torn(self) -> None:
        """Take away a last line without its end: what is written next begins a line of its own."""
        content = self._journal.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self._journal, len(whole))


def named(root: Path, run: str, now: Callable[[], datetime]) -> RunFiles:
    """The run of this id; `last` is the one that began last."""
    if run != LAST:
        return RunFiles(root, run, now)
    found = all_runs(root, now)
    if not found:
        raise RunUnknown(run, root)
    return found[-1]


def all_runs(root: Path, now: Callable[[], datetime]) -> list[RunFiles]:
    """The oldest first."""
    if not root.is_dir():
        return []
    names = sorted(path.parent.name for path in root.glob(f"*/{_JOURNAL}"))
    return [RunFiles(root, name, now) for name in names]
