"""
What is to be moved so that a repository has the images that are wanted: a decision from what both sides
have.

Pure: `survey` asks the two sides, `run` does what is planned here. A manifest that the target holds has
all that it names there, since registries see to that. So what is missing are whole manifests, the blobs
of those that are missing, and tags.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from wharfinger.errors import WharfingerError
from wharfinger.oci import manifest as manifests
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import Tag
from wharfinger.remote.repository import RemoteManifest

_ABOUT: Final = re.compile(r"(sha256|sha512)-([0-9a-f]+)(?:\.[a-z]+)?")
"""Tags that stand for what is about an image: of signatures, and of registries without referrers."""


@dataclass(frozen=True, slots=True)
class Node:
    """A manifest, and what must be there before it: `children` are manifests."""

    manifest: RemoteManifest
    blobs: tuple[Descriptor, ...] = ()
    children: tuple[Digest, ...] = ()
    subject: Digest | None = None

    @classmethod
    def read(cls, manifest: RemoteManifest, *, whole: bool = True) -> Self:
        """Raise what `oci.manifest.parse` does. An index that is not `whole` comes without images."""
        found = manifests.parse(manifest.raw, manifest.media_type)
        below = found.children if whole else ()
        children = [one.digest for one in below if one.media_type in media_types.MANIFESTS]
        # Caches of builders list layers where others list images.
        blobs = [one for one in below if one.media_type not in media_types.MANIFESTS]
        return cls(manifest, (*found.blobs, *blobs), tuple(children), found.subject)

    @property
    def digest(self) -> Digest:
        return self.manifest.digest


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image that the target shall have under `goal`.

    `origin` is the tag of the source that it was found by, and `meant` what this tag means there: the
    image, or the index that it was chosen from.
    """

    root: Digest
    goal: Tag | Digest
    origin: Tag | None = None
    meant: Digest | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be read or done, by the tag or digest that it was for."""

    name: str
    error: WharfingerError


@dataclass(frozen=True, slots=True)
class Offered:
    """What the source has. `nodes` are those of images that the target may lack."""

    wanted: tuple[Wanted, ...]
    nodes: Mapping[Digest, Node]
    failures: tuple[Failure, ...] = ()
    tags: frozenset[str] = frozenset()
    """All that it lists, if it was asked for them."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the target has, of what was asked for."""

    tags: Mapping[str, Digest]
    manifests: Collection[Digest] = ()
    blobs: Collection[Digest] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """An image that changes: manifests to put, those below first, the root last under the goal."""

    wanted: Wanted
    was: Digest | None
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Extra:
    """A tag of the target that the source does not have."""

    tag: Tag
    digest: Digest


@dataclass(frozen=True, slots=True)
class Plan:
    moves: tuple[Move, ...] = ()
    blobs: tuple[Descriptor, ...] = ()
    """Blobs to move, each once."""
    same: tuple[Wanted, ...] = ()
    extra: tuple[Extra, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def size(self) -> int:
        return sum(blob.size for blob in self.blobs)

    @property
    def changes(self) -> bool:
        return bool(self.moves or self.extra)


def plan(offered: Offered, held: Held, *, delete_extra: bool = False) -> Plan:
    """What to move, in order, and what is there already."""
    moves, same = list[Move](), list[Wanted]()
    for one in offered.wanted:
        was = held.tags.get(str(one.goal)) if isinstance(one.goal, Tag) else None
        there = was == one.root if isinstance(one.goal, Tag) else one.root in held.manifests
        if there:
            same.append(one)
        else:
            moves.append(Move(one, was, tuple(_missing(one.root, offered.nodes, held.manifests))))
    return Plan(
        moves=tuple(moves),
        blobs=tuple(_blobs(moves, held)),
        same=tuple(same),
        extra=tuple(_extra(offered, held)) if delete_extra else (),
        failures=offered.failures,
    )


def _missing(
    root: Digest, nodes: Mapping[Digest, Node], there: Collection[Digest]
) -> Sequence[Node]:
    """Manifests below and with `root` that are not there, in an order in which they can be put.

    The root is always among them: what is there by its digest gets its tag by being put again.
    """
    ordered: dict[Digest, Node] = {}

    def visit(digest: Digest) -> None:
        if digest in ordered or (digest in there and digest != root):
            return
        for child in nodes[digest].children:
            visit(child)
        ordered[digest] = nodes[digest]

    visit(root)
    return tuple(ordered.values())


def _blobs(moves: Iterable[Move], held: Held) -> Iterable[Descriptor]:
    found: dict[Digest, Descriptor] = {}
    for node in (node for move in moves for node in move.nodes):
        if node.digest not in held.manifests:
            found |= {one.digest: one for one in node.blobs if one.digest not in held.blobs}
    return found.values()


def _extra(offered: Offered, held: Held) -> Iterable[Extra]:
    """What is about an image that stays is not extra: the target may have signatures of its own."""
    stays = {one.root for one in offered.wanted} | set(offered.nodes)
    names = offered.tags | {str(one.goal) for one in offered.wanted}
    for name, digest in sorted(held.tags.items()):
        if name not in names and about(name) not in stays:
            yield Extra(Tag(name), digest)


def about(tag: str) -> Digest | None:
    """The image that a tag such as `sha256-….sig` is about."""
    match = _ABOUT.fullmatch(tag)
    return None if match is None else Digest(match[1], match[2])
