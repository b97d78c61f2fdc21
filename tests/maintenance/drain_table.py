"""
What comes of draining a node, as `drain_table.yaml` has it.

Each row is laid out as objects of the API. The rules are asked of them directly; stock `kubectl drain`
is asked of a server that holds the same (`tests/e2e/test_drain_oracle.py`).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cyclopts import App
from ruamel.yaml import YAML

from made_pods import pod_spec
from wharfinger.cli.evacuate_options import DRAIN, Drain
from wharfinger.cluster.kind import Object
from wharfinger.cluster.workloads import budgets, rehearsal
from wharfinger.cluster.workloads.budgets import Expected
from wharfinger.maintenance import model
from wharfinger.maintenance.model import MIRROR, Cluster, Name
from wharfinger.maintenance.options import Options

NOW: Final = datetime(2027, 1, 15, 8, 0, 0, tzinfo=UTC)
MAKER: Final = "maker"
"""The name of whoever makes the pods of a row."""
HELD: Final = "table.test/held"
"""The finalizer of what does not go."""

_VERSIONS: Final = {
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "ReplicationController": "v1",
    "StatefulSet": "apps/v1",
}
_NOBODY: Final = "outside.test/v1"
"""A version that is not served. Drains do not look at it, and no controller meddles with such pods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRow:
    row: str
    key: str
    then: str = ""
    owner: str = ""
    version: str = ""
    controls: bool = True
    gone: bool = False
    phase: str = "Running"
    ready: bool | None = None
    empty_dir: bool = False
    mirror: bool = False
    finalizer: bool = False
    ended: int | None = None
    grace: int = 0
    labels: Mapping[str, str]
    elsewhere: bool = False
    hopeless: bool = False
    held: bool = False

    @property
    def name(self) -> Name:
        space, _, name = self.key.rpartition("/")
        return Name(f"{self.row}-{space}" if space else self.row, name)

    @property
    def of_daemon_set(self) -> bool:
        return self.owner == "DaemonSet" and not self.version

    @property
    def verdict(self) -> tuple[str, str]:
        """The outcome and its code."""
        outcome, code = self.then.split()
        return outcome, code

    def metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "name": self.name.name,
            "namespace": self.name.namespace,
            "labels": dict(self.labels),
        }
        if self.mirror:
            found["annotations"] = {MIRROR: "table"}
        if self.finalizer:
            found["finalizers"] = [HELD]
        if self.owner:
            version = "apps/v1" if self.owner == "DaemonSet" else _NOBODY
            reference = {
                "apiVersion": self.version or version,
                "kind": self.owner,
                "name": "gone" if self.gone else MAKER,
                "uid": "0",
                "controller": self.controls,
            }
            found["ownerReferences"] = [reference]
        return found

    def spec(self) -> dict[str, Any]:
        place = f"{self.row}-elsewhere" if self.elsewhere else self.row
        volumes = [{"name": "scratch", "emptyDir": {}}] if self.empty_dir else []
        return pod_spec(nodeName=place, volumes=volumes, terminationGracePeriodSeconds=self.grace)

    def status(self) -> dict[str, Any]:
        is_ready = self.phase == "Running" if self.ready is None else self.ready
        ready = {"type": "Ready", "status": "True" if is_ready else "False"}
        return {"phase": self.phase, "conditions": [ready]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Somebody who really makes the pods of a row: it adopts them, and makes others for those that go."""

    kind: str
    replicas: int
    row: str

    def objects(self) -> list[Object]:
        """In the order in which the first adopts the pods, and each other one the one before it."""
        kinds = ("ReplicaSet", "Deployment") if self.kind == "Deployment" else (self.kind,)
        labels = {"app": "web"}
        return [
            made(kind, _VERSIONS[kind], MAKER, self.row, spec=self._spec(kind), labels=labels)
            for kind in kinds
        ]

    def _spec(self, kind: str) -> dict[str, Any]:
        """New pods find a place on the spare node of their row, and nowhere else."""
        labels = {"app": "web"}
        place = {"spare-of": self.row}
        pods = pod_spec(nodeSelector=place, terminationGracePeriodSeconds=0)
        spec = {
            "replicas": self.replicas,
            "selector": labels if kind == "ReplicationController" else {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pods},
        }
        if kind == "StatefulSet":
            # It would renew pods that were not made from its template.
            spec |= {"serviceName": MAKER, "updateStrategy": {"type": "OnDelete"}}
        return spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    id: str
    drain: str
    pods: tuple[PodRow, ...] = ()
    flags: tuple[str, ...] = ()
    budgets: tuple[Mapping[str, Any], ...] = ()
    maker: Maker | None = None
    spare: bool = False
    cordoned: bool = False
    unknown: bool = False
    whichever: bool = False
    says: tuple[str, ...] = ()

    @property
    def judged(self) -> tuple[PodRow, ...]:
        """The pods on the node."""
        return tuple(pod for pod in self.pods if not pod.elsewhere)

    @property
    def dry(self) -> bool:
        return any(flag.startswith("--dry-run") for flag in self.flags)

    @property
    def namespaces(self) -> list[str]:
        return sorted({self.id, *(pod.name.namespace for pod in self.pods)})

    def nodes(self) -> list[Object]:
        if self.unknown:
            return []
        spec = {"unschedulable": True} if self.cordoned else {}
        nodes = [made("Node", "v1", self.id, spec=spec)]
        if any(pod.elsewhere for pod in self.pods):
            nodes.append(made("Node", "v1", f"{self.id}-elsewhere"))
        if self.spare:
            metadata = {
                "annotations": {rehearsal.ANNOTATION: "true"},
                "labels": {"spare-of": self.id},
            }
            nodes.append(made("Node", "v1", f"{self.id}-spare", **metadata))
        return nodes

    def daemon_sets(self) -> list[Object]:
        """Those that exist. Once it is asked to go, one goes on existing and does nothing."""
        names = {pod.name.namespace for pod in self.pods if pod.of_daemon_set and not pod.gone}
        labels = {"app": "daemon"}
        spec = {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": pod_spec(nodeSelector={"spare-of": "nobody"}),
            },
        }
        return [
            made("DaemonSet", "apps/v1", MAKER, namespace, spec=spec, finalizers=[HELD])
            for namespace in sorted(names)
        ]

    def budget_objects(self) -> list[Object]:
        objects = []
        for number, budget in enumerate(self.budgets):
            spec = {"selector": {"matchLabels": {"app": "web"}}, **budget}
            space = spec.pop("in", "")
            namespace = f"{self.id}-{space}" if space else self.id
            name = f"budget-{number}"
            objects.append(
                made("PodDisruptionBudget", "policy/v1", name, namespace, spec=spec, generation=1)
            )
        return objects

    def counted(self, budget: Object) -> dict[str, Any]:
        """The status that the controller of budgets comes to."""
        namespace = budget["metadata"]["namespace"]
        pods = [self._found(pod) for pod in self.pods if pod.name.namespace == namespace]
        covered = [pod for pod in pods if budgets.covers(budget, pod)]
        return budgets.status(budget, covered, self._expected(budget, covered), NOW)

    def cluster(self) -> Cluster:
        """All of it as the rules see it."""
        nodes = [model.node(one) for one in self.nodes()]
        counted = [
            model.budget({**budget, "status": self.counted(budget)})
            for budget in self.budget_objects()
        ]
        return Cluster(
            nodes={node.name: node for node in nodes},
            pods=tuple(model.pod(self._found(pod)) for pod in self.pods),
            budgets=tuple(counted),
            daemon_sets=frozenset(
                Name(one["metadata"]["namespace"], MAKER) for one in self.daemon_sets()
            ),
        )

    def _found(self, pod: PodRow) -> Object:
        metadata = {**pod.metadata(), "uid": str(pod.name)}
        if pod.ended is not None:
            deleted = NOW - timedelta(seconds=pod.ended)
            metadata["deletionTimestamp"] = deleted.isoformat()
        return {"metadata": metadata, "spec": pod.spec(), "status": pod.status()}

    def _expected(self, budget: Object, covered: list[Object]) -> Expected:
        """How many pods there should be, by whoever really makes them."""
        if not budgets.needs_scales(budget):
            return Expected(len(covered))
        owned = [pod for pod in covered if pod["metadata"].get("ownerReferences")]
        if owned and self.maker is None:
            return Expected(problem="nobody has a number of replicas")
        return Expected(self.maker.replicas if owned and self.maker is not None else 0)


def made(
    kind: str, version: str, name: str, namespace: str = "", *, spec: Any = None, **metadata: Any
) -> Object:
    found = {"name": name, **({"namespace": namespace} if namespace else {}), **metadata}
    return {"apiVersion": version, "kind": kind, "metadata": found, "spec": spec or {}}


def rows() -> Iterator[Row]:
    """Every row; a word that means nothing here is a `TypeError`."""
    table = YAML(typ="safe").load(Path(__file__).with_suffix(".yaml").read_text())
    for fields in table:
        yield _row(**fields)


def _row(
    *,
    id: str,  # noqa: A002 - the word of the table
    pods: Mapping[str, Mapping[str, Any]] | None = None,
    maker: Mapping[str, Any] | None = None,
    flags: str = "",
    budgets: tuple[Mapping[str, Any], ...] = (),
    says: tuple[str, ...] = (),
    **fields: Any,
) -> Row:
    found = tuple(
        PodRow(row=id, key=key, **{"labels": {"app": "web"}, **one})
        for key, one in (pods or {}).items()
    )
    owned = sum(bool(pod.owner) for pod in found)
    return Row(
        id=id,
        pods=found,
        maker=Maker(row=id, **{"replicas": owned, **maker}) if maker is not None else None,
        flags=tuple(shlex.split(flags)),
        budgets=tuple(budgets),
        says=tuple(says),
        **fields,
    )


def options(flags: Iterable[str]) -> Options:
    """As our command reads them."""
    app = App(result_action="return_value", print_error=False, exit_on_error=False)
    app.default(_options)
    found = app(flags)
    assert isinstance(found, Options)
    return found


def _options(*, drain: Drain = DRAIN) -> Options:
    return drain.options()
