"""
What an evacuation asks of a cluster: a few requests of the Kubernetes API, and one watch.

Whoever implements it says what came of a request and retries nothing; the runner decides. The real
one is `kube/api.py`; tests have one in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from wharfinger.errors import Gone, NotFound, Unavailable, WharfingerError
from wharfinger.maintenance.model import Budget, Name, Node, Pod


class ApiFault(Unavailable):
    """No answer, or one that says nothing on what was done: the request may or may not have acted."""

    code = "api-fault"

    def __init__(
        self, message: str, *, remedy: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after
        """Seconds, if the API says when to come back."""


class NodeUnknown(NotFound):
    code = "node-unknown"


class WatchExpired(Gone):
    """The watch cannot go on from where it was (410): list anew."""

    code = "watch-expired"


class ApiRefused(WharfingerError):
    """What will be the same next time, as 403 or 422.

    `status` is that of HTTP; 0 where it did not come to an answer, as with a certificate.
    """

    code = "api-refused"

    def __init__(self, message: str, *, status: int, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status


class Answer(StrEnum):
    """What came of asking for an eviction."""

    ACCEPTED = "accepted"
    ABSENT = "absent"
    """The pod is not there, or it is another one of the same name (404, or 409 on the uid)."""
    REFUSED = "refused"
    """A budget does not allow it now (429)."""
    OVERLAPPING = "overlapping"
    """More than one budget covers the pod, so none can be asked (500 with that message)."""
    NAMESPACE_ENDING = "namespace-ending"
    """403 with the cause NamespaceTerminating: the pod goes by itself."""


@dataclass(frozen=True, slots=True)
class Eviction:
    answer: Answer
    message: str = ""
    """As the API says it."""
    retry_after: float | None = None
    """Seconds, if the API says when to come back."""


@dataclass(frozen=True, slots=True)
class PodEvent:
    """A pod as it is at a revision; `gone`: it was deleted, or it left what is watched.

    Without a pod it only says up to which revision nothing has happened.
    """

    revision: str
    pod: Pod | None = None
    gone: bool = False


class Api(Protocol):
    """Every method raises `ApiFault` where nothing is known, and `ApiRefused` where it is hopeless."""

    server: str
    """The address, for messages."""

    async def node(self, name: str) -> Node:
        """Raise `NodeUnknown` if there is none."""
        ...

    async def nodes(self, selector: str = "") -> list[Node]: ...

    async def pods(self, *, node: str = "", namespace: str = "") -> tuple[list[Pod], str]:
        """In pages, so that memory stays bounded; with the revision from which to watch."""
        ...

    async def budgets(self, namespace: str = "") -> list[Budget]: ...

    async def daemon_sets(self, namespace: str = "") -> frozenset[Name]: ...

    def watch_pods(
        self, revision: str, *, node: str = "", namespace: str = ""
    ) -> AsyncIterator[PodEvent]:
        """What changes after `revision`; ends when the server ends it or falls silent.

        Raises `WatchExpired` when the server no longer knows the revision. Where one iteration
        ended, the next goes on from the revision of its last event.
        """
        ...

    async def evict(self, pod: Pod, *, grace: int = -1, dry_run: bool = False) -> Eviction:
        """Ask for the eviction of this very pod (its uid is a precondition)."""
        ...

    async def delete(self, pod: Pod, *, grace: int = -1, dry_run: bool = False) -> Eviction:
        """Delete this very pod; no budget is asked."""
        ...

    async def patch_node(self, node: Node, patch: Mapping[str, Any]) -> Node:
        """A merge patch, made only if the node is as it was looked at (`Conflict` if not)."""
        ...

    async def create_event(self, node: Node, *, reason: str, message: str, warning: bool) -> None:
        """An Event of core/v1 about a node; `reason` is one word in CamelCase."""
        ...
