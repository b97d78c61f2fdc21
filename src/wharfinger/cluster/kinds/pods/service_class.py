"""
Which class of service a pod gets: who is ended last when a node runs out of memory.

Guaranteed has limits for processor and memory in all containers and needs as much; BestEffort says
nothing; all others are Burstable. It follows from what the pod asked for when it was made.
https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from wharfinger.cluster.kinds import quantity

_COUNTED: Final = ("cpu", "memory")


def of(spec: Mapping[str, Any]) -> str:
    holders = _holders(spec)
    limits = [_amounts(resources.get("limits") or {}) for resources in holders]
    requests = [_amounts(resources.get("requests") or {}) for resources in holders]
    if not any(limits) and not any(requests):
        return "BestEffort"
    bounded = all(len(one) == len(_COUNTED) for one in limits)
    return "Guaranteed" if bounded and _sum(limits) == _sum(requests) else "Burstable"


def _holders(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What says amounts: the pod as a whole if it does, else each of its containers."""
    whole = spec.get("resources") or {}
    if whole.get("limits") or whole.get("requests"):
        return [whole]
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    return [container.get("resources") or {} for container in containers]


def _amounts(values: Mapping[str, str]) -> dict[str, Fraction]:
    found = {name: quantity.amount(values[name]) for name in _COUNTED if name in values}
    return {name: amount for name, amount in found.items() if amount > 0}


def _sum(amounts: list[dict[str, Fraction]]) -> dict[str, Fraction]:
    return {
        name: sum((one.get(name, Fraction(0)) for one in amounts), Fraction(0)) for name in _COUNTED
    }
