"""
The template of pods as those that make pods have it: its defaults, its rules, its columns.

What a pod may be is judged in `kinds/pods`; here is what an owner of pods asks besides: that its
selector chooses them, and that they are started again when they end (or not, for jobs).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from wharfinger.cluster import label_selector, validation
from wharfinger.cluster.kind import Column, FieldError, Object
from wharfinger.cluster.kinds.meta import LABEL_SELECTOR
from wharfinger.cluster.kinds.pods import (
    POD_TEMPLATE_SPEC,
    default_pod_spec,
    validate_pod_spec,
)
from wharfinger.cluster.kinds.shapes import Schema

NONE: Final = "<none>"
MISMATCH: Final = "`selector` does not match template `labels`"

SELECTOR: Final[Schema] = LABEL_SELECTOR.of("Which pods belong to this object; fixed once made.")
TEMPLATE: Final[Schema] = POD_TEMPLATE_SPEC.of("What the pods that are made are to be.")


def default(spec: dict[str, Any]) -> dict[str, Any]:
    """Complete the template of a spec, and return it."""
    template: dict[str, Any] = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    default_pod_spec(template.setdefault("spec", {}))
    return template


def labels(spec: Mapping[str, Any]) -> dict[str, str]:
    metadata = (spec.get("template") or {}).get("metadata") or {}
    found: dict[str, str] = metadata.get("labels") or {}
    return found


def restart_policy(spec: Mapping[str, Any]) -> str:
    return str(_pod(spec).get("restartPolicy") or "Always")


def errors(
    spec: Mapping[str, Any], path: str, *, claims: Collection[str] = ()
) -> Iterator[FieldError]:
    """Judge the template of a spec for itself; `claims` are volumes that each pod gets besides."""
    metadata = (spec.get("template") or {}).get("metadata") or {}
    yield from validation.labels(metadata.get("labels") or {}, f"{path}.template.labels")
    annotations = metadata.get("annotations") or {}
    yield from validation.all_annotations(annotations, f"{path}.template.annotations")
    pod = _with_volumes(_pod(spec), claims)
    yield from validate_pod_spec(pod, f"{path}.template.spec")


def _with_volumes(pod: Mapping[str, Any], claims: Collection[str]) -> Mapping[str, Any]:
    """Give a pod the volumes of claims, in place of those that have the same names."""
    if not claims:
        return pod
    own = [one for one in pod.get("volumes") or () if one.get("name") not in claims]
    return {**pod, "volumes": [*own, *({"name": name, "emptyDir": {}} for name in claims)]}


def lasting(spec: Mapping[str, Any], owner: str) -> Iterator[FieldError]:
    """Refuse pods that would end by themselves, under an owner that starts them again."""
    path = "spec.template.spec"
    policy = restart_policy(spec)
    if policy != "Always":
        yield FieldError.unsupported(f"{path}.restartPolicy", policy, ("Always",))
    if _pod(spec).get("activeDeadlineSeconds") is not None:
        detail = f"activeDeadlineSeconds in {owner} is not Supported"
        yield FieldError.forbidden(f"{path}.activeDeadlineSeconds", detail)


def chosen(spec: Mapping[str, Any], owner: str) -> Iterator[FieldError]:
    """Judge a selector, and whether it chooses the pods of the template."""
    selector = spec.get("selector")
    if selector is not None:
        yield from label_selector.errors(selector, "spec.selector")
        if label_selector.is_empty(selector):
            detail = f"empty selector is invalid for {owner}"
            yield FieldError.invalid("spec.selector", selector, detail)
    yield from matched(spec)


def matched(spec: Mapping[str, Any]) -> Iterator[FieldError]:
    if not label_selector.selects(spec.get("selector"), labels(spec)):
        yield FieldError.invalid("spec.template.metadata.labels", labels(spec), MISMATCH)


def fixed_selector(new: Object, old: Object) -> Iterator[FieldError]:
    """Refuse another selector: pods of the old one would belong to nobody."""
    present = (new.get("spec") or {}).get("selector")
    if present != (old.get("spec") or {}).get("selector"):
        yield FieldError.invalid("spec.selector", present, validation.IMMUTABLE)


def selector_text(selector: Mapping[str, Any] | None) -> str:
    return label_selector.text(selector) or NONE


def _pod(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (spec.get("template") or {}).get("spec") or {}
    return found


def _spec(obj: Object) -> Mapping[str, Any]:
    """Find what has the template: the spec, or that of the job which a cron job makes."""
    spec = obj.get("spec") or {}
    found: Mapping[str, Any] = (spec.get("jobTemplate") or {}).get("spec") or spec
    return found


def _of_containers(field: str) -> Any:
    def value(obj: Object, _: datetime) -> str:
        found = _pod(_spec(obj)).get("containers") or ()
        return ",".join(str(one.get(field) or "") for one in found)

    return value


CONTAINERS: Final = (
    Column("Containers", _of_containers("name"), description="Names of the containers.", wide=True),
    Column("Images", _of_containers("image"), description="Images they run.", wide=True),
)
SELECTED: Final = Column(
    "Selector",
    lambda obj, _: selector_text(_spec(obj).get("selector")),
    description="Which pods belong to the object.",
    wide=True,
)
