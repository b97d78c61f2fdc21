"""
What an answer of a Kubernetes API means: something to go on with, or which error.

Pure. The line that matters to a runner is between what is hopeless and what says nothing on whether
anything was done. https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/ has the
answers to an eviction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import msgspec

from wharfinger.errors import AlreadyExists, Conflict, NotFound, WharfingerError
from wharfinger.maintenance.api import (
    Answer,
    ApiFault,
    ApiRefused,
    Eviction,
    NodeUnknown,
    WatchExpired,
)
from wharfinger.maintenance.kube import objects as kube_objects
from wharfinger.maintenance.model import Node, Pod

Document = dict[str, Any]

UNKNOWN: Final = "whether it has acted is unknown"

_OVERLAPPING: Final = "more than one PodDisruptionBudget"
_WORDS_AT_MOST: Final = 500
_REMEDIES: Final = {
    401: "log in again; the server takes neither this credential nor a fresh one",
    403: "ask an administrator of the cluster for the right",
}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    """Names compare without regard to case."""
    body: bytes = field(repr=False)

    @property
    def fine(self) -> bool:
        return 200 <= self.status < 300

    def document(self, what: str) -> Document:
        found = decoded(self.body)
        if found is None:
            raise ApiFault(f"cannot {what}: the answer is not a JSON object")
        return found


@dataclass(frozen=True, slots=True)
class Status:
    """The `Status` of meta/v1 in an answer, as far as it has one."""

    code: int
    reason: str = ""
    message: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any] | None, code: int) -> Status:
        if document is None or document.get("kind") != "Status":
            return cls(code)
        details = document.get("details")
        return cls(
            code,
            str(document.get("reason") or ""),
            str(document.get("message") or "")[:_WORDS_AT_MOST],
            details if isinstance(details, dict) else {},
        )

    @property
    def words(self) -> str:
        """As a person reads it: `404 NotFound: pods "a" not found`."""
        known = self.reason or _phrase(self.code)
        return f"{self.code} {known}: {self.message}" if self.message else f"{self.code} {known}"

    def cause(self, reason: str) -> str | None:
        """The message of the cause of this reason; None if it is not among the causes."""
        return next((message for found, message in self._causes() if found == reason), None)

    def _causes(self) -> Iterator[tuple[str, str]]:
        for one in self.details.get("causes") or ():
            if isinstance(one, dict):
                yield str(one.get("reason") or ""), str(one.get("message") or "")


def status(reply: Reply) -> Status:
    return Status.of(decoded(reply.body), reply.status)


def accepted(reply: Reply, what: str, *, writes: bool) -> Reply:
    """Pass a success on, and raise what any other answer means."""
    if reply.fine:
        return reply
    raise refusal(reply, what, writes=writes)


def refusal(reply: Reply, what: str, *, writes: bool) -> WharfingerError:
    """The error that an answer other than a success means."""
    return error(status(reply), what, after=retry_after(reply), writes=writes)


def error(
    said: Status, what: str, *, after: float | None = None, writes: bool = False
) -> WharfingerError:
    message = f"cannot {what}: {said.words}"
    match said.code:
        case HTTPStatus.NOT_FOUND:
            return NotFound(message)
        case HTTPStatus.CONFLICT if said.reason == "AlreadyExists":
            return AlreadyExists(message)
        case HTTPStatus.CONFLICT:
            return Conflict(message)
        case HTTPStatus.GONE:
            return WatchExpired(message)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return ApiFault(message, retry_after=after)
        case code if code >= 500 or code == HTTPStatus.REQUEST_TIMEOUT:
            unknown = f"; {UNKNOWN}" if writes else ""
            return ApiFault(message + unknown, retry_after=after)
        case code:
            return ApiRefused(message, status=code, remedy=_REMEDIES.get(code))


def eviction(reply: Reply, pod: Pod, what: str) -> Eviction:
    """What came of asking that a pod be evicted or deleted."""
    if reply.fine:
        return Eviction(Answer.ACCEPTED)
    said, after = status(reply), retry_after(reply)
    refusal = said.cause("DisruptionBudget")
    match reply.status:
        case HTTPStatus.NOT_FOUND if said.details.get("name") == pod.name.name:
            return Eviction(Answer.ABSENT, said.message)
        case HTTPStatus.NOT_FOUND:
            raise ApiFault(f"cannot {what}: {said.words}; it does not speak of the pod")
        case HTTPStatus.CONFLICT if _is_another(said):
            return Eviction(Answer.ABSENT, said.message)
        case HTTPStatus.CONFLICT:
            raise ApiFault(f"cannot {what}: {said.words}", retry_after=after)
        case HTTPStatus.TOO_MANY_REQUESTS if refusal is not None:
            return Eviction(Answer.REFUSED, refusal or said.message, after)
        case HTTPStatus.INTERNAL_SERVER_ERROR if _OVERLAPPING in said.message:
            return Eviction(Answer.OVERLAPPING, said.message)
        case HTTPStatus.FORBIDDEN if said.cause("NamespaceTerminating") is not None:
            return Eviction(Answer.NAMESPACE_ENDING, said.message)
        case _:
            raise error(said, what, after=after, writes=True)


def node(reply: Reply, name: str, what: str, *, writes: bool) -> Node:
    """Raise `NodeUnknown` only if the API says it of this node: others on the way answer 404 too."""
    if reply.status == HTTPStatus.NOT_FOUND:
        said = status(reply)
        if said.details.get("name") == name:
            raise NodeUnknown(f"cannot find node {name!r}")
        raise ApiFault(f"cannot {what}: {said.words}; it does not speak of the node")
    body = accepted(reply, what, writes=writes).body
    try:
        return kube_objects.NODES.read(kube_objects.NODES.one.decode(body))
    except (msgspec.MsgspecError, LookupError, ValueError, RecursionError) as error:
        raise ApiFault(f"cannot {what}: the answer is no node") from error


def _is_another(said: Status) -> bool:
    """Whether the conflict is about the uid: the pod of this name is not the one that was meant.

    The API has no code for it, and has worded it in two ways.
    """
    return "UID in precondition" in said.message or "UID in the precondition" in said.message


def retry_after(reply: Reply) -> float | None:
    """Seconds, of the header or else of the Status; a date is not what an API sends."""
    given = reply.headers.get("Retry-After", "")
    if given.isascii() and given.isdigit():
        return float(given)
    told = status(reply).details.get("retryAfterSeconds")
    return float(told) if isinstance(told, int) and told > 0 else None


def decoded(body: bytes | msgspec.Raw) -> Document | None:
    """The JSON object; None if it is anything else."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "an unknown status"
