"""
What stands at a path in full, and putting it there again: bytes, mode, owner, labels and time.

Several paths change together. All that needs room (new files, new directories) is prepared aside
first, in the directory where it will stand; what is left then are renames, which need none. So a full
disk is met while everything is as it was. Putting states is idempotent: what already is so is left
alone, so it also finishes what was killed half way.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from wharfinger.errors import Conflict, StorageFull, TooLarge, Unavailable, WharfingerError
from wharfinger.hosts.on_host.tree import Tree, read_all

CONTENT_LIMIT: Final = 16 << 20
"""The largest file that is changed; what is larger is no configuration."""

_KEPT: Final = "kept"
_SHOWN: Final = "shown"
_KEPT_BY_THE_KERNEL: Final = ("security.evm", "security.ima")
"""Signatures of the content that only the kernel or a key can make."""


@dataclass(frozen=True)
class State:
    """`kind` is "file", "link", "directory" or "absent"; `digest` is of a file, and `content` its
    bytes where they are at hand. `modified` is in nanoseconds, `None` where it does not matter.
    """

    path: str
    kind: str
    mode: int = 0
    uid: int = 0
    gid: int = 0
    digest: str | None = None
    target: str | None = None
    modified: int | None = None
    attributes: Mapping[str, bytes] = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)

    @property
    def identity(self) -> str | None:
        """As `FoundFile.identity`."""
        return self.digest if self.target is None else f"link:{self.target}"

    @property
    def mark(self) -> State:
        """The state without its bytes: enough to know it again."""
        return replace(self, content=None, modified=None)

    def is_as(self, other: State) -> bool:
        """Is it the same to whoever uses it? Times and labels do not count."""
        return _gist(self) == _gist(other)


class NotAFile(Conflict):
    """Neither a file nor a link nor a directory, or a file that stands under two names."""

    code = "not-a-file"

    def __init__(self, path: str, kind: str) -> None:
        super().__init__(
            f"cannot change {path}: {kind}", remedy=f"look at it, and move {path} away"
        )
        self.path = path


class ChangedMeanwhile(Conflict):
    """Somebody else changed a file while we were at it."""

    code = "changed-meanwhile"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"cannot change {path}: somebody else has just changed it", remedy="plan again"
        )
        self.path = path


class DiskFull(StorageFull):
    """There is no room for what has to be written; all is as it was."""

    code = "disk-full"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"cannot write {path}: its file system is full; nothing is changed",
            remedy="make room, then do it again",
        )
        self.path = path


class NotPrepared(Unavailable):
    """A file cannot be written; all is as it was."""

    code = "not-prepared"

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(
            f"cannot write {path}: {error.strerror}; nothing is changed",
            remedy="do it as root" if error.errno in (errno.EACCES, errno.EPERM) else None,
        )
        self.path = path


class FileTooLarge(TooLarge):
    code = "file-too-large"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"cannot change {path}: it has more than {CONTENT_LIMIT >> 20} MiB",
            remedy=f"look at it, and move {path} away: no configuration is that large",
        )
        self.path = path


def cannot_write(path: str, error: OSError) -> DiskFull | NotPrepared:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return DiskFull(path) if full else NotPrepared(path, error)


def absent(path: str) -> State:
    return State(path, "absent")


def file(path: str, content: bytes, *, mode: int, uid: int, gid: int) -> State:
    return State(path, "file", mode, uid, gid, digest(content), content=content)


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def to_json(state: State) -> dict[str, Any]:
    document = asdict(state)
    document["attributes"] = {name: _text(value) for name, value in state.attributes.items()}
    document["content"] = None if state.content is None else _text(state.content)
    return document


def from_json(document: Mapping[str, Any]) -> State:
    attributes = {name: base64.b64decode(value) for name, value in document["attributes"].items()}
    content = document["content"]
    decoded = None if content is None else base64.b64decode(content)
    return State(**{**document, "attributes": attributes, "content": decoded})


def capture(tree: Tree, path: str) -> State:
    """Everything about what stands at `path`. Raise `NotAFile` or `FileTooLarge`."""
    found = tree.look(path)
    if found is None:
        return absent(path)
    owner = (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
    if stat.S_ISLNK(found.st_mode):
        return State(path, "link", *owner, target=tree.target(path))
    if stat.S_ISDIR(found.st_mode):
        with tree.directory(path) as descriptor:
            return State(path, "directory", *owner, attributes=_attributes(descriptor))
    if not stat.S_ISREG(found.st_mode):
        raise NotAFile(path, "it is a pipe, a socket or a device")
    return _capture_file(tree, path)


def _capture_file(tree: Tree, path: str) -> State:
    with tree.reading(path) as descriptor:
        found = os.fstat(descriptor)
        if found.st_nlink > 1:
            raise NotAFile(path, "it stands under a second name too (a hard link)")
        content = read_all(descriptor, CONTENT_LIMIT)
        if len(content) > CONTENT_LIMIT:
            raise FileTooLarge(path)
        return State(
            path,
            "file",
            stat.S_IMODE(found.st_mode),
            found.st_uid,
            found.st_gid,
            digest(content),
            modified=found.st_mtime_ns,
            attributes=_attributes(descriptor),
            content=content,
        )


def put(tree: Tree, states: Sequence[State], tag: str) -> None:
    """Bring every path to its state. `tag` names what is prepared aside.

    Raise `DiskFull`, `NotPrepared` or `ChangedMeanwhile` where all is as it was. After an `OSError`
    some paths are as wanted and some as before: call it again with the states from before.
    """
    seen = {state.path: _fingerprint(tree, state.path) for state in states}
    pending = [state for state in states if not _is_so(capture(tree, state.path), state)]
    try:
        for state in sorted(pending, key=lambda one: one.path):
            _prepare(tree, state, tag)
        for state in pending:
            if state.kind != "directory" and _fingerprint(tree, state.path) != seen[state.path]:
                raise ChangedMeanwhile(state.path)
    except (OSError, WharfingerError):
        _take_away(tree, pending, seen, tag)
        raise
    _place(tree, pending, tag)


def lend(tree: Tree, shown: State, act: Callable[[], None]) -> None:
    """Let `shown` stand at its path while `act` runs, then put back what stands there now.

    Both are prepared before, so there is room for going back. Raise as `put` does.
    """
    kept = capture(tree, shown.path)
    try:
        _prepare(tree, kept, _KEPT)
        _prepare(tree, shown, _SHOWN)
    except WharfingerError:
        clear(tree, [shown], _KEPT)
        raise
    _place(tree, [shown], _SHOWN)
    try:
        act()
    finally:
        _place(tree, [kept], _KEPT)


def clear(tree: Tree, states: Iterable[State], tag: str) -> None:
    """Remove what a killed `put` or `lend` has left aside."""
    for state in states:
        for kind in (tag, _KEPT, _SHOWN):
            with suppress(FileNotFoundError), tree.parent(state.path) as (directory, name):
                tree.disk.remove(directory, _aside(name, kind))


def _prepare(tree: Tree, state: State, tag: str) -> None:
    """All that needs room. A directory is made at once, since it has to be there for its files."""
    try:
        if state.kind == "directory":
            _make(tree, state)
        elif state.kind != "absent":
            _write_aside(tree, state, tag)
    except OSError as error:
        raise cannot_write(state.path, error) from error


def _take_away(tree: Tree, pending: Sequence[State], seen: Mapping[str, object], tag: str) -> None:
    """Undo what `_prepare` did: files aside, and directories that were not there."""
    clear(tree, pending, tag)
    made = [
        state.path for state in pending if state.kind == "directory" and seen[state.path] is None
    ]
    for path in sorted(made, reverse=True):
        _remove(tree, path)


def _place(tree: Tree, pending: Sequence[State], tag: str) -> None:
    """Renames and removals, which need no room; then make them outlive a power cut."""
    for state in pending:
        if state.kind in ("file", "link"):
            with tree.parent(state.path) as (directory, name):
                tree.disk.rename(directory, _aside(name, tag), name)
    for path in sorted((state.path for state in pending if state.kind == "absent"), reverse=True):
        _remove(tree, path)
    for folder in sorted({_folder(state.path) for state in pending}):
        with suppress(FileNotFoundError):
            tree.sync(folder)


def _aside(name: str, tag: str) -> str:
    """Hidden, and with an ending that no daemon reads; a name may have 255 bytes already."""
    return f".wharfinger-{tag}-{hashlib.sha256(name.encode()).hexdigest()[:12]}~"


def _make(tree: Tree, state: State) -> None:
    with tree.parent(state.path) as (directory, name):
        with suppress(FileExistsError):
            tree.disk.make_directory(directory, name, 0o700)
        tree.disk.sync(directory)
    with tree.directory(state.path) as descriptor:
        _dress(tree, descriptor, state)
        tree.disk.sync(descriptor)


def _write_aside(tree: Tree, state: State, tag: str) -> None:
    with tree.parent(state.path) as (directory, name):
        aside = _aside(name, tag)
        with suppress(FileNotFoundError):
            tree.disk.remove(directory, aside)
        if state.target is not None:
            tree.disk.link(directory, aside, state.target)
            return
        assert state.content is not None
        descriptor = tree.disk.create(directory, aside)
        try:
            tree.disk.write(descriptor, state.content)
            _dress(tree, descriptor, state)
            if state.modified is not None:
                tree.disk.set_time(descriptor, state.modified)
            tree.disk.sync(descriptor)
        finally:
            os.close(descriptor)


def _dress(tree: Tree, descriptor: int, state: State) -> None:
    """Owner first, since the kernel takes attributes and bits away from a file that changes hands."""
    tree.disk.chown(descriptor, state.uid, state.gid)
    found = _attributes(descriptor)
    for name in found.keys() - state.attributes.keys():
        if not name.startswith("security."):  # what a directory or a policy gives a new file
            tree.disk.remove_attribute(descriptor, name)
    for name, value in state.attributes.items():
        if found.get(name) != value:
            tree.disk.set_attribute(descriptor, name, value)
    tree.disk.chmod(descriptor, state.mode)


def _remove(tree: Tree, path: str) -> None:
    """What others have put into a directory meanwhile stays, and the directory with it."""
    try:
        with tree.parent(path) as (directory, name):
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                tree.disk.remove(directory, name)
                return
            tree.disk.remove_directory(directory, name)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _is_so(found: State, wanted: State) -> bool:
    same_time = wanted.modified is None or found.modified == wanted.modified
    return found.is_as(wanted) and found.attributes == wanted.attributes and same_time


def _gist(state: State) -> tuple[object, ...]:
    permissions = () if state.kind == "link" else (state.mode, state.uid, state.gid)
    return (state.path, state.kind, state.identity, permissions)


def _attributes(descriptor: int) -> dict[str, bytes]:
    """Labels, access lists and whatever else the file system keeps beside a file."""
    try:
        names: Sequence[str] = os.listxattr(descriptor)
    except OSError:
        return {}  # a file system without them
    kept = (name for name in names if name not in _KEPT_BY_THE_KERNEL)
    return {name: os.getxattr(descriptor, name) for name in kept}


def _fingerprint(tree: Tree, path: str) -> object:
    """Changes whenever anybody writes the file or puts another in its place."""
    found = tree.look(path)
    if found is None or stat.S_ISDIR(found.st_mode):
        return found and "directory"
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
