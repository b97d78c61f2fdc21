"""
Which rules an aggregated ClusterRole has: those of every ClusterRole that its selectors choose.

Pure. The provisioner writes the answer into the role, so that every reader of rules (a client, an
export, the authoriser) sees plain rules. `admin`, `edit` and `view` are made this way, and a kind
that comes later joins them by a label on a role of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wharfinger.cluster.kind import Object


def is_aggregated(role: Object) -> bool:
    return bool((role.get("aggregationRule") or {}).get("clusterRoleSelectors"))


def rules(role: Object, roles: Iterable[Object]) -> list[Any]:
    """Collect the rules for `role` from `roles`, in order of name and without repeats."""
    selectors = role["aggregationRule"]["clusterRoleSelectors"]
    own_name = role["metadata"]["name"]
    chosen = (
        other
        for other in sorted(roles, key=lambda other: str(other["metadata"]["name"]))
        if other["metadata"]["name"] != own_name
        and any(matches(selector, other["metadata"].get("labels") or {}) for selector in selectors)
    )
    collected: list[Any] = []
    for other in chosen:
        collected.extend(rule for rule in other.get("rules") or () if rule not in collected)
    return collected


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Say whether a meta/v1 LabelSelector chooses these labels; an empty one chooses all."""
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    expressions: Iterable[Mapping[str, Any]] = selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _holds(expression, labels) for expression in expressions
    )


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:  # validation refuses it; an unknown operator never widens a role
            return False
