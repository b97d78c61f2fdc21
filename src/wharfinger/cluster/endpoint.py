"""
What answers at one path of the API: the stored objects of a kind, or something computed.

The server knows only endpoints, so that a view (`Project` over `Namespace`) or a question
(`SubjectAccessReview`) is served by the same routes as what is stored. `None` as a namespace
means all of them; "" is the scope of the cluster.
"""

# ruff: noqa: ARG002 (an interface names what an implementation may leave unused)

from __future__ import annotations

from typing import Any

from wharfinger.cluster.errors import VerbUnsupported
from wharfinger.cluster.feed import Feed
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.objects import Deletion, Objects
from wharfinger.cluster.options import DeleteOptions, ListOptions, Options, WatchOptions
from wharfinger.cluster.paging import Page
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import Subject


class Endpoint:
    """Supports nothing by itself: override what `kind.verbs` (or the subresource) lists.

    Whoever calls has authenticated `subject` and found it allowed the verb at this path.
    """

    def __init__(self, kind: Kind, subresource: str = "") -> None:
        self.kind = kind
        """The kind whose plural stands in the path; also for a subresource of it."""
        self.subresource = subresource

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        """`name` is that of the path, so "" except below an object (`.../NAME/token`)."""
        raise self._unsupported("create")

    async def get(self, subject: Subject, namespace: str, name: str) -> Object:
        raise self._unsupported("get")

    async def list(
        self, subject: Subject, namespace: str | None, options: ListOptions
    ) -> Page | Object:
        """The objects, or a Status where there are none to list and the answer is the question."""
        raise self._unsupported("list")

    async def watch(self, subject: Subject, namespace: str | None, options: WatchOptions) -> Feed:
        raise self._unsupported("watch")

    async def update(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        raise self._unsupported("update")

    async def patch(
        self,
        subject: Subject,
        namespace: str,
        name: str,
        patch_type: PatchType,
        document: Any,
        options: Options,
    ) -> Object:
        raise self._unsupported("patch")

    async def delete(
        self, subject: Subject, namespace: str, name: str, options: DeleteOptions
    ) -> Deletion:
        raise self._unsupported("delete")

    async def delete_collection(
        self,
        subject: Subject,
        namespace: str | None,
        select: ListOptions,
        options: DeleteOptions,
    ) -> Page:
        raise self._unsupported("deletecollection")

    def _unsupported(self, verb: str) -> VerbUnsupported:
        return VerbUnsupported(self.kind.resource, verb)


class Stored(Endpoint):
    """The objects of a kind as they are in the store, or a subresource that is a part of them."""

    def __init__(self, objects: Objects, kind: Kind, subresource: str = "") -> None:
        super().__init__(kind, subresource)
        self._objects = objects

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        if name:
            raise self._unsupported("create")
        return await self._objects.create(self.kind, namespace, obj, subject, options)

    async def get(self, subject: Subject, namespace: str, name: str) -> Object:
        return self._objects.get(self.kind, namespace, name)

    async def list(self, subject: Subject, namespace: str | None, options: ListOptions) -> Page:
        return self._objects.list(self.kind, namespace, options)

    async def watch(self, subject: Subject, namespace: str | None, options: WatchOptions) -> Feed:
        return self._objects.watch(self.kind, namespace, options)

    async def update(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        return await self._objects.update(
            self.kind, namespace, name, obj, subject, options, subresource=self.subresource
        )

    async def patch(
        self,
        subject: Subject,
        namespace: str,
        name: str,
        patch_type: PatchType,
        document: Any,
        options: Options,
    ) -> Object:
        return await self._objects.patch(
            self.kind,
            namespace,
            name,
            patch_type,
            document,
            subject,
            options,
            subresource=self.subresource,
        )

    async def delete(
        self, subject: Subject, namespace: str, name: str, options: DeleteOptions
    ) -> Deletion:
        return await self._objects.delete(self.kind, namespace, name, subject, options)

    async def delete_collection(
        self,
        subject: Subject,
        namespace: str | None,
        select: ListOptions,
        options: DeleteOptions,
    ) -> Page:
        return await self._objects.delete_collection(self.kind, namespace, subject, select, options)
