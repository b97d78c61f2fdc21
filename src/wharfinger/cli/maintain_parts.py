"""
What a run of maintenance works with, for real: hosts by Ansible, nodes by their API, gates by requests
and processes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from wharfinger.cli import fleet as ansible
from wharfinger.cli import nodes
from wharfinger.cli.fleet import Heard
from wharfinger.cli.fleet_options import Fleet
from wharfinger.cli.maintain_asked import Asked, words
from wharfinger.hosts import fleet
from wharfinger.hosts.fleet import HostReport
from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.maintenance import cordon
from wharfinger.maintenance.api import Api
from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.fleet import prometheus
from wharfinger.maintenance.fleet.gates import Command, Gate, NodeReady, Prometheus
from wharfinger.maintenance.fleet.parts import Applied, HostPlan
from wharfinger.maintenance.node import evacuation
from wharfinger.maintenance.node.patience import Patience
from wharfinger.maintenance.node.progress import Clock, Progress, Report
from wharfinger.maintenance.options import Options

_AT_ONCE: Final = 64
_COMMAND_SECONDS: Final = 60.0
_TIMED_OUT: Final = 124
_NOT_STARTED: Final = 127


class AnsibleHosts:
    """Each question is a run of Ansible. One that changes a host goes on to its end without us too."""

    def __init__(self, site: Path, chosen: Fleet, told: Callable[[str], None]) -> None:
        self._site, self._chosen, self._told = site, chosen, told
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="ansible")

    async def reports(self) -> Sequence[HostReport]:
        """What each host of the inventory would change."""
        return await self._run(self._chosen, check=True, disruption=Disruption.DRAIN, apart=False)

    async def explain(self, hosts: Sequence[str]) -> Mapping[str, HostPlan]:
        chosen = replace(self._chosen, limit=",".join(hosts))
        reports = await self._run(chosen, check=True, disruption=Disruption.DRAIN)
        return {report.name: host_plan(report) for report in reports}

    async def apply(self, host: str, allowed: Disruption) -> Applied:
        chosen = replace(self._chosen, limit=host)
        reports = await self._run(chosen, check=False, disruption=allowed)
        return applied(next((one for one in reports if one.name == host), HostReport(host)))

    async def _run(
        self, chosen: Fleet, *, check: bool, disruption: Disruption, apart: bool = True
    ) -> Sequence[HostReport]:
        """Before anything is begun a Ctrl-C is meant for Ansible too; afterwards it is not."""
        play = fleet.play(self._site, check=check, disruption=disruption)
        loop = asyncio.get_running_loop()

        def line(text: str) -> None:
            if text:
                loop.call_soon_threadsafe(self._told, text)

        heard = Heard(lambda _: None, line, apart=apart)
        return await loop.run_in_executor(self._threads, partial(ansible.run, play, chosen, heard))


def host_plan(report: HostReport) -> HostPlan:
    if not report.state.good:
        return HostPlan(trouble=report.trouble or str(report.state))
    document = fleet.document(report)
    changes = [
        {part: change[part] for part in ("path", "change", "diff")}
        for change in document["changes"]
    ]
    digest = hashlib.sha256(json.dumps(changes, sort_keys=True).encode()).hexdigest()
    disruption = Disruption[document["disruption"].upper()]
    return HostPlan(disruption, len(changes), digest)


def applied(report: HostReport) -> Applied:
    if not report.state.good:
        return Applied(trouble=report.trouble or str(report.state))
    outcome = report.result.get("outcome") or {}
    proofs = outcome.get("proofs", ())
    return Applied(tuple(f"{one['what']}: {one['holds']}" for one in proofs))


class ClusterNodes:
    def __init__(
        self, api: Api, options: Options, note: Note, clock: Clock, told: Callable[[str], None]
    ) -> None:
        self._api, self._options, self._note, self._clock = api, options, note, clock
        self._patience = Patience(
            clock, told=lambda fault: told(fault.message), hurried=lambda: False
        )

    async def evacuate(
        self, node: str, *, told: Callable[[Progress], None], stop: asyncio.Event
    ) -> Report:
        return await evacuation.evacuate(
            self._api, node, self._options, self._note, told=told, stop=stop, clock=self._clock
        )

    async def give_back(self, node: str) -> None:
        async def opened() -> None:
            found = await self._api.node(node)
            await nodes.change(self._api, found, lambda one: cordon.open(one, self._note.run))

        await self._patience.ask(opened)

    async def unavailable(self) -> Collection[str]:
        found = await self._patience.ask(self._api.nodes)
        return {node.name for node in found if not (node.ready and node.schedulable)}


def gates(api: Api, asked: Asked) -> tuple[Gate, ...]:
    """Node Ready, then queries, then commands."""
    return (
        NodeReady(api),
        *(Prometheus(text, partial(prometheus.query, url)) for url, text in asked.prometheus),
        *(Command(words(command), run_command) for command in asked.commands),
    )


async def run_command(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    except OSError as error:
        return _NOT_STARTED, str(error.strerror)
    try:
        async with asyncio.timeout(_COMMAND_SECONDS):
            printed, _ = await process.communicate()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return _TIMED_OUT, f"no end within {_COMMAND_SECONDS:g} s"
    return process.returncode or 0, printed.decode(errors="replace")
