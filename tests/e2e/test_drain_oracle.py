"""
The behaviour table, asked of stock kubectl: `kubectl drain` is the judge of what our rules say.

Every row is laid out on one server, and all are drained before the first is looked at: a kubectl that
waits for a budget sleeps, so many may wait at a time. Where somebody has to make pods anew, it is the
server's own controllers; budgets are counted by it, and evictions obey them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path
from string import Template
from typing import Any, Self

import pytest

from e2e import clients, machine
from e2e.clients import Kubectl
from e2e.machine import Done
from e2e.wharf import Wharf
from maintenance import drain_table
from maintenance.drain_table import PodRow, Row
from wharfinger.cluster.kind import Object
from wharfinger.maintenance.model import Name

pytestmark = pytest.mark.e2e

ROWS = tuple(drain_table.rows())
AT_ONCE = 12
"""So many kubectls: most of them wait."""
PATIENCE = "--timeout=4s"
"""For drains that wait: kubectl looks no earlier than five seconds after a refusal anyway."""

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
_REFUSALS = {
    "daemon-set": "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)",
    "daemon-set-gone": 'daemonsets.apps "gone" not found',
    "local-storage": "Pods with local storage (use --delete-emptydir-data to override)",
    "unmanaged": "cannot delete Pods that declare no controller (use --force to override)",
}
_WARNINGS = {
    ("goes", "unmanaged"): "deleting Pods that declare no controller",
    ("stays", "daemon-set"): "ignoring DaemonSet-managed Pods",
}
_NAMES = r"((?:[a-z0-9.-]+/[a-z0-9.-]+(?:, )?)+)"
_REFUSED = re.compile(rf"cannot delete (.*?): {_NAMES}")
_WARNED = re.compile(rf"(?:Warning: |; )(.*?): {_NAMES}")
_BUDGET = "Cannot evict pod as it would violate the pod's disruption budget."
_OVERLAP = "This pod has more than one PodDisruptionBudget"
_TIMEOUTS = ("global timeout reached", "context deadline exceeded")
_FAULT = re.compile(r'error when evicting pods/"([^"]+)" -n "([^"]+)".*?: (.*)')
_BEGUN = re.compile(r"^(?:evicting|deleting) pod ([^/\s]+)/(\S+)", re.MULTILINE)
_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


@dataclass(frozen=True, slots=True)
class State:
    """Of a pod that is there."""

    uid: str
    deleted: str | None


Pods = Mapping[Name, State]


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is to be seen of what kubectl did with one row."""

    row: Row
    done: Done
    before: Pods
    after: Pods
    schedulable: bool | None
    """Of the node; None: there is none."""

    def gone(self, pod: PodRow) -> bool:
        now = self.after.get(pod.name)
        return now is None or now.uid != self.before[pod.name].uid

    def untouched(self, pod: PodRow) -> bool:
        return self.after.get(pod.name) == self.before[pod.name]

    def refusals(self) -> dict[Name, str]:
        """Why each pod that is refused is so, in kubectl's words."""
        return _listed(_REFUSED, self.done.err)

    def warnings(self) -> dict[Name, str]:
        return _listed(_WARNED, self.done.err)

    def faults(self) -> dict[Name, str]:
        """What was said first of each pod whose eviction was refused."""
        found: dict[Name, str] = {}
        for name, namespace, said in _FAULT.findall(self.done.err):
            found.setdefault(Name(namespace, name), said)
        return found

    def begun(self) -> set[Name]:
        found = _BEGUN.findall(f"{self.done.out}\n{self.done.err}")
        return {Name(namespace, name) for namespace, name in found}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Seen]]:
    """What stock kubectl did with each row, by its id."""
    server = Wharf(tmp_path_factory.mktemp("oracle") / "state")
    server.start()
    try:
        yield _drained(server, tmp_path_factory.mktemp("kubectl"))
    finally:
        server.stop()


