"""
The worker of `CopyTree`: copy, read both sides, and say what stands against it.

The source is only read, whatever happens. What a killed copy has left is gone on with; what an undo
takes away is only what lies below the target.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.on_host.storage import tree_compare, tree_copy, tree_entries
from wharfinger.hosts.on_host.storage.steps import CopyTree
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting, StepFailed, Worker

_ROUNDS: Final = 2
"""What a power cut has damaged in a first copy is copied once more."""
_TOLD: Final = 5
_EVERY: Final = 16 << 20


class DiskFails(StepFailed):
    """One of the two disks returns errors."""

    code = "disk-fails"


class TargetFull(StepFailed):
    """The forecast was too low, or somebody else wrote there."""

    code = "target-full"


class OnlyCopy(Refused):
    """Somebody has mounted or moved something: what would be removed may be all that there is."""

    code = "storage-only-copy"

    def __init__(self, step: CopyTree) -> None:
        super().__init__(
            f"cannot remove what was copied to {step.target}: {step.source}, where it came from,"
            " has nothing of it",
            remedy=f"look where that is, and bring it back to {step.source}",
        )


class CopyDiffers(StepFailed):
    """What was written cannot be read back as it was."""

    code = "copy-differs"


@dataclass
class _Progress:
    setting: Setting
    doing: str
    whole: int
    done: int = 0
    told: int = 0

    def add(self, amount: int) -> None:
        self.done += amount
        if self.done - self.told >= _EVERY or self.done >= self.whole > self.told:
            self.told = self.done
            self.setting.say(self.doing, self.done, self.whole)


def do(step: CopyTree, setting: Setting) -> Notes:
    notes = setting.notes or _begin(step, setting)
    with _both(step, setting) as (source, target), _told(step):
        whole = tree_copy.size(source, step.names)
        for _ in range(_ROUNDS):
            copying = _Progress(setting, f"copy {step.source} to {step.target}", whole)
            tree_copy.copy(source, target, step.names, copying.add)
            tree_copy.dress_top(source, target)
            os.sync()
            comparing = _Progress(setting, f"compare {step.target} with {step.source}", whole)
            found = tree_compare.differences(source, target, step.names, comparing.add)
            differing = list(found)
            if not differing:
                return notes
            _take_away(target, differing)
    raise CopyDiffers(
        f"copy {step.source} to {step.target}",
        f"what is read back differs: {', '.join(map(tree_entries.printed, differing[:_TOLD]))}",
        remedy=f"look at the disk of {step.target}; {step.source} is untouched",
    )


def undo(step: CopyTree, setting: Setting) -> None:
    files = setting.machine.files
    if not setting.notes or files.look(step.target) is None:
        return
    with files.directory(step.target) as target:
        if _first(target, step) is not None:
            _require_source(step, setting)
        tree_entries.remove(target, step.names)
    if setting.notes["made"]:
        with files.parent(step.target) as (directory, name):
            files.disk.remove_directory(directory, name)


def _first(top: int, step: CopyTree) -> str | None:
    return next((one.path for one in tree_entries.walk(top, step.names)), None)


def _require_source(step: CopyTree, setting: Setting) -> None:
    files = setting.machine.files
    if files.look(step.source) is None:
        raise OnlyCopy(step)
    with files.directory(step.source) as source:
        if _first(source, step) is None:
            raise OnlyCopy(step)


def _begin(step: CopyTree, setting: Setting) -> Notes:
    """Nothing that is there already may be taken for ours, and taken away by an undo."""
    files = setting.machine.files
    made = files.look(step.target) is None
    if not made:
        with files.directory(step.target) as target:
            there = _first(target, step)
        if there is not None:
            there = tree_entries.printed(there)
            raise Refused(
                f"cannot copy to {step.target}: {there} is there already",
                remedy=f"look at it, and move {step.target}/{there} away",
            )
    setting.remember({"made": made})
    return {"made": made}


@contextmanager
def _both(step: CopyTree, setting: Setting) -> Iterator[tuple[int, int]]:
    files = setting.machine.files
    if files.look(step.target) is None:
        files.make_private(step.target)
    with files.directory(step.source) as source, files.directory(step.target) as target:
        yield source, target


@contextmanager
def _told(step: CopyTree) -> Iterator[None]:
    """Errors of the disks, in the words of this step."""
    doing = f"copy {step.source} to {step.target}"
    try:
        yield
    except OSError as error:
        place = "" if error.filename is None else f": {tree_entries.printed(str(error.filename))}"
        words = f"{error.strerror}{place}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = f"make room, or use a larger volume; {step.source} is untouched"
            raise TargetFull(doing, words, remedy=remedy) from error
        if error.errno == errno.EIO:
            remedy = f"look at the kernel's log and replace the disk; {step.source} is untouched"
            raise DiskFails(doing, words, remedy=remedy) from error
        raise


def _take_away(target: int, paths: list[str]) -> None:
    for path in paths:
        above, _, name = path.rpartition("/")
        with tree_entries.opened(target, above) as directory:
            found = tree_entries.entry(directory, name, path)
            if found is not None and not found.is_directory:
                os.unlink(name, dir_fd=directory)


WORKER: Final = Worker(do, undo)
