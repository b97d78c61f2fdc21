"""Deployment (apps/v1): pods that are replaced by newer ones step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster.kind import Column, FieldError, Kind, Object, Subresource
from wharfinger.cluster.kinds.columns import AGE, NAME
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import Record, flag, int_or_string, integer, moment, text
from wharfinger.cluster.kinds.workloads import numbers, template
from wharfinger.cluster.kinds.workloads.scale import SCALE_BELOW
from wharfinger.cluster.kinds.workloads.status import condition, conditions

_APPS: Final = "io.k8s.api.apps.v1."
_TYPES: Final = ("Recreate", "RollingUpdate")
_COUNTS: Final = (
    "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas",
    "terminatingReplicas", "observedGeneration", "collisionCount",
)  # fmt: skip

_ROLLING = Record(
    f"{_APPS}RollingUpdateDeployment",
    "How many pods are replaced at a time.",
    {
        "maxUnavailable": int_or_string("How many of the wanted pods may be missing meanwhile."),
        "maxSurge": int_or_string("How many pods there may be above the wanted number."),
    },
)
_STRATEGY = Record(
    f"{_APPS}DeploymentStrategy",
    "How pods are replaced by newer ones.",
    {
        "type": text("Recreate or RollingUpdate."),
        "rollingUpdate": _ROLLING.of("Only for RollingUpdate: how many pods at a time."),
    },
)
_SPEC = Record(
    f"{_APPS}DeploymentSpec",
    "What is to run, and how it is renewed.",
    {
        "replicas": integer("How many pods are wanted; 1 if not given."),
        "selector": template.SELECTOR,
        "template": template.TEMPLATE,
        "strategy": _STRATEGY.of(
            "How pods are replaced by newer ones.", **{"x-kubernetes-patch-strategy": "retainKeys"}
        ),
        "minReadySeconds": integer("How long a pod must be ready to count as available."),
        "revisionHistoryLimit": integer("How many old replica sets are kept to go back to."),
        "paused": flag("Whether changes of the template wait."),
        "progressDeadlineSeconds": integer("After how long without progress a renewal has failed."),
    },
    required=("selector", "template"),
)
_CONDITION = condition(
    f"{_APPS}DeploymentCondition", lastUpdateTime=moment("When the condition was last written.")
)
_STATUS = Record(
    f"{_APPS}DeploymentStatus",
    "How far the deployment is.",
    {
        "observedGeneration": integer("Up to which change the status has it.", bits=64),
        "replicas": integer("Pods there are."),
        "updatedReplicas": integer("Pods of the present template."),
        "readyReplicas": integer("Pods that are ready."),
        "availableReplicas": integer("Pods that have been ready for long enough."),
        "unavailableReplicas": integer("Pods that are missing to the wanted number."),
        "terminatingReplicas": integer("Pods that are on their way out."),
        "conditions": conditions(_CONDITION),
        "collisionCount": integer("How often the name of a replica set was taken already."),
    },
)


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    template.default(spec)
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    strategy["type"] = strategy.get("type") or "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj.get("spec") or {}
    yield from numbers.not_negative(spec, "spec", "replicas")
    if spec.get("selector") is None:
        yield FieldError.required("spec.selector")
    yield from template.chosen(spec, "deployment")
    yield from template.errors(spec, "spec")
    yield from template.lasting(spec, "ReplicaSet")
    yield from _strategy_errors(spec.get("strategy") or {})
    seconds = ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    yield from numbers.not_negative(spec, "spec", *seconds)
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= (spec.get("minReadySeconds") or 0):
        detail = "must be greater than minReadySeconds"
        yield FieldError.invalid("spec.progressDeadlineSeconds", deadline, detail)
    yield from _status_errors(obj.get("status") or {})


def _strategy_errors(strategy: Mapping[str, Any]) -> Iterator[FieldError]:
    rolling = strategy.get("rollingUpdate")
    path = "spec.strategy.rollingUpdate"
    match strategy.get("type"):
        case "Recreate":
            if rolling is not None:
                detail = "may not be specified when strategy `type` is 'Recreate'"
                yield FieldError.forbidden(path, detail)
        case "RollingUpdate":
            yield from _rolling_errors(rolling or {}, path)
        case _:
            yield FieldError.unsupported("spec.strategy", strategy, _TYPES)


def _rolling_errors(rolling: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    missing, above = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    yield from numbers.part(missing, f"{path}.maxUnavailable")
    yield from numbers.amount(above, f"{path}.maxSurge")
    if numbers.is_zero(missing) and numbers.is_zero(above):
        detail = "may not be 0 when `maxSurge` is 0"
        yield FieldError.invalid(f"{path}.maxUnavailable", missing, detail)


def _status_errors(status: Mapping[str, Any]) -> Iterator[FieldError]:
    yield from numbers.not_negative(status, "status", *_COUNTS)
    parts = ("updatedReplicas", "readyReplicas", "availableReplicas")
    yield from numbers.at_most(status, "status", "replicas", parts, "status.replicas")
    ready = ("availableReplicas",)
    yield from numbers.at_most(status, "status", "readyReplicas", ready, "readyReplicas")


def _validate_update(new: Object, old: Object) -> Sequence[FieldError]:
    return (
        *template.fixed_selector(new, old),
        *numbers.not_decremented(new.get("status") or {}, old.get("status") or {}),
    )


def _ready(obj: Object) -> str:
    ready = (obj.get("status") or {}).get("readyReplicas") or 0
    return f"{ready}/{(obj.get('spec') or {}).get('replicas') or 0}"


def _count(name: str) -> Any:
    return lambda obj, _: (obj.get("status") or {}).get(name) or 0


DEPLOYMENT = Kind(
    group="apps",
    version="v1",
    kind="Deployment",
    plural="deployments",
    singular="deployment",
    short_names=("deploy",),
    categories=("all",),
    namespaced=True,
    schema=top(
        f"{_APPS}Deployment",
        "Pods that are all alike, and are replaced step by step when what they are to be changes.",
        {
            "spec": _SPEC.of("What is to run, and how it is renewed."),
            "status": _STATUS.of("How far the deployment is."),
        },
    ),
    default=_default,
    validate=lambda obj: tuple(_validate(obj)),
    validate_update=_validate_update,
    columns=(
        NAME,
        Column("Ready", lambda obj, _: _ready(obj), description="Ready pods, of those wanted."),
        Column("Up-to-date", _count("updatedReplicas"), description="Pods of this template."),
        Column("Available", _count("availableReplicas"), description="Pods that can be used."),
        AGE,
        *template.CONTAINERS,
        template.SELECTED,
    ),
    subresources=(SCALE_BELOW, Subresource("status", ("get", "patch", "update"))),
)