def _drained(server: Wharf, home: Path) -> dict[str, Seen]:
    kubectl = clients.kubectl(clients.KUBECTLS[0], server, home)
    # Those that wait go first: they take long and cost nothing.
    turns = sorted(ROWS, key=lambda row: row.drain == "done" and not row.spare)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        _make_namespaces(server)
        list(pool.map(lambda row: _lay_out(server, row), turns))
        before, _ = _found(server)
        ends = list(pool.map(lambda row: _drain(kubectl, row), turns))
    after, nodes = _found(server)
    return {
        row.id: Seen(row, done, before, after, nodes.get(row.id))
        for row, done in zip(turns, ends, strict=True)
    }


@pytest.mark.parametrize("id_", [row.id for row in ROWS])
def test_kubectl_does_what_the_table_says(seen: Mapping[str, Seen], id_: str) -> None:
    one = seen[id_]
    row, done = one.row, one.done

    assert done.ok is (row.drain == "done"), done
    assert one.schedulable is (None if row.drain == "unknown" else row.dry)
    for text in row.says:
        assert Template(text).substitute(NODE=row.id) in f"{done.out}\n{done.err}"
    if row.drain == "refused":
        _assert_refused(one)
    elif row.drain != "unknown":
        _assert_went(one)
    assert all(one.untouched(pod) for pod in row.pods if pod.elsewhere)


def _assert_refused(seen: Seen) -> None:
    """Every pod that blocks is named with its reason, no other is, and nothing is done.

    What would become of the others is not to be seen.
    """
    blocking = {pod.name: pod.verdict for pod in seen.row.judged if pod.verdict[0] == "blocks"}
    assert seen.refusals() == {name: _REFUSALS[code] for name, (_, code) in blocking.items()}
    assert seen.begun() == set()
    assert all(seen.untouched(pod) for pod in seen.row.judged)


def _assert_went(seen: Seen) -> None:
    """Of each pod is done what it is to be, and the same is said of it."""
    row = seen.row
    goes, waits, stays = (_that(row, outcome) for outcome in ("goes", "waits", "stays"))
    gone = {pod.name for pod in row.judged if seen.gone(pod)}
    faults = seen.faults()

    assert not _that(row, "blocks")
    assert seen.refusals() == {}
    assert any(words in seen.done.err for words in _TIMEOUTS) is (row.drain == "waits")
    if "--disable-eviction" not in row.flags:  # then it tells of each pod at its end only
        assert seen.begun() == goes | waits
    if row.whichever:
        assert len(faults) == len(waits)
        assert set(faults) <= goes | waits
    else:
        assert set(faults) == waits
    assert all((_OVERLAP if row.drain == "fails" else _BUDGET) in one for one in faults.values())
    expected = {pod.name: _WARNINGS[pod.verdict] for pod in row.judged if pod.verdict in _WARNINGS}
    warnings = seen.warnings()
    assert {name: said for name, said in warnings.items() if name not in waits} == expected

    held = {pod.name for pod in row.judged if pod.held}
    if row.dry:
        assert gone == set()
    elif row.spare:
        assert gone == goes | waits
    elif row.whichever:
        assert len(gone) == len(goes)
    else:
        assert gone == goes - held
    for pod in row.judged:
        if pod.name not in gone:
            assert seen.untouched(pod) or pod.name in held
    assert all(seen.after[name].deleted is not None for name in held)
    assert not gone & stays


def _that(row: Row, outcome: str) -> set[Name]:
    return {pod.name for pod in row.judged if pod.verdict[0] == outcome}


def _listed(pattern: re.Pattern[str], text: str) -> dict[Name, str]:
    """What is said of each pod, where it is said of lists of them."""
    return {
        Name(*one.split("/")): said
        for said, names in pattern.findall(text)
        for one in names.removesuffix(", ").split(", ")
    }


def _drain(kubectl: Kubectl, row: Row) -> Done:
    limit = PATIENCE if row.drain == "waits" else "--timeout=60s"
    return kubectl("drain", row.id, *row.flags, limit)


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


def _make_namespaces(server: Wharf) -> None:
    """Make those of all rows, and wait for the accounts as which pods may be made in them."""
    wanted = {name for row in ROWS for name in row.namespaces}
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


def _found(server: Wharf) -> tuple[Pods, dict[str, bool]]:
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
