"""CronJob (batch/v1): a job that is to be made again and again. Nothing here makes it."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from wharfinger.cluster.kind import Column, FieldError, Kind, Object, Subresource
from wharfinger.cluster.kinds.columns import AGE, NAME, age
from wharfinger.cluster.kinds.core import OBJECT_REFERENCE
from wharfinger.cluster.kinds.meta import OBJECT_META, top
from wharfinger.cluster.kinds.shapes import ATOMIC, Record, array, flag, integer, moment, text
from wharfinger.cluster.kinds.workloads import numbers, schedule, template
from wharfinger.cluster.kinds.workloads.job_spec import JOB_SPEC, default_template, spec_errors
from wharfinger.cluster.kinds.workloads.schedule import ScheduleError

_BATCH: Final = "io.k8s.api.batch.v1."
_CONCURRENCY: Final = ("Allow", "Forbid", "Replace")
_LONGEST_NAME: Final = 52
"""So that the time of a job fits behind the name of its cron job."""
_ZONE_PART: Final = re.compile(r"[A-Za-z._0-9+][A-Za-z.\-_0-9+]{0,13}")

_TEMPLATE = Record(
    f"{_BATCH}JobTemplateSpec",
    "What the jobs that are made are to be.",
    {
        "metadata": OBJECT_META.of("Labels and annotations of the jobs."),
        "spec": JOB_SPEC.of("What is to be done."),
    },
)
_SPEC = Record(
    f"{_BATCH}CronJobSpec",
    "When which jobs are to be made.",
    {
        "schedule": text("When: minute, hour, day of the month, month, day of the week."),
        "timeZone": text("The time zone of the schedule, as Europe/Berlin."),
        "startingDeadlineSeconds": integer("How late a job may still be made.", bits=64),
        "concurrencyPolicy": text("Allow, Forbid or Replace: if the last job has not ended."),
        "suspend": flag("Whether no jobs are to be made for now."),
        "jobTemplate": _TEMPLATE.of("What the jobs that are made are to be."),
        "successfulJobsHistoryLimit": integer("How many jobs that succeeded are kept."),
        "failedJobsHistoryLimit": integer("How many jobs that failed are kept."),
    },
    required=("schedule", "jobTemplate"),
)
_STATUS = Record(
    f"{_BATCH}CronJobStatus",
    "When jobs were made.",
    {
        "active": array("The jobs that have not ended.", OBJECT_REFERENCE, **ATOMIC),
        "lastScheduleTime": moment("When a job was last made."),
        "lastSuccessfulTime": moment("When a job last succeeded."),
    },
)


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec["concurrencyPolicy"] = spec.get("concurrencyPolicy") or "Allow"
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    job = spec.setdefault("jobTemplate", {})
    job.setdefault("metadata", {})
    default_template(job.setdefault("spec", {}))


def _validate(obj: Object) -> Iterator[FieldError]:
    name, spec = (obj.get("metadata") or {}).get("name") or "", obj.get("spec") or {}
    yield from _schedule_errors(spec.get("schedule") or "")
    yield from numbers.not_negative(spec, "spec", "startingDeadlineSeconds")
    yield from _zone_errors(spec.get("timeZone"))
    policy = spec.get("concurrencyPolicy")
    if policy not in _CONCURRENCY:
        yield FieldError.unsupported("spec.concurrencyPolicy", policy, _CONCURRENCY)
    yield from _job_errors((spec.get("jobTemplate") or {}).get("spec") or {})
    limits = ("successfulJobsHistoryLimit", "failedJobsHistoryLimit")
    yield from numbers.not_negative(spec, "spec", *limits)
    if len(name) > _LONGEST_NAME:
        detail = f"must be no more than {_LONGEST_NAME} characters"
        yield FieldError.invalid("metadata.name", name, detail)


def _schedule_errors(text: str) -> Iterator[FieldError]:
    if not text:
        yield FieldError.required("spec.schedule")
        return
    try:
        schedule.check(text)
    except ScheduleError as error:
        yield FieldError.invalid("spec.schedule", text, str(error))
    if "TZ" in text:
        detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        yield FieldError.invalid("spec.schedule", text, detail)


def _zone_errors(zone: str | None) -> Iterator[FieldError]:
    if zone is None:
        return
    if not zone:
        detail = "timeZone must be nil or non-empty string"
        yield FieldError.invalid("spec.timeZone", zone, detail)
    elif zone.lower() == "local":
        detail = (
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        )
        yield FieldError.invalid("spec.timeZone", zone, detail)
    elif not _is_zone(zone):
        yield FieldError.invalid("spec.timeZone", zone, f"unknown time zone {zone}")


def _is_zone(zone: str) -> bool:
    parts = zone.split("/")
    if any(_ZONE_PART.fullmatch(part) is None or part in (".", "..") for part in parts):
        return False
    known = _zones()
    return not known or zone in known


@cache
def _zones() -> frozenset[str]:
    """List the time zones of this host; none if it has no list of them."""
    return frozenset(zoneinfo.available_timezones())


def _job_errors(spec: Mapping[str, Any]) -> Iterator[FieldError]:
    path = "spec.jobTemplate.spec"
    yield from spec_errors(spec, path)
    if spec.get("selector") is not None:
        detail = "`selector` will be auto-generated"
        yield FieldError.invalid(f"{path}.selector", spec["selector"], detail)
    if spec.get("manualSelector"):
        yield FieldError.unsupported(f"{path}.manualSelector", True, ("nil", "false"))


def _zone(obj: Object) -> str:
    return (obj.get("spec") or {}).get("timeZone") or template.NONE


def _active(obj: Object) -> int:
    found: Sequence[Any] = (obj.get("status") or {}).get("active") or ()
    return len(found)


def _last(obj: Object, now: datetime) -> str:
    moment = (obj.get("status") or {}).get("lastScheduleTime")
    return age(moment, now) if moment else template.NONE


CRON_JOB = Kind(
    group="batch",
    version="v1",
    kind="CronJob",
    plural="cronjobs",
    singular="cronjob",
    short_names=("cj",),
    categories=("all",),
    namespaced=True,
    schema=top(
        f"{_BATCH}CronJob",
        "A job that is to be made again and again. Here it is kept, and no job is made of it.",
        {
            "spec": _SPEC.of("When which jobs are to be made."),
            "status": _STATUS.of("When jobs were made."),
        },
    ),
    default=_default,
    validate=lambda obj: tuple(_validate(obj)),
    columns=(
        NAME,
        Column(
            "Schedule",
            lambda obj, _: (obj.get("spec") or {}).get("schedule") or "",
            description="When jobs are to be made.",
        ),
        Column("Timezone", lambda obj, _: _zone(obj), description="Where that time is."),
        Column(
            "Suspend",
            lambda obj, _: str((obj.get("spec") or {}).get("suspend") is True),
            "boolean",
            description="Whether no jobs are to be made.",
        ),
        Column("Active", lambda obj, _: _active(obj), "integer", description="Jobs not ended."),
        Column("Last Schedule", _last, description="Time since a job was last made."),
        AGE,
        *template.CONTAINERS,
        template.SELECTED,
    ),
    subresources=(Subresource("status", ("get", "patch", "update")),),
)
