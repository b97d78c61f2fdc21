"""
When a job has failed or succeeded before all its pods have: the rules of both policies.

Pure. Decides whether the rules are rules; what follows from them is the business of controllers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import FieldError
from wharfinger.cluster.kinds.shapes import ATOMIC, SET, Record, array, integer, integers, text
from wharfinger.errors import BadInput

_BATCH: Final = "io.k8s.api.batch.v1."
_ACTIONS: Final = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS: Final = ("In", "NotIn")
_STATES: Final = ("False", "True", "Unknown")
_MOST_RULES: Final = 20
_MOST_PATTERNS: Final = 20
_MOST_CODES: Final = 255

Spec = Mapping[str, Any]

_CODES = Record(
    f"{_BATCH}PodFailurePolicyOnExitCodesRequirement",
    "With which codes a container may end.",
    {
        "containerName": text("Only this container; all if not given."),
        "operator": text("In or NotIn."),
        "values": integers("The codes, in order.", **SET),
    },
    required=("operator", "values"),
)
_PATTERN = Record(
    f"{_BATCH}PodFailurePolicyOnPodConditionsPattern",
    "A condition that a pod may have.",
    {"type": text("The condition."), "status": text("True, False or Unknown.")},
    required=("type",),
)
_FAILURE_RULE = Record(
    f"{_BATCH}PodFailurePolicyRule",
    "What follows from a failure of a certain kind.",
    {
        "action": text("FailJob, FailIndex, Ignore or Count."),
        "onExitCodes": _CODES.of("Holds for containers that end with these codes."),
        "onPodConditions": array("Holds for pods of these conditions.", _PATTERN, **ATOMIC),
    },
    required=("action",),
)
POD_FAILURE_POLICY = Record(
    f"{_BATCH}PodFailurePolicy",
    "What follows from the failure of a pod; the first rule that holds decides.",
    {"rules": array("The rules, in order.", _FAILURE_RULE, **ATOMIC)},
    required=("rules",),
)
_SUCCESS_RULE = Record(
    f"{_BATCH}SuccessPolicyRule",
    "Which pods must succeed.",
    {
        "succeededIndexes": text("Numbers of pods, as 1,3-5."),
        "succeededCount": integer("How many of them; all if not given."),
    },
)
SUCCESS_POLICY = Record(
    f"{_BATCH}SuccessPolicy",
    "When the job has succeeded before all its pods have; one rule that holds is enough.",
    {"rules": array("The rules.", _SUCCESS_RULE, **ATOMIC)},
    required=("rules",),
)


class _NotIndexes(BadInput):
    """The message is what a client is told."""

    code = "indexes-invalid"


def default_failure_policy(policy: dict[str, Any]) -> None:
    """Complete a policy, in place."""
    for rule in policy.get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            pattern["status"] = pattern.get("status") or "True"


def failure_errors(spec: Spec, path: str) -> Iterator[FieldError]:
    """Judge the policy on failures of a job's spec."""
    rules = spec["podFailurePolicy"].get("rules") or ()
    if len(rules) > _MOST_RULES:
        yield FieldError.too_many(f"{path}.rules", len(rules), _MOST_RULES)
    for index, rule in enumerate(rules):
        yield from _failure_rule(spec, rule, f"{path}.rules[{index}]")


