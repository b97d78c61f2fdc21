"""
Nodes of a cluster, for the commands that change them: reach it, find those that are meant, change them.

What the cluster refuses is told with the rights that are needed, and a name that is not there with the
names that are near it.
"""

from __future__ import annotations

import difflib
import getpass
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from wharfinger.cli import cluster_access, partly
from wharfinger.cli.client import MOST_SECONDS
from wharfinger.cli.errors import UsageError
from wharfinger.cli.options import Connection
from wharfinger.errors import Conflict, Forbidden, NotFound, Unauthenticated, WharfingerError
from wharfinger.maintenance.api import Api, ApiRefused, NodeUnknown
from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.kube.api import KubeApi
from wharfinger.maintenance.model import Node

Change = Callable[[Node], Mapping[str, Any] | None]

RIGHTS: Final = (
    "an account that evacuates needs: get, list and patch nodes; list and watch pods; create pods/eviction; "
    "list poddisruptionbudgets and daemonsets; a plan needs only what lists"
)
_KINDS: Final = ("no", "node", "nodes")
_ATTEMPTS: Final = 10
_NEAR: Final = 3


class ClusterForbids(Forbidden):
    code = "cluster-forbids"

    def __init__(self, error: ApiRefused) -> None:
        super().__init__(error.message, remedy=RIGHTS)


class ClusterKnowsUsNot(Unauthenticated):
    code = "cluster-knows-us-not"

    def __init__(self, error: ApiRefused) -> None:
        super().__init__(error.message, remedy=error.remedy)


class NodesNotFound(NotFound):
    code = "node-not-found"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        near = sorted(difflib.get_close_matches(name, known, n=_NEAR))
        remedy = f"is it {' or '.join(near)}?" if near else "`kubectl get nodes` lists all"
        super().__init__(f"cannot find node {name!r}", remedy=remedy)


@asynccontextmanager
async def connected(connection: Connection) -> AsyncIterator[KubeApi]:
    """The cluster of the context; what it refuses is told as what a person lacks."""
    if not 0 < connection.request_timeout <= MOST_SECONDS:
        raise UsageError(f"cannot wait {connection.request_timeout:g} s for an answer")
    server = cluster_access.server(connection.kubeconfig, connection.context)
    try:
        async with KubeApi(server, timeout=connection.request_timeout) as api:
            yield api
    except ApiRefused as error:
        raise told(error) from error


def told(error: WharfingerError) -> WharfingerError:
    """The same, as the kind of error that says who can help."""
    match error:
        case ApiRefused(status=401):
            return ClusterKnowsUsNot(error)
        case ApiRefused(status=403):
            return ClusterForbids(error)
        case _:
            return error


def require(names: Sequence[str], selector: str) -> None:
    """Refuse a command line that says in two ways, or in none, which nodes are meant."""
    if names and selector:
        raise UsageError("cannot take both names of nodes and --selector")
    if not names and not selector:
        raise UsageError("cannot tell which node is meant", remedy="name it, or give --selector")


async def chosen(api: Api, names: Sequence[str], selector: str) -> list[Node]:
    """Those that are named, once each, or all that have these labels; at least one."""
    if selector:
        found = await api.nodes(selector)
        if not found:
            raise NotFound(f"cannot find a node with labels {selector!r}")
        return found
    return [await _named(api, name) for name in dict.fromkeys(map(_bare, names))]


def _bare(name: str) -> str:
    """The name in `node/NAME`, as kubectl writes it and takes it."""
    kind, _, bare = name.partition("/")
    return bare if kind in _KINDS and bare else name


async def _named(api: Api, name: str) -> Node:
    try:
        return await api.node(name)
    except NodeUnknown:
        raise NodesNotFound(name, [one.name for one in await api.nodes()]) from None


async def change(api: Api, node: Node, wanted: Change) -> Node:
    """Change a node as it is now, looked at anew whenever somebody else was faster."""
    for _ in range(_ATTEMPTS):
        patch = wanted(node)
        if patch is None:
            return node
        try:
            return await api.patch_node(node, patch)
        except Conflict:
            node = await api.node(node.name)
    raise Conflict(
        f"cannot change node {node.name!r}: somebody else changes it all the time",
        remedy="try again in a moment",
    )


async def each(
    nodes: Sequence[Node], action: Callable[[Node], Awaitable[None]], connection: Connection
) -> None:
    """Do it to one after the other, and go on when one fails."""
    failures: list[WharfingerError] = []
    for node in nodes:
        try:
            await action(node)
        except WharfingerError as error:
            failures.append(told(error))
    partly.conclude(failures, len(nodes), connection)


def note(why: str, run: str = "") -> Note:
    """Who we are and why, for whoever finds the node closed."""
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Note(by=_caller(), why=why, run=run or secrets.token_hex(8), at=now)


def _caller() -> str:
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # as in a container whose user has no name
        name = f"uid {os.getuid()}"
    return f"{name}@{socket.gethostname()}"
