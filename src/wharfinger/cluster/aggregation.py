"""
Which rules an aggregated ClusterRole has: those of every ClusterRole that its selectors choose.

Pure. The provisioner writes the answer into the role, so that every reader of rules (a client, an
export, the authoriser) sees plain rules. `admin`, `edit` and `view` are made this way, and a kind
that comes later joins them by a label on a role of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wharfinger.cluster import label_selector
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
        and any(
            label_selector.matches(selector, other["metadata"].get("labels") or {})
            for selector in selectors
        )
    )
    collected: list[Any] = []
    for other in chosen:
        collected.extend(rule for rule in other.get("rules") or () if rule not in collected)
    return collected
