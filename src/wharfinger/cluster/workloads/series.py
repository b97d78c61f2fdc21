"""
StatefulSet: pods with stable names, made from the first to the last and deleted from the last.

Pure. With `OrderedReady` a pod is made when all before it are ready, and one pod at a time is deleted;
with `Parallel` nobody waits. Pods of an older template are replaced from the last down to
`partition`, one at a time and only while all others are available. Claims of volumes are named in the
pods as Kubernetes names them; nobody here makes or keeps volumes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.workloads import ownership, pods
from wharfinger.cluster.workloads.rollouts import replicas_of

REVISION: Final = "controller-revision-hash"
_NAME: Final = "statefulset.kubernetes.io/pod-name"
_INDEX: Final = "apps.kubernetes.io/pod-index"


@dataclass(frozen=True, slots=True)
class Plan:
    """Make the pods of these numbers, and delete these pods."""

    make: tuple[int, ...] = ()
    delete: tuple[Object, ...] = ()


def revision(owner: Object) -> str:
    """The name of the present template."""
    template = owner["spec"].get("template") or {}
    return f"{owner['metadata']['name']}-{ownership.hash_of(template)}"


def ordinal(owner: Object, pod: Object) -> int | None:
    """The number in a pod's name; None if the name is not of this set."""
    pattern = re.escape(owner["metadata"]["name"]) + r"-(0|[1-9][0-9]{0,9})"
    match = re.fullmatch(pattern, pod["metadata"]["name"], re.ASCII)
    return int(match[1]) if match is not None else None


def pod_for(kind: Kind, owner: Object, number: int) -> Object:
    """A new pod with its name, its host name and its claims."""
    spec, base = owner["spec"], owner["metadata"]["name"]
    name = f"{base}-{number}"
    pod = ownership.pod_for(kind, owner, spec.get("template") or {}, name=name)
    pod["metadata"]["labels"] |= {_NAME: name, _INDEX: str(number), REVISION: revision(owner)}
    pod["spec"]["hostname"] = name
    if spec.get("serviceName"):
        pod["spec"]["subdomain"] = spec["serviceName"]
    templates = spec.get("volumeClaimTemplates") or ()
    if claims := [(one.get("metadata") or {}).get("name") or "" for one in templates]:
        own = [one for one in pod["spec"].get("volumes") or () if one.get("name") not in claims]
        named = [
            {"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{name}"}}
            for claim in claims
        ]
        pod["spec"]["volumes"] = [*own, *named]
    return pod


def numbers(owner: Object) -> range:
    start = (owner["spec"].get("ordinals") or {}).get("start") or 0
    return range(start, start + replicas_of(owner["spec"]))


def plan(owner: Object, owned: Iterable[Object], now: datetime) -> Plan:
    """Compare the numbers there are with those there should be."""
    if deleting(owner):
        return Plan()
    found = _by_number(owner, owned)
    wanted = numbers(owner)
    ordered = owner["spec"].get("podManagementPolicy") != "Parallel"
    ended = [pod for pod in found.values() if pods.finished(pod) and not deleting(pod)]
    if ended:
        return Plan(delete=tuple(ended))
    missing = [number for number in wanted if number not in found]
    fit = [number for number in wanted if number in found and _fit(owner, found[number], now)]
    surplus = [found[number] for number in sorted(found, reverse=True) if number not in wanted]
    if not ordered:
        leaving = [pod for pod in surplus if not deleting(pod)]
        renewed = _renewed(owner, found, now) if len(fit) == len(wanted) else ()
        return Plan(tuple(missing), (*leaving, *renewed))
    first_unfit = next((number for number in wanted if number not in fit), None)
    if first_unfit is not None and first_unfit in missing:
        return Plan(make=(first_unfit,))
    if first_unfit is not None:
        # A pod of an older template that never gets ready must not block its replacement.
        return Plan(delete=tuple(_stuck(owner, found[first_unfit], first_unfit)))
    if surplus:
        return Plan(delete=() if deleting(surplus[0]) else (surplus[0],))
    return Plan(delete=tuple(_renewed(owner, found, now)))


def status(owner: Object, owned: Iterable[Object], now: datetime) -> dict[str, Any]:
    found = [pod for pod in _by_number(owner, owned).values() if not pods.finished(pod)]
    update = revision(owner)
    known = owner.get("status") or {}
    updated = [pod for pod in found if pods.labels(pod).get(REVISION) == update]
    current = known.get("currentRevision") or update
    if len(updated) == len(found) == len(numbers(owner)) and all(map(pods.ready, found)):
        current = update
    min_ready = owner["spec"].get("minReadySeconds") or 0
    counts = {
        "readyReplicas": sum(map(pods.ready, found)),
        "currentReplicas": sum(pods.labels(pod).get(REVISION) == current for pod in found),
        "updatedReplicas": len(updated),
    }
    return {
        "observedGeneration": owner["metadata"].get("generation", 0),
        "replicas": len(found),
        "availableReplicas": sum(pods.available(pod, min_ready, now) for pod in found),
        **{name: count for name, count in counts.items() if count},
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": known.get("collisionCount") or 0,
    }


def _by_number(owner: Object, owned: Iterable[Object]) -> dict[int, Object]:
    numbered = ((ordinal(owner, pod), pod) for pod in owned)
    return {number: pod for number, pod in numbered if number is not None}


def _fit(owner: Object, pod: Object, now: datetime) -> bool:
    min_ready = owner["spec"].get("minReadySeconds") or 0
    return not deleting(pod) and pods.available(pod, min_ready, now)


def _renewed(owner: Object, found: Mapping[int, Object], now: datetime) -> Sequence[Object]:
    """The next pod of an older template, the last one first."""
    current = revision(owner)
    for number in sorted(found, reverse=True):
        pod = found[number]
        if _may_renew(owner, number) and pods.labels(pod).get(REVISION) != current:
            return (pod,) if _fit(owner, pod, now) else ()
    return ()


def _stuck(owner: Object, pod: Object, number: int) -> Sequence[Object]:
    old = pods.labels(pod).get(REVISION) != revision(owner)
    return (pod,) if old and _may_renew(owner, number) and not deleting(pod) else ()


def _may_renew(owner: Object, number: int) -> bool:
    strategy = owner["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return False
    return bool(number >= ((strategy.get("rollingUpdate") or {}).get("partition") or 0))
