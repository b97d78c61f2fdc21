"""
Read from a cluster what the explanation of some nodes needs: no more than that of it.

Pods of other nodes are read only in the namespaces where a budget covers pods of ours: who else
consumes it is to be told. Of a whole fleet everything is read at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, TypeVar

from wharfinger.maintenance.api import Api
from wharfinger.maintenance.model import Budget, Cluster, Name, Node, Pod
from wharfinger.maintenance.slack import Coverage

Value = TypeVar("Value")

_FEW: Final = 8
"""Of more nodes or namespaces than these all pods are read: that is fewer requests."""


@dataclass(frozen=True, slots=True)
class Survey:
    cluster: Cluster
    revision: str
    """From where a watch of the pods goes on."""


class Ask(Protocol):
    """How one request is made, as by `Patience.ask`."""

    async def __call__(self, request: Callable[[], Awaitable[Value]], /) -> Value: ...


async def once(request: Callable[[], Awaitable[Value]]) -> Value:
    """Make a request, and let its fault be seen."""
    return await request()


async def read(
    api: Api, names: Collection[str], *, owners: bool = False, ask: Ask = once
) -> Survey:
    """Read what explains these nodes; with `owners` also all pods beside those that have an owner.

    Raises `NodeUnknown` if one is not there.
    """
    nodes = await _nodes(api, names, ask)
    if len(names) > _FEW:
        pods, revision = await ask(api.pods)
        budgets = await ask(api.budgets)
    else:
        lists = [await ask(partial(api.pods, node=name)) for name in nodes]
        here = [pod for listed, _ in lists for pod in listed]
        revision = lists[0][1] if lists else ""
        budgets = await ask(api.budgets) if here else []
        pods = await _with_namespaces(api, here, _concerned(here, budgets, owners=owners), ask)
    makers = any(pod.owner is not None and pod.owner.is_daemon_set for pod in pods)
    daemon_sets = await ask(api.daemon_sets) if makers else frozenset[Name]()
    return Survey(Cluster(nodes, tuple(pods), tuple(budgets), daemon_sets), revision)


async def _nodes(api: Api, names: Collection[str], ask: Ask) -> dict[str, Node]:
    if len(names) > _FEW:
        wanted = set(names)
        found = {node.name: node for node in await ask(api.nodes) if node.name in wanted}
        missing = [name for name in names if name not in found]
    else:
        found, missing = {}, list(names)
    for name in missing:  # asked for by name, so that an unknown one is refused in the API's words
        found[name] = await ask(partial(api.node, name))
    return found


def _concerned(pods: Iterable[Pod], budgets: Iterable[Budget], *, owners: bool) -> frozenset[str]:
    """Name the namespaces of which all pods matter."""
    coverage = Coverage(budgets)
    return frozenset(
        pod.name.namespace for pod in pods if (owners and pod.owner is not None) or coverage.of(pod)
    )


async def _with_namespaces(
    api: Api, here: list[Pod], namespaces: frozenset[str], ask: Ask
) -> list[Pod]:
    if len(namespaces) > _FEW:
        others, _ = await ask(api.pods)
    else:
        lists = await asyncio.gather(
            *(ask(partial(api.pods, namespace=one)) for one in sorted(namespaces))
        )
        others = [pod for listed, _ in lists for pod in listed]
    # The watch goes on from the list of the node, so what that list says of a pod counts.
    nodes = {pod.node for pod in here}
    return [*here, *(pod for pod in others if pod.node not in nodes)]
