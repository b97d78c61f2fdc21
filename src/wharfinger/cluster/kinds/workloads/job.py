"""
Job (batch/v1): pods that run until they are done.

Unless told otherwise a job chooses its pods by a label with its own identity, which the server
puts into selector and template: so no two jobs ever choose the same pod.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from wharfinger.cluster import label_selector, validation
from wharfinger.cluster.kind import Column, FieldError, Kind, Object, Subresource
from wharfinger.cluster.kinds.columns import AGE, NAME, duration
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.workloads import job_update, template
from wharfinger.cluster.kinds.workloads.job_spec import (
    JOB_SPEC,
    JOB_STATUS,
    default_spec,
    spec_errors,
    status_errors,
)

_BATCH: Final = "io.k8s.api.batch.v1."
_CONTROLLER_UID: Final = "batch.kubernetes.io/controller-uid"
_JOB_NAME: Final = "batch.kubernetes.io/job-name"
_OLD_CONTROLLER_UID: Final = "controller-uid"
_OLD_JOB_NAME: Final = "job-name"
_STATES: Final = ("Complete", "Failed")
_PASSING_STATES: Final = ("Suspended", "FailureTarget", "SuccessCriteriaMet")


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    default_spec(spec)
    metadata = obj.setdefault("metadata", {})
    if not spec.get("manualSelector"):
        _choose_own(spec, _own_labels(metadata))
    found = template.labels(spec)
    if found and not metadata.get("labels"):
        metadata["labels"] = dict(found)


def _own_labels(metadata: Mapping[str, Any]) -> dict[str, str]:
    uid, name = str(metadata.get("uid") or ""), str(metadata.get("name") or "")
    return {
        _CONTROLLER_UID: uid,
        _JOB_NAME: name,
        _OLD_CONTROLLER_UID: uid,
        _OLD_JOB_NAME: name,
    }


def _choose_own(spec: dict[str, Any], own: Mapping[str, str]) -> None:
    """Select by the identity of the job; labels that are there stay, and are judged later."""
    metadata = spec["template"]["metadata"]
    metadata["labels"] = {**own, **(metadata.get("labels") or {})}
    selector = spec.setdefault("selector", {})
    chosen = selector.get("matchLabels") or {}
    selector["matchLabels"] = {_CONTROLLER_UID: own[_CONTROLLER_UID], **chosen}


def _validate(obj: Object) -> Iterator[FieldError]:
    spec, metadata = obj.get("spec") or {}, obj.get("metadata") or {}
    if not spec.get("manualSelector"):
        yield from _own_errors(spec, _own_labels(metadata))
    yield from spec_errors(spec, "spec")
    if spec.get("selector") is None:
        yield FieldError.required("spec.selector")
    else:
        yield from label_selector.errors(spec["selector"], "spec.selector")
    yield from template.matched(spec)
    yield from _name_errors(str(metadata.get("name") or ""), spec)
    yield from status_errors(obj.get("status") or {})


def _own_errors(spec: Mapping[str, Any], own: Mapping[str, str]) -> Iterator[FieldError]:
    """Judge labels and a selector that may be a client's, though the server makes them."""
    labels, path = template.labels(spec), "spec.template.metadata.labels"
    for name, value in own.items():
        if name not in labels:
            yield FieldError.required(path, f"must be '{value}'")
        elif labels[name] != value:
            yield FieldError.invalid(path, labels, f"must be '{value}'")
    if not label_selector.matches(spec.get("selector") or {}, own):
        detail = "`selector` not auto-generated"
        yield FieldError.invalid("spec.selector", spec.get("selector"), detail)


def _name_errors(name: str, spec: Mapping[str, Any]) -> Iterator[FieldError]:
    """Judge whether the host names of pods with numbers are names."""
    completions = spec.get("completions") or 0
    if spec.get("completionMode") != "Indexed" or completions <= 0:
        return
    last = f"{name}-{completions - 1}"
    if validation.label(last):
        detail = f"will not able to create pod with invalid DNS label: {last}"
        yield FieldError.invalid("metadata.name", name, detail)


def _state(obj: Object) -> str:
    held = _holding(obj)
    for state in _STATES:
        if state in held:
            return state
    if (obj.get("metadata") or {}).get("deletionTimestamp") is not None:
        return "Terminating"
    return next((state for state in _PASSING_STATES if state in held), "Running")


def _holding(obj: Object) -> set[Any]:
    found: Sequence[Mapping[str, Any]] = (obj.get("status") or {}).get("conditions") or ()
    return {one.get("type") for one in found if one.get("status") == "True"}


def _completions(obj: Object) -> str:
    spec = obj.get("spec") or {}
    done = (obj.get("status") or {}).get("succeeded") or 0
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallel = spec.get("parallelism") or 0
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def _duration(obj: Object, now: datetime) -> str:
    status = obj.get("status") or {}
    if not status.get("startTime"):
        return ""
    end = _time(status["completionTime"]) if status.get("completionTime") else now
    return duration(end - _time(status["startTime"]))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _succeeded(obj: Object) -> str:
    return str((obj.get("status") or {}).get("succeeded") or 0)


def _validate_update(new: Object, old: Object) -> Sequence[FieldError]:
    return tuple(job_update.errors(new, old))


JOB = Kind(
    group="batch",
    version="v1",
    kind="Job",
    plural="jobs",
    singular="job",
    categories=("all",),
    namespaced=True,
    schema=top(
        f"{_BATCH}Job",
        "Pods that run until they are done.",
        {
            "spec": JOB_SPEC.of("What is to be done."),
            "status": JOB_STATUS.of("How far the job is."),
        },
    ),
    default=_default,
    validate=lambda obj: tuple(_validate(obj)),
    validate_update=_validate_update,
    orphans=True,
    columns=(
        NAME,
        Column("Status", lambda obj, _: _state(obj), description="How far the job is."),
        Column("Completions", lambda obj, _: _completions(obj), description="Pods that are done."),
        Column("Duration", _duration, description="Time from the start to the end, or till now."),
        AGE,
        *template.CONTAINERS,
        template.SELECTED,
    ),
    selectable={"status.successful": _succeeded},
    subresources=(Subresource("status", ("get", "patch", "update")),),
)
