"""What a job is to do, and how far it is: also for the jobs that a cron job makes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import FieldError
from wharfinger.cluster.kinds.meta import LABEL_SELECTOR
from wharfinger.cluster.kinds.shapes import SET, Record, flag, integer, moment, text, texts
from wharfinger.cluster.kinds.workloads import job_policies, numbers, template
from wharfinger.cluster.kinds.workloads.status import condition, conditions

_BATCH: Final = "io.k8s.api.batch.v1."
_MODES: Final = ("NonIndexed", "Indexed")
_RESTARTS: Final = ("OnFailure", "Never")
_REPLACEMENTS: Final = ("Failed", "TerminatingOrFailed")
_ENDLESS: Final = (1 << 31) - 1
_MOST_PARALLEL: Final = 100_000
_MANY: Final = 100_000
_MOST_PARALLEL_OF_MANY: Final = 10_000
_LONGEST_MANAGER: Final = 63
_COUNTS: Final = (
    "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
    "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes",
)  # fmt: skip

JOB_SPEC = Record(
    f"{_BATCH}JobSpec",
    "What is to be done.",
    {
        "parallelism": integer("How many pods run at the same time."),
        "completions": integer("How many pods must succeed."),
        "activeDeadlineSeconds": integer("After how long the job has failed.", bits=64),
        "podFailurePolicy": job_policies.POD_FAILURE_POLICY.of(
            "What follows from the failure of a pod."
        ),
        "successPolicy": job_policies.SUCCESS_POLICY.of(
            "When the job has succeeded before all its pods have."
        ),
        "backoffLimit": integer("After how many failures the job has failed; 6 if not given."),
        "backoffLimitPerIndex": integer("After how many failures one number has failed."),
        "maxFailedIndexes": integer("After how many failed numbers the job has failed."),
        "selector": LABEL_SELECTOR.of("Which pods belong to the job; made by the server."),
        "manualSelector": flag("Whether selector and labels are given instead of made."),
        "template": template.TEMPLATE,
        "ttlSecondsAfterFinished": integer("How long a job that has ended is kept."),
        "completionMode": text("NonIndexed, or Indexed: each pod has a number."),
        "suspend": flag("Whether the job waits."),
        "podReplacementPolicy": text("TerminatingOrFailed or Failed: when a pod is replaced."),
        "managedBy": text("The controller that does the job, if it is another one."),
    },
    required=("template",),
)
_UNCOUNTED = Record(
    f"{_BATCH}UncountedTerminatedPods",
    "Pods that have ended and are not counted yet.",
    {
        "succeeded": texts("Identities of those that have succeeded.", **SET),
        "failed": texts("Identities of those that have failed.", **SET),
    },
)
_CONDITION = condition(
    f"{_BATCH}JobCondition", lastProbeTime=moment("When the condition was last looked at.")
)
JOB_STATUS = Record(
    f"{_BATCH}JobStatus",
    "How far a job is.",
    {
        "conditions": conditions(_CONDITION),
        "startTime": moment("When the job began."),
        "completionTime": moment("When the job succeeded."),
        "active": integer("Pods that have not ended."),
        "succeeded": integer("Pods that have succeeded."),
        "failed": integer("Pods that have failed."),
        "terminating": integer("Pods that are on their way out."),
        "completedIndexes": text("Numbers that have succeeded, as 1,3-5."),
        "failedIndexes": text("Numbers that have failed, as 1,3-5."),
        "uncountedTerminatedPods": _UNCOUNTED.of("Pods that have ended and are not counted yet."),
        "ready": integer("Pods that are ready."),
    },
)


def default_template(spec: dict[str, Any]) -> None:
    """Complete what a job and the template of one have alike: the pods."""
    template.default(spec)
    if "podFailurePolicy" in spec:
        job_policies.default_failure_policy(spec["podFailurePolicy"])


def default_spec(spec: dict[str, Any]) -> None:
    """Complete the spec of a job, in place."""
    default_template(spec)
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6 if "backoffLimitPerIndex" not in spec else _ENDLESS)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    at_end = "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed"
    spec.setdefault("podReplacementPolicy", at_end)


def spec_errors(spec: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """Judge what is to be done, but for the selector."""
    yield from numbers.not_negative(spec, path, *_COUNTS)
    yield from _manager_errors(spec.get("managedBy"), f"{path}.managedBy")
    mode = spec.get("completionMode")
    if mode is not None and mode not in _MODES:
        yield FieldError.unsupported(f"{path}.completionMode", mode, _MODES)
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        detail = "when maxFailedIndexes is specified"
        yield FieldError.required(f"{path}.backoffLimitPerIndex", detail)
    if mode == "Indexed":
        yield from _indexed_errors(spec, path)
    elif mode in (None, "NonIndexed"):
        yield from _plain_errors(spec, path)
    if "podFailurePolicy" in spec:
        yield from job_policies.failure_errors(spec, f"{path}.podFailurePolicy")
    yield from _replacement_errors(spec, f"{path}.podReplacementPolicy")
    yield from template.errors(spec, path)
    yield from _restart_errors(spec, f"{path}.template.spec.restartPolicy")


def _plain_errors(spec: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    for name in ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"):
        if spec.get(name) is not None:
            detail = "requires indexed completion mode"
            yield FieldError.invalid(f"{path}.{name}", spec[name], detail)


def _indexed_errors(spec: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    completions, failed = spec.get("completions"), spec.get("maxFailedIndexes")
    if completions is None:
        yield FieldError.required(f"{path}.completions", "when completion mode is Indexed")
    parallel = spec.get("parallelism") or 0
    if parallel > _MOST_PARALLEL:
        detail = f"must be less than or equal to {_MOST_PARALLEL} when completion mode is Indexed"
        yield FieldError.invalid(f"{path}.parallelism", parallel, detail)
    if failed is not None and completions is not None and failed > completions:
        detail = "must be less than or equal to completions"
        yield FieldError.invalid(f"{path}.maxFailedIndexes", failed, detail)
    if failed is not None and failed > _MOST_PARALLEL:
        detail = f"must be less than or equal to {_MOST_PARALLEL}"
        yield FieldError.invalid(f"{path}.maxFailedIndexes", failed, detail)
    if (completions or 0) > _MANY and spec.get("backoffLimitPerIndex") is not None:
        yield from _many_errors(spec, path)
    if "successPolicy" in spec:
        yield from job_policies.success_errors(spec, f"{path}.successPolicy")


def _many_errors(spec: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """Judge a job of very many numbers that are counted one by one."""
    if spec.get("maxFailedIndexes") is None:
        detail = f"must be specified when completions is above {_MANY}"
        yield FieldError.required(f"{path}.maxFailedIndexes", detail)
    for name in ("parallelism", "maxFailedIndexes"):
        value = spec.get(name) or 0
        if value > _MOST_PARALLEL_OF_MANY:
            detail = (
                f"must be less than or equal to {_MOST_PARALLEL_OF_MANY} when completions are "
                f"above {_MANY} and used with backoff limit per index"
            )
            yield FieldError.invalid(f"{path}.{name}", value, detail)


def _restart_errors(spec: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    policy = template.restart_policy(spec)
    if policy == "Always":
        yield FieldError.required(path, 'valid values: "OnFailure", "Never"')
    elif policy not in _RESTARTS:
        yield FieldError.unsupported(path, policy, _RESTARTS)
    elif policy != "Never" and "podFailurePolicy" in spec:
        detail = 'only "Never" is supported when podFailurePolicy is specified'
        yield FieldError.invalid(path, policy, detail)


def _replacement_errors(spec: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    policy = spec.get("podReplacementPolicy")
    supported = ("Failed",) if "podFailurePolicy" in spec else _REPLACEMENTS
    if policy is not None and policy not in supported:
        yield FieldError.unsupported(path, policy, supported)


def _manager_errors(manager: str | None, path: str) -> Iterator[FieldError]:
    if manager is None:
        return
    if not manager:
        yield FieldError.required(path)
        return
    domain, slash, name = manager.partition("/")
    if not slash or not domain or not name:
        detail = 'must be a domain-prefixed path (such as "acme.io/foo")'
        yield FieldError.invalid(path, manager, detail)
    for error in validation.subdomain(domain) if domain else ():
        yield FieldError.invalid(path, domain, error)
    if name and re.fullmatch(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+", name) is None:
        yield FieldError.invalid(path, name, "Invalid path")
    if len(manager) > _LONGEST_MANAGER:
        yield FieldError.too_long(path, _LONGEST_MANAGER)


def status_errors(status: Mapping[str, Any]) -> Iterator[FieldError]:
    counts = ("active", "succeeded", "failed", "ready", "terminating")
    yield from numbers.not_negative(status, "status", *counts)
    ready = status.get("ready") or 0
    if ready > (status.get("active") or 0):
        detail = "cannot set more ready pods than active"
        yield FieldError.invalid("status.ready", ready, detail)
