"""
A cluster in memory, as an evacuation meets it: budgets, kubelets that take their time, controllers that
make pods anew where there is room, a watch with revisions, and faults before and after the deed.

Time stands still while anything is to be done and jumps to the next alarm when all wait, so minutes
take no time and each run is the same. `run` drives a coroutine so.
"""

from __future__ import annotations

import asyncio
import json
import selectors
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from made_evacuations import NOON
from wharfinger.cluster import label_selector
from wharfinger.errors import Conflict
from wharfinger.maintenance.api import (
    Answer,
    Api,
    ApiFault,
    ApiRefused,
    Eviction,
    NodeUnknown,
    PodEvent,
    WatchExpired,
)
from wharfinger.maintenance.model import Budget, Name, Node, Owner, Pod

Value = TypeVar("Value")


class _Jumping(selectors.EpollSelector):
    """Waits for no time to pass: it makes it pass."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "everybody waits for something that will never be"
        self.now += timeout
        return super().select(0)


class _JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Jumping()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


class JumpingClock:
    def now(self) -> datetime:
        return NOON + timedelta(seconds=asyncio.get_running_loop().time())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run(work: Coroutine[Any, Any, Value]) -> Value:
    with asyncio.Runner(loop_factory=_JumpingLoop) as runner:
        return runner.run(work)


@dataclass(slots=True)
class Guard:
    """A budget as it is written."""

    name: Name
    selector: Mapping[str, Any]
    min_available: int
    spares_unhealthy: bool = False


@dataclass(slots=True)
class Maker:
    """A controller: how many pods it wants, and how long one of them takes to be made and ready."""

    owner: Owner
    namespace: str
    replicas: int
    labels: Mapping[str, str]
    made_after: float = 0.2
    ready_after: float = 1.0
    tolerates: bool = False
    """Its pods are put on nodes that are cordoned, too."""
    made: int = 0


@dataclass
class FakeCluster(Api):
    server: str = "https://cluster.test"
    latency: float = 0.01
    ends_after: float = 2.0
    """Seconds until a kubelet has ended a pod."""
    capacity: int = 1000
    retry_after: float | None = None
    """What a budget that refuses asks for."""
    disturb: Callable[[str], str] = lambda _: ""
    """What goes wrong with a request of that name: "before" or "after" the deed, or nothing."""
    found: dict[str, Node] = field(default_factory=dict)
    pods_by_uid: dict[str, Pod] = field(default_factory=dict)
    guards: dict[Name, Guard] = field(default_factory=dict)
    makers: dict[str, Maker] = field(default_factory=dict)
    daemons: frozenset[Name] = frozenset()
    stuck: set[str] = field(default_factory=set)
    """Uids of pods that no kubelet ends."""
    refusals: dict[str, Exception] = field(default_factory=dict)
    """By the name of a pod: what is raised to who would evict it."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Each eviction with what came of it, before any fault."""
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    """What an eviction has brought below its budget."""
    busiest: int = 0
    _flying: int = 0
    _log: list[tuple[int, Pod, bool]] = field(default_factory=list)
    _revision: int = 1
    _forgotten: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _cut: asyncio.Event = field(default_factory=asyncio.Event)

    # How it is laid out

    def add_node(self, name: str, **more: Any) -> None:
        self.found[name] = Node(name, f"uid-{name}", revision="1", **more)

    def add_pod(self, pod: Pod) -> Pod:
        self.pods_by_uid[pod.uid] = pod
        self._tell(pod)
        return pod

    def add_guard(self, name: str, least: int, *, spares: bool = False, **labels: str) -> None:
        full = Name("p", name)
        self.guards[full] = Guard(full, {"matchLabels": labels}, least, spares)

    def add_maker(self, name: str, places: Mapping[str, int], **more: Any) -> Maker:
        """A controller with pods that run: so many on each node."""
        owner = Owner(more.pop("kind", "ReplicaSet"), name, f"uid-{name}")
        maker = Maker(owner, "p", sum(places.values()), {"app": name}, **more)
        self.makers[owner.uid] = maker
        for node, count in places.items():
            for _ in range(count):
                self.add_pod(self._fresh(maker, node=node, ready=True, phase="Running"))
        return maker

    def on(self, node: str) -> list[Pod]:
        return [pod for pod in self.pods_by_uid.values() if pod.node == node]

    def change_node(self, name: str, **more: Any) -> None:
        node = self.found[name]
        self.found[name] = replace(node, revision=str(int(node.revision) + 1), **more)

    def change_pod(self, uid: str, **more: Any) -> None:
        if uid in self.pods_by_uid:
            self.pods_by_uid[uid] = replace(self.pods_by_uid[uid], **more)
            self._tell(self.pods_by_uid[uid])

    def remove_pod(self, uid: str) -> None:
        pod = self.pods_by_uid.pop(uid, None)
        if pod is not None:
            self._tell(pod, gone=True)
            self._want(pod.owner)

    def cut_watches(self, *, forget: bool = False) -> None:
        """End all watches; with `forget` the revisions they were at are not known any more."""
        if forget:
            self._forgotten = self._revision
        self._cut.set()
        self._cut = asyncio.Event()

    # What an evacuation asks of it

    async def node(self, name: str) -> Node:
        async with self._request("node"):
            if name not in self.found:
                raise NodeUnknown(f'nodes "{name}" not found')
            return self.found[name]

    async def nodes(self, selector: str = "") -> list[Node]:
        async with self._request("nodes"):
            return list(self.found.values())

    async def pods(self, *, node: str = "", namespace: str = "") -> tuple[list[Pod], str]:
        async with self._request("pods"):
            listed = [
                pod
                for pod in self.pods_by_uid.values()
                if node in ("", pod.node) and namespace in ("", pod.name.namespace)
            ]
            return listed, str(self._revision)

    async def budgets(self, namespace: str = "") -> list[Budget]:
        async with self._request("budgets"):
            return [
                self.budget(guard)
                for guard in self.guards.values()
                if namespace in ("", guard.name.namespace)
            ]

    async def daemon_sets(self, namespace: str = "") -> frozenset[Name]:
        async with self._request("daemon_sets"):
            return self.daemons

    async def watch_pods(
        self, revision: str, *, node: str = "", namespace: str = ""
    ) -> AsyncIterator[PodEvent]:
        if self.disturb("watch"):
            raise ApiFault("cannot watch pods: the connection was cut")
        seen, cut = int(revision), self._cut
        while not cut.is_set():
            if seen < self._forgotten:
                raise WatchExpired("too old resource version")
            for at, pod, gone in [one for one in self._log if one[0] > seen]:
                seen = at
                if node in ("", pod.node):
                    yield PodEvent(str(at), pod, gone)
            news = asyncio.ensure_future(self._news.wait())
            ended = asyncio.ensure_future(cut.wait())
            await asyncio.wait({news, ended}, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            ended.cancel()

    async def evict(self, pod: Pod, *, grace: int = -1, dry_run: bool = False) -> Eviction:
        async with self._request("evict"):
            answer = self._evicted(pod, grace, dry_run)
            self.asked.append((str(pod.name), str(answer.answer)))
            return answer

    async def delete(self, pod: Pod, *, grace: int = -1, dry_run: bool = False) -> Eviction:
        async with self._request("delete"):
            self.asked.append((str(pod.name), "deleted"))
            if self.pods_by_uid.get(pod.uid) is None:
                return Eviction(Answer.ABSENT)
            if not dry_run:
                self._end(self.pods_by_uid[pod.uid], grace)
            return Eviction(Answer.ACCEPTED)

    async def patch_node(self, node: Node, patch: Mapping[str, Any]) -> Node:
        async with self._request("patch"):
            found = self.found[node.name]
            if found.revision != node.revision:
                raise Conflict("the object has been modified")
            annotations = {**found.annotations, **patch["metadata"]["annotations"]}
            closed = patch.get("spec", {}).get("unschedulable", not found.schedulable)
            self.change_node(
                node.name,
                schedulable=not closed,
                annotations={key: value for key, value in annotations.items() if value is not None},
            )
            return self.found[node.name]

    async def create_event(self, node: Node, *, reason: str, message: str, warning: bool) -> None:
        raise AssertionError("an evacuation makes no events by itself")

    # What happens in it

    def budget(self, guard: Guard) -> Budget:
        """A budget as its controller counts it at this moment."""
        covered = [pod for pod in self.pods_by_uid.values() if _covers(guard, pod)]
        healthy = sum(pod.ready and pod.deleted is None for pod in covered)
        return Budget(
            guard.name,
            f"uid-{guard.name}",
            guard.selector,
            allowed=max(0, healthy - guard.min_available),
            healthy=healthy,
            desired=guard.min_available,
            expected=len(covered),
            spares_unhealthy=guard.spares_unhealthy,
            wanted=f"minAvailable: {guard.min_available}",
        )

    def _request(self, what: str) -> _Request:
        return _Request(self, what)

    def _evicted(self, asked: Pod, grace: int, dry_run: bool) -> Eviction:
        refusal = self.refusals.get(asked.name.name)
        if refusal is not None:
            raise refusal
        pod = self.pods_by_uid.get(asked.uid)
        if pod is None:
            return Eviction(Answer.ABSENT)
        if not (pod.finished or pod.phase == "Pending" or pod.deleted is not None):
            covering = [guard for guard in self.guards.values() if _covers(guard, pod)]
            if len(covering) > 1:
                return Eviction(
                    Answer.OVERLAPPING, "This pod has more than one PodDisruptionBudget"
                )
            for guard in covering:
                budget = self.budget(guard)
                spared = budget.spares_unhealthy or 0 < budget.desired <= budget.healthy
                if not (budget.allowed or (not pod.ready and spared)):
                    message = f"The disruption budget {guard.name.name} needs {budget.desired}"
                    told = f"{message}, has {budget.healthy}"
                    return Eviction(Answer.REFUSED, told, self.retry_after)
        if not dry_run:
            before = {name: self._short(guard) for name, guard in self.guards.items()}
            self._end(pod, grace)
            self.broken += [
                str(name)
                for name, guard in self.guards.items()
                if self._short(guard) > max(0, before[name])
            ]
        return Eviction(Answer.ACCEPTED)

    def _short(self, guard: Guard) -> int:
        budget = self.budget(guard)
        return budget.desired - budget.healthy

    def _end(self, pod: Pod, grace: int) -> None:
        loop = asyncio.get_running_loop()
        if pod.deleted is not None:
            return
        takes = min(self.ends_after, pod.grace if grace < 0 else grace)
        moment = NOON + timedelta(seconds=loop.time() + takes)
        self.change_pod(pod.uid, deleted=moment)
        self._want(pod.owner)
        if pod.uid not in self.stuck and not pod.finalizers:
            loop.call_later(takes, self.remove_pod, pod.uid)

    def _want(self, owner: Owner | None) -> None:
        """Have a controller look, after a while, whether it lacks pods."""
        maker = self.makers.get(owner.uid) if owner is not None else None
        if maker is not None:
            asyncio.get_running_loop().call_later(maker.made_after, self._make, maker)

    def _make(self, maker: Maker) -> None:
        loop = asyncio.get_running_loop()
        there = [pod for pod in self.pods_by_uid.values() if pod.owner == maker.owner]
        stateful = maker.owner.kind == "StatefulSet"
        counted = [pod for pod in there if stateful or pod.deleted is None]
        for _ in range(maker.replicas - len(counted)):
            pod = self.add_pod(self._fresh(maker, node="", ready=False, phase="Pending"))
            loop.call_soon(self._place, pod.uid, maker)

    def _place(self, uid: str, maker: Maker) -> None:
        if uid not in self.pods_by_uid:
            return
        loop = asyncio.get_running_loop()
        load = Counter(pod.node for pod in self.pods_by_uid.values())
        free = [
            (load[node.name], node.name)
            for node in self.found.values()
            if load[node.name] < self.capacity and (node.schedulable or maker.tolerates)
        ]
        if not free:
            loop.call_later(1.0, self._place, uid, maker)
            return
        self.change_pod(uid, node=min(free)[1])
        loop.call_later(
            maker.ready_after, lambda: self.change_pod(uid, phase="Running", ready=True)
        )

    def _fresh(self, maker: Maker, *, node: str, ready: bool, phase: str) -> Pod:
        maker.made += 1
        number = maker.made
        if maker.owner.kind == "StatefulSet":
            taken = {pod.name.name for pod in self.pods_by_uid.values()}
            number = next(n for n in range(10_000) if f"{maker.owner.name}-{n}" not in taken)
        name = Name(maker.namespace, f"{maker.owner.name}-{number}")
        uid = f"{maker.owner.uid}-{maker.made}"
        return Pod(name, uid, node, maker.labels, maker.owner, phase, ready)

    def _tell(self, pod: Pod, *, gone: bool = False) -> None:
        self._revision += 1
        self._log.append((self._revision, pod, gone))
        self._news.set()
        self._news = asyncio.Event()


@dataclass
class _Request:
    """The way of a request to the cluster and back, where it may be lost."""

    cluster: FakeCluster
    what: str
    fate: str = ""

    async def __aenter__(self) -> None:
        cluster = self.cluster
        cluster.counts[self.what] += 1
        self.fate = cluster.disturb(self.what)
        cluster._flying += 1
        cluster.busiest = max(cluster.busiest, cluster._flying)
        await asyncio.sleep(cluster.latency)
        if self.fate == "before":
            cluster._flying -= 1
            raise ApiFault(f"cannot {self.what}: the connection was cut")

    async def __aexit__(self, kind: object, error: object, _: object) -> None:
        self.cluster._flying -= 1
        await asyncio.sleep(self.cluster.latency)
        if self.fate == "after" and error is None:
            raise ApiFault(f"cannot {self.what}: there was no answer; it may have acted")


def refused(message: str) -> ApiRefused:
    return ApiRefused(message, status=403, remedy="ask for the right")


def lines(told: list[Any]) -> str:
    """What was told, for a test that fails."""
    return "\n".join(json.dumps([one.kind, str(one.pod), one.message, one.left]) for one in told)


def _covers(guard: Guard, pod: Pod) -> bool:
    return guard.name.namespace == pod.name.namespace and label_selector.matches(
        guard.selector, pod.labels
    )
