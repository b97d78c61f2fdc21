"""
Begin a run of maintenance, go on with one, or end it: everything that it works with, put together.

The lease of the cluster and the lock of the run are held while anything may change.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from wharfinger.cli import (
    consent,
    maintain_ending,
    maintain_journal,
    maintain_output,
    nodes,
    site_file,
)
from wharfinger.cli import fleet as ansible
from wharfinger.cli.errors import Blocked, UsageError
from wharfinger.cli.maintain_asked import Asked, NotTheSameCluster
from wharfinger.cli.maintain_ending import ClusterTaken
from wharfinger.cli.maintain_journal import RunFiles
from wharfinger.cli.maintain_options import Hearing, Runs
from wharfinger.cli.maintain_output import Teller
from wharfinger.cli.maintain_parts import AnsibleHosts, ClusterNodes, gates, host_plan
from wharfinger.cli.metrics_file import MetricsFile
from wharfinger.cli.options import Connection, Format
from wharfinger.cli.terminal import note, progress, sanitized
from wharfinger.hosts.fleet import HostReport
from wharfinger.maintenance import survey
from wharfinger.maintenance.api import Api
from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.explain import Explainer, NodePlan
from wharfinger.maintenance.fleet import host_states, report
from wharfinger.maintenance.fleet import maintain as maintaining
from wharfinger.maintenance.fleet import plan as fleet_plan
from wharfinger.maintenance.fleet.host_states import Event, HostState
from wharfinger.maintenance.fleet.lease import Lease, LeaseHeld
from wharfinger.maintenance.fleet.maintain import Maintenance
from wharfinger.maintenance.fleet.metrics import Measuring
from wharfinger.maintenance.fleet.notices import Announcing
from wharfinger.maintenance.fleet.parts import Settings
from wharfinger.maintenance.fleet.waves import WavePlan
from wharfinger.maintenance.kube.api import KubeApi
from wharfinger.maintenance.model import Node
from wharfinger.maintenance.node.announcing import Announcer
from wharfinger.maintenance.node.webhook import Webhook
from wharfinger.system import signals
from wharfinger.system.clock import SystemClock

_Told = Callable[[str], None]

NODE_VARIABLE: Final = "wharf_node"
_TICK: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Explained:
    """What was found of all hosts and nodes, and what follows from it."""

    reports: Sequence[HostReport]
    events: Sequence[Event]
    states: Mapping[str, HostState]
    plan: WavePlan
    evacuations: Sequence[NodePlan]
    nodes: Mapping[str, Node]
    """All of the cluster, by name."""


class Command:
    def __init__(
        self, root: Path, runs: Runs, hearing: Hearing, connection: Connection, form: Format
    ) -> None:
        self._root, self._runs, self._form = root, runs, form
        self._connection = connection
        self._events, self._metrics = hearing.events, hearing.metrics
        self._webhook = Webhook(hearing.webhook) if hearing.webhook is not None else None
        self._clock = SystemClock()

    async def begin(self, asked: Asked, *, only_plan: bool) -> int | None:
        async with nodes.connected(self._connection) as api:
            asked = replace(asked, cluster=api.server)
            hosts = AnsibleHosts(Path(asked.site), asked.fleet, _beside)
            found = await self._explain(api, hosts, asked, {})
            person = self._form in (Format.TABLE, Format.WIDE) and not self._runs.yes
            if only_plan or person:
                maintain_output.show_plan(
                    found.reports, found.states, found.plan, found.evacuations, self._form
                )
            if only_plan:
                return None
            if not self._runs.yes:
                consent.require("begin")
            files = RunFiles.new(self._root, asked.to_json(), self._clock.now)
            note(f"run {files.run}")
            try:
                with files.locked():
                    return await self._maintain(api, hosts, asked, files, found)
            except ClusterTaken:
                files.forget()
                raise

    async def resume(self, run: str) -> int | None:
        files = maintain_journal.named(self._root, run, self._clock.now)
        asked = Asked.from_json(files.read().asked)
        site_file.load(Path(asked.site))
        with files.locked():
            async with nodes.connected(self._as_before(asked)) as api:
                _require_same(files.run, asked, api)
                hosts = AnsibleHosts(Path(asked.site), asked.fleet, _beside)
                found = await self._explain(api, hosts, asked, files.read().states)
                return await self._maintain(api, hosts, asked, files, found)

    async def abort(self, run: str) -> int | None:
        files = maintain_journal.named(self._root, run, self._clock.now)
        asked = Asked.from_json(files.read().asked)
        with files.locked():
            async with nodes.connected(self._as_before(asked)) as api:
                _require_same(files.run, asked, api)
                async with self._lease(api, files.run, note, asyncio.Event()):
                    await maintaining.abort(
                        files.read().states, self._nodes(api, asked, _note(files.run), note), files
                    )
        document = report.document(files.read(), "it was aborted")
        maintain_output.write_reports(document, self._runs.report)
        maintain_output.show(document, self._form)
        closed = [host["node"] for host in document["hosts"] if host["cordoned"]]
        if closed:
            raise Blocked(
                f"cannot return {', '.join(closed)}: an apply was cut off, or is not proven undone",
                remedy="look at `wharf hosts history` on the host, then `wharf uncordon NODE`",
            )
        return None

    async def _explain(
        self, api: Api, hosts: AnsibleHosts, asked: Asked, before: Mapping[str, HostState]
    ) -> _Explained:
        """Ask all hosts and the cluster; nothing on them changes."""
        progress("explaining all hosts")
        reports, named = await asyncio.gather(
            hosts.reports(), asyncio.to_thread(ansible.variables, asked.fleet, NODE_VARIABLE)
        )
        of_host = {one.name: named.get(one.name) or one.name for one in reports}
        _require_own_nodes(of_host)
        states = {**{name: HostState(name) for name in of_host}, **before}
        events = fleet_plan.retry(states)
        states = _after(states, events)
        plans = {one.name: host_plan(one) for one in reports}
        more = fleet_plan.explain(states, plans, of_host, asked.threshold)
        states = _after(states, more)
        found = {node.name: node for node in await api.nodes()}
        drained = [one.node for one in states.values() if _to_drain(one) and one.node in found]
        cluster = (await survey.read(api, drained)).cluster
        explainer = Explainer(cluster, asked.options, self._clock.now())
        plan, skipped = fleet_plan.arrange(states, found, explainer, asked.limits)
        return _Explained(
            reports,
            [*events, *more, *skipped],
            _after(states, skipped),
            plan,
            [explainer.node(name) for name in drained],
            found,
        )

    async def _maintain(
        self, api: KubeApi, hosts: AnsibleHosts, asked: Asked, files: RunFiles, found: _Explained
    ) -> int | None:
        teller = maintain_output.teller(self._form, time.monotonic)
        with signals.ending(asyncio.get_running_loop()) as stop:
            async with self._lease(api, files.run, teller.note, stop) as lost:
                for event in found.events:
                    files.write(event)
                for state in found.states.values():
                    teller.host(state)

                def warn(text: str) -> None:
                    teller.note(f"warning: {text}")

                announcer = Announcer(
                    api,
                    events=self._events,
                    webhook=self._webhook,
                    warn=warn,
                    now=self._clock.now,
                )
                note_of_run = _note(files.run)
                metrics = MetricsFile(self._metrics, warn)
                maintenance = Maintenance(
                    Settings(
                        run=files.run,
                        gates=gates(api, asked),
                        gate_seconds=asked.gate_seconds,
                        windows=asked.in_windows,
                        paused=self._pause_file(asked, files).exists,
                    ),
                    found.states,
                    found.plan,
                    hosts=hosts,
                    nodes=self._nodes(api, asked, note_of_run, teller.note),
                    journal=files,
                    watcher=Announcing(
                        Measuring(teller, metrics.write, time.time),
                        note_of_run,
                        lambda one: announcer.announce(found.nodes[one.node], one),
                    ),
                    clock=self._clock,
                    stop=stop,
                )
                async with announcer, _ticking(teller):
                    reason = await maintenance.run()
                reason = lost[0] if lost else reason
        document = report.document(files.read(), reason)
        maintain_output.write_reports(document, self._runs.report)
        teller.ended(document)
        return maintain_ending.conclude(
            files.run, maintenance.states, reason, lost=bool(lost), stopped=stop.is_set()
        )

    def _as_before(self, asked: Asked) -> Connection:
        """The context that the run began with, unless another is named now."""
        given = self._connection
        if given.kubeconfig is not None or given.context is not None:
            return given
        path = None if asked.kubeconfig is None else Path(asked.kubeconfig)
        return replace(given, kubeconfig=path, context=asked.context)

    def _pause_file(self, asked: Asked, files: RunFiles) -> Path:
        given = self._runs.pause_file or asked.pause_file
        return files.pause if given is None else Path(given)

    def _nodes(self, api: Api, asked: Asked, why: Note, told: _Told) -> ClusterNodes:
        return ClusterNodes(api, asked.options, why, self._clock, told)

    @asynccontextmanager
    async def _lease(
        self, api: KubeApi, run: str, told: _Told, stop: asyncio.Event
    ) -> AsyncIterator[list[str]]:
        """Hold the lease of the cluster; why it was lost is put into the list, and all is stopped."""
        lost: list[str] = []
        lease = Lease(api, f"wharf maintain {run}", self._clock, told)
        try:
            await lease.take()
        except LeaseHeld as error:
            raise ClusterTaken(error) from error

        async def keep() -> None:
            lost.append(await lease.keep())
            told(lost[0])
            stop.set()

        keeping = asyncio.create_task(keep())
        try:
            yield lost
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
            await lease.release()


def _beside(text: str) -> None:
    """What Ansible says beside its results, for a person only."""
    progress(sanitized(text))


def _note(run: str) -> Note:
    return nodes.note(f"wharf maintain, run {run}", run)


def _to_drain(state: HostState) -> bool:
    return state.drain and not state.step.over and not state.midway


def _after(states: Mapping[str, HostState], events: Sequence[Event]) -> dict[str, HostState]:
    found = dict(states)
    for event in events:
        found[event.host] = host_states.after(found[event.host], event)
    return found


def _require_own_nodes(of_host: Mapping[str, str]) -> None:
    shared = [node for node, count in Counter(of_host.values()).items() if count > 1]
    if shared:
        raise UsageError(
            f"cannot have several hosts for node {shared[0]}",
            remedy=f"mend the variable {NODE_VARIABLE} in the inventory",
        )


def _require_same(run: str, asked: Asked, api: KubeApi) -> None:
    if api.server != asked.cluster:
        raise NotTheSameCluster(run, asked.cluster, api.server)


@asynccontextmanager
async def _ticking(teller: Teller) -> AsyncIterator[None]:
    async def tick() -> None:
        while True:
            await asyncio.sleep(_TICK)
            teller.tick()

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
