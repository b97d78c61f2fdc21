"""
The rows of the behaviour table as objects on a server, for those that drain them.

Where somebody has to make pods anew, it is the server's own controllers; budgets are counted by it, and
evictions obey them. The state of each pod is written as its agent would.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from typing import Any, Self

from e2e import machine
from e2e.wharf import Wharf
from maintenance import drain_table
from maintenance.drain_table import PodRow, Row
from wharfinger.cluster.kind import Object
from wharfinger.maintenance.model import Name

_AT_ONCE = 8

_PLURALS = {
    "DaemonSet": "daemonsets",
    "Deployment": "deployments",
    "Namespace": "namespaces",
    "Node": "nodes",
    "Pod": "pods",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "ReplicaSet": "replicasets",
    "ReplicationController": "replicationcontrollers",
    "StatefulSet": "statefulsets",
}
_BELOW = {"Deployment": ("apps/v1", "replicasets")}
_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


@dataclass(frozen=True, slots=True)
class State:
    """Of a pod that is there."""

    uid: str
    deleted: str | None


Pods = Mapping[Name, State]


def lay_out(server: Wharf, rows: Sequence[Row]) -> Pods:
    """Make all that is in the rows, and wait until it is as they say; return the pods."""
    _make_namespaces(server, rows)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda row: _lay_out(server, row), rows))
    return found(server)[0]


class Admin:
    """The administrator, over one connection."""

    def __init__(self, server: Wharf) -> None:
        self._headers = {"Authorization": f"Bearer {server.admin_token()}"}
        self._connection = HTTPSConnection(server.host, context=server.context(), timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def create(self, obj: Object) -> Object:
        namespace = obj["metadata"].get("namespace", "")
        plural = _PLURALS[obj["kind"]]
        return self.ask("POST", _path(obj["apiVersion"], plural, namespace), obj)

    def list(self, version: str, plural: str, namespace: str = "") -> list[Object]:
        found: list[Object] = self.ask("GET", _path(version, plural, namespace))["items"]
        return found

    def ask(self, method: str, path: str, body: Object | None = None) -> Object:
        kind = "merge-patch+json" if method == "PATCH" else "json"
        headers = {**self._headers, "Content-Type": f"application/{kind}"}
        self._connection.request(method, path, body and json.dumps(body), headers)
        answer = self._connection.getresponse()
        found: Object = json.loads(answer.read())
        assert answer.status < 300, f"{method} {path}: {found}"
        return found


def _path(version: str, plural: str, namespace: str = "", name: str = "") -> str:
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    space = f"/namespaces/{namespace}" if namespace else ""
    return "/".join([f"{root}{space}/{plural}", *([name] if name else [])])


def _make_namespaces(server: Wharf, rows: Sequence[Row]) -> None:
    """Make those of all rows, and wait for the accounts as which pods may be made in them."""
    wanted = {name for row in rows for name in row.namespaces}
    with Admin(server) as admin:
        for name in wanted:
            admin.create(drain_table.made("Namespace", "v1", name))

        def accounts() -> bool | None:
            found = [one["metadata"] for one in admin.list("v1", "serviceaccounts")]
            ready = {one["namespace"] for one in found if one["name"] == "default"}
            return wanted <= ready or None

        machine.eventually("an account in each namespace", accounts)


def _lay_out(server: Wharf, row: Row) -> None:
    """Make all that a row says, and wait until it is so."""
    with Admin(server) as admin:
        for node in row.nodes():
            admin.create(node)
        for budget in row.budget_objects():
            admin.create(budget)
            _await_count(admin, budget, {"observedGeneration": 1})
        daemon_sets = {
            one["metadata"]["namespace"]: _daemon_set(admin, one) for one in row.daemon_sets()
        }
        for pod in row.pods:
            admin.create(_pod(row, pod, daemon_sets))
        for maker in row.maker.objects() if row.maker is not None else ():
            _adopt(admin, admin.create(maker))
        for pod in row.pods:
            _bring(admin, pod)
        for budget in row.budget_objects():
            expected = row.counted(budget)
            _await_count(admin, budget, {name: expected[name] for name in _COUNTS})
        for pod in row.pods:
            if pod.ended is not None:
                _await_end(admin, pod)


def _daemon_set(admin: Admin, obj: Object) -> str:
    """Make one that does nothing; return its uid."""
    metadata = admin.create(obj)["metadata"]
    path = _path("apps/v1", "daemonsets", metadata["namespace"], metadata["name"])
    admin.ask("DELETE", path)
    return str(metadata["uid"])


def _pod(row: Row, pod: PodRow, daemon_sets: Mapping[str, str]) -> Object:
    metadata = pod.metadata()
    if pod.gone or (pod.owner and row.maker is not None):
        del metadata["ownerReferences"]  # it is garbage later, or adopted by who really makes it
    elif pod.of_daemon_set:
        metadata["ownerReferences"][0]["uid"] = daemon_sets[pod.name.namespace]
    return drain_table.made("Pod", "v1", spec=pod.spec(), **metadata)


def _adopt(admin: Admin, maker: Object) -> None:
    """Wait until all that is to be of a maker is so."""
    ours = _BELOW.get(maker["kind"], ("v1", "pods"))

    def adopted() -> bool | None:
        found = admin.list(*ours, maker["metadata"]["namespace"])
        owners = [one["metadata"].get("ownerReferences") for one in found]
        return all(owners) or None

    machine.eventually(f"{maker['metadata']} to adopt", adopted)


def _bring(admin: Admin, pod: PodRow) -> None:
    """Bring a pod into its state."""
    path = _path("v1", "pods", *pod.name)
    admin.ask("PATCH", f"{path}/status", {"status": pod.status()})
    if pod.gone:
        owners = pod.metadata()["ownerReferences"]
        admin.ask("PATCH", path, {"metadata": {"ownerReferences": owners}})
        machine.eventually(
            f"{pod.name} to be garbage",
            lambda: admin.ask("GET", path)["metadata"].get("deletionTimestamp"),
        )
    elif pod.ended is not None:
        seconds = 1 if pod.ended >= 0 else -pod.ended
        admin.ask("DELETE", path, {"gracePeriodSeconds": seconds})


def _await_count(admin: Admin, budget: Object, expected: Mapping[str, int]) -> None:
    """Until a budget is counted as it is to be: evictions go by that."""
    metadata = budget["metadata"]
    path = _path("policy/v1", "poddisruptionbudgets", metadata["namespace"], metadata["name"])
    found: dict[str, Any] = {}

    def counted() -> bool | None:
        found.update(admin.ask("GET", path).get("status") or {})
        return all(found.get(name, 0) == value for name, value in expected.items()) or None

    machine.eventually(lambda: f"{path} to be {expected}, not {found}", counted)


def _await_end(admin: Admin, pod: PodRow) -> None:
    """Until it should have ended for so many seconds, or is so many before that."""
    path = _path("v1", "pods", *pod.name)
    deleted = datetime.fromisoformat(admin.ask("GET", path)["metadata"]["deletionTimestamp"])
    assert pod.ended is not None
    due = deleted + timedelta(seconds=pod.ended)
    machine.eventually(f"{pod.key} to be late", lambda: datetime.now(UTC) >= due or None)


def found(server: Wharf) -> tuple[Pods, dict[str, bool]]:
    """All pods, and of each node whether it takes new ones."""
    with Admin(server) as admin:
        pods, nodes = admin.list("v1", "pods"), admin.list("v1", "nodes")
    states = {
        Name(one["metadata"]["namespace"], one["metadata"]["name"]): State(
            one["metadata"]["uid"], one["metadata"].get("deletionTimestamp")
        )
        for one in pods
    }
    return states, {one["metadata"]["name"]: not one["spec"].get("unschedulable") for one in nodes}
