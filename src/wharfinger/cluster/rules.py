"""
What one rule of a role permits, and whether some rules cover others.

Pure, and exactly as Kubernetes decides it (rbac.authorization.k8s.io/v1 PolicyRule): rights only
add up, there is no rule that denies. `*` stands for everything; `*/scale` stands for that
subresource of every resource; a rule with resource names never matches a request without a name.
`covers` answers the other question, on which the escalation check stands: may somebody who holds
these rules hand out those?
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from wharfinger.cluster.authorize import Access

ALL = "*"


@dataclass(frozen=True, slots=True)
class Rule:
    """Verbs on resources (with groups, perhaps names) or on non-resource URLs (`paths`)."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    @classmethod
    def parse(cls, rule: Mapping[str, Any]) -> Rule:
        return cls(
            verbs=tuple(rule.get("verbs") or ()),
            groups=tuple(rule.get("apiGroups") or ()),
            resources=tuple(rule.get("resources") or ()),
            names=tuple(rule.get("resourceNames") or ()),
            paths=tuple(rule.get("nonResourceURLs") or ()),
        )

    def encode(self) -> dict[str, Any]:
        fields = {
            "apiGroups": self.groups,
            "resources": self.resources,
            "resourceNames": self.names,
            "nonResourceURLs": self.paths,
            "verbs": self.verbs,
        }
        return {field: list(values) for field, values in fields.items() if values}

    def __str__(self) -> str:
        """Spell the rule as `kubectl` users know it from a refused escalation."""
        fields = {
            "APIGroups": self.groups,
            "Resources": self.resources,
            "ResourceNames": self.names,
            "NonResourceURLs": self.paths,
            "Verbs": self.verbs,
        }
        shown = (f"{field}:[{_quoted(values)}]" for field, values in fields.items() if values)
        return "{" + ", ".join(shown) + "}"


FULL_AUTHORITY = (
    Rule(verbs=(ALL,), groups=(ALL,), resources=(ALL,)),
    Rule(verbs=(ALL,), paths=(ALL,)),
)


def parse(role: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Read the rules of a Role or ClusterRole."""
    return tuple(Rule.parse(rule) for rule in role.get("rules") or ())


def allows(rule: Rule, access: Access) -> bool:
    """Say whether the rule permits the access."""
    if not _has(rule.verbs, access.verb):
        return False
    if access.path:
        return any(_path_matches(pattern, access.path) for pattern in rule.paths)
    return (
        _has(rule.groups, access.group)
        and _resource_matches(rule.resources, access)
        and (not rule.names or access.name in rule.names)
    )


def uncovered(held: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """List what of `wanted` is not within `held`, broken down and put together again by verbs."""
    missing: dict[Rule, list[str]] = {}
    for atom in (atom for rule in wanted for atom in _atoms(rule)):
        if not any(_covers(owner, atom) for owner in held):
            whole = Rule((), atom.groups, atom.resources, atom.names, atom.paths)
            verbs = missing.setdefault(whole, [])
            if atom.verbs[0] not in verbs:
                verbs.append(atom.verbs[0])
    return [
        Rule(tuple(verbs), rule.groups, rule.resources, rule.names, rule.paths)
        for rule, verbs in missing.items()
    ]


def _quoted(values: Sequence[str]) -> str:
    return " ".join(f'"{value}"' for value in values)


def _has(values: Sequence[str], value: str) -> bool:
    return value in values or ALL in values


def _resource_matches(resources: Sequence[str], access: Access) -> bool:
    if ALL in resources:
        return True
    if not access.subresource:
        return access.resource in resources
    return (
        f"{access.resource}/{access.subresource}" in resources
        or f"{ALL}/{access.subresource}" in resources
    )


def _path_matches(pattern: str, path: str) -> bool:
    if pattern == path:
        return True
    return pattern.endswith(ALL) and path.startswith(pattern.rstrip(ALL))


def _atoms(rule: Rule) -> Iterator[Rule]:
    """Break a rule down to one verb, group, resource and name (or one verb and path) each."""
    names: Sequence[tuple[str, ...]] = [(name,) for name in rule.names] or [()]
    for verb, group, resource, name in product(rule.verbs, rule.groups, rule.resources, names):
        yield Rule((verb,), (group,), (resource,), name)
    for verb, path in product(rule.verbs, rule.paths):
        yield Rule((verb,), paths=(path,))


def _covers(owner: Rule, atom: Rule) -> bool:
    if not _has(owner.verbs, atom.verbs[0]):
        return False
    if atom.paths:
        return any(_path_matches(pattern, atom.paths[0]) for pattern in owner.paths)
    return (
        _has(owner.groups, atom.groups[0])
        and _covers_resource(owner.resources, atom.resources[0])
        and (not owner.names or (bool(atom.names) and atom.names[0] in owner.names))
    )


def _covers_resource(owned: Sequence[str], resource: str) -> bool:
    if _has(owned, resource):
        return True
    _, slash, subresource = resource.partition("/")
    return bool(slash) and f"{ALL}/{subresource}" in owned
