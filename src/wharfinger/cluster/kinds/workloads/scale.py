"""Scale (autoscaling/v1): how many pods an owner of pods has, asked and said without its kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wharfinger.cluster.kind import Column, FieldError, Kind, Object, Subresource
from wharfinger.cluster.kinds.columns import AGE, NAME
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import Record, integer, text
from wharfinger.cluster.kinds.workloads import numbers

_MODELS: Final = "io.k8s.api.autoscaling.v1."

SCALE_BELOW: Final = Subresource(
    "scale",
    ("get", "patch", "update"),
    "autoscaling",
    "v1",
    "Scale",
    parts=(("spec", "replicas"),),
)
"""Declares the subresource of those that have it; `scales.py` answers there."""

_SPEC = Record(
    f"{_MODELS}ScaleSpec",
    "How many pods are wanted.",
    {"replicas": integer("How many pods are wanted.")},
)
_STATUS = Record(
    f"{_MODELS}ScaleStatus",
    "How many pods there are.",
    {
        "replicas": integer("How many pods there are."),
        "selector": text("Which pods they are, in the form that lists take."),
    },
    required=("replicas",),
)


def _validate(obj: Object) -> Iterator[FieldError]:
    yield from numbers.not_negative(obj.get("spec") or {}, "spec", "replicas")


def _count(part: str, obj: Object) -> int:
    return int((obj.get(part) or {}).get("replicas") or 0)


SCALE = Kind(
    group="autoscaling",
    version="v1",
    kind="Scale",
    plural="scales",
    singular="scale",
    namespaced=True,
    verbs=(),  # below what has it only, as deployments/scale
    schema=top(
        f"{_MODELS}Scale",
        "How many pods something has, and is to have.",
        {
            "spec": _SPEC.of("How many pods are wanted."),
            "status": _STATUS.of("How many pods there are."),
        },
    ),
    validate=lambda obj: tuple(_validate(obj)),
    columns=(
        NAME,
        Column("Desired", lambda obj, _: _count("spec", obj), "integer", description="Wanted."),
        Column("Available", lambda obj, _: _count("status", obj), "integer", description="There."),
        AGE,
    ),
)
