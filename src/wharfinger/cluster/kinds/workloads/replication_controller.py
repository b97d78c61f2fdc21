"""ReplicationController (core/v1): what a ReplicaSet is, with labels alone as its selector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wharfinger.cluster.kind import Column, FieldError, Kind, Object, Subresource
from wharfinger.cluster.kinds.columns import AGE, NAME
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import Record, mapping
from wharfinger.cluster.kinds.workloads import numbers, replica_set, template
from wharfinger.cluster.kinds.workloads.scale import SCALE_BELOW
from wharfinger.cluster.kinds.workloads.status import condition, conditions

_CORE: Final = "io.k8s.api.core.v1."

_SPEC = Record(
    f"{_CORE}ReplicationControllerSpec",
    "How many pods of what form.",
    {
        **replica_set.WANTED,
        "selector": {
            **mapping("Labels of the pods that belong to this object; else the template's."),
            "x-kubernetes-map-type": "atomic",
        },
        "template": template.TEMPLATE,
    },
)
_STATUS = Record(
    f"{_CORE}ReplicationControllerStatus",
    "How many pods there are.",
    {
        **replica_set.COUNTED,
        "conditions": conditions(condition(f"{_CORE}ReplicationControllerCondition")),
    },
    required=("replicas",),
)


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    if "template" in spec:
        template.default(spec)
    found = template.labels(spec)
    if found and not spec.get("selector"):
        spec["selector"] = dict(found)
    metadata = obj.setdefault("metadata", {})
    if found and not metadata.get("labels"):
        metadata["labels"] = dict(found)
    spec.setdefault("replicas", 1)
    obj.setdefault("status", {}).setdefault("replicas", 0)


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj.get("spec") or {}
    yield from numbers.not_negative(spec, "spec", "minReadySeconds")
    if not spec.get("selector"):
        yield FieldError.required("spec.selector")
    yield from numbers.not_negative(spec, "spec", "replicas")
    if "template" in spec:
        yield from _template_errors(spec)
    else:
        yield FieldError.required("spec.template")
    yield from replica_set.status_errors(obj.get("status") or {})


def _template_errors(spec: Mapping[str, Any]) -> Iterator[FieldError]:
    selector: Mapping[str, str] = spec.get("selector") or {}
    labels = template.labels(spec)
    if not selector.items() <= labels.items():
        yield FieldError.invalid("spec.template.metadata.labels", labels, template.MISMATCH)
    yield from template.errors(spec, "spec")
    yield from template.lasting(spec, "ReplicationController")


def _selector(obj: Object) -> str:
    return template.selector_text({"matchLabels": (obj.get("spec") or {}).get("selector")})


REPLICATION_CONTROLLER = Kind(
    group="",
    version="v1",
    kind="ReplicationController",
    plural="replicationcontrollers",
    singular="replicationcontroller",
    short_names=("rc",),
    categories=("all",),
    namespaced=True,
    schema=top(
        f"{_CORE}ReplicationController",
        "A number of pods that are all alike, chosen by labels alone.",
        {
            "spec": _SPEC.of("How many pods of what form."),
            "status": _STATUS.of("How many pods there are."),
        },
    ),
    default=_default,
    validate=lambda obj: tuple(_validate(obj)),
    orphans=True,
    columns=(
        NAME,
        *replica_set.COUNTS,
        AGE,
        *template.CONTAINERS,
        Column(
            "Selector",
            lambda obj, _: _selector(obj),
            description="Which pods belong to the object.",
            wide=True,
        ),
    ),
    selectable={"status.replicas": replica_set.current},
    subresources=(SCALE_BELOW, Subresource("status", ("get", "patch", "update"))),
)
