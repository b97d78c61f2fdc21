"""
What the controllers of workloads share: whose turn it is, and the writes they make.

A workload is looked at when it changes, and when something that it controls, or might adopt, does.
All writes name the version they rest on, so a race ends in a conflict and is looked at again.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from wharfinger.cluster.errors import ObjectNotFound
from wharfinger.cluster.kind import GroupResource, Kind, Object
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import DeleteOptions, Options, Propagation
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.tokens import Clock
from wharfinger.cluster.watch import Event
from wharfinger.cluster.workloads import conditions, ownership, pods
from wharfinger.cluster.workloads.ownership import Selector
from wharfinger.errors import BadInput, Forbidden, NotFound, TooLarge

BURST: Final = 100
"""How many objects are made in one go, before others have their turn."""

RETRY: Final = 10.0
"""Seconds after which is tried again to make what was refused."""

WRITE: Final = Options(field_manager="wharfinger-workloads")

REFUSED: Final = (Forbidden, BadInput, TooLarge, NotFound)
"""What keeps a pod from being made for reasons that lie with the workload or its project."""


class Name(NamedTuple):
    namespace: str
    name: str


class Workload:
    """A controller of one kind; its keys are the `Name`s of its objects."""

    besides: Collection[GroupResource] = ()
    """What it follows beside the kind and what that owns."""

    def __init__(
        self, objects: Objects, kind: Kind, below: Kind = POD, *, clock: Clock = time.time
    ) -> None:
        self._objects, self._cache = objects, objects.cache
        self._kind, self._below = kind, below
        self._clock = clock
        self.follows = frozenset({kind.resource, below.resource, *self.besides})

    def everything(self) -> Iterable[Hashable]:
        return [_name(one) for one in self._cache.list(self._kind.resource)]

    def concerned(self, event: Event) -> Iterable[Hashable]:
        key = event.key
        if key.resource == self._kind.resource:
            return (Name(key.namespace, key.name),)
        found = {*self._owners(event.object)}
        if event.previous is not None:
            found.update(self._owners(event.previous))
        return found

    async def reconcile(self, key: Hashable) -> float | None:
        assert isinstance(key, Name)
        owner = self._cache.get(self._kind.resource, key.namespace, key.name)
        return await self._bring(owner) if owner is not None else None

    async def _bring(self, owner: Object) -> float | None:
        """Bring one object to its wanted state; say after how many seconds to look again."""
        raise NotImplementedError

    def _selector(self, owner: Object) -> Selector | None:
        selector: Selector | None = (owner.get("spec") or {}).get("selector")
        return selector

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _owners(self, obj: Object) -> Iterable[Name]:
        namespace = obj["metadata"].get("namespace", "")
        controller = pods.controller_of(obj)
        if controller is None:
            for owner in self._cache.list(self._kind.resource, namespace):
                if ownership.claim(owner, self._selector(owner), (obj,)).adopt:
                    yield _name(owner)
        elif (controller.get("apiVersion"), controller.get("kind")) == (
            self._kind.api_version,
            self._kind.kind,
        ):
            yield Name(namespace, controller["name"])

    async def _claim(self, owner: Object) -> list[Object]:
        """Adopt and release as the selector says; return what is owned then."""
        namespace = owner["metadata"]["namespace"]
        found = self._cache.list(self._below.resource, namespace)
        candidates = [one for one in found if self._may_claim(one)]
        claims = ownership.claim(owner, self._selector(owner), candidates)
        for one in claims.release:
            await self._replace(self._below, ownership.released(owner, one))
        adopted = [
            await self._replace(self._below, ownership.adopted(self._kind, owner, one))
            for one in claims.adopt
        ]
        return [*claims.owned, *adopted]

    def _may_claim(self, obj: Object) -> bool:
        """Finished pods without an owner are left alone."""
        return self._below is not POD or pods.controller_of(obj) is not None or pods.active(obj)

    async def _make(
        self, owner: Object, made: Iterable[Object]
    ) -> tuple[list[Object], dict[str, Any] | None]:
        """Create objects of the kind below; say what is there, and what it failed on."""
        done: list[Object] = []
        namespace = owner["metadata"]["namespace"]
        for one in made:
            try:
                done.append(await self._objects.create(self._below, namespace, one, SYSTEM, WRITE))
            except REFUSED as error:
                return done, conditions.made("ReplicaFailure", True, "FailedCreate", error.message)
        return done, None

    async def _delete(self, kind: Kind, obj: Object) -> None:
        found = obj["metadata"]
        options = DeleteOptions(uid=found["uid"], propagation=Propagation.BACKGROUND)
        try:
            await self._objects.delete(kind, found["namespace"], found["name"], SYSTEM, options)
        except ObjectNotFound:
            return  # somebody else was faster, with the same result

    async def _replace(self, kind: Kind, obj: Object, subresource: str = "") -> Object:
        found = obj["metadata"]
        return await self._objects.update(
            kind, found["namespace"], found["name"], obj, SYSTEM, WRITE, subresource=subresource
        )

    async def _report(self, owner: Object, status: Mapping[str, Any]) -> Object:
        """Write a status if it says something else than what is there."""
        if status == (owner.get("status") or {}):
            return owner
        return await self._replace(self._kind, {**owner, "status": dict(status)}, "status")


def until_available(found: Sequence[Object], min_ready: int | None, now: datetime) -> float | None:
    """Seconds until the next ready pod counts as available; None if none is waited for."""
    if not min_ready:
        return None
    waits = [
        min_ready - (now - since).total_seconds()
        for since in map(pods.ready_since, found)
        if since is not None
    ]
    return min((wait for wait in waits if wait > 0), default=None)


def soonest(*delays: float | None) -> float | None:
    return min((one for one in delays if one is not None), default=None)


def _name(obj: Object) -> Name:
    return Name(obj["metadata"]["namespace"], obj["metadata"]["name"])
