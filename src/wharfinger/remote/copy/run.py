"""
Do what is planned: blobs first, several at a time, then manifests from below, then tags.

A blob goes from one side to the other in pieces, so memory does not depend on its size. It is moved once,
however many images name it, and is taken over where both sides are one registry. What fails keeps only
the images that need it, and the rest goes on. Nothing is taken back: blobs without an image do no harm,
and the next run finds them there.

Before an image is touched its tag is asked for again on both sides. If it means something else than in the
plan, the image is left as it is: somebody else is at work, or what a person has agreed to is not what
would happen now.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wharfinger.errors import Conflict, TooManyRequests, Unavailable, WharfingerError
from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import Tag
from wharfinger.remote.copy import referrers, survey
from wharfinger.remote.copy.plan import Extra, Failure, Move, Node, Plan
from wharfinger.remote.errors import ManifestAbsent, TooBusy
from wharfinger.remote.repository import RemoteManifest, Source, Target

BLOBS_AT_ONCE: Final = 6
IMAGES_AT_ONCE: Final = 6
LONGEST_PAUSE: Final = 30.0


class Kind(StrEnum):
    """What is told of."""

    BLOB = "blob"  # so much of it has gone over
    MOUNTED = "mounted"
    COPIED = "copied"
    AGAIN = "again"
    IMAGE = "image"
    DELETED = "deleted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """`name` is a digest for blobs, and else a tag or the digest of an image."""

    kind: Kind
    name: str
    done: int = 0
    whole: int = 0
    message: str = ""


Told = Callable[[Progress], None]
Wait = Callable[[float], Awaitable[None]]


class Moved(Conflict):
    """A tag means another image than in the plan."""

    code = "tag-moved"

    def __init__(self, place: str, tag: Tag, planned: Digest | None, found: Digest | None) -> None:
        super().__init__(
            f"cannot go on with {tag}: in {place} it was {_shown(planned)} when this was planned,"
            f" and is {_shown(found)}",
            remedy="run the command again",
        )
        self.tag, self.planned, self.found = tag, planned, found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of a plan.

    `kept`: what is extra was left alone, since something else has failed. `size` is what has been sent
    of blobs that are whole.
    """

    done: tuple[str, ...]
    deleted: tuple[str, ...]
    failures: tuple[Failure, ...]
    kept: bool
    size: int


async def run(
    plan: Plan,
    source: Source,
    target: Target,
    *,
    told: Told = lambda _: None,
    retries: int = 3,
    wait: Wait = asyncio.sleep,
) -> Outcome:
    return await _Run(plan, source, target, told, retries, wait).all()


