"""The answer to who looks for what is never there: an empty list, as of now."""

# ruff: noqa: ARG002 (an endpoint need not look at all that it is told)

from __future__ import annotations

from wharfinger.cluster import paging
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import ObjectNotFound
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds import absent
from wharfinger.cluster.options import ListOptions
from wharfinger.cluster.paging import Page
from wharfinger.cluster.subject import Subject


class Nothing(Endpoint):
    """A kind of which there is no object."""

    def __init__(self, kind: Kind, cache: Cache) -> None:
        super().__init__(kind)
        self._cache = cache

    async def get(self, subject: Subject, namespace: str, name: str) -> Object:
        raise ObjectNotFound(self.kind.resource, name)

    async def list(self, subject: Subject, namespace: str | None, options: ListOptions) -> Page:
        return paging.cut([], self._cache.revision, options)


def endpoints(cache: Cache) -> tuple[Nothing, ...]:
    return tuple(Nothing(kind, cache) for kind in absent.KINDS)
