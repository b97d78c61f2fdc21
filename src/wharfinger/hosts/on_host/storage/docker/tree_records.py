"""
What is in a directory tree, a line for each name, so that it can be held against what is there later.

Two trees are the same where their lines are. A line has what stands there, its mode, owner, attributes,
time, and what it holds. What counts as the same:

    bytes         blocks of zeros count as holes, wherever the file system has put some
    hard links    the first name has the bytes, the others name it
    times         of files, links and devices when they were last written, to the second: some file
                  systems keep no parts of it. A directory's changes with any copy
    devices       their numbers; sockets and pipes count by being there

A file system mounted inside is named and not entered (`tree_entries`).
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from typing import Any, Final

from wharfinger.hosts.on_host.storage import tree_compare, tree_copy, tree_entries
from wharfinger.hosts.on_host.storage.docker.store import writing
from wharfinger.hosts.on_host.storage.tree_copy import Inode
from wharfinger.hosts.on_host.storage.tree_entries import Entry
from wharfinger.hosts.on_host.tree import Tree

Line = tuple[str, list[Any]]
"""A path below the top of the tree, "" for the top itself, and what stands there."""

_SECOND: Final = 10**9
_FIELDS: Final = ("kind", "mode", "owner", "group", "attributes", "size", "content", "time")


def lines(tree: Tree, path: str) -> Iterator[Line]:
    """Every name below the directory at `path`, in an order that is the same for equal trees."""
    with tree.directory(path) as top:
        status = os.fstat(top)
        yield "", _directory(Entry(top, ".", "", status))
        first: dict[Inode, str] = {}
        for found in tree_entries.walk(top):
            with tree_copy.named(found.path):
                yield found.path, _told(found, status.st_dev, first)


def record(tree: Tree, path: str, into: str) -> str:
    """Write the lines of a tree into a file and return the digest of them all."""
    count = hashlib.sha256()
    with writing(tree, into) as file:
        for line in lines(tree, path):
            content = json.dumps(line, separators=(",", ":")).encode() + b"\n"
            count.update(content)
            tree.disk.write(file, content)
    return f"sha256:{count.hexdigest()}"


def differences(tree: Tree, before: str, after: str) -> Iterator[str]:
    """What two records tell differently, in words."""
    known = dict(_recorded(tree, before))
    for path, there in _recorded(tree, after):
        was = known.pop(path, None)
        if was is None:
            yield f"{_shown(path)} was not there"
        elif was != there:
            yield f"{_shown(path)}: {_what(was, there)}"
    yield from (f"{_shown(path)} is gone" for path in known)


def _what(was: list[Any], there: list[Any]) -> str:
    if was[0] != there[0]:
        return f"{was[0]}, now {there[0]}"
    pairs = zip(_FIELDS, was, there)
    return f"another {next((name for name, one, other in pairs if one != other), 'content')}"


def _shown(path: str) -> str:
    return tree_entries.printed(path) or "its directory"


def _recorded(tree: Tree, path: str) -> Iterator[Line]:
    with tree.reading(path) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
        for text in file:
            name, there = json.loads(text)
            yield name, there


def _told(found: Entry, device: int, first: dict[Inode, str]) -> list[Any]:
    status = found.status
    if found.is_directory:
        return _directory(found) if status.st_dev == device else ["mount"]
    if status.st_nlink > 1:
        other = first.setdefault((status.st_dev, status.st_ino), found.path)
        if other != found.path:
            return ["hard link", other]
    written = status.st_mtime_ns // _SECOND
    if found.is_file:
        with found.reading() as file:
            content = tree_compare.digest(file).hex()
        return ["file", *_dress(found), status.st_size, content, written]
    if found.is_link:
        return ["link", *_dress(found), 0, found.target(), written]
    if stat.S_ISBLK(status.st_mode) or stat.S_ISCHR(status.st_mode):
        kind = "block device" if stat.S_ISBLK(status.st_mode) else "character device"
        return [kind, *_dress(found), 0, status.st_rdev, written]
    return ["pipe" if stat.S_ISFIFO(status.st_mode) else "socket", *_dress(found)]


def _directory(found: Entry) -> list[Any]:
    return ["directory", *_dress(found)]


def _dress(found: Entry) -> list[Any]:
    status = found.status
    attributes = {name: value.hex() for name, value in sorted(found.attributes().items())}
    return [f"{stat.S_IMODE(status.st_mode):o}", status.st_uid, status.st_gid, attributes]
