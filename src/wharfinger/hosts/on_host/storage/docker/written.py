"""
What a container has written over its image: which paths, what stands there, and an archive of it.

The engine tells the paths (`changes`) and gives the whole file system as one archive (`export`), out of
which we take what was added or changed. Drivers tell more or less beside, so left out are:

    a directory that only changed   every file written into it changes it; it is carried, not compared
    what is mounted over            volumes, and what is in every container (`/etc/hosts`, …): the engine
                                    makes it itself. Directories that lead there are carried, not compared
    sockets                         no archive has them; programs make them when they start

An archive can put back what was added and changed. What was *deleted* it cannot, nor can the engine be
told to write over an image in a container that may not write (`ReadonlyRootfs`). Such a container gets
an image of its own: the one it had, and one more layer, as `docker commit` would have made it. It loses
nothing; only the id of its image is another one, and the proof says so.

What the engine itself drops from archives is dropped here, too: attributes other than capabilities.
"""

from __future__ import annotations

import hashlib
import io
import stat
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final

from wharfinger.hosts.on_host.storage.docker import tar_stream
from wharfinger.hosts.on_host.storage.docker.api import Api, quoted
from wharfinger.hosts.on_host.storage.docker.store import PIECE

_MADE_BY_ENGINES: Final = (
    "/.dockerenv",
    "/dev/console",
    "/dev/pts",
    "/dev/shm",  # noqa: S108 - a name in a container
    "/etc/hostname",
    "/etc/hosts",
    "/etc/mtab",
    "/etc/resolv.conf",
    "/proc",
    "/sys",
)
"""What any container has, to be mounted over; some stores tell it as written."""
_MODIFIED, _ADDED, _DELETED = 0, 1, 2
_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"


@dataclass(frozen=True)
class Changes:
    """Paths in the container, by what became of them; `leading` are directories on the way to what is
    mounted over, which the engine may have made."""

    added: frozenset[str]
    modified: frozenset[str]
    deleted: frozenset[str]
    leading: frozenset[str] = frozenset()

    @property
    def written(self) -> frozenset[str]:
        """What an archive has to have."""
        return self.added | self.modified | self.leading

    def __bool__(self) -> bool:
        return bool(self.added or self.modified or self.deleted)


def changes(api: Api, id_: str, mounted: Iterable[str]) -> Changes:
    """What a container changed, without what is mounted over."""
    found = api.get(f"/containers/{quoted(id_)}/changes", "list what a container wrote") or ()
    places = (*mounted, *_MADE_BY_ENGINES)
    kinds: dict[int, set[str]] = {_MODIFIED: set(), _ADDED: set(), _DELETED: set()}
    leading: set[str] = set()
    for one in found:
        path = one["Path"]
        if one["Kind"] != _DELETED and any(place.startswith(f"{path}/") for place in places):
            leading.add(path)
        elif not any(path == place or path.startswith(f"{place}/") for place in places):
            kinds[one["Kind"]].add(path)
    return Changes(
        frozenset(kinds[_ADDED]),
        frozenset(kinds[_MODIFIED]),
        frozenset(kinds[_DELETED]),
        frozenset(leading),
    )


def fingerprints(api: Api, id_: str, changed: Changes) -> dict[str, str]:
    """What stands at each path that is compared; "deleted" where something did."""
    found = dict.fromkeys(changed.deleted, "deleted")
    for path, member, content in _members(api, id_, changed.added | changed.modified):
        if not (member.isdir() and path in changed.modified):
            found[path] = _fingerprint(member, content)
    return found


def copy(api: Api, id_: str, changed: Changes, into: IO[bytes], *, as_layer: bool) -> None:
    """Write an archive of what was added or changed. As a layer of an image it deletes, too."""
    hidden = set(changed.deleted) if as_layer else set()
    wanted = changed.written
    if as_layer:
        wanted |= _linked_to(api, id_, wanted)
    with tarfile.open(fileobj=into, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for path, member, content in _members(api, id_, wanted | hidden):
            archive.addfile(member, content)
            if path in hidden and member.isdir():  # deleted, and made anew
                hidden.discard(path)
                archive.addfile(_marker(f"{path}/{_OPAQUE}"))
        for path in sorted(hidden):
            folder, _, name = path.rpartition("/")
            archive.addfile(_marker(f"{folder}/{_WHITEOUT}{name}"))


def _linked_to(api: Api, id_: str, wanted: frozenset[str]) -> frozenset[str]:
    """What was not written and is linked to by what was: a layer of its own needs both."""
    linked = (one for _, one, _ in _members(api, id_, wanted) if one.islnk())
    return frozenset("/" + one.linkname.strip("/") for one in linked) - wanted


def _marker(path: str) -> tarfile.TarInfo:
    return tarfile.TarInfo(path.lstrip("/"))


def _members(
    api: Api, id_: str, wanted: frozenset[str] | set[str]
) -> Iterator[tuple[str, tarfile.TarInfo, IO[bytes] | None]]:
    """What of a container's file system is wanted. A hard link to what is not wanted comes as a link,
    which the same image makes good."""
    if not wanted:
        return
    what = "read what a container wrote"
    with api.stream(f"/containers/{quoted(id_)}/export", what) as body:
        for member, content in tar_stream.members(body, what):
            path = "/" + member.name.strip("/")
            if path in wanted:
                yield path, member, content


def _fingerprint(member: tarfile.TarInfo, content: IO[bytes] | None) -> str:
    facts: list[Any] = [member.type.decode(), f"{stat.S_IMODE(member.mode):o}"]
    facts += [f"{member.uid}:{member.gid}", *_labels(member.pax_headers)]
    if member.islnk() or member.issym():
        facts.append(member.linkname)
    if member.ischr() or member.isblk():
        facts.append(f"{member.devmajor}:{member.devminor}")
    if content is not None:
        count = hashlib.sha256()
        while piece := content.read(PIECE):
            count.update(piece)
        facts += [str(member.size), count.hexdigest()]
    return " ".join(facts)


def _labels(headers: Mapping[str, str]) -> list[str]:
    return sorted(f"{name}={value!r}" for name, value in headers.items() if "xattr" in name)


class Pieces(io.RawIOBase):
    """A file to write to that hands on what it gets."""

    def __init__(self, write: Any) -> None:
        self._write = write

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        return int(self._write(bytes(piece)))
