"""
What becomes of the tasks of a Docker Swarm node when it is drained, and what is missing after it.

Pure: the manager's words in, verdicts and changes of nodes out. The swarm itself moves the tasks. It
does not say beforehand which of them cannot run elsewhere, so that is read from the constraints here;
afterwards its scheduler has the last word.

https://docs.docker.com/reference/api/engine/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.verdict import Outcome, Verdict

LABEL: Final = "wharfinger.dev/cordon"
ACTIVE: Final = "active"
DRAIN: Final = "drain"

_ENDED: Final = frozenset({"complete", "shutdown", "failed", "rejected", "remove", "orphaned"})
_CONSTRAINT: Final = re.compile(r"\s*([\w./-]+)\s*(==|!=)\s*(.*?)\s*")
_GLOBAL: Final = frozenset({"Global", "GlobalJob"})

Spec = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mark:
    """What our drain leaves on the node: who did it, why, and what the node was before."""

    by: str
    why: str
    run: str
    at: str
    availability: str


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    name: str
    version: int
    ready: bool
    reachable: bool
    """Of a manager; False for a worker."""
    spec: Spec
    facts: Mapping[str, str]
    """What constraints can ask for, but for labels that it does not have."""

    @property
    def availability(self) -> str:
        return str(self.spec.get("Availability") or ACTIVE)

    @property
    def manager(self) -> bool:
        return self.spec.get("Role") == "manager"


@dataclass(frozen=True, slots=True)
class Service:
    id: str
    name: str
    everywhere: bool
    """It has a task on each node, and none for another node."""
    job: bool
    replicas: int
    remade: bool
    """A task that ends is made anew."""
    constraints: tuple[str, ...]
    volumes: tuple[str, ...]
    """Named volumes, which stay on the node that they are on."""


@dataclass(frozen=True, slots=True)
class Task:
    id: str
    name: str
    service: str
    slot: int
    """0 in a service that has a task on each node."""
    node: str
    """"" while the scheduler has found none."""
    wanted: str
    state: str
    error: str

    @property
    def ended(self) -> bool:
        return self.state in _ENDED


@dataclass(frozen=True, slots=True)
class Swarm:
    nodes: tuple[Node, ...]
    services: Mapping[str, Service]
    tasks: tuple[Task, ...]

    def named(self, word: str) -> tuple[Node, ...]:
        """The nodes that a name or an id may mean; names need not be unique in a swarm."""
        return tuple(node for node in self.nodes if word in (node.id, node.name))

    def on(self, node: Node) -> tuple[Task, ...]:
        """What has not ended there."""
        return tuple(one for one in self.tasks if one.node == node.id and not one.ended)

    def ever_on(self, node: Node) -> tuple[Task, ...]:
        """What is there or has been, as far as the swarm remembers it."""
        return tuple(one for one in self.tasks if one.node == node.id)


@dataclass(frozen=True, slots=True)
class TaskPlan:
    task: Task
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Missing:
    """A task that does not run yet, and what was said of it last; "" if nothing was."""

    why: str
    placed: bool
    """The scheduler has not said that there is no node for it."""


def read(
    nodes: Sequence[Mapping[str, Any]],
    services: Sequence[Mapping[str, Any]],
    tasks: Sequence[Mapping[str, Any]],
) -> Swarm:
    read_services = {str(one["ID"]): _service(one) for one in services}
    read_nodes = tuple(sorted(map(_node, nodes), key=lambda one: (one.name, one.id)))
    names = {one.id: one.name for one in read_nodes}
    read_tasks = (_task(one, read_services, names) for one in tasks)
    return Swarm(read_nodes, read_services, tuple(sorted(read_tasks, key=lambda one: one.name)))


def plan(swarm: Swarm, node: Node, *, force: bool = False) -> tuple[TaskPlan, ...]:
    """What becomes of each task on a node that is drained."""
    others = tuple(
        other
        for other in swarm.nodes
        if other.id != node.id and other.ready and other.availability == ACTIVE
    )
    return tuple(
        TaskPlan(task, _judge(swarm.services.get(task.service), others, force=force))
        for task in swarm.on(node)
    )


def warnings(swarm: Swarm, node: Node) -> Iterator[str]:
    """What concerns the node as a whole."""
    managers = sum(one.manager for one in swarm.nodes)
    reachable = sum(one.reachable for one in swarm.nodes if one.id != node.id)
    rank = "the only manager" if managers == 1 else f"one of {managers} managers"
    if node.manager and reachable <= managers // 2:
        yield (f"it is {rank}: while its engine is stopped, nothing in the swarm can be changed")


def drained(node: Node, note: Note) -> Spec | None:
    """The node as it is when it is drained by us; None if it is drained already, by whomever."""
    if node.availability == DRAIN:
        return None
    mark = Mark(**asdict(note), availability=node.availability)
    labels = {**_labels(node.spec), LABEL: json.dumps(asdict(mark), sort_keys=True)}
    return {**node.spec, "Availability": DRAIN, "Labels": labels}


def returned(node: Node, *, force: bool = False) -> Spec | None:
    """The node as it was before; None if it is not drained, or was drained by somebody else.

    A mark that was left on a node that is not drained any more is taken away too: it would make the
    next drain of somebody else look like ours.
    """
    mark = mark_of(node)
    labels = {name: value for name, value in _labels(node.spec).items() if name != LABEL}
    if node.availability != DRAIN:
        return {**node.spec, "Labels": labels} if LABEL in _labels(node.spec) else None
    if mark is None and not force:
        return None
    before = mark.availability if mark is not None else ACTIVE
    return {**node.spec, "Availability": before, "Labels": labels}


def mark_of(node: Node) -> Mark | None:
    """What our drain has left; None if somebody else has drained the node, or nobody."""
    try:
        found = json.loads(_labels(node.spec)[LABEL])
        mark = Mark(**found)
    except (KeyError, TypeError, ValueError):  # a label that somebody has changed is not ours
        return None
    return mark if node.availability == DRAIN else None


def missing(swarm: Swarm, gone: Sequence[Task], node: Node) -> dict[str, Missing]:
    """Which tasks that were on the node do not run elsewhere yet, by their names."""
    found = {}
    for task in gone:
        service = swarm.services.get(task.service)
        if service is None or service.everywhere or not service.remade:
            continue
        if not service.job and task.slot > service.replicas:
            continue  # scaled down in between
        slot = [one for one in swarm.tasks if (one.service, one.slot) == (task.service, task.slot)]
        if not any(_settles(one, node) for one in slot):
            found[task.name] = _lacking(slot)
    return found


def _settles(one: Task, node: Node) -> bool:
    if one.state == "complete":
        return True
    return one.node not in ("", node.id) and one.wanted == one.state == "running"


def _lacking(slot: Sequence[Task]) -> Missing:
    for one in slot:
        if one.error and not one.ended and not one.node:
            return Missing(one.error, placed=False)
    tries = (one.error for one in slot if one.error and one.state in ("failed", "rejected"))
    return Missing(next(tries, ""), placed=True)


def _judge(service: Service | None, others: Sequence[Node], *, force: bool) -> Verdict:
    if service is None:
        return Verdict(Outcome.GOES, "service-removed", "its service has been removed")
    if service.everywhere:
        return Verdict(
            Outcome.GOES,
            "global",
            "it ends, and is made anew when the node returns: its service has one on each node",
        )
    if not service.remade:
        return _held(
            "not-remade",
            "nobody makes it anew: its service has the restart condition none",
            "wait for its end, or let it go with --force",
            force=force,
        )
    if not any(_fits(service, other) for other in others):
        asked = ", ".join(service.constraints) or "any"
        return _held(
            "no-other-node",
            f"no other node that is ready and active can take it (constraints: {asked})",
            "make another node fit, or let it go with --force: it is down until this node returns",
            force=force,
        )
    volumes = ", ".join(service.volumes)
    told = (
        f"its volumes stay here, and it starts with others of that name: {volumes}"
        if volumes
        else "",
        "its service is down in between: it has one task" if service.replicas == 1 else "",
    )
    return Verdict(
        Outcome.GOES,
        "moves",
        "it ends, and the swarm starts it on another node",
        warning="; ".join(filter(None, told)),
    )


def _held(code: str, reason: str, remedy: str, *, force: bool) -> Verdict:
    if force:
        return Verdict(Outcome.GOES, code, "it ends", warning=reason)
    return Verdict(Outcome.BLOCKS, code, reason, remedy)


def _fits(service: Service, node: Node) -> bool:
    return all(_holds(constraint, node) for constraint in service.constraints)


def _holds(constraint: str, node: Node) -> bool:
    """What we cannot judge is left to the scheduler, which says so if it does not hold."""
    parts = _CONSTRAINT.fullmatch(constraint)
    if parts is None:
        return True
    key, operator, value = parts.groups()
    label = key.startswith(("node.labels.", "engine.labels."))
    if key not in node.facts and not label:
        return True
    equal = node.facts.get(key, "").casefold() == value.casefold()
    return equal is (operator == "==")


def _labels(spec: Spec) -> Mapping[str, str]:
    return spec.get("Labels") or {}


def _node(document: Mapping[str, Any]) -> Node:
    spec, described = document["Spec"], document.get("Description") or {}
    name = str(described.get("Hostname") or document["ID"])
    manager = document.get("ManagerStatus") or {}
    engine = (described.get("Engine") or {}).get("Labels") or {}
    facts = {
        "node.id": str(document["ID"]),
        "node.hostname": name,
        "node.role": str(spec.get("Role", "worker")),
        **{f"node.labels.{key}": str(value) for key, value in _labels(spec).items()},
        **{f"engine.labels.{key}": str(value) for key, value in engine.items()},
    }
    return Node(
        id=str(document["ID"]),
        name=name,
        version=int(document["Version"]["Index"]),
        ready=(document.get("Status") or {}).get("State") == "ready",
        reachable=manager.get("Reachability") == "reachable",
        spec=spec,
        facts=facts,
    )


def _service(document: Mapping[str, Any]) -> Service:
    spec = document["Spec"]
    task, mode = spec.get("TaskTemplate") or {}, spec.get("Mode") or {}
    mounts = (task.get("ContainerSpec") or {}).get("Mounts") or ()
    jobs = {"ReplicatedJob", "GlobalJob"} & {*mode}
    return Service(
        id=str(document["ID"]),
        name=str(spec["Name"]),
        everywhere=bool(_GLOBAL & {*mode}),
        job=bool(jobs),
        replicas=int((mode.get("Replicated") or {}).get("Replicas", 1)),
        remade=(task.get("RestartPolicy") or {}).get("Condition") != "none" or bool(jobs),
        constraints=tuple((task.get("Placement") or {}).get("Constraints") or ()),
        volumes=tuple(
            str(one["Source"])
            for one in mounts
            if one.get("Type") == "volume" and one.get("Source")
        ),
    )


def _task(
    document: Mapping[str, Any], services: Mapping[str, Service], nodes: Mapping[str, str]
) -> Task:
    status, slot = document.get("Status") or {}, int(document.get("Slot") or 0)
    service, node = str(document.get("ServiceID", "")), str(document.get("NodeID") or "")
    known = services.get(service)
    return Task(
        id=str(document["ID"]),
        name=f"{known.name if known else service}.{slot or nodes.get(node, node)}",
        service=service,
        slot=slot,
        node=node,
        wanted=str(document.get("DesiredState", "")),
        state=str(status.get("State", "")),
        error=str(status.get("Err", "")),
    )
