"""
Create, read, change and delete objects with the semantics of the Kubernetes API.

Rights are decided before (by the server) and in admissions; here is what is written and whether
it may be. Every write is compared and set: a caller that names a resourceVersion gets a conflict
when it is stale, any other is tried again on what is there now.
"""

from __future__ import annotations

import secrets
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from wharfinger.cluster import checks, feed, metadata, paging, patch, states
from wharfinger.cluster.admission import NAMESPACES, Admission, Operation, Review
from wharfinger.cluster.apply import ownership
from wharfinger.cluster.apply.managers import Managed
from wharfinger.cluster.apply.ownership import Writer
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import (
    ObjectConflict,
    ObjectExists,
    ObjectNotFound,
    ObjectTooLarge,
    RevisionConflict,
)
from wharfinger.cluster.feed import SelectedFeed
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.options import DeleteOptions, ListOptions, Options, WatchOptions
from wharfinger.cluster.paging import Page
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.subject import Subject

MAX_BYTES: Final = 3 * 1024 * 1024
"""Of one object as it is stored: many small patches may not make what one request may not."""

FIELD_MANAGER: Final = "wharfinger"
"""Who manages the fields that our own controllers set, unless they say so themselves."""

_ORPHANED: Final = (
    "the pods stay, as nothing was said of them: say propagationPolicy=Background to have them "
    "deleted, or propagationPolicy=Orphan to keep them without this warning"
)
_TRIES: Final = 20
_GENERATED_TRIES: Final = 8
_MAX_NAME: Final = 63
_SUFFIX: Final = 5
_SUFFIX_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and no look-alikes, so that no words come out."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """The object as it was last; `removed` is false while finalizers hold it."""

    object: Object
    removed: bool


def _now() -> datetime:
    return datetime.now(UTC)


def _uid() -> str:
    return str(uuid.uuid4())


def random_suffix() -> str:
    """What makes a generated name unique."""
    return "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(_SUFFIX))


class Objects:
    """The service; what it returns may be shared with the cache: never mutate it."""

    def __init__(
        self,
        cache: Cache,
        admission: Sequence[Admission] = (),
        reviews: Sequence[Review] = (),
        *,
        now: Callable[[], datetime] = _now,
        uid: Callable[[], str] = _uid,
        suffix: Callable[[], str] = random_suffix,
    ) -> None:
        self.cache = cache
        self._admission = tuple(admission)
        self._reviews = tuple(reviews)
        self._now, self._uid, self._suffix = now, uid, suffix
        self._arriving: Counter[str] = Counter()

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """Raise `ObjectNotFound`."""
        found = self.cache.get(kind.resource, namespace, name)
        if found is None:
            raise ObjectNotFound(kind.resource, name)
        return found

    def list(
        self, kind: Kind, namespace: str | None = None, options: ListOptions | None = None
    ) -> Page:
        """One page; `namespace` None means all. Raises `Expired` for a forgotten revision."""
        return paging.read(self.cache, kind.resource, namespace, options or ListOptions())

    def watch(
        self, kind: Kind, namespace: str | None = None, options: WatchOptions | None = None
    ) -> SelectedFeed:
        return feed.follow(self.cache, kind, namespace, options or WatchOptions())

    async def create(
        self,
        kind: Kind,
        namespace: str,
        obj: Object,
        subject: Subject,
        options: Options | None = None,
    ) -> Object:
        """Raise `ObjectExists`, `ObjectInvalid`, or what an admission raises."""
        options = options or Options()
        new = _copy(obj)
        metadata.claim(kind, new, namespace)
        checks.fields(kind, new, options)
        metadata.begin(kind, new, uid=self._uid(), now=self._now())
        prefix = "" if new["metadata"].get("name") else new["metadata"].get("generateName") or ""
        for attempt in range(_GENERATED_TRIES):
            candidate = _copy(new)
            if prefix:
                candidate["metadata"]["name"] = prefix[: _MAX_NAME - _SUFFIX] + self._suffix()
            try:
                return await self._insert(kind, namespace, candidate, subject, options)
            except ObjectExists:
                if not prefix or attempt == _GENERATED_TRIES - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def update(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        obj: Object,
        subject: Subject,
        options: Options | None = None,
        *,
        subresource: str = "",
    ) -> Object:
        """Put `obj` in place of what is there; unconditionally if it names no version."""

        def put(_: Object) -> Object:
            new: Object = _copy(obj)
            return new

        return await self._change(
            kind, namespace, name, put, subject, options or Options(), subresource
        )

    async def patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        patch_type: PatchType,
        document: Any,
        subject: Subject,
        options: Options | None = None,
        *,
        subresource: str = "",
    ) -> Object:
        """Apply a patch to what is there now, again if that changes meanwhile.

        A server-side apply makes what is not there; it may raise `ApplyConflict`.
        """
        options = options or Options()
        if patch_type is PatchType.APPLY:
            return await self._apply(kind, namespace, name, document, subject, options, subresource)

        def patched(old: Object) -> Object:
            new: Object = _copy(patch.apply(patch_type, old, document, kind.schema))
            if _revision_of(new) == _revision_of(old):
                # What the object had before, not a version that the patch asks for.
                new["metadata"].pop("resourceVersion", None)
            return new

        return await self._change(kind, namespace, name, patched, subject, options, subresource)

    async def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        subject: Subject,
        options: DeleteOptions | None = None,
    ) -> Deletion:
        """Remove the object, or mark it for those who hold it by a finalizer."""
        options = options or DeleteOptions()
        if kind.orphans and options.propagation is None:
            options.warn(_ORPHANED)
        for _ in range(_TRIES):
            old = self.get(kind, namespace, name)
            metadata.require_uid(kind, old, options.uid)
            metadata.require_revision(kind, old, options.resource_version)
            self._admit(Operation.DELETE, kind, namespace, name, None, old, subject)
            marked = _copy(old)
            metadata.begin_deletion(kind, marked, options, self._now())
            removed = not metadata.held(marked)
            if options.dry_run or (marked == old and not removed):
                return Deletion(marked, removed)
            try:
                stored = await self._store(kind, None if removed else marked, old)
            except RevisionConflict:
                continue
            return Deletion(stored, removed)
        raise ObjectConflict(kind.resource, name)

    async def delete_collection(
        self,
        kind: Kind,
        namespace: str | None,
        subject: Subject,
        select: ListOptions | None = None,
        options: DeleteOptions | None = None,
    ) -> Page:
        """Delete what a list would show, one by one; return that list."""
        page = self.list(kind, namespace, select)
        for obj in page.items:
            found = obj["metadata"]
            own = replace(options or DeleteOptions(), uid=found["uid"])
            try:
                await self.delete(kind, found.get("namespace", ""), found["name"], subject, own)
            except ObjectNotFound:
                continue  # somebody else was faster, with the same result
        return page

    async def _insert(
        self, kind: Kind, namespace: str, new: Object, subject: Subject, options: Options
    ) -> Object:
        kind.default(new)
        await self._review(Operation.CREATE, kind, new, None, "")
        if "managedFields" not in new["metadata"]:
            managed = ownership.created(kind, new, self._writer(options))
            metadata.manage(new, ownership.settled(managed, new, None))
        name = new["metadata"].get("name") or ""
        self._admit(Operation.CREATE, kind, namespace, name, new, None, subject)
        checks.values(kind, new)
        if self.cache.get(kind.resource, namespace, name) is not None:
            raise ObjectExists(kind.resource, name)
        if options.dry_run:
            return new
        self._arriving[namespace] += 1
        try:
            return await self._store(kind, new, None)
        except RevisionConflict:
            raise ObjectExists(kind.resource, name) from None
        finally:
            self._arriving[namespace] -= 1

    async def _change(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        make: Callable[[Object], Object],
        subject: Subject,
        options: Options,
        subresource: str,
    ) -> Object:
        for _ in range(_TRIES):
            old = self.get(kind, namespace, name)
            new = await self._prepare(kind, make(old), old, subject, options, subresource)
            if options.dry_run:
                return _at(new, old["metadata"]["resourceVersion"])
            try:
                return await self._replace(kind, new, old)
            except RevisionConflict:
                continue
        raise ObjectConflict(kind.resource, name)

    async def _prepare(
        self,
        kind: Kind,
        new: Object,
        old: Object,
        subject: Subject,
        options: Options,
        subresource: str,
    ) -> Object:
        """The object to be stored in place of `old`, once nothing speaks against it."""
        found = old["metadata"]
        metadata.claim(kind, new, found.get("namespace", ""), found["name"])
        checks.fields(kind, new, options)
        said = new["metadata"].get("managedFields")
        new = self._succeed(kind, new, old, subresource)
        await self._review(Operation.UPDATE, kind, new, old, subresource)
        managed = ownership.updated(kind, new, old, said, self._writer(options, subresource))
        self._judge(kind, new, old, managed, subject, subresource)
        return new

    def _succeed(self, kind: Kind, new: Object, old: Object, subresource: str) -> Object:
        """The new object with all that it has from the old one."""
        new = _copy(metadata.split(kind, new, old, subresource))
        metadata.carry_over(kind, new, old)
        kind.default(new)
        return new

    def _judge(
        self,
        kind: Kind,
        new: Object,
        old: Object,
        managed: Managed,
        subject: Subject,
        subresource: str,
    ) -> None:
        """Write into `new` what follows from the change, and raise if it may not be."""
        metadata.manage(new, ownership.settled(managed, new, old))
        metadata.bump(kind, new, old)
        namespace, name = old["metadata"].get("namespace", ""), old["metadata"]["name"]
        self._admit(Operation.UPDATE, kind, namespace, name, new, old, subject)
        checks.values(kind, new, old, subresource)

    async def _apply(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        document: Any,
        subject: Subject,
        options: Options,
        subresource: str,
    ) -> Object:
        for _ in range(_TRIES):
            config = _copy(document)
            checks.configuration(kind, config, namespace, name, options)
            old = self.cache.get(kind.resource, namespace, name)
            if old is None and subresource:
                raise ObjectNotFound(kind.resource, name)
            writer = self._writer(options, subresource)
            made = ownership.applied(kind, old, config, writer)
            new = metadata.configured(made.object, config)
            try:
                if old is None:
                    return await self._insert_applied(kind, new, made.managed, subject, options)
                new = self._succeed(kind, new, old, subresource)
                await self._review(Operation.UPDATE, kind, new, old, subresource)
                self._judge(kind, new, old, made.managed, subject, subresource)
                if options.dry_run:
                    return _at(new, old["metadata"]["resourceVersion"])
                return await self._replace(kind, new, old)
            except (ObjectExists, RevisionConflict):
                continue
        raise ObjectConflict(kind.resource, name)

    async def _insert_applied(
        self, kind: Kind, new: Object, managed: Managed, subject: Subject, options: Options
    ) -> Object:
        options.allow_creation()
        new = _copy(new)
        namespace = new["metadata"].get("namespace") or ""
        metadata.begin(kind, new, uid=self._uid(), now=self._now())
        metadata.manage(new, ownership.settled(managed, new, None))
        made = await self._insert(kind, namespace, new, subject, options)
        options.tell_created()
        return made

    def _writer(self, options: Options, subresource: str = "") -> Writer:
        return Writer(
            options.field_manager or FIELD_MANAGER,
            metadata.timestamp(self._now()),
            subresource,
            force=options.force,
        )

    async def _replace(self, kind: Kind, new: Object, old: Object) -> Object:
        if metadata.deleting(new) and not metadata.held(new):
            return await self._store(kind, None, old)
        if _at(new, old["metadata"]["resourceVersion"]) == old:
            return old
        return await self._store(kind, new, old)

    async def _store(self, kind: Kind, new: Object | None, old: Object | None) -> Object:
        """Write `new` (None: remove) over `old` (None: absent); return it with its version."""
        shown = new if new is not None else old
        assert shown is not None
        found = shown["metadata"]
        if new is None and kind.resource == NAMESPACES and self._arriving[found["name"]]:
            reason = "objects are being created in it; please try again"
            raise ObjectConflict(kind.resource, found["name"], reason)
        key = Key(kind.resource, found.get("namespace", ""), found["name"])
        expected = int(old["metadata"]["resourceVersion"]) if old is not None else 0
        try:
            value = _encode(new)
        except ObjectTooLarge:
            if "managedFields" not in found:
                raise
            # Better to lose who set what than to refuse what was set.
            shown = new = {**shown, "metadata": {**found}}
            metadata.manage(new, None)
            value = _encode(new)
        change = await self.cache.commit(Write(key, value, expected))
        return _at(shown, str(change.revision))

    async def _review(
        self, operation: Operation, kind: Kind, new: Object, old: Object | None, subresource: str
    ) -> None:
        for each in self._reviews:
            namespace = new["metadata"].get("namespace", "")
            await each.review(operation, kind, namespace, new, old, subresource)

    def _admit(
        self,
        operation: Operation,
        kind: Kind,
        namespace: str,
        name: str,
        new: Object | None,
        old: Object | None,
        subject: Subject,
    ) -> None:
        for admission in self._admission:
            admission.admit(operation, kind, namespace, name, new, old, subject)


def _revision_of(obj: Object) -> Any:
    found = obj.get("metadata")
    return found.get("resourceVersion") if isinstance(found, dict) else None


def _at(obj: Object, revision: str) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": revision}}


def _copy(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def _encode(obj: Object | None) -> bytes | None:
    if obj is None:
        return None
    value = states.encode(obj)
    if len(value) > MAX_BYTES:
        raise ObjectTooLarge(MAX_BYTES)
    return value
