"""
What a configuration says and never does: no fault, since OpenShift takes it without a word, and most
likely not what was meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from wharfinger.policy.imagepolicy import places
from wharfinger.policy.imagepolicy.config import Dialect, Policy
from wharfinger.policy.imagepolicy.faults import Path
from wharfinger.policy.imagepolicy.resolution import DO_NOT_ATTEMPT, VALUES
from wharfinger.policy.imagepolicy.resources import ANY, PODS
from wharfinger.policy.imagepolicy.rules import ExecutionRule

_SPELLINGS: Final = (
    "registries are compared as text, so the same one in capitals or with :443 is not refused: "
    f"registries.block of {Dialect.OWN} knows every spelling"
)


class Remark(NamedTuple):
    path: Path
    message: str


def remarks(policy: Policy) -> list[Remark]:
    """Tell of what is not done, in the order of the file."""
    return [*_on_resolution(policy), *_on_execution(policy)]


def _on_resolution(policy: Policy) -> Iterator[Remark]:
    if policy.resolve_images not in VALUES:
        yield Remark(("resolveImages",), _unknown(policy.resolve_images))
        return
    for index, rule in enumerate(policy.resolution_rules):
        if rule.policy not in VALUES:
            yield Remark(("resolutionRules", index, "policy"), _unknown(rule.policy))


def _on_execution(policy: Policy) -> Iterator[Remark]:
    for index, rule in enumerate(policy.execution_rules):
        path: Path = ("executionRules", index)
        yield from _on_resources(policy, rule, (*path, "onResources"))
        for place, registry in enumerate(rule.registries):
            if not registry or set(registry) & set("*?/"):
                message = f'"{registry}" equals no registry: each is host or host:port, no pattern'
                yield Remark((*path, "matchRegistries", place), message)
        if rule.registries and rule.reject is not rule.inverted:
            yield Remark((*path, "matchRegistries"), _SPELLINGS)
    rules = policy.execution_rules
    if policy.dialect is Dialect.OPENSHIFT and any(PODS in rule.on_resources for rule in rules):
        message = (
            "pods that a controller made are not judged: list the resource that makes them too"
        )
        yield Remark(("executionRules",), message)


def _on_resources(policy: Policy, rule: ExecutionRule, path: Path) -> Iterator[Remark]:
    for index, target in enumerate(rule.on_resources):
        if target.resource == ANY:
            if policy.dialect is not Dialect.OWN:
                yield Remark((*path, index), f"{ANY} is not honoured here: the rule does not apply")
        elif not places.known(target, policy.paths):
            message = f"it is not known where {target} has images: each of them is refused"
            yield Remark((*path, index), message)


def _unknown(value: str) -> str:
    return f'"{value}" is not known, and counts as {DO_NOT_ATTEMPT}'
