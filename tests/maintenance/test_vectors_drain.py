"""
The recorded cases of drain, cordon and uncordon, on a cluster in memory; with what is different on purpose.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from made_evacuations import NOON, pod
from maintenance import drain_table
from maintenance.fake_cluster import FakeCluster, JumpingClock, refused, run
from wharfinger.cli import cordon, evacuate_run, nodes
from wharfinger.cli.evacuate_progress import Lines
from wharfinger.errors import WharfingerError
from wharfinger.maintenance import rules
from wharfinger.maintenance.api import Eviction
from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.model import Name, Owner, Pod
from wharfinger.maintenance.node import evacuation
from wharfinger.maintenance.node.progress import State
from wharfinger.maintenance.options import Options
from wharfinger.maintenance.verdict import Outcome

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "drain.json").read_text())["cases"]
NOTE = Note(by="ann", why="a new disk", run="r-1", at="2027-01-15T12:00:00Z")

UNTOUCHED = "a node from which nothing has gone is left as it was found, without a cordon"
EXPLAINED = (
    "what is to be minded is told in the plan, beside each pod, and not in a line of warnings"
)
NOT_OURS = "a cordon of somebody else is taken away by force only"
DIFFERENCES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    **dict.fromkeys(
        (
            "drain-eviction-02",
            "drain-eviction-11",
            "drain-eviction-13",
            "drain-delete-02",
            "drain-delete-11",
            "drain-delete-17",
        ),
        (UNTOUCHED, {"nodeUnschedulable": False}),
    ),
    "drain-delete-05": (EXPLAINED, {"stderrContains": "it has no controller"}),
    "drain-delete-07": (EXPLAINED, {"stderrContains": "it is managed by DaemonSet default/maker"}),
    "cordon-1": (NOT_OURS, {"fatal": True, "unschedulableAfter": True}),
    "cordon-9": (NOT_OURS, {"fatal": True, "unschedulableAfter": True}),
}
"""By the id of a case: why it comes out otherwise here, and how."""


@dataclass
class Refusing(FakeCluster):
    """A cluster that refuses to delete a pod."""

    async def delete(self, pod: Pod, *, grace: int = -1, dry_run: bool = False) -> Eviction:
        self.asked.append((str(pod.name), "refused"))
        raise refused("the request fails")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_it_comes_out_as_recorded(case, capsys):
    given, (_, otherwise) = case["input"], DIFFERENCES.get(case["id"], ("", {}))
    expected = {**case["expect"], **otherwise}

    found = OPERATIONS[given["op"]](given)

    said = capsys.readouterr()
    assert expected.pop("stdoutContains", "") in said.out
    assert expected.pop("stderrContains", "") in said.err
    assert found == expected


def test_every_difference_is_one():
    recorded = {case["id"]: case["expect"] for case in CASES}
    for known, (_, otherwise) in DIFFERENCES.items():
        assert all(recorded[known][key] != value for key, value in otherwise.items())


@pytest.mark.parametrize("known", ["cordon-1", "cordon-9"])
def test_our_own_cordon_is_opened_as_recorded(known):
    (recorded,) = (case for case in CASES if case["id"] == known)
    cluster = harbour(unschedulable=False)
    for name in ("node", "node1", "node2"):
        run(cordon.close(cluster, cluster.found[name], NOTE))

    assert uncordon(recorded["input"], cluster) == recorded["expect"]


def drain(given):
    """What an evacuation came to, as the table of cases has it; its words are printed."""
    cluster = Refusing() if given.get("requestsFail") else FakeCluster()
    cluster.add_node("node")
    cluster.daemons = frozenset({Name("default", drain_table.MAKER)})
    for one in given["pods"]:
        cluster.add_pod(made(one))
    options = replace(
        drain_table.options(given["args"][1:]), disable_eviction=given["mode"] == "delete"
    )
    lines = Lines(deletes=options.disable_eviction)

    report = run(evacuated(cluster, options, lines))

    return {
        "fatal": report.state is not State.EVACUATED,
        "podRemoved": bool(cluster.asked),
        "nodeUnschedulable": not cluster.found["node"].schedulable,
    }


async def evacuated(cluster, options, lines):
    found = await nodes.chosen(cluster, ["node"], "")
    (plan,) = await evacuate_run.explained(cluster, found, options, clock=JumpingClock())
    lines.explained(plan)
    report = await evacuation.evacuate(
        cluster,
        "node",
        options,
        NOTE,
        told=lines.progress,
        stop=asyncio.Event(),
        clock=JumpingClock(),
    )
    lines.ended(report)
    return report


def made(one):
    namespace, _, name = one["name"].partition("/")
    found = pod(
        at="node",
        owner=Owner(one["owner"], drain_table.MAKER) if "owner" in one else None,
        phase=one.get("phase", "Running"),
        empty_dirs=("scratch",) if one.get("emptyDir") else (),
    )
    return replace(found, name=Name(namespace, name))


def harbour(*, unschedulable):
    cluster = FakeCluster()
    for name in ("node", "node1", "node2"):
        cluster.add_node(name, schedulable=not unschedulable)
    return cluster


def close(given):
    cluster = harbour(unschedulable=given["unschedulableBefore"])

    async def each():
        for node in await nodes.chosen(cluster, given["args"], ""):
            await cordon.close(cluster, node, NOTE)

    return changed(cluster, each())


def uncordon(given, cluster=None):
    cluster = cluster or harbour(unschedulable=given["unschedulableBefore"])

    async def each():
        for node in await nodes.chosen(cluster, given["args"], ""):
            await cordon.open_again(cluster, node, force=False)

    return changed(cluster, each())


def changed(cluster, work):
    """What became of the nodes; the first of them stands for all that are named."""
    try:
        run(work)
    except WharfingerError:
        fatal = True
    else:
        fatal = False
    return {"fatal": fatal, "unschedulableAfter": not cluster.found["node"].schedulable}


def skip(given):
    """A pod whose deletion was asked for so many seconds ago; none: it was not."""
    ago = given["deletedSecondsAgo"]
    deleted = NOON - timedelta(seconds=ago) if ago else None
    options = Options(skip_wait_for_delete=given["skipWaitForDeleteTimeout"])
    verdict = rules.judge(pod(deleted=deleted), options, frozenset(), NOON)
    return {"removePod": verdict.outcome is Outcome.GOES}


OPERATIONS = {"drain": drain, "cordon": close, "uncordon": uncordon, "skipWaitForDelete": skip}
