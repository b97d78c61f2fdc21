"""PodDisruptionBudget (policy/v1): how many pods may be taken away at once, on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from wharfinger.cluster import label_selector
from wharfinger.cluster.kind import Column, FieldError, Kind, Object, Subresource
from wharfinger.cluster.kinds.columns import AGE, NAME
from wharfinger.cluster.kinds.meta import CONDITION, LABEL_SELECTOR, top
from wharfinger.cluster.kinds.shapes import Record, int_or_string, integer, mapping, moment, text
from wharfinger.cluster.kinds.workloads import numbers
from wharfinger.cluster.kinds.workloads.status import conditions

_POLICY: Final = "io.k8s.api.policy.v1."
_UNHEALTHY: Final = ("AlwaysAllow", "IfHealthyBudget")
_COUNTS: Final = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")

_SPEC = Record(
    f"{_POLICY}PodDisruptionBudgetSpec",
    "Which pods are protected, and how many must stay.",
    {
        "minAvailable": int_or_string("How many of the pods must stay; or give maxUnavailable."),
        "selector": LABEL_SELECTOR.of(
            "Which pods are protected; an empty selector means all of the namespace.",
            **{"x-kubernetes-patch-strategy": "replace"},
        ),
        "maxUnavailable": int_or_string("How many of the pods may be missing."),
        "unhealthyPodEvictionPolicy": text(
            "AlwaysAllow or IfHealthyBudget: when pods that are not ready may be taken away."
        ),
    },
)
_STATUS = Record(
    f"{_POLICY}PodDisruptionBudgetStatus",
    "How many pods may be taken away now.",
    {
        "observedGeneration": integer("Up to which change the status has it.", bits=64),
        "disruptedPods": mapping(
            "Pods whose eviction was granted and that are not gone yet, with the time of it.",
            moment("When the eviction was granted."),
        ),
        "disruptionsAllowed": integer("How many pods may be taken away now."),
        "currentHealthy": integer("Pods that are ready."),
        "desiredHealthy": integer("Pods that must be ready."),
        "expectedPods": integer("Pods that are counted."),
        "conditions": conditions(CONDITION),
    },
    required=("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"),
)


def _default(obj: Object) -> None:
    obj.setdefault("spec", {})
    status = obj.setdefault("status", {})
    for name in _COUNTS:
        status.setdefault(name, 0)


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        detail = "minAvailable and maxUnavailable cannot be both set"
        yield FieldError.invalid("spec", spec, detail)
    yield from numbers.part(least, "spec.minAvailable")
    yield from numbers.part(most, "spec.maxUnavailable")
    yield from label_selector.errors(spec.get("selector") or {}, "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _UNHEALTHY:
        yield FieldError.unsupported("spec.unhealthyPodEvictionPolicy", policy, _UNHEALTHY)
    yield from numbers.not_negative(obj.get("status") or {}, "status", *_COUNTS)


def _given(name: str) -> Any:
    def value(obj: Object, _: object) -> str:
        found = (obj.get("spec") or {}).get(name)
        return "N/A" if found is None else str(found)

    return value


POD_DISRUPTION_BUDGET = Kind(
    group="policy",
    version="v1",
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    singular="poddisruptionbudget",
    short_names=("pdb",),
    namespaced=True,
    schema=top(
        f"{_POLICY}PodDisruptionBudget",
        "How many pods may be taken away at once, on purpose.",
        {
            "spec": _SPEC.of("Which pods are protected, and how many must stay."),
            "status": _STATUS.of("How many pods may be taken away now."),
        },
    ),
    default=_default,
    validate=lambda obj: tuple(_validate(obj)),
    columns=(
        NAME,
        Column("Min Available", _given("minAvailable"), description="Pods that must stay."),
        Column(
            "Max Unavailable", _given("maxUnavailable"), description="Pods that may be missing."
        ),
        Column(
            "Allowed Disruptions",
            lambda obj, _: (obj.get("status") or {}).get("disruptionsAllowed") or 0,
            "integer",
            description="Pods that may be taken away now.",
        ),
        AGE,
    ),
    subresources=(Subresource("status", ("get", "patch", "update")),),
)
