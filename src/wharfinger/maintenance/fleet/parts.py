"""What the maintenance of a fleet is made of: what it asks hosts, nodes and those who watch it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.maintenance.fleet.gates import Gate
from wharfinger.maintenance.fleet.host_states import HostState
from wharfinger.maintenance.fleet.windows import Windows
from wharfinger.maintenance.node.progress import Progress, Report

ALWAYS: Final = Windows()


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What a host would change. `digest` is of the changes alone; `trouble`: there is no plan."""

    disruption: Disruption = Disruption.NONE
    changes: int = 0
    digest: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of an apply: what was proven, or why all was taken back."""

    proofs: tuple[str, ...] = ()
    trouble: str = ""


class Hosts(Protocol):
    async def explain(self, hosts: Sequence[str]) -> Mapping[str, HostPlan]:
        """Plan for these hosts; nothing on them changes."""
        ...

    async def apply(self, host: str, allowed: Disruption) -> Applied:
        """Bring a host to the site file, costing at most what is allowed, or leave it as it was."""
        ...


class Nodes(Protocol):
    async def evacuate(
        self, node: str, *, told: Callable[[Progress], None], stop: asyncio.Event
    ) -> Report: ...

    async def give_back(self, node: str) -> None:
        """Take the cordon of this run away; that of anybody else stays."""
        ...

    async def unavailable(self) -> Collection[str]:
        """Name the nodes that are not ready or not schedulable."""
        ...


class Watcher(Protocol):
    """Who is told what happens, as it does."""

    def host(self, state: HostState, progress: Progress | None = None) -> None: ...

    def note(self, text: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    run: str
    gates: Sequence[Gate] = ()
    gate_seconds: float = 300.0
    windows: Windows = ALWAYS
    paused: Callable[[], bool] = lambda: False
