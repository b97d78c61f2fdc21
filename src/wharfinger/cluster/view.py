"""
One kind shown as another: lists, watches and writes of objects that are stored elsewhere.

A view says how a stored object is shown (`show`), to whom (`sees`) and, if it can be written
through, what is kept of what a client sends (`keep`). Everything else follows: reads select and
page what is shown, watches translate the events of what is stored, and writes go to the stored
kind with all its checks and admissions, so that a view is no way around them.
"""

# ruff: noqa: ARG002 (an interface names what an implementation may leave unused)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wharfinger.cluster import feed, paging, patch
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import ObjectConflict, ObjectNotFound
from wharfinger.cluster.feed import Feed, WatchEvent
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.objects import Deletion, Objects
from wharfinger.cluster.options import DeleteOptions, ListOptions, Options, WatchOptions
from wharfinger.cluster.paging import Page
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.reviews import question
from wharfinger.cluster.selector import EVERYTHING, FieldRequirement, Selector
from wharfinger.cluster.subject import Subject

_TRIES = 10


class View(Endpoint):
    """Objects of `source`, to be read as objects of `kind` under the same names."""

    def __init__(self, kind: Kind, cache: Cache, source: Kind) -> None:
        super().__init__(kind)
        self._cache = cache
        self._source = source

    def show(self, stored: Object) -> Object:
        """The object as clients see it; `stored` is shared: never mutate it."""
        raise NotImplementedError

    def sees(self, subject: Subject, stored: Object) -> bool:
        """Whether the object is there for this caller."""
        return True

    def stored_name(self, name: str) -> str:
        """The name that the stored object has."""
        return name

    async def get(self, subject: Subject, namespace: str, name: str) -> Object:
        return self.show(self._find(subject, namespace, name))

    async def list(self, subject: Subject, namespace: str | None, options: ListOptions) -> Page:
        all_of_it = replace(options, limit=0, selector=EVERYTHING)
        every = paging.read(self._cache, self._source.resource, namespace, all_of_it)
        seen = [(one, self.show(one)) for one in every.items if self.sees(subject, one)]
        selected = [(one, shown) for one, shown in seen if options.selector.matches(shown)]
        # A page ends at a stored name: those that are shown may be in another order.
        stored = [one for one, _ in selected]
        page = paging.cut(stored, every.revision, replace(options, selector=EVERYTHING))
        items = [shown for _, shown in selected[: len(page.items)]]
        remaining = None if options.selector else page.remaining
        return replace(page, items=items, remaining=remaining)

    async def watch(self, subject: Subject, namespace: str | None, options: WatchOptions) -> Feed:
        def selected(stored: Object) -> str:
            wanted = self.sees(subject, stored) and options.selector.matches(self.show(stored))
            return str(wanted)

        # What a caller may see is one more condition, so that a change of it is told as such.
        condition = Selector(fields=(FieldRequirement(selected, str(True), equal=True),))
        followed = feed.follow(
            self._cache, self._source, namespace, replace(options, selector=condition)
        )
        return _ShownFeed(followed, self)

    def _find(self, subject: Subject, namespace: str, name: str) -> Object:
        found = self._cache.get(self._source.resource, namespace, self.stored_name(name))
        if found is None or not self.sees(subject, found):
            raise ObjectNotFound(self.kind.resource, name)
        return found


class WritableView(View):
    """A view that can be written through, under the rules of the kind that is stored."""

    def __init__(self, kind: Kind, objects: Objects, source: Kind) -> None:
        super().__init__(kind, objects.cache, source)
        self._objects = objects

    def keep(self, shown: Object) -> Object:
        """The object to store for one that a client sent; its types are checked already."""
        raise NotImplementedError

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        wanted = self.keep(question(self.kind, namespace, name, obj, options))
        made = await self._objects.create(self._source, namespace, wanted, subject, options)
        return self.show(made)

    async def update(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        wanted = self.keep(question(self.kind, namespace, name, obj, options))
        changed = await self._objects.update(
            self._source, namespace, self.stored_name(name), wanted, subject, options
        )
        return self.show(changed)

    async def patch(
        self,
        subject: Subject,
        namespace: str,
        name: str,
        patch_type: PatchType,
        document: Any,
        options: Options,
    ) -> Object:
        for _ in range(_TRIES):
            old = await self.get(subject, namespace, name)
            new = patch.apply(patch_type, old, document, self.kind.schema)
            try:
                return await self.update(subject, namespace, name, new, options)
            except ObjectConflict:
                now = await self.get(subject, namespace, name)
                if now["metadata"]["resourceVersion"] == old["metadata"]["resourceVersion"]:
                    raise  # not that somebody was faster: the patch names a version itself
        raise ObjectConflict(self.kind.resource, name)

    async def delete(
        self, subject: Subject, namespace: str, name: str, options: DeleteOptions
    ) -> Deletion:
        deletion = await self._objects.delete(
            self._source, namespace, self.stored_name(name), subject, options
        )
        return Deletion(self.show(deletion.object), deletion.removed)

    async def delete_collection(
        self,
        subject: Subject,
        namespace: str | None,
        select: ListOptions,
        options: DeleteOptions,
    ) -> Page:
        page = await self.list(subject, namespace, select)
        for one in page.items:
            found = one["metadata"]
            same = replace(options, uid=found["uid"])
            try:
                await self.delete(subject, found.get("namespace", ""), found["name"], same)
            except ObjectNotFound:
                continue  # somebody else was faster, with the same result
        return page


class _ShownFeed:
    """The events of a stored kind, told of the objects as they are shown."""

    def __init__(self, stored: Feed, view: View) -> None:
        self._stored, self._view = stored, view

    @property
    def revision(self) -> int:
        return self._stored.revision

    async def batch(self, within: float | None = None) -> Sequence[WatchEvent] | None:
        events = await self._stored.batch(within)
        return events if events is None else [self._shown(event) for event in events]

    def _shown(self, event: WatchEvent) -> WatchEvent:
        kind = self._view.kind
        if event.type == "BOOKMARK":
            named = {"apiVersion": kind.api_version, "kind": kind.kind}
            return WatchEvent(event.type, {**event.object, **named})
        return WatchEvent(event.type, self._view.show(event.object))
