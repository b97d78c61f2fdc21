"""The manager of a swarm for tests: nodes, services and tasks as its API tells them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wharfinger.hosts.on_host.storage.docker.api import EngineFailed

Document = dict[str, Any]


def node(name: str, *, role: str = "worker", ready: bool = True, **spec: Any) -> Document:
    manager = {"ManagerStatus": {"Reachability": "reachable"}} if role == "manager" else {}
    return {
        "ID": f"id-{name}",
        "Version": {"Index": 1},
        "Spec": {"Role": role, "Availability": "active", "Labels": {}, **spec},
        "Description": {"Hostname": name, "Engine": {"Labels": {"disk": "ssd"}}},
        "Status": {"State": "ready" if ready else "down"},
        **manager,
    }


def service(
    name: str,
    *constraints: str,
    replicas: int | None = 2,
    mode: Document | None = None,
    restart: str = "any",
    volume: str = "",
) -> Document:
    mounts = [{"Type": "volume", "Source": volume, "Target": "/data"}] if volume else []
    return {
        "ID": f"id-{name}",
        "Spec": {
            "Name": name,
            "Mode": mode or {"Replicated": {"Replicas": replicas}},
            "TaskTemplate": {
                "ContainerSpec": {"Mounts": mounts},
                "Placement": {"Constraints": list(constraints)},
                "RestartPolicy": {"Condition": restart},
            },
        },
    }


def task(
    of: str,
    slot: int,
    on: str = "",
    *,
    state: str = "running",
    wanted: str = "running",
    error: str = "",
) -> Document:
    return {
        "ID": f"{of}-{slot}-{on}-{state}",
        "ServiceID": f"id-{of}",
        "Slot": slot,
        "NodeID": f"id-{on}" if on else "",
        "DesiredState": wanted,
        "Status": {"State": state, "Err": error},
    }


@dataclass
class Manager:
    """`then` is called after each change of a node."""

    nodes: list[Document]
    services: list[Document] = field(default_factory=list)
    tasks: list[Document] = field(default_factory=list)
    then: Callable[[], None] = lambda: None
    late: int = 0
    """So many changes come too late, since somebody else was faster."""
    silent: int = 0
    """So many questions are not answered."""

    def get(self, path: str, what: str) -> Any:
        if self.silent:
            self.silent -= 1
            raise EngineFailed(what, "the swarm has no leader", status=500)
        found = {"/nodes": self.nodes, "/services": self.services, "/tasks": self.tasks}
        return found[path]

    def change(self, method: str, path: str, what: str, document: Any = None) -> Any:
        head, _, version = path.partition("/update?version=")
        (one,) = (one for one in self.nodes if f"/nodes/{one['ID']}" == head)
        if self.late:
            self.late -= 1
            one["Version"]["Index"] += 1
        if int(version) != one["Version"]["Index"]:
            raise EngineFailed(what, "rpc error: update out of sequence", status=500)
        one["Version"]["Index"] += 1
        one["Spec"] = document
        self.then()

    def send(self, *_: Any) -> bytes:
        raise AssertionError("a swarm is asked for documents only")
