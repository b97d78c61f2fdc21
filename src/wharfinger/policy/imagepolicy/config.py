"""
The configuration of image policy: an `ImagePolicyConfig` as OpenShift writes it, or in our own form.

`read` takes what `document.extract` found, fills in defaults and validates, in this order and with the
words of OpenShift. The apiVersion says which rules hold:

- `v1` is that of OpenShift 3.x: groups of OpenShift count as the legacy group "", and what a
  controller made is judged too;
- `image.openshift.io/v1` is that of OpenShift 4: objects with a controller are left alone;
- `wharfinger.dev/v1` is ours: all fields of the others, and `remoteResolution`, `paths`,
  `signatures` and `registries`. What the others take without a word and never apply is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

from wharfinger.policy.access import AccessPolicy
from wharfinger.policy.imagepolicy import reading, resources
from wharfinger.policy.imagepolicy.faults import Faults, InvalidImagePolicy, Section
from wharfinger.policy.imagepolicy.paths import KindPaths
from wharfinger.policy.imagepolicy.resolution import (
    ATTEMPT,
    DO_NOT_ATTEMPT,
    VALUES,
    Resolution,
    ResolutionRule,
)
from wharfinger.policy.imagepolicy.resources import ANY, PODS, Resource
from wharfinger.policy.imagepolicy.rules import ExecutionRule
from wharfinger.policy.imagepolicy.signing import SignatureRule

KIND: Final = "ImagePolicyConfig"
DENY_EXECUTION: Final = "images.openshift.io/deny-execution"
_FIELDS: Final = ("apiVersion", "kind", "resolveImages", "resolutionRules", "executionRules")
OWN_FIELDS: Final = (*_FIELDS, "remoteResolution", "paths", "signatures", "registries")
_MOST_KNOWN: Final = 1000
_IMAGE_CONDITIONS: Final = (
    ("matchDockerImageLabels", "config_labels"),
    ("matchImageLabels", "labels"),
    ("matchImageAnnotations", "annotations"),
)


class Dialect(StrEnum):
    """Whose rules a configuration follows, by its apiVersion."""

    LEGACY = "v1"
    OPENSHIFT = "image.openshift.io/v1"
    OWN = "wharfinger.dev/v1"


class _OnResource(NamedTuple):
    execution: tuple[ExecutionRule, ...]
    resolution: Resolution
    signing: tuple[SignatureRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A configuration after its defaults."""

    dialect: Dialect
    resolve_images: str = ATTEMPT
    resolution_rules: tuple[ResolutionRule, ...] = ()
    execution_rules: tuple[ExecutionRule, ...] = ()
    remote: bool = False
    """Whether other registries may be asked what a name means."""
    paths: tuple[KindPaths, ...] = ()
    signatures: tuple[SignatureRule, ...] = ()
    access: AccessPolicy | None = None

    _known: dict[Resource, _OnResource] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def execution(self, resource: Resource) -> tuple[ExecutionRule, ...]:
        """The execution rules on a resource."""
        return self._on(resource).execution

    def resolution(self, resource: Resource) -> Resolution:
        """How names are resolved in a resource."""
        return self._on(resource).resolution

    def signing(self, resource: Resource) -> tuple[SignatureRule, ...]:
        return self._on(resource).signing

    def _on(self, resource: Resource) -> _OnResource:
        """What holds for a resource is worked out once: every review asks, and there are few."""
        found = self._known.get(resource)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = self._known[resource] = self._worked_out(resource)
        return found

    def _worked_out(self, resource: Resource) -> _OnResource:
        folded = self._folded(resource)
        rules = [r for r in self.resolution_rules if self._folded(r.target).covers(folded)]
        signing = (
            rule
            for rule in self.signatures
            if any(target.covers(resource) for target in rule.on_resources)
        )
        return _OnResource(
            tuple(rule for rule in self.execution_rules if self._is_on(rule, resource)),
            Resolution(self.resolve_images, tuple(rules)),
            tuple(signing),
        )

    def _is_on(self, rule: ExecutionRule, resource: Resource) -> bool:
        if self.dialect is Dialect.OWN:
            return any(target.covers(resource) for target in rule.on_resources)
        # A wildcard is not honoured here by OpenShift: it only decides on defaults of resolution.
        return self._folded(resource) in map(self._folded, rule.on_resources)

    def _folded(self, resource: Resource) -> Resource:
        return resource.legacy() if self.dialect is Dialect.LEGACY else resource


def read(document: Mapping[str, Any]) -> Policy:
    """Read a configuration; raise `InvalidImagePolicy`, which tells of all that is wrong."""
    faults = Faults()
    policy = with_defaults(parse(document, faults))
    validate(policy, faults)
    if faults.found:
        raise InvalidImagePolicy(faults.found)
    return policy


@dataclass(frozen=True, slots=True)
class Written:
    """A configuration as it is written: None stands for what it does not say."""

    policy: Policy
    resolution_rules: tuple[ResolutionRule, ...] | None


