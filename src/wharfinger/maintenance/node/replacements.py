"""
Know whether what was evicted is up elsewhere: as many ready pods of each controller as before.

Pure. Counted by the uid of the controller, so pods of a StatefulSet, which keep their names, count too.
A controller that was scaled down or deleted meanwhile makes no more; nothing here can tell that from
one that is slow, so who waits needs an end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from wharfinger.maintenance.model import Owner, Pod

Maker = tuple[str, Owner]
"""A controller, with the namespace of its pods."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A controller that has fewer ready pods than before."""

    owner: Owner
    namespace: str
    ready: int
    wanted: int

    def __str__(self) -> str:
        who = f"{self.owner.kind} {self.namespace}/{self.owner.name}"
        return f"{who} has {self.ready} of {self.wanted} pods ready elsewhere"


def awaited(owner: Owner) -> bool:
    """Whether what it makes is there all the time: a Job ends, and a DaemonSet is bound to nodes."""
    return owner.kind not in ("Job", "DaemonSet")


def wanted(before: Collection[Pod], evicted: Collection[str]) -> Mapping[Maker, int]:
    """How many ready pods the controllers had from whom something was evicted, by its uid."""
    makers = {
        (pod.name.namespace, pod.owner)
        for pod in before
        if pod.uid in evicted and pod.owner is not None and awaited(pod.owner)
    }
    found = ready(before)
    return {maker: found[maker] for maker in makers if found[maker]}


def ready(pods: Iterable[Pod], *, beside: str = "") -> Counter[Maker]:
    """Count the ready pods of each controller that are not about to end, beside those on a node."""
    return Counter(
        (pod.name.namespace, pod.owner)
        for pod in pods
        if pod.owner is not None
        and pod.ready
        and not pod.finished
        and pod.deleted is None
        and (not beside or pod.node != beside)
    )


def missing(wanted: Mapping[Maker, int], pods: Iterable[Pod], *, beside: str) -> list[Missing]:
    """List the controllers that do not have again what they had."""
    found = ready(pods, beside=beside)
    return [
        Missing(owner, namespace, found[namespace, owner], count)
        for (namespace, owner), count in sorted(wanted.items(), key=_order)
        if found[namespace, owner] < count
    ]


def _order(pair: tuple[Maker, int]) -> tuple[str, str, str]:
    (namespace, owner), _ = pair
    return namespace, owner.kind, owner.name
