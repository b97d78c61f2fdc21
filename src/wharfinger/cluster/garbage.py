"""
Owned objects follow their owners: `metadata.ownerReferences`, as Kubernetes means it.

An object whose owners are all gone is deleted; if some are left, only the references to the gone
ones are removed. An owner that was deleted in the foreground waits for the dependents that block
it, and one that was deleted as an orphan first lets its dependents go. An owner of a kind that we
do not serve counts as there: deleting on a guess would lose data.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from wharfinger.cluster import metadata
from wharfinger.cluster.errors import ObjectNotFound
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import DeleteOptions, Propagation
from wharfinger.cluster.store import Key
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.watch import Event

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"


class Garbage:
    """A controller; its keys are those of stored objects."""

    def __init__(self, objects: Objects, kinds: Sequence[Kind]) -> None:
        self.follows = frozenset(kind.resource for kind in kinds)
        self._objects = objects
        self._cache = objects.cache
        self._by_resource = {kind.resource: kind for kind in kinds}
        self._by_type = {(kind.api_version, kind.kind): kind for kind in kinds}
        self._dependents: defaultdict[str, set[Key]] = defaultdict(set)

    def everything(self) -> Iterable[Hashable]:
        self._dependents.clear()
        keys: list[Hashable] = []
        for kind in self._by_resource.values():
            for obj in self._cache.list(kind.resource):
                found = obj["metadata"]
                key = Key(kind.resource, found.get("namespace", ""), found["name"])
                self._remember(key, obj)
                keys.append(key)
        return keys

    def concerned(self, event: Event) -> Iterable[Hashable]:
        if event.previous is not None:
            self._forget(event.key, event.previous)
        if not event.deleted:
            self._remember(event.key, event.object)
            ours = _owners(event.object) or metadata.deleting(event.object)
            return (event.key,) if ours else ()
        owners = (self._owner_key(event.key, one) for one in _owners(event.object))
        dependents = self._dependents.get(event.object["metadata"]["uid"], ())
        return [*dependents, *(key for key in owners if key is not None)]

    async def reconcile(self, key: Hashable) -> float | None:
        assert isinstance(key, Key)
        obj = self._cache.get(key.resource, key.namespace, key.name)
        if obj is None:
            return None
        finalizers = obj["metadata"].get("finalizers") or ()
        if metadata.deleting(obj) and ORPHAN in finalizers:
            await self._orphan(key, obj)
        elif metadata.deleting(obj) and FOREGROUND in finalizers:
            await self._delete_dependents(key, obj)
        elif _owners(obj):
            await self._judge(key, obj)
        return None

    async def _judge(self, key: Key, obj: Object) -> None:
        """Delete an object without living owners, or rid it of those that are gone."""
        owners = _owners(obj)
        living = [one for one in owners if self._lives(key, one)]
        if not living:
            await self._delete(key, obj, _asked_before(obj))
        elif len(living) < len(owners):
            await self._update(key, obj, "ownerReferences", living)

    async def _orphan(self, key: Key, owner: Object) -> None:
        uid = owner["metadata"]["uid"]
        for dependent, obj in self._living_dependents(uid):
            kept = [one for one in _owners(obj) if one["uid"] != uid]
            await self._update(dependent, obj, "ownerReferences", kept)
        await self._release(key, owner, ORPHAN)

    async def _delete_dependents(self, key: Key, owner: Object) -> None:
        uid = owner["metadata"]["uid"]
        for dependent, obj in self._living_dependents(uid):
            others = [one for one in _owners(obj) if one["uid"] != uid]
            if any(self._lives(dependent, one) for one in others):
                await self._update(dependent, obj, "ownerReferences", others)
            elif not metadata.deleting(obj):
                await self._delete(dependent, obj, Propagation.FOREGROUND)
        if not any(_blocks(obj, uid) for _, obj in self._living_dependents(uid)):
            await self._release(key, owner, FOREGROUND)

    async def _release(self, key: Key, owner: Object, finalizer: str) -> None:
        now = self._cache.get(key.resource, key.namespace, key.name)
        if now is not None and now["metadata"]["uid"] == owner["metadata"]["uid"]:
            kept = [one for one in now["metadata"].get("finalizers") or () if one != finalizer]
            await self._update(key, now, "finalizers", kept)

    async def _delete(self, key: Key, obj: Object, propagation: Propagation) -> None:
        options = DeleteOptions(uid=obj["metadata"]["uid"], propagation=propagation)
        kind = self._by_resource[key.resource]
        await self._objects.delete(kind, key.namespace, key.name, SYSTEM, options)

    async def _update(self, key: Key, obj: Object, field: str, values: Sequence[Any]) -> None:
        changed = copy.deepcopy(obj)
        changed["metadata"][field] = list(values)
        kind = self._by_resource[key.resource]
        try:
            await self._objects.update(kind, key.namespace, key.name, changed, SYSTEM)
        except ObjectNotFound:
            return  # it went meanwhile, which is as good

    def _lives(self, key: Key, owner: Mapping[str, Any]) -> bool:
        kind = self._by_type.get((owner["apiVersion"], owner["kind"]))
        if kind is None or (kind.namespaced and not key.namespace):
            return True
        namespace = key.namespace if kind.namespaced else ""
        found = self._cache.get(kind.resource, namespace, owner["name"])
        return found is not None and found["metadata"]["uid"] == owner["uid"]

    def _living_dependents(self, uid: str) -> list[tuple[Key, Object]]:
        keys = sorted(self._dependents.get(uid, ()))
        found = ((key, self._cache.get(key.resource, key.namespace, key.name)) for key in keys)
        return [
            (key, obj)
            for key, obj in found
            if obj is not None and any(one["uid"] == uid for one in _owners(obj))
        ]

    def _owner_key(self, key: Key, owner: Mapping[str, Any]) -> Key | None:
        kind = self._by_type.get((owner["apiVersion"], owner["kind"]))
        if kind is None:
            return None
        return Key(kind.resource, key.namespace if kind.namespaced else "", owner["name"])

    def _remember(self, key: Key, obj: Object) -> None:
        for owner in _owners(obj):
            self._dependents[owner["uid"]].add(key)

    def _forget(self, key: Key, obj: Object) -> None:
        for owner in _owners(obj):
            self._dependents[owner["uid"]].discard(key)
            if not self._dependents[owner["uid"]]:
                del self._dependents[owner["uid"]]


def _owners(obj: Object) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = obj["metadata"].get("ownerReferences") or ()
    return found


def _asked_before(obj: Object) -> Propagation:
    """What its maker wants to become of the objects that it owns."""
    finalizers = obj["metadata"].get("finalizers") or ()
    if ORPHAN in finalizers:
        return Propagation.ORPHAN
    return Propagation.FOREGROUND if FOREGROUND in finalizers else Propagation.BACKGROUND


def _blocks(obj: Object, uid: str) -> bool:
    return any(one["uid"] == uid and one.get("blockOwnerDeletion") for one in _owners(obj))
