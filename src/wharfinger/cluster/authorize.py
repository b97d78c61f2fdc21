"""The question that every request asks once, and the contract of whoever answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from wharfinger.cluster.subject import Subject


@dataclass(frozen=True, slots=True)
class Access:
    """What is to be done: on a resource, or (with `path`) on a non-resource URL."""

    verb: str
    group: str = ""
    resource: str = ""  # "*" is never asked
    subresource: str = ""
    namespace: str = ""  # "": cluster scope, or all namespaces
    name: str = ""
    path: str = ""


class Decision(NamedTuple):
    allowed: bool
    reason: str


class Authorizer(Protocol):
    def decide(self, subject: Subject, access: Access) -> Decision:
        """Decide from memory, without waiting: a revoked right is refused by the next call."""
        ...