class _Run:
    def __init__(
        self, plan: Plan, source: Source, target: Target, told: Told, retries: int, wait: Wait
    ) -> None:
        self._plan, self._source, self._target = plan, source, target
        self._told, self._retries, self._wait = told, retries, wait
        self._mounts = same_registry(source, target) and source.name != target.name
        self._blobs = {one.digest: one for one in plan.blobs}
        self._moving: dict[Digest, asyncio.Task[WharfingerError | None]] = {}
        self._slots = asyncio.Semaphore(BLOBS_AT_ONCE)
        self._put = set[Digest]()
        self._done = list[str]()
        self._deleted = list[str]()
        self._failures = list[Failure]()
        self._size = 0

    async def all(self) -> Outcome:
        first = [one for one in self._plan.moves if _subject(one) is None]
        then = [one for one in self._plan.moves if _subject(one) is not None]
        try:
            for moves in (first, then):
                await survey.together(moves, self._image, at_once=IMAGES_AT_ONCE)
            await self._list_referrers(then)
            kept = bool(self._plan.extra) and bool(self._plan.failures or self._failures)
            if not kept:
                await survey.together(self._plan.extra, self._delete)
        finally:
            await _end(self._moving.values())
        return Outcome(
            done=tuple(self._done),
            deleted=tuple(self._deleted),
            failures=(*self._plan.failures, *self._failures),
            kept=kept,
            size=self._size,
        )

    async def _image(self, move: Move) -> None:
        name = str(move.wanted.goal)
        try:
            await self._require_unmoved(move)
            for trouble in await asyncio.gather(*self._started(move.nodes)):
                if trouble is not None:
                    raise trouble
            await self._manifests(move)
        except WharfingerError as error:
            self._fail(name, error)
        else:
            self._done.append(name)
            self._told(Progress(Kind.IMAGE, name))

    async def _require_unmoved(self, move: Move) -> None:
        wanted = move.wanted
        if wanted.origin is not None:
            now = await _digest(self._source, wanted.origin)
            if now != wanted.meant:
                raise Moved(str(self._source.name), wanted.origin, wanted.meant, now)
        if isinstance(wanted.goal, Tag):
            now = await _digest(self._target, wanted.goal)
            if now not in (move.was, wanted.root):
                raise Moved(str(self._target.name), wanted.goal, move.was, now)

    # Blobs

    def _started(self, nodes: Iterable[Node]) -> list[asyncio.Task[WharfingerError | None]]:
        """The tasks that move what these manifests name, each begun once."""
        digests = dict.fromkeys(one.digest for node in nodes for one in node.blobs)
        tasks = []
        for digest in digests:
            if digest in self._blobs:
                if digest not in self._moving:
                    self._moving[digest] = asyncio.create_task(self._move(self._blobs[digest]))
                tasks.append(self._moving[digest])
        return tasks

    async def _move(self, blob: Descriptor) -> WharfingerError | None:
        """Move a blob; what went wrong is returned, for each of the images that wait for it."""
        async with self._slots:
            for tried in range(self._retries + 1):
                try:
                    await self._send(blob)
                except (Unavailable, TooManyRequests) as error:
                    if tried == self._retries:
                        return error
                    self._told(Progress(Kind.AGAIN, str(blob.digest), message=error.message))
                    asked = (error.retry_after or 0.0) if isinstance(error, TooBusy) else 0.0
                    await self._wait(min(max(2.0**tried, asked), LONGEST_PAUSE))
                except WharfingerError as error:
                    return error
                else:
                    return None
        raise AssertionError("a last try ends the loop")

    async def _send(self, blob: Descriptor) -> None:
        name = str(blob.digest)
        if self._mounts and await self._target.mount(blob.digest, self._source.name):
            self._told(Progress(Kind.MOUNTED, name, blob.size, blob.size))
            return
        async with aclosing(self._counted(blob)) as pieces:
            await self._target.put_blob(blob.digest, blob.size, pieces)
        self._size += blob.size
        self._told(Progress(Kind.COPIED, name, blob.size, blob.size))

    async def _counted(self, blob: Descriptor) -> AsyncGenerator[bytes]:
        done = 0
        self._told(Progress(Kind.BLOB, str(blob.digest), 0, blob.size))
        pieces = self._source.blob(blob.digest, blob.size)
        try:
            async for piece in pieces:
                yield piece
                done += len(piece)
                self._told(Progress(Kind.BLOB, str(blob.digest), done, blob.size))
        finally:
            await _close(pieces)

    # Manifests and tags

    async def _manifests(self, move: Move) -> None:
        *below, root = move.nodes
        for node in below:
            if node.digest not in self._put:
                await self._target.put_manifest(node.digest, node.manifest)
                self._put.add(node.digest)
        await self._target.put_manifest(move.wanted.goal, root.manifest)
        self._put.add(root.digest)

    async def _list_referrers(self, moves: Iterable[Move]) -> None:
        """Tell a registry that keeps no list of them itself, by a tag."""
        about: dict[Digest, list[RemoteManifest]] = {}
        for move in moves:
            subject = _subject(move)
            if subject is not None and move.wanted.root in self._put:
                about.setdefault(subject, []).append(move.nodes[-1].manifest)
        for subject, manifests in about.items():
            try:
                await self._list_about(subject, manifests)
            except WharfingerError as error:
                self._fail(str(referrers.tag(subject)), error)

    async def _list_about(self, subject: Digest, manifests: list[RemoteManifest]) -> None:
        known = {one.digest for one in await self._target.referrers(subject)}
        if all(one.digest in known for one in manifests):
            return
        tag = referrers.tag(subject)
        try:
            there = await self._target.manifest(tag)
        except ManifestAbsent:
            there = None
        await self._target.put_manifest(tag, referrers.listed(there, manifests))

    async def _delete(self, extra: Extra) -> None:
        name = str(extra.tag)
        try:
            now = await _digest(self._target, extra.tag)
            if now != extra.digest:
                raise Moved(str(self._target.name), extra.tag, extra.digest, now)
            come = await _digest(self._source, extra.tag)
            if come is not None:
                raise Moved(str(self._source.name), extra.tag, None, come)
            await self._target.delete(extra.tag)
        except WharfingerError as error:
            self._fail(name, error)
        else:
            self._deleted.append(name)
            self._told(Progress(Kind.DELETED, name))

    def _fail(self, name: str, error: WharfingerError) -> None:
        self._failures.append(Failure(name, error))
        self._told(Progress(Kind.FAILED, name, message=error.message))


def same_registry(source: Source, target: Source) -> bool:
    """Files have no registry, and nothing to take over from each other."""
    registry = source.name.as_v2().registry
    return bool(registry) and registry == target.name.as_v2().registry


def _subject(move: Move) -> Digest | None:
    """What an image that is moved by its digest is about."""
    return move.nodes[-1].subject if isinstance(move.wanted.goal, Digest) else None


async def _digest(repository: Source, tag: Tag) -> Digest | None:
    try:
        return await repository.digest(tag)
    except ManifestAbsent:
        return None


async def _close(pieces: AsyncIterator[bytes]) -> None:
    if isinstance(pieces, AsyncGenerator):
        await pieces.aclose()


async def _end(tasks: Iterable[asyncio.Task[WharfingerError | None]]) -> None:
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)


def _shown(digest: Digest | None) -> str:
    return "absent" if digest is None else f"{digest.algorithm}:{digest.hex[:12]}"
