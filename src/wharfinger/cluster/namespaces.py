"""
The end of a namespace: everything in it goes, then its repositories, then it.

A namespace that is to be deleted is only marked; from then on nothing new may be made in it
(`admission.py`). Here its contents are removed kind by kind. What somebody holds by a finalizer is
waited for. Only when nothing is left are the repositories of the project deleted and the namespace
let go, so that a crash at any point leaves it marked, and the work is taken up again.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence

from wharfinger.cluster import metadata
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds.core import NAMESPACE
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import DeleteOptions, Propagation
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.watch import Event

FINALIZER = "kubernetes"
LOOK_AGAIN = 5.0

OnDeleted = Callable[[str], Awaitable[None]]
"""Told the name of a project whose objects are gone; may be told twice."""


class NamespaceEnd:
    """A controller; its keys are names of namespaces."""

    follows = None

    def __init__(self, objects: Objects, kinds: Sequence[Kind], on_deleted: OnDeleted) -> None:
        self._objects = objects
        self._cache = objects.cache
        self._kinds = tuple(kind for kind in kinds if kind.namespaced)
        self._on_deleted = on_deleted

    def everything(self) -> Iterable[Hashable]:
        found = self._cache.list(NAMESPACE.resource)
        return [one["metadata"]["name"] for one in found if metadata.deleting(one)]

    def concerned(self, event: Event) -> Iterable[Hashable]:
        name = event.key.name if event.key.resource == NAMESPACE.resource else event.key.namespace
        namespace = self._cache.get(NAMESPACE.resource, "", name)
        return (name,) if namespace is not None and metadata.deleting(namespace) else ()

    async def reconcile(self, key: Hashable) -> float | None:
        name = str(key)
        namespace = self._cache.get(NAMESPACE.resource, "", name)
        if namespace is None or not metadata.deleting(namespace):
            return None
        await self._empty(name)
        if self._left(name):
            return LOOK_AGAIN
        if FINALIZER in namespace["spec"].get("finalizers", ()):
            await self._on_deleted(name)
            await self._objects.update(
                NAMESPACE, "", name, _let_go(namespace), SYSTEM, subresource="finalize"
            )
        return None

    async def _empty(self, name: str) -> None:
        options = DeleteOptions(propagation=Propagation.BACKGROUND)
        for kind in self._kinds:
            for obj in self._cache.list(kind.resource, name):
                if not metadata.deleting(obj):
                    found = obj["metadata"]["name"]
                    await self._objects.delete(kind, name, found, SYSTEM, options)

    def _left(self, name: str) -> bool:
        return any(self._cache.list(kind.resource, name) for kind in self._kinds)


def _let_go(namespace: Object) -> Object:
    freed = copy.deepcopy(namespace)
    freed["spec"]["finalizers"].remove(FINALIZER)
    return freed
