"""
What must agree to a write after rights and before validation.

A review comes first and may ask others, so it may take a while; what it says was true then. An
admission follows at the end, at once, from what is true now. Both may change the new object or refuse
with an error. Those that need to know of rights (the escalation check) live with the rights; here is
the one about namespaces.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final, Protocol

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import ObjectForbidden, ObjectNotFound
from wharfinger.cluster.kind import FieldError, GroupResource, Kind, Object
from wharfinger.cluster.subject import Subject

NAMESPACES: Final = GroupResource("", "namespaces")
IMMORTAL: Final = frozenset({"default", "kube-system", "openshift"})


class Operation(StrEnum):
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class Admission(Protocol):
    def admit(
        self,
        operation: Operation,
        kind: Kind,
        namespace: str,
        name: str,
        new: Object | None,
        old: Object | None,
        subject: Subject,
        /,
    ) -> None:
        """Let the write pass, perhaps after changing `new`, or raise.

        `new` is None for a deletion and `old` for a creation; `old` is shared: do not touch it.
        `name` is "" while a name is to be generated.
        """
        ...


class Review(Protocol):
    async def review(
        self,
        operation: Operation,
        kind: Kind,
        namespace: str,
        new: Object,
        old: Object | None,
        subresource: str,
        /,
    ) -> None:
        """Let a creation or an update go on, perhaps after changing `new`, or raise.

        `new` has its defaults and is not yet validated beyond its types; `old` is None for a
        creation, and shared: do not touch it. A write that is tried again is reviewed again.
        """
        ...


class NamespaceLifecycle:
    """Nothing new in a namespace that is absent or ends; some namespaces never end."""

    def __init__(self, cache: Cache, *, immortal: Collection[str] = IMMORTAL) -> None:
        self._cache = cache
        self._immortal = immortal

    def admit(
        self,
        operation: Operation,
        kind: Kind,
        namespace: str,
        name: str,
        _new: Object | None,
        _old: Object | None,
        _subject: Subject,
        /,
    ) -> None:
        if operation is Operation.CREATE and kind.namespaced:
            self._require_active(kind, namespace, name)
            return
        ends = operation is Operation.DELETE and kind.resource == NAMESPACES
        if ends and name in self._immortal:
            raise ObjectForbidden(NAMESPACES, name, "this namespace may not be deleted")

    def _require_active(self, kind: Kind, namespace: str, name: str) -> None:
        found = self._cache.get(NAMESPACES, "", namespace)
        if found is None:
            raise ObjectNotFound(NAMESPACES, namespace)
        if found["metadata"].get("deletionTimestamp") is not None:
            cause = FieldError(
                "NamespaceTerminating",
                "metadata.namespace",
                f"namespace {namespace} is being terminated",
            )
            reason = (
                f"unable to create new content in namespace {namespace} "
                "because it is being terminated"
            )
            raise ObjectForbidden(kind.resource, name, reason, (cause,))
