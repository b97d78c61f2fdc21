"""
The certificates that stand on a host: `certs.d` trees, and the anchors of the whole host.

Facts have no private keys, so of a client certificate the key stays where it is.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from wharfinger.hosts.adopt.said import Note, Said, ToldAuthority, ToldClient
from wharfinger.hosts.formats.registries_conf import Place
from wharfinger.hosts.on_host.facts import Facts

TREES: Final = ("/etc/docker/certs.d", "/etc/containers/certs.d", "/etc/containerd/certs.d")
ANCHORS: Final = ("/etc/pki/ca-trust/source/anchors/", "/usr/local/share/ca-certificates/")
_DEBIAN: Final = ANCHORS[1]

_LINKS: Final = 8
_PORT: Final = re.compile(r"(?P<host>.+)_(?P<port>[0-9]{1,5})_")
"""containerd's other spelling of a port in the name of a directory."""
_HOSTS: Final = "hosts.toml"
_OF_OTHERS: Final = (_HOSTS, ".key")
_CONTAINERD: Final = f"{TREES[2]}/"


def registry_of(directory: str) -> str:
    """The registry that a directory of a tree is named after."""
    port = _PORT.fullmatch(directory)
    return directory if port is None else f"{port['host']}:{port['port']}"


def content(facts: Facts, path: str) -> bytes | None:
    """What stands at a path, behind links too; `None` where that is not among the facts."""
    for _ in range(_LINKS):
        found = facts.files.get(path)
        if found is None or found.kind != "symlink" or found.target is None:
            return None if found is None else found.content
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), found.target))
    return None


def unknown(facts: Facts, path: str) -> str:
    """Why there is no content, for a note."""
    found = facts.files.get(path)
    if found is None:
        return "there is no such file"
    if found.kind == "symlink":
        return f"it is a link to {found.target}, which was not read"
    return "it was not read" if found.kind == "file" else f"it is no file but a {found.kind}"


def tree(root: str, facts: Facts) -> Said | None:
    """What a `certs.d` tree says, `None` where there is none."""
    authorities: list[ToldAuthority] = []
    clients: list[ToldClient] = []
    paths = [path for path in sorted(facts.files) if _is_below(path, root)]
    notes = [_file(path, facts, authorities, clients) for path in paths]
    if not paths:
        return None
    return Said(
        root,
        authorities=tuple(authorities),
        clients=tuple(clients),
        notes=tuple(note for note in notes if note is not None),
    )


def _is_below(path: str, root: str) -> bool:
    return posixpath.dirname(posixpath.dirname(path)) == root


def _file(
    path: str, facts: Facts, authorities: list[ToldAuthority], clients: list[ToldClient]
) -> Note | None:
    place = Place(path)
    registry = registry_of(posixpath.basename(posixpath.dirname(path)))
    if path.endswith(_OF_OTHERS) or facts.files[path].kind == "directory":
        return None
    if path.startswith(_CONTAINERD) and f"{posixpath.dirname(path)}/{_HOSTS}" in facts.files:
        return None  # containerd takes what that file names, and nothing by its name
    if not path.endswith((".crt", ".cert")):
        return Note(place, "left out: no runtime reads a file of this name")
    found = content(facts, path)
    if found is None:
        return Note(place, f"left out of trust.registries: {unknown(facts, path)}")
    if path.endswith(".crt"):
        authorities.append(ToldAuthority(registry, found, place))
        return None
    key = f"{path.removesuffix('.cert')}.key"
    if key not in facts.files:
        return Note(
            place, "left out: a .cert is a client certificate, and has no .key; a CA ends in .crt"
        )
    clients.append(ToldClient(registry, found, key, place))
    return None


def anchors(facts: Facts) -> Said | None:
    """The authorities that an administrator has added for the whole host."""
    authorities: list[ToldAuthority] = []
    notes: list[Note] = []
    paths = list(_anchors(facts))
    for path in paths:
        found = content(facts, path)
        if path.startswith(_DEBIAN) and not path.endswith(".crt"):
            notes.append(Note(Place(path), "left out: update-ca-certificates takes .crt only"))
        elif found is None:
            notes.append(Note(Place(path), f"left out of trust.system: {unknown(facts, path)}"))
        else:
            authorities.append(ToldAuthority(None, found, Place(path)))
    if not paths:
        return None
    return Said("the system's anchors", authorities=tuple(authorities), notes=tuple(notes))


def _anchors(facts: Facts) -> Iterator[str]:
    for path in sorted(facts.files):
        if path.startswith(ANCHORS) and facts.files[path].kind != "directory":
            yield path
