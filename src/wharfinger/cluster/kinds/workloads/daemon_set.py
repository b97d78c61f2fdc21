"""DaemonSet (apps/v1): one pod on each node that it fits on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from wharfinger.cluster import label_selector
from wharfinger.cluster.kind import Column, FieldError, Kind, Object, Subresource
from wharfinger.cluster.kinds.columns import AGE, NAME
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import Record, int_or_string, integer, text
from wharfinger.cluster.kinds.workloads import numbers, template
from wharfinger.cluster.kinds.workloads.status import condition, conditions

_APPS: Final = "io.k8s.api.apps.v1."
_TYPES: Final = ("RollingUpdate", "OnDelete")
_ALWAYS_TOLD: Final = (
    "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady",
)  # fmt: skip
_COUNTS: Final = (
    *_ALWAYS_TOLD, "observedGeneration", "updatedNumberScheduled", "numberAvailable",
    "numberUnavailable", "collisionCount",
)  # fmt: skip

_ROLLING = Record(
    f"{_APPS}RollingUpdateDaemonSet",
    "How many pods are replaced at a time; one of the two must be zero.",
    {
        "maxUnavailable": int_or_string("On how many nodes the pod may be missing meanwhile."),
        "maxSurge": int_or_string("On how many nodes there may be two pods meanwhile."),
    },
)
_STRATEGY = Record(
    f"{_APPS}DaemonSetUpdateStrategy",
    "How pods are replaced by newer ones.",
    {
        "type": text("RollingUpdate, or OnDelete: when somebody deletes them."),
        "rollingUpdate": _ROLLING.of("Only for RollingUpdate: how many pods at a time."),
    },
)
_SPEC = Record(
    f"{_APPS}DaemonSetSpec",
    "What is to run on each node.",
    {
        "selector": template.SELECTOR,
        "template": template.TEMPLATE,
        "updateStrategy": _STRATEGY.of("How pods are replaced by newer ones."),
        "minReadySeconds": integer("How long a pod must be ready to count as available."),
        "revisionHistoryLimit": integer("How many old revisions are kept to go back to."),
    },
    required=("selector", "template"),
)
_STATUS = Record(
    f"{_APPS}DaemonSetStatus",
    "On how many nodes the pod is.",
    {
        "currentNumberScheduled": integer("Nodes that have the pod and should."),
        "numberMisscheduled": integer("Nodes that have the pod and should not."),
        "desiredNumberScheduled": integer("Nodes that should have the pod."),
        "numberReady": integer("Nodes on which the pod is ready."),
        "observedGeneration": integer("Up to which change the status has it.", bits=64),
        "updatedNumberScheduled": integer("Nodes that have a pod of the present template."),
        "numberAvailable": integer("Nodes on which the pod has been ready for long enough."),
        "numberUnavailable": integer("Nodes on which the pod is missing."),
        "collisionCount": integer("How often the name of a revision was taken already."),
        "conditions": conditions(condition(f"{_APPS}DaemonSetCondition")),
    },
    required=_ALWAYS_TOLD,
)


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    template.default(spec)
    strategy = spec.setdefault("updateStrategy", {})
    strategy["type"] = strategy.get("type") or "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    status = obj.setdefault("status", {})
    for name in _ALWAYS_TOLD:
        status.setdefault(name, 0)


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj.get("spec") or {}
    yield from template.chosen(spec, "daemonset")
    yield from template.errors(spec, "spec")
    yield from template.lasting(spec, "DaemonSet")
    yield from numbers.not_negative(spec, "spec", "minReadySeconds")
    yield from _strategy_errors(spec.get("updateStrategy") or {})
    yield from numbers.not_negative(spec, "spec", "revisionHistoryLimit")
    yield from numbers.not_negative(obj.get("status") or {}, "status", *_COUNTS)


def _strategy_errors(strategy: Mapping[str, Any]) -> Iterator[FieldError]:
    if strategy.get("type") not in _TYPES:
        yield FieldError.unsupported("spec.updateStrategy", strategy, _TYPES)
    elif strategy["type"] == "RollingUpdate":
        path = "spec.updateStrategy.rollingUpdate"
        yield from _rolling_errors(strategy.get("rollingUpdate") or {}, path)


def _rolling_errors(rolling: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    missing, above = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    yield from numbers.part(missing, f"{path}.maxUnavailable")
    yield from numbers.part(above, f"{path}.maxSurge")
    if not numbers.is_zero(missing) and not numbers.is_zero(above):
        detail = "may not be set when maxUnavailable is non-zero"
        yield FieldError.invalid(f"{path}.maxSurge", above, detail)
    if numbers.is_zero(missing) and numbers.is_zero(above):
        yield FieldError.required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")


def _validate_update(new: Object, old: Object) -> Sequence[FieldError]:
    return (
        *template.fixed_selector(new, old),
        *numbers.not_decremented(new.get("status") or {}, old.get("status") or {}),
    )


def _count(name: str) -> Callable[[Object, datetime], int]:
    return lambda obj, _: int((obj.get("status") or {}).get(name) or 0)


def _node_selector(obj: Object) -> str:
    pod = ((obj.get("spec") or {}).get("template") or {}).get("spec") or {}
    return label_selector.text({"matchLabels": pod.get("nodeSelector")}) or template.NONE


DAEMON_SET = Kind(
    group="apps",
    version="v1",
    kind="DaemonSet",
    plural="daemonsets",
    singular="daemonset",
    short_names=("ds",),
    categories=("all",),
    namespaced=True,
    schema=top(
        f"{_APPS}DaemonSet",
        "One pod on each node that it fits on.",
        {
            "spec": _SPEC.of("What is to run on each node."),
            "status": _STATUS.of("On how many nodes the pod is."),
        },
    ),
    default=_default,
    validate=lambda obj: tuple(_validate(obj)),
    validate_update=_validate_update,
    columns=(
        NAME,
        Column("Desired", _count("desiredNumberScheduled"), "integer", description="Nodes meant."),
        Column(
            "Current", _count("currentNumberScheduled"), "integer", description="Nodes with it."
        ),
        Column("Ready", _count("numberReady"), "integer", description="Pods that are ready."),
        Column(
            "Up-to-date",
            _count("updatedNumberScheduled"),
            "integer",
            description="Pods of this template.",
        ),
        Column(
            "Available", _count("numberAvailable"), "integer", description="Pods that can be used."
        ),
        Column(
            "Node Selector",
            lambda obj, _: _node_selector(obj),
            description="Labels of the nodes that are meant.",
        ),
        AGE,
        *template.CONTAINERS,
        template.SELECTED,
    ),
    subresources=(Subresource("status", ("get", "patch", "update")),),
)
