"""
`wharf hosts plan|apply -i INVENTORY`: many hosts, through ansible-core.

Ansible runs as a process of its own with our collection and our callback, and with the settings,
inventory, vaults and terminal of whoever called us. Nothing that is secret is among its arguments.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from wharfinger.cli import fleet_output, site_file
from wharfinger.cli.errors import PartlyDone
from wharfinger.cli.fleet_options import DEFAULT_BATCH, Fleet
from wharfinger.cli.options import Format
from wharfinger.cli.terminal import note, progress, sanitized
from wharfinger.errors import NotFound, Unsupported, WharfingerError
from wharfinger.hosts import fleet
from wharfinger.hosts.fleet import Batch, Event, HostReport, State
from wharfinger.hosts.on_host.changes import Disruption

_SETTINGS: Final = {
    "ANSIBLE_STDOUT_CALLBACK": "wharfinger.site.fleet",
    "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "1",  # it is installed beside us
}


class NoAnsible(Unsupported):
    code = "no-ansible"

    def __init__(self) -> None:
        super().__init__(
            "cannot reach the hosts of an inventory: ansible-core is not installed",
            remedy="install it beside wharfinger: pip install 'wharfinger[fleet]'",
        )


class NoHosts(NotFound):
    code = "no-hosts"

    def __init__(self) -> None:
        super().__init__(
            "cannot find a host in the inventory",
            remedy="look at `ansible-inventory --graph`, and at what --limit leaves of it",
        )


class AnsibleFailed(WharfingerError):
    """It ended before the first host, and has said itself why."""

    code = "ansible-failed"

    def __init__(self, status: int) -> None:
        super().__init__(f"cannot run the fleet: Ansible ended with {status} before the first host")
        self.status = status


class AllFailed(WharfingerError):
    code = "all-hosts-failed"

    def __init__(self, count: int) -> None:
        super().__init__(f"cannot do any of {count} hosts: see the errors above")
        self.count = count


def plan(site: Path, chosen: Fleet, form: Format) -> None:
    """Print what each host would change. Nothing on any of them does."""
    site_file.load(site)  # its faults are told once, not by each host
    play = fleet.play(site.absolute(), check=True, disruption=Disruption.DRAIN)
    reports = run(play, chosen, _SHOWN)
    fleet_output.show(reports, form, with_changes=True)
    _conclude(reports)


def apply(
    site: Path, chosen: Fleet, form: Format, *, disruption: Disruption, serial: str = DEFAULT_BATCH
) -> None:
    """Bring each host to the site file, a batch at a time; end after the batch in which one fails."""
    batch = Batch.parse(serial)
    site_file.load(site)
    play = fleet.play(site.absolute(), check=False, disruption=disruption, batch=batch)
    reports = run(play, chosen, _SHOWN)
    fleet_output.show(reports, form, with_changes=False)
    _conclude(reports)


class Heard(NamedTuple):
    """Who hears what is told of a host, and what else Ansible says. `apart`: a Ctrl-C is not for it."""

    report: Callable[[HostReport], None]
    line: Callable[[str], None]
    apart: bool = False


def run(play: str, chosen: Fleet, heard: Heard) -> Sequence[HostReport]:
    """Run a play; raise where not even one host was tried."""
    with tempfile.TemporaryDirectory(prefix="wharf-") as folder:
        playbook = Path(folder, "play.yaml")
        playbook.write_text(play)
        with subprocess.Popen(
            (*_program("playbook"), *chosen.arguments(), str(playbook)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if heard.apart else None,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, **_SETTINGS},
            start_new_session=heard.apart,
        ) as ansible:
            assert ansible.stdout is not None
            reports = fleet.recap(_told(ansible.stdout, heard))
    if reports:
        return reports
    raise AnsibleFailed(ansible.returncode) if ansible.returncode else NoHosts


def variables(chosen: Fleet, name: str) -> dict[str, str]:
    """What a variable is for each host, as it stands in the inventory; hosts without it have "".

    An expression in it is not evaluated.
    """
    program = (
        *_program("inventory"),
        "--list",
        *replace(chosen, forks=None, become=False).arguments(),
    )
    done = subprocess.run(program, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise AnsibleFailed(done.returncode)
    document = json.loads(done.stdout)
    values = document.get("_meta", {}).get("hostvars", {})
    hosts = dict.fromkeys(
        host for group in document.values() for host in group.get("hosts", ()) if group
    )
    return {host: str(values.get(host, {}).get(name, "")) for host in hosts}


def _program(tool: str) -> tuple[str, ...]:
    if importlib.util.find_spec("ansible") is None:
        raise NoAnsible
    # -P: a folder that we happen to stand in has no say in what is imported.
    return (sys.executable, "-P", "-m", "ansible", tool)


def _told(lines: Iterator[str], heard: Heard) -> Iterator[Event]:
    """What Ansible tells of hosts, each told on as it comes, and so is what else it says."""
    for line in lines:
        told = fleet.event(line)
        if told is None:
            heard.line(line.rstrip("\n"))
            continue
        for report in told:
            heard.report(report)
        yield told


def _mention(report: HostReport) -> None:
    if report.state.bad:
        note(sanitized(f"error: {report.name}: {report.trouble or report.state}"))
    elif report.state is not State.NOT_TRIED:
        progress(sanitized(f"{report.name}: {report.state}"))


_SHOWN: Final = Heard(_mention, lambda line: note(sanitized(line)))


def _conclude(reports: Sequence[HostReport]) -> None:
    failed = sum(report.state.bad for report in reports)
    if failed == len(reports):
        raise AllFailed(failed)
    if failed:
        raise PartlyDone(sum(not report.state.good for report in reports), len(reports))
