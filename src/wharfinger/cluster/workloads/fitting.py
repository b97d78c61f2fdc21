"""
May this pod be on this node, and if not, why?

Pure. What a node is (cordoned, not ready) counts as a taint, as it does in Kubernetes, so that one
rule, tolerations, says who may be there all the same: the pods of a DaemonSet tolerate both.
Preferences, spreading rules, affinity between pods and volumes are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.selector import LabelRequirement
from wharfinger.cluster.workloads import resources
from wharfinger.cluster.workloads.conditions import holds
from wharfinger.cluster.workloads.pods import labels
from wharfinger.cluster.workloads.resources import Amounts

Taint = Mapping[str, Any]
Toleration = Mapping[str, Any]

UNSCHEDULABLE: Final = "node.kubernetes.io/unschedulable"
NOT_READY: Final = "node.kubernetes.io/not-ready"

_KEEPING_OUT: Final = ("NoSchedule", "NoExecute")
_OPERATORS: Final = {
    "In": "in",
    "NotIn": "notin",
    "Exists": "exists",
    "DoesNotExist": "absent",
    "Gt": "above",
    "Lt": "below",
}


def ready(node: Object) -> bool:
    return holds(node, "Ready") and not deleting(node)


def taints(node: Object) -> Iterator[Taint]:
    """Those that keep pods out, with what the state of the node amounts to."""
    spec = node.get("spec") or {}
    if spec.get("unschedulable"):
        yield {"key": UNSCHEDULABLE, "effect": "NoSchedule"}
    if not ready(node):
        yield {"key": NOT_READY, "effect": "NoExecute"}
    for taint in spec.get("taints") or ():
        if taint.get("effect") in _KEEPING_OUT:
            yield taint


def untolerated(pod: Object, node: Object) -> Taint | None:
    """The first taint that keeps the pod out."""
    tolerations = (pod.get("spec") or {}).get("tolerations") or ()
    for taint in taints(node):
        if not any(_tolerates(one, taint) for one in tolerations):
            return taint
    return None


def admits(pod: Object, node: Object) -> bool:
    """Whether the pod asks for such a node: by selector, and by required affinity."""
    spec = pod.get("spec") or {}
    wanted: Mapping[str, str] = spec.get("nodeSelector") or {}
    found = labels(node)
    if any(found.get(key) != value for key, value in wanted.items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(_term(one, node) for one in required.get("nodeSelectorTerms") or ())


def objections(pod: Object, node: Object, used: Amounts, asked: Amounts) -> Sequence[str]:
    """Why the pod cannot be put there, in the words of Kubernetes; nothing if it can."""
    if not admits(pod, node):
        return ("node(s) didn't match Pod's node affinity/selector",)
    taint = untolerated(pod, node)
    if taint is not None:
        return (_told(taint),)
    return [
        "Too many pods" if name == resources.PODS else f"Insufficient {name}"
        for name in resources.lacking(node, used, asked)
    ]


def named_node(pod: Object) -> str:
    """The one node that a pod's affinity names, as that of a DaemonSet's pod does; else ""."""
    affinity = ((pod.get("spec") or {}).get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms: Sequence[Mapping[str, Any]] = required.get("nodeSelectorTerms") or ()
    if len(terms) != 1:
        return ""
    for one in terms[0].get("matchFields") or ():
        values: Sequence[str] = one.get("values") or ()
        if one.get("key") == "metadata.name" and one.get("operator") == "In" and len(values) == 1:
            return str(values[0])
    return ""


def _told(taint: Taint) -> str:
    if taint.get("key") == UNSCHEDULABLE:
        return "node(s) were unschedulable"
    return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value') or ''}}}"


def _tolerates(toleration: Toleration, taint: Taint) -> bool:
    """A toleration for some seconds only is none: who stays must be able to."""
    if toleration.get("tolerationSeconds") is not None:
        return False
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    key = toleration.get("key") or ""
    if key and key != taint.get("key"):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(key) and (toleration.get("value") or "") == (taint.get("value") or "")


def _term(term: Mapping[str, Any], node: Object) -> bool:
    """All that a term says must hold; one that says nothing holds of no node."""
    by_labels = term.get("matchExpressions") or ()
    by_fields = term.get("matchFields") or ()
    if not by_labels and not by_fields:
        return False
    name = {"metadata.name": node["metadata"]["name"]}
    return _all(by_labels, labels(node)) and _all(by_fields, name)


def _all(requirements: Iterable[Mapping[str, Any]], found: Mapping[str, str]) -> bool:
    return all(_holds(one, found) for one in requirements)


def _holds(requirement: Mapping[str, Any], found: Mapping[str, str]) -> bool:
    operator = _OPERATORS.get(requirement.get("operator") or "")
    values = tuple(requirement.get("values") or ())
    if operator is None or (operator in ("above", "below") and not _one_number(values)):
        return False
    return LabelRequirement(str(requirement.get("key")), operator, values).matches(found)


def _one_number(values: Sequence[str]) -> bool:
    return len(values) == 1 and values[0].removeprefix("-").isdecimal() and values[0].isascii()
