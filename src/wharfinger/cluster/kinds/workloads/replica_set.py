"""ReplicaSet (apps/v1): a number of pods that are all alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from wharfinger.cluster.kind import Column, FieldError, Kind, Object, Subresource
from wharfinger.cluster.kinds.columns import AGE, NAME
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import Record, Schema, integer
from wharfinger.cluster.kinds.workloads import numbers, template
from wharfinger.cluster.kinds.workloads.scale import SCALE_BELOW
from wharfinger.cluster.kinds.workloads.status import condition, conditions

_APPS: Final = "io.k8s.api.apps.v1."

WANTED: Final[Mapping[str, Schema]] = {
    "replicas": integer("How many pods are wanted; 1 if not given."),
    "minReadySeconds": integer("How long a pod must be ready to count as available."),
}
COUNTED: Final[Mapping[str, Schema]] = {
    "replicas": integer("Pods there are."),
    "fullyLabeledReplicas": integer("Pods that have all labels of the template."),
    "readyReplicas": integer("Pods that are ready."),
    "availableReplicas": integer("Pods that have been ready for long enough."),
    "observedGeneration": integer("Up to which change the status has it.", bits=64),
}

_SPEC = Record(
    f"{_APPS}ReplicaSetSpec",
    "How many pods of what form.",
    {**WANTED, "selector": template.SELECTOR, "template": template.TEMPLATE},
    required=("selector",),
)
_STATUS = Record(
    f"{_APPS}ReplicaSetStatus",
    "How many pods there are.",
    {
        **COUNTED,
        "terminatingReplicas": integer("Pods that are on their way out."),
        "conditions": conditions(condition(f"{_APPS}ReplicaSetCondition")),
    },
    required=("replicas",),
)


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    template.default(spec)
    spec.setdefault("replicas", 1)
    obj.setdefault("status", {}).setdefault("replicas", 0)


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj.get("spec") or {}
    yield from numbers.not_negative(spec, "spec", "replicas", "minReadySeconds")
    if spec.get("selector") is None:
        yield FieldError.required("spec.selector")
    yield from template.chosen(spec, "deployment")
    yield from template.errors(spec, "spec")
    yield from template.lasting(spec, "ReplicaSet")
    yield from status_errors(obj.get("status") or {})


def status_errors(status: Mapping[str, Any]) -> Iterator[FieldError]:
    yield from numbers.not_negative(status, "status", *COUNTED, "terminatingReplicas")
    parts = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    yield from numbers.at_most(status, "status", "replicas", parts, "status.replicas")
    ready = ("availableReplicas",)
    yield from numbers.at_most(status, "status", "readyReplicas", ready, "readyReplicas")


def _validate_update(new: Object, old: Object) -> Sequence[FieldError]:
    return tuple(template.fixed_selector(new, old))


def _number(part: str, name: str) -> Callable[[Object, datetime], int]:
    return lambda obj, _: int((obj.get(part) or {}).get(name) or 0)


COUNTS: Final = (
    Column("Desired", _number("spec", "replicas"), "integer", description="Pods wanted."),
    Column("Current", _number("status", "replicas"), "integer", description="Pods there are."),
    Column("Ready", _number("status", "readyReplicas"), "integer", description="Pods ready."),
)


def current(obj: Object) -> str:
    """Tell the number of pods as a field to select by."""
    return str((obj.get("status") or {}).get("replicas") or 0)


REPLICA_SET = Kind(
    group="apps",
    version="v1",
    kind="ReplicaSet",
    plural="replicasets",
    singular="replicaset",
    short_names=("rs",),
    categories=("all",),
    namespaced=True,
    schema=top(
        f"{_APPS}ReplicaSet",
        "A number of pods that are all alike.",
        {
            "spec": _SPEC.of("How many pods of what form."),
            "status": _STATUS.of("How many pods there are."),
        },
    ),
    default=_default,
    validate=lambda obj: tuple(_validate(obj)),
    validate_update=_validate_update,
    columns=(NAME, *COUNTS, AGE, *template.CONTAINERS, template.SELECTED),
    selectable={"status.replicas": current},
    subresources=(SCALE_BELOW, Subresource("status", ("get", "patch", "update"))),
)
