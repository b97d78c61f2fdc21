"""
What is taken from the JSON of a list or a watch: the fields that `model` reads, and no others.

Most of a pod is of no concern to an evacuation. To pass it over while decoding makes a large list
seven times as fast as to decode all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypedDict, TypeVar

import msgspec

from wharfinger.maintenance import model
from wharfinger.maintenance.model import Budget, Name, Node, Object, Pod

Value = TypeVar("Value")


class _Owner(TypedDict, total=False):
    apiVersion: str | None
    kind: str
    name: str
    uid: str | None
    controller: bool | None


class _Metadata(TypedDict, total=False):
    name: str
    namespace: str | None
    uid: str | None
    resourceVersion: str | None
    generation: int | None
    labels: dict[str, str] | None
    annotations: dict[str, str] | None
    ownerReferences: list[_Owner] | None
    deletionTimestamp: str | None
    finalizers: list[str] | None


class _Condition(TypedDict, total=False):
    type: str
    status: str


class _Volume(TypedDict, total=False):
    name: str
    emptyDir: dict[str, Any] | None


class _PodSpec(TypedDict, total=False):
    nodeName: str | None
    volumes: list[_Volume] | None
    terminationGracePeriodSeconds: int | None


class _PodStatus(TypedDict, total=False):
    phase: str | None
    conditions: list[_Condition] | None


class _Pod(TypedDict, total=False):
    metadata: _Metadata
    spec: _PodSpec | None
    status: _PodStatus | None


class _NodeSpec(TypedDict, total=False):
    unschedulable: bool | None


class _NodeStatus(TypedDict, total=False):
    conditions: list[_Condition] | None


class _Node(TypedDict, total=False):
    metadata: _Metadata
    spec: _NodeSpec | None
    status: _NodeStatus | None


class _BudgetSpec(TypedDict, total=False):
    selector: dict[str, Any] | None
    minAvailable: int | str | None
    maxUnavailable: int | str | None
    unhealthyPodEvictionPolicy: str | None


class _ReasonedCondition(_Condition, total=False):
    reason: str | None
    message: str | None


class _BudgetStatus(TypedDict, total=False):
    conditions: list[_ReasonedCondition] | None
    disruptionsAllowed: int | None
    currentHealthy: int | None
    desiredHealthy: int | None
    expectedPods: int | None
    observedGeneration: int | None


class _Budget(TypedDict, total=False):
    metadata: _Metadata
    spec: _BudgetSpec | None
    status: _BudgetStatus | None


class _Name(TypedDict, total=False):
    name: str
    namespace: str | None


class _Named(TypedDict, total=False):
    metadata: _Name


_Item = TypeVar("_Item")


class ListMetadata(msgspec.Struct):
    revision: str = msgspec.field(name="resourceVersion")
    more: str | None = msgspec.field(name="continue", default=None)


class Page(msgspec.Struct, Generic[_Item]):
    metadata: ListMetadata
    items: list[_Item] | None = None


class Event(msgspec.Struct):
    """A line of a watch; what its object is depends on its type."""

    type: str
    object: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Kind(Generic[Value]):
    """How objects of a kind become values."""

    words: str
    page: msgspec.json.Decoder[Page[Any]]
    one: msgspec.json.Decoder[Any]
    read: Callable[[Object], Value]


def _name(obj: Object) -> Name:
    metadata = obj["metadata"]
    return Name(metadata.get("namespace") or "default", metadata["name"])


def _kind(words: str, shape: Any, read: Callable[[Object], Value]) -> Kind[Value]:
    page: Any = Page[shape]
    return Kind(words, msgspec.json.Decoder(page), msgspec.json.Decoder(shape), read)


PODS: Final[Kind[Pod]] = _kind("pods", _Pod, model.pod)
NODES: Final[Kind[Node]] = _kind("nodes", _Node, model.node)
BUDGETS: Final[Kind[Budget]] = _kind("disruption budgets", _Budget, model.budget)
DAEMON_SETS: Final[Kind[Name]] = _kind("daemon sets", _Named, _name)
EVENTS: Final = msgspec.json.Decoder(Event)
