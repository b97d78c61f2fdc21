"""
What both sides of a copy have: asked many at a time, within limits, and nothing changed.

What a tag means is asked once, and from there on it is the digest that is copied, so that an image that
is pushed meanwhile is not mixed with the one before. A tag that cannot be read is a failure of its own
and does not keep the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from wharfinger.errors import TooLarge, WharfingerError
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.remote.copy import platforms
from wharfinger.remote.copy.plan import Failure, Held, Node, Offered, Wanted, about
from wharfinger.remote.copy.platforms import Platform
from wharfinger.remote.errors import ManifestAbsent
from wharfinger.remote.repository import RemoteManifest, Source, Target

AT_ONCE: Final = 12
NODES: Final = 5_000
"""Manifests that one image may have below it."""
DEPTH: Final = 8
BYTES: Final = 256 << 20
"""Of all manifests that are kept for a copy."""
SIGNATURES: Final = (".sig", ".att", ".sbom")
"""Ends of the tags under which signatures and the like were kept before there were referrers."""

One = TypeVar("One")
Found = TypeVar("Found")


class TooManyManifests(TooLarge):
    code = "too-many-manifests"

    def __init__(self, limit: str) -> None:
        super().__init__(f"cannot copy an image with more than {limit} of manifests below it")


class Extent(StrEnum):
    """How much of an index is copied."""

    ALL = "all"
    SYSTEM = "system"
    INDEX_ONLY = "index-only"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which images of an index, and whether what is about them comes along."""

    extent: Extent = Extent.ALL
    platform: Platform = field(default_factory=lambda: Platform("linux", "amd64"))
    referrers: bool = False


async def one(
    source: Source, reference: Digest | Tag, goal: Tag | Digest | None, choice: Choice
) -> Offered:
    """What the source has of one image; without a goal, that is its digest."""
    reading = _Reading(source, choice)
    manifest = await source.manifest(reference)
    root = await reading.root(manifest)
    origin = reference if isinstance(reference, Tag) else None
    await reading.image(root)
    wanted = [Wanted(root, root if goal is None else goal, origin, manifest.digest)]
    return Offered((*wanted, *await reading.about(wanted)), reading.nodes)


async def every(source: Source, target: Target, choice: Choice) -> tuple[Offered, Held]:
    """What the source has under all its tags, and which tags the target has.

    Raise `ManifestAbsent` for a source without tags: that all of them have gone is a mistake somewhere
    more likely than a wish.
    """
    reading = _Reading(source, choice)
    names, there = await asyncio.gather(source.tags(), _tags(target))
    if not names:
        raise ManifestAbsent(str(source.name), "it has no tags")
    held_tags = await _digests(target, there)
    # Whether what a tag of the target is about stays can only be told by who knows all that stays.
    all_read = any(name not in names and about(name) is not None for name in there)
    failures, wanted = list[Failure](), list[Wanted]()

    async def read(name: str) -> None:
        tag = Tag.parse(name)
        try:
            known = None if all_read else held_tags.get(name)
            wanted.append(await reading.tagged(tag, known))
        except WharfingerError as error:
            failures.append(Failure(name, error))

    await together(names, read)
    wanted.sort(key=lambda one: str(one.goal))
    failures.sort(key=lambda one: one.name)
    more = await reading.about(wanted, known=frozenset(names))
    offered = Offered((*wanted, *more), reading.nodes, tuple(failures), frozenset(names))
    return offered, Held(held_tags)


async def held(target: Target, offered: Offered, tags: Mapping[str, Digest] | None = None) -> Held:
    """Which of the manifests and blobs that are offered the target has, and what its tags mean."""
    if tags is None:
        goals = {str(one.goal) for one in offered.wanted if isinstance(one.goal, Tag)}
        tags = await _digests(target, goals)
    missing = [one for one in offered.wanted if tags.get(str(one.goal)) != one.root]
    needed = _below([one.root for one in missing], offered.nodes)
    manifests = set[Digest]()

    async def ask_manifest(node: Node) -> None:
        try:
            await target.manifest(node.digest)
        except ManifestAbsent:
            return
        manifests.add(node.digest)

    await together(needed, ask_manifest)
    blobs = {blob.digest for node in needed if node.digest not in manifests for blob in node.blobs}
    there = set[Digest]()

    async def ask_blob(digest: Digest) -> None:
        if await target.has_blob(digest):
            there.add(digest)

    await together(blobs, ask_blob)
    return Held(tags, manifests, there)


