"""
What is kept of each request to the object API: who did what to which object, and how it ended.

Pure. A request notes its facts on a `Trail` while it is answered; `event` makes one entry of
them, in the form of Kubernetes' audit.k8s.io/v1 at its level Metadata. A body is never part of it,
nor a header but the name that a client gives itself, and of the query only what we know to be an
option: so a secret has no way in.
https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

from starlette.types import Scope

from wharfinger.cluster.authorize import Decision
from wharfinger.cluster.subject import Subject
from wharfinger.server.kube_paths import Target

TRAIL: Final = "wharfinger.audit"
"""Where the scope of a request keeps its trail."""

_MAX_TEXT: Final = 1024
_OPTIONS: Final = frozenset(
    {
        "allowWatchBookmarks",
        "continue",
        "dryRun",
        "fieldManager",
        "fieldSelector",
        "fieldValidation",
        "force",
        "gracePeriodSeconds",
        "labelSelector",
        "limit",
        "orphanDependents",
        "propagationPolicy",
        "resourceVersion",
        "resourceVersionMatch",
        "sendInitialEvents",
        "timeout",
        "timeoutSeconds",
        "watch",
    }
)

Event = dict[str, Any]


@dataclass(slots=True)
class Trail:
    """What a request has told so far."""

    verb: str = ""
    target: Target | None = None  # None: a path that names no resource
    name: str = ""  # of the object that came of it, which the path of a create does not say
    uid: str = ""
    decision: Decision | None = None
    reason: str = ""  # why it failed, in the word that a Status has for it

    def made(self, obj: Event) -> None:
        """Note the object that came of the request."""
        metadata = obj.get("metadata") or {}
        self.name, self.uid = metadata.get("name") or "", metadata.get("uid") or ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the edge knows of a request and its answer."""

    identifier: str
    method: str
    path: str
    query: str
    client: str
    agent: str
    proven: Subject | None  # None: nobody could be proven
    subject: Subject | None  # who was put on; the same, if nobody was
    received: float
    ended: float
    code: int


def trail(scope: Scope) -> Trail:
    """The trail of a request; nobody reads one that is not kept."""
    found: Trail = scope.setdefault(TRAIL, Trail())
    return found


def event(trail: Trail, exchange: Exchange) -> Event:
    """One entry, made when the answer is over."""
    entry: Event = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": exchange.identifier,
        "stage": "ResponseComplete",
        "requestURI": _address(exchange.path, exchange.query),
        "verb": trail.verb or exchange.method.lower(),
        "user": _user(exchange.proven),
        "sourceIPs": [exchange.client],
        "userAgent": exchange.agent[:_MAX_TEXT],
        "responseStatus": _status(exchange.code, trail.reason),
        "requestReceivedTimestamp": _moment(exchange.received),
        "stageTimestamp": _moment(exchange.ended),
    }
    if exchange.subject is not None and exchange.subject != exchange.proven:
        entry["impersonatedUser"] = _user(exchange.subject)
    if trail.target is not None:
        entry["objectRef"] = _reference(trail, trail.target)
    if trail.decision is not None:
        entry["annotations"] = {
            "authorization.k8s.io/decision": "allow" if trail.decision.allowed else "forbid",
            "authorization.k8s.io/reason": trail.decision.reason,
        }
    return entry


def _address(path: str, query: str) -> str:
    known = [(name, value) for name, value in parse_qsl(query) if name in _OPTIONS]
    address = quote(path, errors="replace")
    return f"{address}?{urlencode(known)}" if known else address


def _user(subject: Subject | None) -> Event:
    if subject is None:
        return {}
    user: Event = {"username": subject.name}
    if subject.uid:
        user["uid"] = subject.uid
    if subject.groups:
        user["groups"] = subject.groups
    if subject.extra:
        user["extra"] = subject.extra
    return user


def _reference(trail: Trail, target: Target) -> Event:
    told = {
        "resource": target.resource,
        "namespace": target.own_namespace,
        "name": target.name or trail.name,
        "uid": trail.uid,
        "apiGroup": target.group,
        "apiVersion": target.version,
        "subresource": target.subresource,
    }
    return {name: value for name, value in told.items() if value}


def _status(code: int, reason: str) -> Event:
    if code < 400:
        return {"metadata": {}, "code": code}
    return {"metadata": {}, "status": "Failure", "reason": reason, "code": code}


def _moment(seconds: float) -> str:
    """As meta/v1 MicroTime writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
