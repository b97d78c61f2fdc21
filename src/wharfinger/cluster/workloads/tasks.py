"""
Job: pods that are to end, so many at a time, until enough have succeeded.

Pure. What has ended is counted from the pods that are there, and a count never goes down: a finished pod
that somebody deletes stays counted, though of several of them the counts may then miss one, which is
done again. A failed pod is replaced until there are more failures than `backoffLimit`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.metadata import deleting, timestamp
from wharfinger.cluster.workloads import conditions, indexes, ownership, pods
from wharfinger.cluster.workloads.conditions import holds, made, merged, moment

MANAGER: Final = "kubernetes.io/job-controller"
_DEFAULT_BACKOFF: Final = 6


@dataclass(frozen=True, slots=True)
class Counts:
    """The pods of a job."""

    active: tuple[Object, ...]
    ready: int
    terminating: int
    succeeded: int
    failed: int
    completed: frozenset[int]
    """The numbers that have succeeded, of a job that numbers its pods."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Make pods with these numbers (None: without one), delete these, and say this status."""

    status: Mapping[str, Any]
    make: tuple[int | None, ...] = ()
    delete: tuple[Object, ...] = ()


def ours(job: Object) -> bool:
    """Whether no other controller is named to do the job."""
    return job["spec"].get("managedBy") in (None, "", MANAGER)


def ended(job: Object) -> bool:
    return holds(job, "Complete") or holds(job, "Failed")


def indexed(job: Object) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def count(job: Object, owned: Iterable[Object]) -> Counts:
    found = list(owned)
    known = job.get("status") or {}
    active = tuple(pod for pod in found if pods.active(pod))
    succeeded = [pod for pod in found if pods.phase(pod) == "Succeeded"]
    failed = sum(pods.phase(pod) == "Failed" for pod in found)
    completed = indexes.parse(known.get("completedIndexes") or "")
    if indexed(job):
        limit = job["spec"].get("completions") or 0
        numbers = (indexes.of_pod(pod) for pod in succeeded)
        completed |= {number for number in numbers if number is not None and number < limit}
        done = len(completed)
    else:
        done = max(len(succeeded), known.get("succeeded") or 0)
    return Counts(
        active=active,
        ready=sum(pods.ready(pod) for pod in active),
        terminating=sum(deleting(pod) and not pods.finished(pod) for pod in found),
        succeeded=done,
        failed=max(failed, known.get("failed") or 0),
        completed=frozenset(completed),
    )


def plan(job: Object, owned: Iterable[Object], now: datetime) -> Plan:
    """Say what is to be made and deleted, and how far the job is."""
    found = count(job, owned)
    verdict = _verdict(job, found, now)
    if verdict is not None:
        return Plan(_status(job, found, now, verdict, active=0), delete=found.active)
    if job["spec"].get("suspend"):
        told = made("Suspended", True, "JobSuspended", "Job suspended")
        return Plan(_status(job, found, now, told, active=0), delete=found.active)
    resumed = made("Suspended", False, "JobResumed", "Job resumed") if _was_suspended(job) else None
    room = _wanted(job, found) - len(found.active)
    if room < 0:
        surplus = sorted(found.active, key=pods.created, reverse=True)[:-room]
        left = len(found.active) + room
        return Plan(_status(job, found, now, resumed, active=left), delete=tuple(surplus))
    make: tuple[int | None, ...] = (None,) * room
    if indexed(job):
        busy = {indexes.of_pod(pod) for pod in found.active}
        make = tuple(indexes.free(job["spec"].get("completions") or 0, found.completed, busy, room))
    return Plan(_status(job, found, now, resumed, active=len(found.active) + len(make)), make)


def pod_for(kind: Kind, job: Object, number: int | None) -> Object:
    pod = ownership.pod_for(kind, job, job["spec"].get("template") or {})
    return pod if number is None else indexes.numbered(job, pod, number)


def next_look(job: Object, status: Mapping[str, Any], now: datetime) -> float | None:
    """Seconds until time alone ends the job."""
    seconds, since = job["spec"].get("activeDeadlineSeconds"), moment(status.get("startTime"))
    if seconds is None or since is None or ended({"status": status}):
        return None
    return max(0.0, float(seconds) - (now - since).total_seconds())


def forgotten_in(job: Object, now: datetime) -> float | None:
    """Seconds until a job that has ended is removed; None if it is kept."""
    seconds = job["spec"].get("ttlSecondsAfterFinished")
    if seconds is None or not ended(job):
        return None
    at = next(
        moment(one.get("lastTransitionTime"))
        for one in conditions.conditions(job)
        if one.get("type") in ("Complete", "Failed") and one.get("status") == "True"
    )
    return max(0.0, float(seconds) - (now - at).total_seconds()) if at is not None else None


def _wanted(job: Object, found: Counts) -> int:
    """How many pods there should be at a time."""
    parallel, completions = job["spec"].get("parallelism", 1), job["spec"].get("completions")
    if completions is None:
        # Work is shared out by the pods themselves: once one is done, no new ones are made.
        return len(found.active) if found.succeeded else int(parallel)
    return int(min(parallel, max(0, completions - found.succeeded)))


def _verdict(job: Object, found: Counts, now: datetime) -> dict[str, Any] | None:
    """How the job has ended; None if it goes on."""
    spec = job["spec"]
    if found.failed > spec.get("backoffLimit", _DEFAULT_BACKOFF):
        message = "Job has reached the specified backoff limit"
        return made("Failed", True, "BackoffLimitExceeded", message)
    deadline, since = (
        spec.get("activeDeadlineSeconds"),
        moment((job.get("status") or {}).get("startTime")),
    )
    if deadline is not None and since is not None and since + timedelta(seconds=deadline) <= now:
        return made(
            "Failed", True, "DeadlineExceeded", "Job was active longer than specified deadline"
        )
    completions = spec.get("completions")
    done = found.succeeded >= completions if completions is not None else bool(found.succeeded)
    if completions is None and found.active:
        done = False
    if done and not spec.get("suspend"):
        message = "Reached expected number of succeeded pods"
        return made("Complete", True, "CompletionsReached", message)
    return None


def _was_suspended(job: Object) -> bool:
    return holds(job, "Suspended")


def _status(
    job: Object, found: Counts, now: datetime, told: Mapping[str, Any] | None, *, active: int
) -> dict[str, Any]:
    known = job.get("status") or {}
    result: dict[str, Any] = {}
    fresh = [told] if told is not None else []
    if given := merged(conditions.conditions(job), fresh, now):
        result["conditions"] = given
    suspended = told is not None and told["type"] == "Suspended" and told["status"] == "True"
    resumed = told is not None and told["type"] == "Suspended" and told["status"] == "False"
    if not suspended:
        start = None if resumed else known.get("startTime")
        result["startTime"] = start or timestamp(now)
    if told is not None and told["type"] == "Complete":
        result["completionTime"] = known.get("completionTime") or timestamp(now)
    counts = {
        "active": active,
        "succeeded": found.succeeded,
        "failed": found.failed,
        "terminating": found.terminating,
        "ready": found.ready if active else 0,
    }
    result |= {name: number for name, number in counts.items() if number}
    if found.completed:
        result["completedIndexes"] = indexes.text(found.completed)
    return result
