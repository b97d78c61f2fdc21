"""
Are two directory trees the same? By reading both sides, and not by what was meant to be written.

What was just written is thrown out of the page cache first where the kernel lets us, so that the disk
answers.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Final

from wharfinger.hosts.on_host.storage import tree_copy, tree_entries
from wharfinger.hosts.on_host.storage.tree_copy import Inode
from wharfinger.hosts.on_host.storage.tree_entries import Entry

_BLOCK: Final = 1 << 16


def differences(
    source: int, target: int, only: Sequence[str], compared: Callable[[int], None]
) -> Iterator[str]:
    """Paths that are not the same on both sides; of trees that have other entries at all, the first
    place where they do."""
    links: dict[Inode, Inode] = {}
    pairs = zip_longest(tree_entries.walk(source, only), tree_entries.walk(target, only))
    for one, other in pairs:
        if one is None or other is None or one.path != other.path:
            yield _first_of(one, other)
            return
        if not _same(one, other, links):
            yield one.path
        compared(one.status.st_blocks * 512)


def digest(file: int) -> bytes:
    """Of what is in a file. Blocks of zeros do not count, whether they are on the disk or holes."""
    size = os.fstat(file).st_size
    told = hashlib.sha256(size.to_bytes(8, "big"))
    zeros = bytes(_BLOCK)
    at = 0
    for start, end in tree_copy.segments(file, size):
        at = max(at, start - start % _BLOCK)
        while at < end:
            block = os.pread(file, _BLOCK, at)
            if block != zeros[: len(block)]:
                told.update(at.to_bytes(8, "big"))
                told.update(block)
            at += _BLOCK
    return told.digest()


def _same(one: Entry, other: Entry, links: dict[Inode, Inode]) -> bool:
    if not tree_copy.is_copied(one, other):
        return False
    if one.is_directory:
        return True
    if one.status.st_nlink > 1:
        seen = links.get(_inode(one))
        links.setdefault(_inode(one), _inode(other))
        if seen is not None:
            return seen == _inode(other)
    return not one.is_file or _digest_of(one) == _digest_of(other)


def _digest_of(one: Entry) -> bytes:
    with tree_copy.named(one.path), one.reading() as file:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        return digest(file)


def _inode(one: Entry) -> Inode:
    return (one.status.st_dev, one.status.st_ino)


def _first_of(one: Entry | None, other: Entry | None) -> str:
    return min(found.path for found in (one, other) if found is not None)
