"""
`wharf maintain`: bring the hosts of a cluster to the site file, with their pods out of the way.

All is explained before the first host is touched. What was asked for and what is done is in the journal
of the run, so that a run which was stopped or killed is resumed by its id alone.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Group, Parameter

from wharfinger.cli import consent, exit_codes, maintain_output, nodes, output, site_file
from wharfinger.cli import fleet as ansible
from wharfinger.cli.consent import Allowed
from wharfinger.cli.errors import Blocked, PartlyDone, UsageError
from wharfinger.cli.evacuate_options import DRAIN, Drain, DryRun, Duration
from wharfinger.cli.fleet_options import THIS_HOST, Fleet
from wharfinger.cli.maintain_asked import Asked, NotTheSameCluster, inventory_path
from wharfinger.cli.maintain_journal import RunFiles, all_runs
from wharfinger.cli.maintain_output import Teller
from wharfinger.cli.maintain_parts import AnsibleHosts, ClusterNodes, gates, host_plan
from wharfinger.cli.options import CONNECTION, OUTPUT, Connection, Flag, Format, Many, Output, Text
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import note, progress, sanitized, say
from wharfinger.errors import Conflict, WharfingerError
from wharfinger.hosts.fleet import HostReport
from wharfinger.maintenance import fleet_plan, host_states, prometheus, report, survey
from wharfinger.maintenance import maintain as maintaining
from wharfinger.maintenance.api import Api
from wharfinger.maintenance.explain import Explainer, NodePlan
from wharfinger.maintenance.fleet_parts import Settings
from wharfinger.maintenance.host_states import Event, HostState, Step
from wharfinger.maintenance.kube_api import KubeApi
from wharfinger.maintenance.lease import Lease
from wharfinger.maintenance.maintain import Maintenance
from wharfinger.maintenance.waves import WavePlan
from wharfinger.server.settings import default_state
from wharfinger.system import signals
from wharfinger.system.clock import SystemClock

PACE: Final = Group("How many at a time, and when", sort_key=3)
GATES: Final = Group("What must hold before the next host", sort_key=4)
RUNS: Final = Group("Runs", sort_key=5)

NODE_VARIABLE: Final = "wharf_node"
_Told = Callable[[str], None]

_GATE_SECONDS: Final = 300.0
_TICK: Final = 1.0
_RUNS: Final = (
    Column("RUN", lambda row: row["run"]),
    Column("BEGAN", lambda row: row["began"]),
    Column("HOSTS", lambda row: row["counts"]),
)


@Parameter(name="*", group=PACE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    max_unavailable: str = "1"
    """How many nodes may be out of service at once: a number, or a share as 10%."""

    per: Text = ""
    """Label of nodes, as topology.kubernetes.io/zone: the number holds within each of its values."""

    side_by_side: Flag = False
    """Maintain nodes with different values of that label at the same time."""

    canary: int = 0
    """So many nodes go first, each alone."""

    window: Many = ()
    """When hosts may start, as "Sat,Sun 22:00-04:00 Europe/Berlin"; may be repeated."""

    drain_for: Allowed = Allowed.DRAIN
    """The least disruption for which a node is emptied first."""


@Parameter(name="*", group=GATES)
@dataclass(frozen=True, slots=True, kw_only=True)
class Gating:
    gate_prometheus: Annotated[
        tuple[tuple[str, str], ...], Parameter(negative=(), show_default=False)
    ] = ()
    """Address of a Prometheus and a query, none of whose samples may be 0; may be repeated."""

    gate_command: Many = ()
    """Command that must exit with 0; it gets WHARF_RUN, WHARF_HOST and WHARF_NODE."""

    gate_timeout: Duration = _GATE_SECONDS
    """How long to wait for what must hold, as 10m [default: 5m]."""


@Parameter(name="*", group=RUNS)
@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    plan: Flag = False
    """Only explain; nothing is changed."""

    yes: Annotated[Flag, Parameter(name=["--yes", "-y"])] = False
    """Begin without asking."""

    resume: str | None = None
    """Go on with a run, as it was asked for."""

    abort: str | None = None
    """End a run that will not be resumed: its nodes go back into service."""

    status: Flag = False
    """Say how far a run is (the one of --run, else the last), and list all."""

    run: str | None = None
    """Which run --status is about."""

    pause_file: Path | None = None
    """While this file is there no host starts [default: `pause` in the run's directory]."""

    report: Annotated[tuple[Path, ...], Parameter(negative=(), show_default=False)] = ()
    """File for the report, Markdown if its name ends in .md, JSON if in .json; may be repeated."""

    journal: Path | None = None
    """Directory of the journals [default: `maintenance` in the state directory]."""


PACE_OPTIONS: Final = Pace()
GATE_OPTIONS: Final = Gating()
RUN_OPTIONS: Final = Runs()


class RunBlocked(Blocked):
    code = "maintenance-blocked"

    def __init__(self, run: str, reason: str) -> None:
        super().__init__(
            f"cannot finish run {run}: {reason}", remedy=f"then `wharf maintain --resume {run}`"
        )


class RunFailed(WharfingerError):
    code = "maintenance-failed"

    def __init__(self, run: str, bad: Sequence[HostState]) -> None:
        super().__init__(f"cannot maintain {len(bad)} hosts", remedy=_remedy(run))
        self.details = _details(bad)


class RunPartlyDone(PartlyDone):
    code = "maintenance-partly-done"

    def __init__(self, run: str, bad: Sequence[HostState], total: int) -> None:
        super().__init__(len(bad), total)
        self.message = f"cannot do {len(bad)} of {total} hosts"
        self.details = _details(bad)
        self.remedy = _remedy(run)


class LeaseLost(Conflict):
    code = "maintenance-lease-lost"


def maintain(
    *,
    site: Path = site_file.DEFAULT,
    hosts: Fleet = THIS_HOST,
    pace: Pace = PACE_OPTIONS,
    gating: Gating = GATE_OPTIONS,
    runs: Runs = RUN_OPTIONS,
    drain: Drain = DRAIN,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> int | None:
    """Bring the hosts of an inventory to the site file, each with its pods out of the way.

    Parameters
    ----------
    site
        The site file.
    """
    maintain_output.check_report_names(runs.report)
    root = runs.journal or default_state(os.environ, root=os.geteuid() == 0) / "maintenance"
    modes = (runs.status, runs.resume is not None, runs.abort is not None, bool(hosts.inventory))
    if sum(modes) != 1:
        raise UsageError(
            "cannot tell what to do",
            remedy="give one of --inventory, --resume RUN, --abort RUN and --status",
        )
    if runs.status:
        _status(root, runs, form.format)
        return None
    command = _Command(root, runs, connection, form.format)
    if runs.abort is not None:
        return asyncio.run(command.abort(runs.abort))
    if runs.resume is not None:
        return asyncio.run(command.resume(runs.resume))
    site_file.load(site)  # its faults are told once, not by each host
    asked = _asked(site, hosts, pace, gating, runs, drain, connection)
    asked.check()
    only_plan = runs.plan or drain.dry is not DryRun.NONE
    if not (only_plan or runs.yes):
        consent.require_person("begin")
    return asyncio.run(command.begin(asked, only_plan=only_plan))


def _asked(
    site: Path,
    hosts: Fleet,
    pace: Pace,
    gating: Gating,
    runs: Runs,
    drain: Drain,
    connection: Connection,
) -> Asked:
    for address, _ in gating.gate_prometheus:
        prometheus.host_of(address)
    return Asked(
        site=str(site.absolute()),
        inventory=tuple(map(inventory_path, hosts.inventory)),
        limit=hosts.limit,
        forks=hosts.forks,
        become=hosts.become,
        cluster="",
        kubeconfig=_absolute(connection.kubeconfig),
        context=connection.context,
        max_unavailable=pace.max_unavailable,
        per=pace.per,
        canary=pace.canary,
        side_by_side=pace.side_by_side,
        windows=pace.window,
        drain_for=pace.drain_for,
        prometheus=gating.gate_prometheus,
        commands=gating.gate_command,
        gate_seconds=gating.gate_timeout,
        pause_file=_absolute(runs.pause_file),
        evacuation=asdict(replace(drain, dry_run=False)),
    )


def _absolute(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


@dataclass(frozen=True, slots=True)
class _Explained:
    """What was found of all hosts and nodes, and what follows from it."""

    reports: Sequence[HostReport]
    events: Sequence[Event]
    states: Mapping[str, HostState]
    plan: WavePlan
    evacuations: Sequence[NodePlan]


class _Command:
    def __init__(self, root: Path, runs: Runs, connection: Connection, form: Format) -> None:
        self._root, self._runs, self._form = root, runs, form
        self._connection = connection
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
            with files.locked():
                return await self._maintain(api, hosts, asked, files, found)

    async def resume(self, run: str) -> int | None:
        files = RunFiles(self._root, run, self._clock.now)
        asked = Asked.from_json(files.read().asked)
        site_file.load(Path(asked.site))
        with files.locked():
            async with nodes.connected(self._as_before(asked)) as api:
                _require_same(run, asked, api)
                hosts = AnsibleHosts(Path(asked.site), asked.fleet, _beside)
                found = await self._explain(api, hosts, asked, files.read().states)
                return await self._maintain(api, hosts, asked, files, found)

    async def abort(self, run: str) -> int | None:
        files = RunFiles(self._root, run, self._clock.now)
        asked = Asked.from_json(files.read().asked)
        with files.locked():
            async with nodes.connected(self._as_before(asked)) as api:
                _require_same(run, asked, api)
                async with self._lease(api, run, note, asyncio.Event()):
                    await maintaining.abort(
                        files.read().states, self._nodes(api, asked, run, note), files
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
        reports = await hosts.reports()
        named = await asyncio.to_thread(ansible.variables, asked.fleet, NODE_VARIABLE)
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
                    nodes=self._nodes(api, asked, files.run, teller.note),
                    journal=files,
                    watcher=teller,
                    clock=self._clock,
                    stop=stop,
                )
                async with _ticking(teller):
                    reason = await maintenance.run()
                reason = lost[0] if lost else reason
        document = report.document(files.read(), reason)
        maintain_output.write_reports(document, self._runs.report)
        teller.ended(document)
        return _conclude(
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

    def _nodes(self, api: Api, asked: Asked, run: str, told: _Told) -> ClusterNodes:
        why = nodes.note(f"wharf maintain, run {run}", run)
        return ClusterNodes(api, asked.options, why, self._clock, told)

    @asynccontextmanager
    async def _lease(
        self, api: KubeApi, run: str, told: _Told, stop: asyncio.Event
    ) -> AsyncIterator[list[str]]:
        """Hold the lease of the cluster; why it was lost is put into the list, and all is stopped."""
        lost: list[str] = []
        lease = Lease(api, f"wharf maintain {run}", self._clock, told)
        await lease.take()

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


def _conclude(
    run: str, states: Mapping[str, HostState], reason: str, *, lost: bool, stopped: bool
) -> int | None:
    bad = [one for one in states.values() if one.step in (Step.FAILED, Step.SKIPPED)]
    if lost:
        raise LeaseLost(f"cannot go on with run {run}: {reason}", remedy=_remedy(run))
    if bad and len(bad) < len(states):
        raise RunPartlyDone(run, bad, len(states))
    if bad:
        raise RunFailed(run, bad)
    if stopped:
        note(f"stopped; `wharf maintain --resume {run}` goes on")
        return exit_codes.of_signal(signal.SIGINT)
    if reason:
        raise RunBlocked(run, reason)
    return None


def _details(bad: Sequence[HostState]) -> tuple[str, ...]:
    return tuple(f"  {one.host}: {one.step}: {one.message}" for one in bad)


def _remedy(run: str) -> str:
    return f"mend what is wrong, then `wharf maintain --resume {run}`"


def _status(root: Path, runs: Runs, form: Format) -> None:
    now = SystemClock().now
    found = {files.run: files for files in all_runs(root, now)}
    if runs.run is None and not found:
        say(f"no runs in {root}")
        return
    chosen = RunFiles(root, runs.run, now) if runs.run is not None else [*found.values()][-1]
    document = report.document(chosen.read())
    if form in (Format.JSON, Format.YAML):
        all_of_them = [report.document(files.read()) for files in found.values()]
        say(output.documents({"runs": all_of_them, "run": document}, form))
        return
    if runs.run is None:
        rows = [report.document(files.read()) for files in found.values()]
        say(output.table([{**row, "counts": _counts(row)} for row in rows], _RUNS))
        say("")
    maintain_output.show(document, form)


def _counts(document: Mapping[str, Mapping[str, int]]) -> str:
    return ", ".join(f"{count} {step}" for step, count in document["counts"].items())
