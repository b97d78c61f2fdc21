"""The options of `wharf maintain`, beside those of a fleet and of an evacuation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Group, Parameter

from wharfinger.cli.consent import Allowed
from wharfinger.cli.evacuate_options import TELLING_GROUP, Duration
from wharfinger.cli.options import Flag, Many, Text

PACE: Final = Group("How many at a time, and when", sort_key=3)
GATES: Final = Group("What must hold before the next host", sort_key=4)
RUNS: Final = Group("Runs", sort_key=5)
_GATE_SECONDS: Final = 300.0


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
    """Go on with a run, or with the last, as it was asked for."""

    abort: str | None = None
    """End a run, or the last, for good: its nodes go back into service."""

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


@Parameter(name="*", group=TELLING_GROUP)
@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Who hears of it besides the terminal. None of it can make a run fail."""

    events: Annotated[bool, Parameter(negative="--no-events", show_default=False)] = True
    """Write Events on the nodes, which `kubectl describe node` shows [default]."""

    webhook: Annotated[str | None, Parameter(show_default=False)] = None
    """Address that gets a JSON POST when a node is emptied, is held, and when a host is over."""

    metrics: Annotated[Path | None, Parameter(show_default=False)] = None
    """File for metrics, as node_exporter's textfile collector reads it (its name ends in .prom)."""


HEARING_OPTIONS: Final = Hearing()
PACE_OPTIONS: Final = Pace()
GATE_OPTIONS: Final = Gating()
RUN_OPTIONS: Final = Runs()
