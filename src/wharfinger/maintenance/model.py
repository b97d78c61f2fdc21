"""
What an evacuation is decided on: nodes, pods and budgets as values, read from objects of the API.

Read once, where the objects come in, and kept small: a plan may hold a hundred thousand pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

Object = Mapping[str, Any]

MIRROR: Final = "kubernetes.io/config.mirror"
"""The annotation of a pod that its node's kubelet made from a file: the API cannot end it."""

_FINISHED: Final = ("Succeeded", "Failed")


class Name(NamedTuple):
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who makes a pod anew when it is gone: the owner reference with `controller: true`."""

    kind: str
    name: str
    uid: str = ""
    version: str = "apps/v1"
    """The API that the kind is of."""

    @property
    def is_daemon_set(self) -> bool:
        """Whether it is one of Kubernetes itself; other APIs have kinds of that name, which drains
        treat as any other."""
        return (self.version, self.kind) == ("apps/v1", "DaemonSet")


@dataclass(frozen=True, slots=True)
class Pod:
    name: Name
    uid: str
    node: str = ""
    """"" while it has none."""
    labels: Mapping[str, str] = field(default_factory=dict)
    owner: Owner | None = None
    phase: str = "Running"
    ready: bool = True
    mirror: bool = False
    empty_dirs: tuple[str, ...] = ()
    """Names of the volumes whose content ends with the pod."""
    deleted: datetime | None = None
    """When it was asked to be gone by (its deletion timestamp); None: it was not asked."""
    grace: int = 30
    """Seconds that it may take to end."""
    finalizers: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        return self.phase in _FINISHED


@dataclass(frozen=True, slots=True)
class Node:
    name: str
    uid: str
    schedulable: bool = True
    ready: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    revision: str = ""
    """The resource version, by which a change is made only to what was looked at."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A disruption budget, as its controller last counted it."""

    name: Name
    uid: str
    selector: Mapping[str, Any] | None
    """A LabelSelector of meta/v1; None chooses nothing, an empty one all pods of the namespace."""
    allowed: int = 0
    """How many pods may be disrupted now."""
    healthy: int = 0
    desired: int = 0
    expected: int = 0
    current: bool = True
    """Whether the count is of the budget as it is now written."""
    spares_unhealthy: bool = False
    """`unhealthyPodEvictionPolicy: AlwaysAllow`: a pod that is not ready goes without asking it."""
    wanted: str = ""
    """As it is written: `minAvailable: 2` or `maxUnavailable: 25%`."""
    problem: str = ""
    """Why its controller cannot count it, as it says itself."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What was found at one time. `daemon_sets` are those that exist, by name."""

    nodes: Mapping[str, Node]
    pods: tuple[Pod, ...]
    budgets: tuple[Budget, ...] = ()
    daemon_sets: frozenset[Name] = frozenset()


def pod(obj: Object) -> Pod:
    metadata, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    return Pod(
        name=Name(metadata.get("namespace") or "default", metadata["name"]),
        uid=metadata.get("uid") or "",
        node=spec.get("nodeName") or "",
        labels=metadata.get("labels") or {},
        owner=_controller(metadata.get("ownerReferences") or ()),
        phase=status.get("phase") or "Pending",
        ready=_holds(status, "Ready"),
        mirror=MIRROR in (metadata.get("annotations") or {}),
        empty_dirs=tuple(
            one["name"] for one in spec.get("volumes") or () if one.get("emptyDir") is not None
        ),
        deleted=_moment(metadata.get("deletionTimestamp")),
        grace=_number(spec.get("terminationGracePeriodSeconds"), 30),
        finalizers=tuple(metadata.get("finalizers") or ()),
    )


def node(obj: Object) -> Node:
    metadata, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    return Node(
        name=metadata["name"],
        uid=metadata.get("uid") or "",
        schedulable=not spec.get("unschedulable"),
        ready=_holds(status, "Ready"),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        revision=metadata.get("resourceVersion") or "",
    )


def budget(obj: Object) -> Budget:
    metadata, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    bounds = ("minAvailable", "maxUnavailable")
    return Budget(
        name=Name(metadata.get("namespace") or "default", metadata["name"]),
        uid=metadata.get("uid") or "",
        selector=spec.get("selector"),
        allowed=_number(status.get("disruptionsAllowed"), 0),
        healthy=_number(status.get("currentHealthy"), 0),
        desired=_number(status.get("desiredHealthy"), 0),
        expected=_number(status.get("expectedPods"), 0),
        current=_number(status.get("observedGeneration"), 0)
        >= _number(metadata.get("generation"), 0),
        spares_unhealthy=spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow",
        wanted=", ".join(f"{name}: {spec[name]}" for name in bounds if spec.get(name) is not None),
        problem=_problem(status),
    )


def _controller(owners: Iterable[Object]) -> Owner | None:
    found = next((one for one in owners if one.get("controller")), None)
    if found is None:
        return None
    version = found.get("apiVersion") or ""
    return Owner(found["kind"], found["name"], found.get("uid") or "", version)


def _holds(status: Object, condition: str) -> bool:
    return any(
        one.get("type") == condition and one.get("status") == "True"
        for one in status.get("conditions") or ()
    )


def _problem(status: Object) -> str:
    return next(
        (
            one.get("message") or "the count failed"
            for one in status.get("conditions") or ()
            if one.get("type") == "DisruptionAllowed" and one.get("reason") == "SyncFailed"
        ),
        "",
    )


def _number(value: object, absent: int) -> int:
    return value if isinstance(value, int) else absent


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