def _failure_rule(spec: Spec, rule: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    action, codes = rule.get("action"), rule.get("onExitCodes")
    patterns = rule.get("onPodConditions") or ()
    if not action:
        yield FieldError.required(f"{path}.action", _valid(_ACTIONS))
    elif action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        detail = "requires the backoffLimitPerIndex to be set"
        yield FieldError.invalid(f"{path}.action", action, detail)
    elif action not in _ACTIONS:
        yield FieldError.unsupported(f"{path}.action", action, _ACTIONS)
    if codes is not None:
        yield from _code_errors(spec, codes, f"{path}.onExitCodes")
    if len(patterns) > _MOST_PATTERNS:
        yield FieldError.too_many(f"{path}.onPodConditions", len(patterns), _MOST_PATTERNS)
    for index, pattern in enumerate(patterns):
        yield from _pattern_errors(pattern, f"{path}.onPodConditions[{index}]")
    if codes is not None and patterns:
        detail = "specifying both OnExitCodes and OnPodConditions is not supported"
        yield FieldError("FieldValueInvalid", path, f"Invalid value: {detail}")
    if codes is None and not patterns:
        detail = "specifying one of OnExitCodes and OnPodConditions is required"
        yield FieldError("FieldValueInvalid", path, f"Invalid value: {detail}")


def _code_errors(spec: Spec, codes: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    operator, values = codes.get("operator"), codes.get("values") or []
    if not operator:
        yield FieldError.required(f"{path}.operator", _valid(_OPERATORS))
    elif operator not in _OPERATORS:
        yield FieldError.unsupported(f"{path}.operator", operator, _OPERATORS)
    name = codes.get("containerName")
    if name is not None and name not in _containers(spec):
        detail = "must be one of the container or initContainer names in the pod template"
        yield FieldError.invalid(f"{path}.containerName", name, detail)
    if not values:
        yield FieldError.invalid(f"{path}.values", values, "at least one value is required")
    if len(values) > _MOST_CODES:
        yield FieldError.too_many(f"{path}.values", len(values), _MOST_CODES)
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            detail = "must not be 0 for the In operator"
            yield FieldError.invalid(f"{path}.values[{index}]", value, detail)
        if value in values[:index]:
            yield FieldError.duplicate(f"{path}.values[{index}]", value)
    if values != sorted(values):
        yield FieldError.invalid(f"{path}.values", values, "must be ordered")


def _pattern_errors(pattern: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    name, status = pattern.get("type") or "", pattern.get("status")
    for error in validation.qualified_name(name):
        yield FieldError.invalid(f"{path}.type", name, error)
    if status not in _STATES:
        yield FieldError.unsupported(f"{path}.status", status, _STATES)


def success_errors(spec: Spec, path: str) -> Iterator[FieldError]:
    """Judge the policy on successes of a job's spec."""
    rules = spec["successPolicy"].get("rules") or ()
    if not rules:
        detail = "at least one rules must be specified when the successPolicy is specified"
        yield FieldError.required(f"{path}.rules", detail)
    if len(rules) > _MOST_RULES:
        yield FieldError.too_many(f"{path}.rules", len(rules), _MOST_RULES)
    for index, rule in enumerate(rules):
        completions = spec.get("completions") or 0
        yield from _success_rule(rule, completions, f"{path}.rules[{index}]")


def _success_rule(rule: Mapping[str, Any], completions: int, path: str) -> Iterator[FieldError]:
    indexes, count = rule.get("succeededIndexes"), rule.get("succeededCount")
    if indexes is None and count is None:
        detail = "at least one of succeededCount or succeededIndexes must be specified"
        yield FieldError.required(path, detail)
    total = completions
    if indexes is not None:
        try:
            total = _indexes(indexes, completions)
        except _NotIndexes as error:
            detail = f"error parsing succeededIndexes: {error}"
            yield FieldError.invalid(f"{path}.succeededIndexes", indexes, detail)
    if count is None:
        return
    if count < 0:
        detail = "must be greater than or equal to 0"
        yield FieldError.invalid(f"{path}.succeededCount", count, detail)
    if count > completions:
        detail = (
            f"must be less than or equal to {completions} (the number of specified completions)"
        )
        yield FieldError.invalid(f"{path}.succeededCount", count, detail)
    if indexes is not None and count > total:
        detail = (
            f"must be less than or equal to {total} "
            "(the number of indexes in the specified succeededIndexes field)"
        )
        yield FieldError.invalid(f"{path}.succeededCount", count, detail)


def _indexes(text: str, completions: int) -> int:
    """Count the indexes in `1,3-5`; raise `_NotIndexes`."""
    total, last = 0, -1
    for fragment in text.split(",") if text else ():
        ends = fragment.split("-")
        if len(ends) > 2:
            raise _NotIndexes(
                f'the fragment "{fragment}" violates the requirement that an index interval can '
                "have at most two parts separated by '-'"
            )
        first, end = _index(ends[0], completions), _index(ends[-1], completions)
        if len(ends) == 2 and first >= end:
            raise _NotIndexes(f"non-increasing order, previous: {first}, current: {end}")
        if last >= first:
            raise _NotIndexes(f"non-increasing order, previous: {last}, current: {first}")
        total, last = total + end - first + 1, end
    return total


def _index(text: str, completions: int) -> int:
    if re.fullmatch(r"[0-9]{1,10}", text) is None:
        raise _NotIndexes(f'cannot convert string to integer for index: "{text}"')
    if int(text) >= completions:
        raise _NotIndexes(f'too large index: "{text}"')
    return int(text)


def _containers(spec: Spec) -> set[str]:
    pod = (spec.get("template") or {}).get("spec") or {}
    found = (*(pod.get("containers") or ()), *(pod.get("initContainers") or ()))
    return {str(one.get("name")) for one in found}


def _valid(values: tuple[str, ...]) -> str:
    return "valid values: [" + " ".join(f'"{value}"' for value in values) + "]"
