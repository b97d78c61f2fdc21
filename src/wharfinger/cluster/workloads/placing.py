"""
Which node a pod is put on, as far as that is decided here: simple placement, no scheduler.

Pure. Of the nodes that a pod may be on, it goes to the one with the fewest pods, and among these to
the first by name. Nobody is displaced, no preference is weighed, and nothing is moved later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wharfinger.cluster.kind import Object
from wharfinger.cluster.workloads import fitting, resources
from wharfinger.cluster.workloads.resources import Amounts


@dataclass(frozen=True, slots=True)
class Placed:
    node: str


@dataclass(frozen=True, slots=True)
class Unschedulable:
    message: str


def place(
    pod: Object, nodes: Sequence[Object], used: Mapping[str, Amounts]
) -> Placed | Unschedulable:
    """`used` is what the pods that are there already ask of each node."""
    asked = resources.asked(pod)
    reasons: Counter[str] = Counter()
    fitting_nodes: list[str] = []
    for node in nodes:
        name = node["metadata"]["name"]
        if found := fitting.objections(pod, node, used.get(name, {}), asked):
            reasons.update(found)
        else:
            fitting_nodes.append(name)
    if not fitting_nodes:
        return Unschedulable(_told(len(nodes), reasons))
    return Placed(min(fitting_nodes, key=lambda name: (_count(used, name), name)))


def _count(used: Mapping[str, Amounts], name: str) -> int:
    return int(used.get(name, {}).get(resources.PODS, 0))


def _told(total: int, reasons: Counter[str]) -> str:
    if not total:
        return "no nodes available to schedule pods"
    told = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    return f"0/{total} nodes are available: {told}."
