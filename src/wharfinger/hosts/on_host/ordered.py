"""
From an order to states: what stands now at each path that it concerns, and what shall stand there.

This is where an order is refused: a file that is not as the plan saw it, something else than a file,
two changes of one path. Directories that have to be made, and those of ours that nothing needs any
more, come along as states of their own, so that going back knows of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

from wharfinger.errors import BadInput, Conflict
from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.changes import (
    FileChange,
    MakeDirectory,
    Order,
    RemoveDirectory,
    RemoveFile,
    WriteFile,
    WriteLink,
)
from wharfinger.hosts.on_host.journal import Entry, Phase
from wharfinger.hosts.on_host.states import NotAFile, State
from wharfinger.hosts.on_host.tree import Tree, above

Pairs = dict[str, tuple[State, State]]
"""For each path what is there and what shall be there."""


class ChangedSincePlan(Conflict):
    """A file is not as the plan saw it."""

    code = "changed-since-plan"

    def __init__(self, path: str) -> None:
        super().__init__(f"cannot change {path}: it is not as the plan saw it", remedy="plan again")
        self.path = path


class TwoChanges(BadInput):
    """An order that says two things of one path."""

    code = "two-changes"

    def __init__(self, path: str) -> None:
        super().__init__(f"cannot apply: the order has two changes of {path}")
        self.path = path


def pairs(order: Order, tree: Tree, entries: Iterable[Entry]) -> Pairs:
    """`entries` are those of the journal: they tell which directories are ours."""
    found: Pairs = {}
    for change in order.files:
        if change.path in found:
            raise TwoChanges(change.path)
        before = states.capture(tree, change.path)
        found[change.path] = (before, _after(change, before))
    for path in [path for path, (_, after) in found.items() if after.kind != "absent"]:
        for folder in above(path):
            if folder not in found and tree.look(folder) is None:
                made = State(folder, "directory", 0o755, *_owner(0, 0))
                found[folder] = (states.absent(folder), made)
    _add_emptied(found, tree, _made(entries))
    return found


def _after(change: FileChange, before: State) -> State:
    if isinstance(change, (MakeDirectory, RemoveDirectory)):
        return _after_of_directory(change, before)
    if before.kind == "directory":
        raise NotAFile(change.path, "it is a directory")
    if before.identity != change.expect:
        raise ChangedSincePlan(change.path)
    if isinstance(change, RemoveFile):
        return states.absent(change.path)
    if isinstance(change, WriteLink):
        return State(change.path, "link", target=change.target)
    return _after_of_file(change, before)


def _after_of_directory(change: MakeDirectory | RemoveDirectory, before: State) -> State:
    if before.kind not in ("directory", "absent"):
        raise NotAFile(change.path, "it is no directory")
    if isinstance(change, RemoveDirectory):
        return states.absent(change.path)
    owner = _owner(change.uid, change.gid)
    wanted = State(change.path, "directory", change.mode, *owner)
    return replace(wanted, attributes=before.attributes)


def _after_of_file(change: WriteFile, before: State) -> State:
    keeps = before.kind == "file" and not change.exact
    uid, gid = (before.uid, before.gid) if keeps else _owner(change.uid, change.gid)
    mode = before.mode if keeps else change.mode
    new = states.file(change.path, change.content, mode=mode, uid=uid, gid=gid)
    return replace(new, attributes=before.attributes) if before.kind == "file" else new


def _owner(uid: int, gid: int) -> tuple[int, int]:
    """Who is not root works on a tree of their own, and all in it is theirs."""
    return (uid, gid) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


def _made(entries: Iterable[Entry]) -> set[str]:
    """The directories that applies of ours have made."""
    return {
        after.path
        for entry in entries
        if entry.phase is Phase.APPLIED
        for before, after in zip(entry.before, entry.after)
        if (before.kind, after.kind) == ("absent", "directory")
    }


def _add_emptied(found: Pairs, tree: Tree, made: set[str]) -> None:
    """The directories of ours that will have nothing in them."""
    removed = [path for path, (_, after) in found.items() if after.kind == "absent"]
    for folder in (folder for path in removed for folder in reversed(above(path))):
        if folder in found or folder not in made or not _emptied(found, tree, folder):
            continue
        found[folder] = (states.capture(tree, folder), states.absent(folder))


def _emptied(found: Pairs, tree: Tree, folder: str) -> bool:
    gone = {path for path, (_, after) in found.items() if after.kind == "absent"}
    coming = any(path.startswith(f"{folder}/") for path in found.keys() - gone)
    return not coming and all(f"{folder}/{name}" in gone for name in tree.names(folder))