class _Reading:
    """Manifests of the source, each read once."""

    def __init__(self, source: Source, choice: Choice) -> None:
        self._source, self._choice = source, choice
        self.nodes: dict[Digest, Node] = {}
        self._bytes = 0

    async def tagged(self, tag: Tag, known: Digest | None) -> Wanted:
        """An image by its tag; read no further if it is known, unless what is about it is asked for."""
        whole = self._choice.extent is not Extent.SYSTEM
        root = meant = await self._source.digest(tag)
        if not whole or meant != known or self._choice.referrers:
            root = await self.root(await self._source.manifest(meant))
            await self.image(root)
        return Wanted(root, tag, tag, meant)

    async def root(self, manifest: RemoteManifest) -> Digest:
        """What is copied for a manifest: itself, or the image for one platform."""
        choice = self._choice
        if choice.extent is Extent.SYSTEM and manifest.media_type in media_types.INDEXES:
            return platforms.choose(manifest, choice.platform)
        self._keep(manifest)
        return manifest.digest

    async def image(self, root: Digest) -> None:
        """Read all that is below, each once: what leads to the same things again costs nothing."""
        level, seen = [root], {root}
        for _ in range(DEPTH):
            await together([one for one in level if one not in self.nodes], self._read)
            below = dict.fromkeys(child for one in level for child in self.nodes[one].children)
            level = [child for child in below if child not in seen]
            seen |= set(level)
            if len(seen) > NODES:
                raise TooManyManifests(str(NODES))
            if not level:
                return
        raise TooManyManifests(f"{DEPTH} levels")

    async def about(
        self, wanted: Sequence[Wanted], *, known: Collection[str] = ()
    ) -> Iterable[Wanted]:
        """What is about the images that are wanted, and what is about that; nothing if not asked."""
        if not self._choice.referrers:
            return []
        found: dict[Tag | Digest, Wanted] = {}
        level = list(_below([one.root for one in wanted], self.nodes))
        asked = set[Digest]()
        while level and len(found) <= NODES:
            before = set(found)
            asked |= {node.digest for node in level}

            async def ask(node: Node) -> None:
                for one in await self._about(node.digest, known):
                    found.setdefault(one.goal, one)

            await together(level, ask)
            new = [one.root for goal, one in found.items() if goal not in before]
            level = [node for node in _below(new, self.nodes) if node.digest not in asked]
        return [one for goal, one in sorted(found.items(), key=lambda pair: str(pair[0]))]

    async def _about(self, subject: Digest, known: Collection[str]) -> list[Wanted]:
        found = [Wanted(one.digest, one.digest) for one in await self._source.referrers(subject)]
        for end in SIGNATURES:
            tag = Tag(f"{subject.algorithm}-{subject.hex}{end}")
            if str(tag) in known:
                continue
            try:
                root = await self._source.digest(tag)
            except ManifestAbsent:
                continue
            found.append(Wanted(root, tag, tag, root))
        for one in found:
            await self.image(one.root)
        return found

    async def _read(self, digest: Digest) -> None:
        self._keep(await self._source.manifest(digest))

    def _keep(self, manifest: RemoteManifest) -> None:
        whole = self._choice.extent is not Extent.INDEX_ONLY
        self._bytes += len(manifest.raw)
        if self._bytes > BYTES:
            raise TooManyManifests(f"{BYTES >> 20} MiB")
        self.nodes[manifest.digest] = Node.read(manifest, whole=whole)


def _below(roots: Iterable[Digest], nodes: Mapping[Digest, Node]) -> Collection[Node]:
    """The nodes with these digests and those below them, each once."""
    found: dict[Digest, Node] = {}
    pending = [root for root in roots if root in nodes]
    while pending:
        digest = pending.pop()
        if digest not in found:
            found[digest] = nodes[digest]
            pending += [child for child in nodes[digest].children if child in nodes]
    return found.values()


async def _tags(target: Target) -> list[str]:
    """None where the repository is yet to be made."""
    try:
        return await target.tags()
    except ManifestAbsent:
        return []


async def _digests(target: Target, names: Iterable[str]) -> dict[str, Digest]:
    found: dict[str, Digest] = {}

    async def ask(name: str) -> None:
        try:
            found[name] = await target.digest(Tag.parse(name))
        except ManifestAbsent:
            return

    await together(names, ask)
    return found


async def together(
    items: Iterable[One], ask: Callable[[One], Awaitable[None]], *, at_once: int = AT_ONCE
) -> None:
    """Ask for each, so many at a time; the first error ends all and is raised as itself."""
    pending = iter(list(items))

    async def work() -> None:
        for item in pending:
            await ask(item)

    tasks = [asyncio.create_task(work()) for _ in range(at_once)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
