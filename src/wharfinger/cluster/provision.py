"""
All that goes on behind the objects, put together as one task of the server.

Roles are aggregated, projects filled, secrets given their tokens, owned objects collected,
namespaces emptied and workloads moved: one controller each, each in its own loop, so that the end of
a large project delays no other. One that dies takes the task with it, and the server starts the task again.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Callable, Hashable, Iterable, Sequence

from wharfinger.cluster import aggregation, kinds
from wharfinger.cluster.controllers import Controller, Runner
from wharfinger.cluster.garbage import Garbage
from wharfinger.cluster.kinds.rbac import CLUSTER_ROLE
from wharfinger.cluster.namespaces import NamespaceEnd, OnDeleted
from wharfinger.cluster.objects import Objects, random_suffix
from wharfinger.cluster.project_contents import ProjectContents
from wharfinger.cluster.pull_secrets import PullSecrets
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.token_secrets import TokenSecrets
from wharfinger.cluster.tokens import Clock, Tokens
from wharfinger.cluster.watch import Event
from wharfinger.cluster.workloads import wiring


class AggregatedRoles:
    """A controller that writes the rules of aggregated roles; its keys are their names."""

    follows = (CLUSTER_ROLE.resource,)

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._cache = objects.cache

    def everything(self) -> Iterable[Hashable]:
        roles = self._cache.list(CLUSTER_ROLE.resource)
        return [role["metadata"]["name"] for role in roles if aggregation.is_aggregated(role)]

    def concerned(self, event: Event) -> Iterable[Hashable]:  # noqa: ARG002 (each may be one of its parts)
        return self.everything()

    async def reconcile(self, key: Hashable) -> float | None:
        name = str(key)
        role = self._cache.get(CLUSTER_ROLE.resource, "", name)
        if role is None or not aggregation.is_aggregated(role):
            return None
        wanted = aggregation.rules(role, self._cache.list(CLUSTER_ROLE.resource))
        if wanted != (role.get("rules") or []):
            filled = copy.deepcopy(role)
            filled["rules"] = wanted
            await self._objects.update(CLUSTER_ROLE, "", name, filled, SYSTEM)
        return None


class Provisioner:
    """`hosts` are the addresses of the registry, the way clients write them."""

    def __init__(
        self,
        objects: Objects,
        *,
        tokens: Tokens,
        hosts: Sequence[str],
        on_project_deleted: OnDeleted,
        authority: str = "",
        clock: Clock = time.time,
        suffix: Callable[[], str] = random_suffix,
    ) -> None:
        controllers: tuple[Controller, ...] = (
            AggregatedRoles(objects),
            ProjectContents(objects),
            PullSecrets(objects, tokens, hosts, suffix=suffix, clock=clock),
            TokenSecrets(objects, tokens, authority=authority),
            Garbage(objects, kinds.ALL),
            NamespaceEnd(objects, kinds.ALL, on_project_deleted),
            *wiring.controllers(objects, clock=clock),
        )
        self._runners = [Runner(objects.cache, one, clock=clock) for one in controllers]

    async def run(self) -> None:
        """Work until the cache ends its watches."""
        async with asyncio.TaskGroup() as group:
            for runner in self._runners:
                group.create_task(runner.run())

    async def settle(self) -> None:
        """Work until nothing is due now: for a first start, and for tests."""
        worked = True
        while worked:
            worked = False
            for runner in self._runners:
                worked |= await runner.work()
