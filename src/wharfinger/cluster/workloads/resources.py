"""
How much of a node a pod asks for, and how much a node has.

Pure. A pod asks for the sum over its containers, or for what one of its init containers asks if that
is more; a container that only says a limit asks for that. What a node does not say is not counted:
a node without `allocatable` takes whatever comes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds import quantity

Amounts = Mapping[str, Fraction]

PODS: Final = "pods"


def asked(pod: Object) -> Amounts:
    """The requests of a pod; itself is one of `pods`."""
    spec = pod.get("spec") or {}
    total: defaultdict[str, Fraction] = defaultdict(Fraction)
    for container in spec.get("containers") or ():
        for name, size in _requests(container).items():
            total[name] += size
    for container in spec.get("initContainers") or ():
        for name, size in _requests(container).items():
            if container.get("restartPolicy") == "Always":
                total[name] += size  # it stays beside the others
            else:
                total[name] = max(total[name], size)
    for name, size in _amounts(spec.get("overhead")).items():
        total[name] += size
    return {**total, PODS: Fraction(1)}


def allocatable(node: Object) -> Amounts:
    return _amounts((node.get("status") or {}).get("allocatable"))


def plus(one: Amounts, other: Amounts) -> dict[str, Fraction]:
    return {
        name: one.get(name, Fraction()) + other.get(name, Fraction()) for name in {*one, *other}
    }


def minus(one: Amounts, other: Amounts) -> dict[str, Fraction]:
    return {
        name: one.get(name, Fraction()) - other.get(name, Fraction()) for name in {*one, *other}
    }


def lacking(node: Object, used: Amounts, wanted: Amounts) -> list[str]:
    """What the node has too little of for `wanted` beside what is `used`."""
    return sorted(
        name
        for name, size in allocatable(node).items()
        if wanted.get(name) and used.get(name, Fraction()) + wanted[name] > size
    )


def _requests(container: Mapping[str, Any]) -> Amounts:
    said = container.get("resources") or {}
    return {**_amounts(said.get("limits")), **_amounts(said.get("requests"))}


def _amounts(said: Any) -> dict[str, Fraction]:
    given = (said or {}).items()
    return {name: quantity.amount(value) for name, value in given if quantity.error(value) is None}
