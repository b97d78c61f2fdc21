"""
The behaviour table, asked of stock kubectl: `kubectl drain` is the judge of what our rules say.

Every row is laid out on one server, and all are drained before the first is looked at: a kubectl that
waits for a budget sleeps, so many may wait at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from string import Template

import pytest

from e2e import clients, drain_stage
from e2e.clients import Kubectl
from e2e.drain_stage import Pods
from e2e.machine import Done
from e2e.wharf import Wharf
from maintenance import drain_table
from maintenance.drain_table import PodRow, Row
from wharfinger.maintenance.model import Name

pytestmark = pytest.mark.e2e

ROWS = tuple(drain_table.rows())
AT_ONCE = 12
"""So many kubectls: most of them wait."""
PATIENCE = "--timeout=4s"
"""For drains that wait: kubectl looks no earlier than five seconds after a refusal anyway."""

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
    before = drain_stage.lay_out(server, turns)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(lambda row: _drain(kubectl, row), turns))
    after, nodes = drain_stage.found(server)
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
