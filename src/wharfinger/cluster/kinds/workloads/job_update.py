"""
What may change in a job that there is: hardly anything, since its pods are there already.

Only how many run at once, whether it waits, and its limits. Where pods may be placed can change
too, for as long as the job waits and has not begun.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import FieldError, Object

_FIXED: Final = (
    "selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy",
    "successPolicy",
)  # fmt: skip
_PLACING: Final = ("nodeSelector", "tolerations", "schedulingGates")


def errors(new: Object, old: Object) -> Iterator[FieldError]:
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    yield from _completion_errors(spec, before)
    if _template(spec, old) != _template(before, old):
        yield FieldError.invalid("spec.template", spec.get("template"), validation.IMMUTABLE)
    for name in _FIXED:
        if spec.get(name) != before.get(name):
            yield FieldError.invalid(f"spec.{name}", spec.get(name), validation.IMMUTABLE)


def _completion_errors(spec: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[FieldError]:
    completions = spec.get("completions")
    if completions == before.get("completions"):
        return
    if spec.get("completionMode") != "Indexed":
        yield FieldError.invalid("spec.completions", completions, validation.IMMUTABLE)
    elif completions is not None and completions != spec.get("parallelism"):
        detail = "can only be modified in tandem with spec.parallelism"
        yield FieldError.invalid("spec.completions", completions, detail)


def _template(spec: Mapping[str, Any], old: Object) -> Mapping[str, Any]:
    """Give the part of the template that may not change."""
    template: Mapping[str, Any] = spec.get("template") or {}
    waits = (old.get("spec") or {}).get("suspend") is True
    if not waits or (old.get("status") or {}).get("startTime"):
        return template
    metadata, pod = dict(template.get("metadata") or {}), dict(template.get("spec") or {})
    for name in ("labels", "annotations"):
        metadata.pop(name, None)
    for name in _PLACING:
        pod.pop(name, None)
    affinity = pod.pop("affinity", None) or {}
    kept = {name: value for name, value in affinity.items() if name != "nodeAffinity"}
    return {**template, "metadata": metadata, "spec": {**pod, "affinity": kept}}
