"""
Which groups a user is in, by the Group objects there are.

An index from user to groups is kept in step with the cache, as rights are: who was put into a
group or taken out is so for the next request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wharfinger.cluster.errors import Expired
from wharfinger.cluster.kind import GroupResource, Object

if TYPE_CHECKING:
    from wharfinger.cluster.cache import Cache

GROUPS = GroupResource("user.openshift.io", "groups")


class Memberships:
    """Answers from the groups in the cache."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._groups: dict[str, set[str]] = {}
        self._rebuild()

    def of(self, user: str) -> tuple[str, ...]:
        """The groups of a user, in order of their names."""
        self._follow()
        return tuple(sorted(self._groups.get(user, ())))

    def _follow(self) -> None:
        if self._watch.revision == self._cache.revision:
            return
        try:
            events = self._watch.catch_up()
        except Expired:  # so many changes since the last question that they are forgotten
            self._rebuild()
            return
        for event in events:
            if event.previous is not None:
                self._remove(event.previous)
            if not event.deleted:
                self._add(event.object)

    def _rebuild(self) -> None:
        self._watch = self._cache.watch(GROUPS)
        self._groups.clear()
        for group in self._cache.list(GROUPS):
            self._add(group)

    def _add(self, group: Object) -> None:
        for user in group.get("users") or ():
            self._groups.setdefault(user, set()).add(group["metadata"]["name"])

    def _remove(self, group: Object) -> None:
        for user in group.get("users") or ():
            found = self._groups.get(user, set())
            found.discard(group["metadata"]["name"])
            if not found:
                self._groups.pop(user, None)
