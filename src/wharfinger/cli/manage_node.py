"""
`wharf manage-node`: the words of `oc adm manage-node` for what `cordon`, `uncordon` and `evacuate` do.

Words, errors and output are those that its users know. What it did silently is refused aloud: pods that
nobody makes anew were left on the node by `--evacuate` without `--force`, and are now what blocks it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Final

from cyclopts import Parameter

from wharfinger.cli import cordon, nodes, output
from wharfinger.cli.errors import UsageError
from wharfinger.cli.evacuate import evacuate as evacuate_nodes
from wharfinger.cli.evacuate_options import Drain, DryRun
from wharfinger.cli.options import CONNECTION, OUTPUT, Connection, Flag, Output, Text
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import note, sanitized
from wharfinger.errors import Conflict
from wharfinger.maintenance import cordon as cordons
from wharfinger.maintenance.kube.api import KubeApi
from wharfinger.maintenance.model import Node

_GRACE: Final = 30
_NODES: Final = (
    output.NAME,
    Column("STATUS", lambda row: row["status"]),
    Column("BY", lambda row: row["by"] or "-"),
    Column("WHY", lambda row: row["why"] or "-"),
)
_PODS: Final = (
    Column("NAMESPACE", lambda row: row["metadata"].get("namespace", "")),
    Column("NAME", lambda row: row["metadata"]["name"]),
    Column("READY", lambda row: _ready(row)),
    Column("STATUS", lambda row: _status(row)),
    Column("RESTARTS", lambda row: str(sum(one["restartCount"] for one in _containers(row)))),
    Column("AGE", output.age),
)


class StillSchedulable(Conflict):
    code = "node-still-schedulable"

    def __init__(self, node: str) -> None:
        super().__init__(
            f"cannot evacuate node {node!r}: it is schedulable",
            remedy=f"make it unschedulable first: wharf manage-node {node} --schedulable=false",
        )


def manage_node(
    *names: str,
    selector: cordon.Selector = "",
    schedulable: Annotated[bool | None, Parameter(negative=(), show_default=False)] = None,
    list_pods: Flag = False,
    evacuate: Annotated[Flag, Parameter(name="--evacuate")] = False,
    pod_selector: Text = "",
    force: Flag = False,
    grace_period: int = _GRACE,
    dry_run: Flag = False,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> int | None:
    """Make nodes unschedulable or schedulable, list their pods, or evacuate them.

    Parameters
    ----------
    names
        The nodes.
    selector
        All nodes with these labels instead.
    schedulable
        Whether the nodes may get new pods; without a word: true.
    list_pods
        List the pods of the nodes.
    evacuate
        Evict the pods of the nodes, which have to be unschedulable; pods of DaemonSets stay.
    pod_selector
        Only pods with these labels.
    force
        Evacuate pods too that nobody makes anew.
    grace_period
        Seconds for each pod to end.
    dry_run
        With --evacuate: only say what would be done.
    """
    _require_one(schedulable is not None, list_pods, evacuate)
    nodes.require(names, selector)
    if evacuate:
        drain = Drain(
            ignore_daemonsets=True,
            delete_emptydir_data=True,
            force=force,
            grace_period=grace_period,
            pod_selector=pod_selector,
            dry_run=DryRun.CLIENT if dry_run else DryRun.NONE,
        )
        return _evacuate(names, selector, drain, connection, form)
    if list_pods:
        asyncio.run(_list_pods(names, selector, pod_selector, connection, form))
    else:
        asyncio.run(_mark(names, selector, connection, form, schedulable=schedulable is True))
    return None


def _require_one(*operations: bool) -> None:
    if not any(operations):
        raise UsageError(
            "must provide a node operation. Supported operations: --schedulable, --evacuate and --list-pods"
        )
    if sum(operations) > 1:
        raise UsageError("must provide only one node operation at a time")


def _evacuate(
    names: Sequence[str], selector: str, drain: Drain, connection: Connection, form: Output
) -> int | None:
    asyncio.run(_require_closed(names, selector, connection))
    return evacuate_nodes(*names, selector=selector, drain=drain, connection=connection, form=form)


async def _require_closed(names: Sequence[str], selector: str, connection: Connection) -> None:
    async with nodes.connected(connection) as api:
        for node in await nodes.chosen(api, names, selector):
            if node.schedulable:
                raise StillSchedulable(node.name)


async def _mark(
    names: Sequence[str], selector: str, connection: Connection, form: Output, *, schedulable: bool
) -> None:
    why = nodes.note("wharf manage-node")
    async with nodes.connected(connection) as api:
        marked: list[Node] = []

        async def mark_one(node: Node) -> None:
            if schedulable:
                marked.append(await cordon.open_again(api, node, force=False))
            else:
                marked.append(await cordon.close(api, node, why))

        try:
            await nodes.each(await nodes.chosen(api, names, selector), mark_one, connection)
        finally:
            rows = {"items": [_node_row(node) for node in marked]}
            if marked:
                output.show(rows, form.format, columns=_NODES, kind="node")


async def _list_pods(
    names: Sequence[str], selector: str, labels: str, connection: Connection, form: Output
) -> None:
    async with nodes.connected(connection) as api:
        found: list[dict[str, Any]] = []
        for node in await nodes.chosen(api, names, selector):
            note(f"\nListing matched pods on node: {sanitized(node.name)}\n")
            found.extend(await _pods(api, node, labels))
    output.show({"kind": "List", "items": found}, form.format, columns=_PODS, kind="pod")


async def _pods(api: KubeApi, node: Node, labels: str) -> list[dict[str, Any]]:
    query = {"fieldSelector": f"spec.nodeName={node.name}"}
    if labels:
        query["labelSelector"] = labels
    items: list[dict[str, Any]] = (await api.ask("GET", "/api/v1/pods", query=query))["items"]
    return items


def _node_row(node: Node) -> dict[str, Any]:
    closed = cordons.note_of(node)
    status = "Ready" if node.ready else "NotReady"
    return {
        "metadata": {"name": node.name},
        "status": status if node.schedulable else f"{status},SchedulingDisabled",
        "by": closed.by if closed is not None else "",
        "why": closed.why if closed is not None else "",
    }


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pod.get("status", {}).get("containerStatuses") or []
    return found


def _ready(pod: dict[str, Any]) -> str:
    ready = sum(bool(one.get("ready")) for one in _containers(pod))
    return f"{ready}/{len(pod['spec']['containers'])}"


def _status(pod: dict[str, Any]) -> str:
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    status = pod.get("status", {})
    return str(status.get("reason") or status.get("phase") or "Unknown")
