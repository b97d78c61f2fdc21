"""
A backup of everything that makes a host trust: all that stands in its trust directories, whoever put
it there, with modes and owners.

It is a tar archive. Its first member `backup-<sha256>.json` lists host, time and each path; its others
are `blobs/<sha256>`, one for each different content. So every member is named by what is in it, and a
damaged backup is known before anything is restored from it. It has client keys in it.

Nothing is ever extracted: a restore is an order like any other, goes through the journal, and can be
undone. What the backup does not have is taken away, so the directories end as they began.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from wharfinger.errors import BadInput, Conflict, WharfingerError
from wharfinger.hosts.on_host import distribution, runtime_trust, states
from wharfinger.hosts.on_host.changes import (
    Action,
    FileChange,
    MakeDirectory,
    Order,
    RemoveDirectory,
    RemoveFile,
    WriteFile,
    WriteLink,
)
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.runtime_trust import ANCHORS
from wharfinger.hosts.on_host.states import State
from wharfinger.hosts.on_host.tree import Tree, parts

SIZE_LIMIT: Final = 64 << 20
DEPTH_LIMIT: Final = 6
_PLACES: Final = (
    *runtime_trust.CONTAINERS_CERTS,
    *ANCHORS.values(),
    "/etc/pki/ca-trust/source/blocklist",
    "/etc/pki/ca-trust/source/blacklist",
    "/etc/ca-certificates.conf",
)
_SYSTEM: Final = (
    "/usr/local/share/ca-certificates",
    "/etc/pki/ca-trust/source",
    "/etc/ca-certificates.conf",
)
_LIST: Final = re.compile(r"backup-([0-9a-f]{64})\.json")
_BLOB: Final = re.compile(r"blobs/([0-9a-f]{64})")
_KINDS: Final = ("file", "link", "directory")


class DamagedBackup(BadInput):
    """Not a backup of ours, or not as it was written."""

    code = "damaged-backup"

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot use the backup: {reason}", remedy="take another one")
        self.reason = reason


class ForeignPlace(Conflict):
    """Restoring takes away what the backup does not have, so never outside of trust directories."""

    code = "foreign-place"

    def __init__(self, place: str) -> None:
        super().__init__(
            f"cannot restore {place}: no runtime of this host reads authorities there",
            remedy="if containerd shall, set its config_path first",
        )
        self.place = place


@dataclass(frozen=True)
class Entry:
    """What stood at a path. `digest` is of a file, as `sha256:…`; `target` is of a link."""

    path: str
    kind: str
    mode: int = 0
    uid: int = 0
    gid: int = 0
    digest: str | None = None
    target: str | None = None

    @property
    def identity(self) -> str | None:
        """As `FoundFile.identity`."""
        return self.digest if self.target is None else f"link:{self.target}"


@dataclass(frozen=True)
class Backup:
    """`places` are the directories that it speaks for. `left_out` says of each path in them that is
    not in the backup why not. `contents` are by digest.
    """

    host: str
    family: str
    time: float
    places: tuple[str, ...]
    entries: Mapping[str, Entry]
    left_out: Mapping[str, str] = field(default_factory=dict)
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """A name for its file, with host and date."""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.time))
        return f"trust-{re.sub(r'[^A-Za-z0-9.-]', '-', self.host)}-{moment}.tar"


# From a host


def take(machine: Machine) -> Backup:
    """Read all that stands in the trust directories of a host."""
    files = machine.files
    places = tuple(dict.fromkeys([*_PLACES, *runtime_trust.containerd_directories(files)]))
    entries: dict[str, Entry] = {}
    contents: dict[str, bytes] = {}
    left_out: dict[str, str] = {}
    for path in (path for place in places for path in _below(files, place, DEPTH_LIMIT)):
        try:
            state = states.capture(files, path)
        except (OSError, WharfingerError) as error:
            left_out[path] = str(error)
            continue
        entries[path] = _entry(state)
        if state.content is not None and state.digest is not None:
            contents[state.digest] = state.content
    family = distribution.read(files).family
    return Backup(machine.hostname(), family, machine.now(), places, entries, left_out, contents)


def _below(files: Tree, path: str, depth: int) -> Iterator[str]:
    """What stands at a path, and all that is in it."""
    try:
        if files.look(path) is None:
            return
        yield path
        names = files.names(path) if depth else []
    except (OSError, WharfingerError):
        return
    for name in names:
        yield from _below(files, f"{path}/{name}", depth - 1)


def _entry(state: State) -> Entry:
    if state.target is not None:  # nobody asks who owns a link
        return Entry(state.path, state.kind, target=state.target)
    return Entry(state.path, state.kind, state.mode, state.uid, state.gid, state.digest)


# As a file


def to_bytes(backup: Backup) -> bytes:
    """The same backup gives the same bytes."""
    document = {
        "host": backup.host,
        "family": backup.family,
        "time": backup.time,
        "places": list(backup.places),
        "entries": [asdict(entry) for _, entry in sorted(backup.entries.items())],
        "left_out": dict(sorted(backup.left_out.items())),
    }
    listing = json.dumps(document, indent=1).encode()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        _add(tar, f"backup-{_hex(listing)}.json", listing)
        for digest, content in sorted(backup.contents.items()):
            _add(tar, f"blobs/{digest.partition(':')[2]}", content)
    return archive.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, io.BytesIO(content))


def from_bytes(content: bytes) -> Backup:
    """Read a backup, and verify all of it. Raise `DamagedBackup`."""
    members = _members(content)
    listings = [data for name, data in members.items() if _LIST.fullmatch(name)]
    contents = {f"sha256:{_hex(data)}": data for name, data in members.items() if _BLOB.match(name)}
    if len(listings) != 1:
        raise DamagedBackup("it has no list of what is in it")
    try:
        backup = _from_json(json.loads(listings[0]), contents)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, WharfingerError):
        raise DamagedBackup("its list is not what we write") from None
    for entry in backup.entries.values():
        if entry.kind == "file" and entry.digest not in contents:
            raise DamagedBackup(f"the content of {entry.path} is missing")
    return backup


def _members(content: bytes) -> dict[str, bytes]:
    """Every member, each held against the digest that it is named by."""
    if len(content) > SIZE_LIMIT:
        raise DamagedBackup(f"it has more than {SIZE_LIMIT >> 20} MiB")
    members: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isreg() else None
                members[member.name] = b"" if file is None else file.read()
    except (tarfile.TarError, ValueError, OSError, EOFError):
        raise DamagedBackup("it is no tar archive, or not whole") from None
    for name, data in members.items():
        match = _LIST.fullmatch(name) or _BLOB.fullmatch(name)
        if match is None:
            raise DamagedBackup("there is something else in it")
        if match[1] != _hex(data):
            raise DamagedBackup(f"{name[:20]}… is not as it was written")
    return members


def _from_json(document: Mapping[str, Any], contents: Mapping[str, bytes]) -> Backup:
    entries = [Entry(**item) for item in document["entries"]]
    places = tuple(map(str, document["places"]))
    for path in (*places, *(entry.path for entry in entries)):
        parts(path)
    known = (_is_in(entry.path, places) and entry.kind in _KINDS for entry in entries)
    if not all(known):
        raise ValueError
    return Backup(
        str(document["host"]),
        str(document["family"]),
        float(document["time"]),
        places,
        {entry.path: entry for entry in entries},
        {str(path): str(why) for path, why in document["left_out"].items()},
        contents,
    )


# Back to a host


def mapped(backup: Backup, family: str) -> tuple[Backup, list[str]]:
    """The backup as a host of another family has it, and the paths that have no place there."""
    if family == backup.family or family not in ANCHORS or backup.family not in ANCHORS:
        return backup, []
    old, new = ANCHORS[backup.family], ANCHORS[family]
    entries: dict[str, Entry] = {}
    lost: list[str] = []
    for path, entry in backup.entries.items():
        if not _is_in(path, _SYSTEM):
            entries[path] = entry
        elif path.startswith(f"{old}/") and entry.kind != "directory":
            # Red Hat's tool reads no directories below, and Debian's only names in .crt.
            name = path[len(old) + 1 :].replace("/", "-")
            name = name if name.endswith(".crt") else f"{name}.crt"
            entries[f"{new}/{name}"] = replace(entry, path=f"{new}/{name}")
        elif path != old and entry.kind != "directory":
            lost.append(path)
    kept = (place for place in backup.places if not _is_in(place, _SYSTEM))
    return replace(backup, family=family, places=(*kept, new), entries=entries), lost


def order(backup: Backup, now: Backup) -> Order:
    """What brings a host from what is there now to what the backup has.

    Raise `ForeignPlace` if it speaks for a directory that has nothing to do with trust here.
    """
    for place in backup.places:
        if place not in now.places:
            raise ForeignPlace(place)
    changes = [*_gone(backup, now), *_restored(backup, now)]
    system = any(_is_in(change.path, _SYSTEM) for change in changes)
    return Order(tuple(changes), (Action.UPDATE_SYSTEM_TRUST,) if system else ())


def _gone(backup: Backup, now: Backup) -> Iterator[FileChange]:
    """A directory stays where something is left in it that could not be read."""
    for path, entry in now.entries.items():
        kept = path in backup.entries or path in backup.left_out
        implied = any(other.startswith(f"{path}/") for other in backup.entries)
        if kept or implied or not _is_in(path, backup.places):
            continue
        if entry.kind != "directory":
            yield RemoveFile(path, entry.identity or "")
        elif not any(left.startswith(f"{path}/") for left in now.left_out):
            yield RemoveDirectory(path)


def _restored(backup: Backup, now: Backup) -> Iterator[FileChange]:
    for path, entry in backup.entries.items():
        there = now.entries.get(path)
        if there == entry:
            continue
        expect = None if there is None else there.identity
        owner = (entry.mode, entry.uid, entry.gid)
        if entry.kind == "directory":
            yield MakeDirectory(path, *owner)
        elif entry.target is not None:
            yield WriteLink(path, entry.target, expect)
        else:
            content = backup.contents[str(entry.digest)]
            yield WriteFile(path, content, expect, *owner, exact=True)


def _is_in(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def _hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
