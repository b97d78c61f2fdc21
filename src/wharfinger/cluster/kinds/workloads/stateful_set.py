"""StatefulSet (apps/v1): pods with names and volumes of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import Column, FieldError, Kind, Object, Subresource
from wharfinger.cluster.kinds.columns import AGE, NAME
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import ATOMIC, Record, array, int_or_string, integer, text
from wharfinger.cluster.kinds.workloads import numbers, template
from wharfinger.cluster.kinds.workloads.claim import PERSISTENT_VOLUME_CLAIM, default_claim
from wharfinger.cluster.kinds.workloads.scale import SCALE_BELOW
from wharfinger.cluster.kinds.workloads.status import condition, conditions

_APPS: Final = "io.k8s.api.apps.v1."
_POLICIES: Final = ("OrderedReady", "Parallel")
_RETAINED: Final = ("Retain", "Delete")
_MAY_CHANGE: Final = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip
_COUNTS: Final = (
    "replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas",
    "observedGeneration", "collisionCount",
)  # fmt: skip

_ROLLING = Record(
    f"{_APPS}RollingUpdateStatefulSetStrategy",
    "Which pods are replaced, and how many at a time.",
    {
        "partition": integer("Pods with a smaller number keep what they are."),
        "maxUnavailable": int_or_string("How many pods may be missing meanwhile."),
    },
)
_STRATEGY = Record(
    f"{_APPS}StatefulSetUpdateStrategy",
    "How pods are replaced by newer ones.",
    {
        "type": text("RollingUpdate, or OnDelete: when somebody deletes them."),
        "rollingUpdate": _ROLLING.of("Only for RollingUpdate: which pods."),
    },
)
_RETENTION = Record(
    f"{_APPS}StatefulSetPersistentVolumeClaimRetentionPolicy",
    "What becomes of claims that are not needed any more.",
    {
        "whenDeleted": text("Retain or Delete: when the set is deleted."),
        "whenScaled": text("Retain or Delete: when the set gets smaller."),
    },
)
_ORDINALS = Record(
    f"{_APPS}StatefulSetOrdinals",
    "How pods are numbered.",
    {"start": integer("The number of the first pod.")},
)
_SPEC = Record(
    f"{_APPS}StatefulSetSpec",
    "How many pods of what form, with which volumes.",
    {
        "replicas": integer("How many pods are wanted; 1 if not given."),
        "selector": template.SELECTOR,
        "template": template.TEMPLATE,
        "volumeClaimTemplates": array(
            "Claims that each pod gets of its own.", PERSISTENT_VOLUME_CLAIM, **ATOMIC
        ),
        "serviceName": text("The service that gives the pods their names in the network."),
        "podManagementPolicy": text("OrderedReady or Parallel: how pods are made and deleted."),
        "updateStrategy": _STRATEGY.of("How pods are replaced by newer ones."),
        "revisionHistoryLimit": integer("How many old revisions are kept to go back to."),
        "minReadySeconds": integer("How long a pod must be ready to count as available."),
        "persistentVolumeClaimRetentionPolicy": _RETENTION.of(
            "What becomes of claims that are not needed any more."
        ),
        "ordinals": _ORDINALS.of("How pods are numbered."),
    },
    required=("selector", "template"),
)
_STATUS = Record(
    f"{_APPS}StatefulSetStatus",
    "How many pods there are, and of which revision.",
    {
        "observedGeneration": integer("Up to which change the status has it.", bits=64),
        "replicas": integer("Pods there are."),
        "readyReplicas": integer("Pods that are ready."),
        "currentReplicas": integer("Pods of the current revision."),
        "updatedReplicas": integer("Pods of the revision that is to come."),
        "currentRevision": text("The revision that pods have if they are not renewed yet."),
        "updateRevision": text("The revision that pods get."),
        "collisionCount": integer("How often the name of a revision was taken already."),
        "conditions": conditions(condition(f"{_APPS}StatefulSetCondition")),
        "availableReplicas": integer("Pods that have been ready for long enough."),
    },
    required=("replicas",),
)


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    template.default(spec)
    spec["podManagementPolicy"] = spec.get("podManagementPolicy") or "OrderedReady"
    strategy = spec.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        strategy.setdefault("rollingUpdate", {})
    if strategy["type"] == "RollingUpdate" and "rollingUpdate" in strategy:
        strategy["rollingUpdate"].setdefault("partition", 0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    for when in ("whenDeleted", "whenScaled"):
        retention[when] = retention.get(when) or "Retain"
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    for claim in spec.get("volumeClaimTemplates") or ():
        default_claim(claim)
    status = obj.setdefault("status", {})
    status.setdefault("replicas", 0)
    status.setdefault("availableReplicas", 0)


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj.get("spec") or {}
    policy = spec.get("podManagementPolicy")
    if policy not in _POLICIES:
        detail = "must be 'OrderedReady' or 'Parallel'"
        yield FieldError.invalid("spec.podManagementPolicy", policy, detail)
    yield from _strategy_errors(spec.get("updateStrategy") or {})
    for when, kept in (spec.get("persistentVolumeClaimRetentionPolicy") or {}).items():
        if kept not in _RETAINED:
            path = f"spec.persistentVolumeClaimRetentionPolicy.{when}"
            yield FieldError.unsupported(path, kept, _RETAINED)
    counted = ("replicas", "minReadySeconds", "revisionHistoryLimit")
    yield from numbers.not_negative(spec, "spec", *counted)
    yield from numbers.not_negative(spec.get("ordinals") or {}, "spec.ordinals", "start")
    if spec.get("selector") is None:
        yield FieldError.required("spec.selector")
    yield from template.chosen(spec, "statefulset")
    yield from template.errors(spec, "spec", claims=_claims(spec))
    yield from template.lasting(spec, "StatefulSet")
    yield from _status_errors(obj.get("status") or {})


def _claims(spec: Mapping[str, Any]) -> list[str]:
    """Name the volumes that each pod gets of its own."""
    found = spec.get("volumeClaimTemplates") or ()
    names = ((one.get("metadata") or {}).get("name") or "" for one in found)
    return list(dict.fromkeys(name for name in names if name))


def _strategy_errors(strategy: Mapping[str, Any]) -> Iterator[FieldError]:
    path, rolling = "spec.updateStrategy.rollingUpdate", strategy.get("rollingUpdate")
    match strategy.get("type"):
        case "OnDelete":
            if rolling is not None:
                detail = "only allowed for updateStrategy 'RollingUpdate'"
                yield FieldError.invalid(path, rolling, detail)
        case "RollingUpdate":
            yield from _rolling_errors(rolling or {}, path)
        case _:
            detail = "must be 'RollingUpdate' or 'OnDelete'"
            yield FieldError.invalid("spec.updateStrategy", strategy, detail)


def _rolling_errors(rolling: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    yield from numbers.not_negative(rolling, path, "partition")
    missing = rolling.get("maxUnavailable")
    if missing is not None:
        yield from numbers.part(missing, f"{path}.maxUnavailable")
        if numbers.is_zero(missing):
            yield FieldError.invalid(f"{path}.maxUnavailable", missing, "cannot be 0")


def _status_errors(status: Mapping[str, Any]) -> Iterator[FieldError]:
    yield from numbers.not_negative(status, "status", *_COUNTS)
    parts = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
    yield from numbers.at_most(status, "status", "replicas", parts, "status.replicas")
    ready = ("availableReplicas",)
    yield from numbers.at_most(status, "status", "readyReplicas", ready, "status.readyReplicas")


def _validate_update(new: Object, old: Object) -> Sequence[FieldError]:
    present, before = (_fixed(obj.get("spec") or {}) for obj in (new, old))
    errors = list(numbers.not_decremented(new.get("status") or {}, old.get("status") or {}))
    if present != before:
        named = [f"'{name}'" for name in _MAY_CHANGE]
        told = f"{', '.join(named[:-1])} and {named[-1]}"
        detail = f"updates to statefulset spec for fields other than {told} are forbidden"
        errors.append(FieldError.forbidden("spec", detail))
    return errors


def _fixed(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name not in _MAY_CHANGE}


def _ready(obj: Object) -> str:
    ready = (obj.get("status") or {}).get("readyReplicas") or 0
    return f"{ready}/{(obj.get('spec') or {}).get('replicas') or 0}"


STATEFUL_SET = Kind(
    group="apps",
    version="v1",
    kind="StatefulSet",
    plural="statefulsets",
    singular="statefulset",
    short_names=("sts",),
    categories=("all",),
    namespaced=True,
    schema=top(
        f"{_APPS}StatefulSet",
        "Pods with names and volumes of their own, which they keep when they are made anew.",
        {
            "spec": _SPEC.of("How many pods of what form, with which volumes."),
            "status": _STATUS.of("How many pods there are, and of which revision."),
        },
    ),
    default=_default,
    validate=lambda obj: tuple(_validate(obj)),
    validate_update=_validate_update,
    name_errors=validation.label,
    columns=(
        NAME,
        Column("Ready", lambda obj, _: _ready(obj), description="Ready pods, of those wanted."),
        AGE,
        *template.CONTAINERS,
    ),
    subresources=(SCALE_BELOW, Subresource("status", ("get", "patch", "update"))),
)