def parse(document: Any, faults: Faults) -> Written:
    """Read the shape of a configuration, and fill in nothing."""
    dialect = _dialect(document, faults)
    own = dialect is Dialect.OWN
    top = Section.of(document, (), faults, OWN_FIELDS if own else _FIELDS)
    rules = reading.resolution_rules(top)
    policy = Policy(
        dialect=dialect,
        resolve_images=top.text("resolveImages"),
        resolution_rules=rules or (),
        execution_rules=tuple(reading.execution_rules(top)),
        remote=own and top.flag("remoteResolution", default=True),
        paths=tuple(reading.paths(top)) if own else (),
        signatures=tuple(reading.signature_rules(top)) if own else (),
        access=reading.access(top) if own else None,
    )
    return Written(policy, rules)


def _dialect(document: Any, faults: Faults) -> Dialect:
    found = document if isinstance(document, Mapping) else {}
    if found.get("kind") is None:
        faults.required(("kind",), f"must be {KIND}")
    elif found["kind"] != KIND:
        faults.unsupported(("kind",), found["kind"], [KIND])
    version = found.get("apiVersion")
    if version is None:
        faults.required(("apiVersion",), f"must be one of {', '.join(Dialect)}")
    elif version not in [*Dialect]:
        faults.unsupported(("apiVersion",), version, [*Dialect])
    else:
        return Dialect(version)
    return Dialect.OWN


def with_defaults(written: Written) -> Policy:
    policy = written.policy
    resolve = policy.resolve_images or ATTEMPT
    execution = tuple(
        replace(rule, on_resources=rule.on_resources or (PODS,)) for rule in policy.execution_rules
    )
    signatures = tuple(
        replace(rule, on_resources=rule.on_resources or (PODS,)) for rule in policy.signatures
    )
    rules = written.resolution_rules
    if rules is None:
        rules = _default_rules(policy.dialect, resolve, execution)
    return replace(
        policy,
        resolve_images=resolve,
        execution_rules=execution,
        resolution_rules=tuple(replace(rule, policy=rule.policy or resolve) for rule in rules),
        signatures=signatures,
    )


def _default_rules(
    dialect: Dialect, resolve: str, rules: tuple[ExecutionRule, ...]
) -> tuple[ResolutionRule, ...]:
    """Names of image streams everywhere; more only where an execution rule says something."""
    legacy = dialect is Dialect.LEGACY
    named = {target for rule in rules for target in rule.on_resources}
    return tuple(
        ResolutionRule(
            target,
            resolve if any(one.covers(target) for one in named) else DO_NOT_ATTEMPT,
            local_names=True,
        )
        for target in (resources.RESOLVED_LEGACY if legacy else resources.RESOLVED)
    )


def validate(policy: Policy, faults: Faults) -> None:
    _validate_execution(policy, faults)
    _validate_resolution(policy, faults)
    _validate_signatures(policy, faults)
    if policy.dialect is Dialect.OWN and policy.resolve_images not in VALUES:
        faults.unsupported(("resolveImages",), policy.resolve_images, VALUES)


def _validate_execution(policy: Policy, faults: Faults) -> None:
    names: set[str] = set()
    for index, rule in enumerate(policy.execution_rules):
        path = ("executionRules", index)
        if rule.name in names:
            faults.duplicate((*path, "name"), rule.name)
        names.add(rule.name)
        if policy.resolve_images != DO_NOT_ATTEMPT:
            continue
        for key, attribute in _IMAGE_CONDITIONS:
            if conditions := getattr(rule, attribute):
                detail = "images are not being resolved, this condition will always fail"
                faults.invalid((*path, key), [*map(str, conditions)], detail)


def _validate_resolution(policy: Policy, faults: Faults) -> None:
    for index, rule in enumerate(policy.resolution_rules):
        path = ("resolutionRules", index)
        if not rule.policy:
            faults.required((*path, "policy"), "a policy must be specified for this resource")
        elif policy.dialect is Dialect.OWN and rule.policy not in VALUES:
            faults.unsupported((*path, "policy"), rule.policy, VALUES)
        if not rule.target.resource:
            faults.required(
                (*path, "targetResource", "resource"),
                f"a target resource name or '{ANY}' must be provided",
            )


def _validate_signatures(policy: Policy, faults: Faults) -> None:
    names: set[str] = set()
    for index, rule in enumerate(policy.signatures):
        if rule.name and rule.name in names:
            faults.duplicate(("signatures", index, "name"), rule.name)
        names.add(rule.name)


DEFAULT: Final = read(
    {
        "apiVersion": Dialect.OWN,
        "kind": KIND,
        "remoteResolution": False,
        "executionRules": [
            {
                "name": "execution-denied",
                "onResources": [
                    {"resource": "pods"},
                    {"group": "build.openshift.io", "resource": "builds"},
                ],
                "reject": True,
                "matchImageAnnotations": [{"key": DENY_EXECUTION, "value": "true"}],
                "skipOnResolutionFailure": True,
            }
        ],
    }
)
"""What OpenShift installs: only what somebody has denied does not run."""
