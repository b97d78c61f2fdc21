"""The options of an evacuation: those of `kubectl drain`, as its users type them, and ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Group, Parameter, Token

from wharfinger.cli.errors import UsageError
from wharfinger.cli.options import Flag, Text
from wharfinger.cluster import selector
from wharfinger.cluster.errors import BadRequest
from wharfinger.cluster.selector import LabelRequirement
from wharfinger.maintenance.options import Options

DRAIN_GROUP: Final = Group("Options of kubectl drain", sort_key=10)
TELLING_GROUP: Final = Group("Whom to tell", sort_key=20)

_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)", re.ASCII)
_DURATION: Final = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)
_PLAIN: Final = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)
_OPERATORS: Final = {"in": "In", "notin": "NotIn", "exists": "Exists", "absent": "DoesNotExist"}


def seconds(text: str) -> float:
    """Read `5m`, `1h30m` or `0s` as kubectl does, and a plain number as seconds."""
    if _PLAIN.fullmatch(text):
        return float(text)
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration: write 90, 90s, 5m or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def _read_duration(_: Any, tokens: Sequence[Token]) -> float:
    return seconds(tokens[0].value)


Duration = Annotated[float, Parameter(converter=_read_duration, show_default=False)]
"""Seconds, typed as kubectl's users type them."""


class DryRun(StrEnum):
    NONE = "none"
    CLIENT = "client"
    SERVER = "server"


@Parameter(name="*", group=DRAIN_GROUP)
@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """What `kubectl drain` takes, with its defaults."""

    ignore_daemonsets: Flag = False
    """Leave pods of DaemonSets where they are, instead of refusing the node for them."""

    delete_emptydir_data: Annotated[
        Flag, Parameter(name=["--delete-emptydir-data", "--delete-local-data"])
    ] = False
    """Let pods with emptyDir volumes go; what is in these is lost."""

    force: Flag = False
    """Let pods go that nobody makes anew."""

    grace_period: int = -1
    """Seconds for each pod to end; below 0: what the pod itself asks for."""

    timeout: Duration = 0.0
    """When to give up, as 5m or 90s; 0: never."""

    pod_selector: Text = ""
    """Only pods with these labels."""

    skip_wait_for_delete_timeout: Duration = 0.0
    """Do not wait for pods that have been ending for longer than so many seconds; 0: wait."""

    disable_eviction: Flag = False
    """Delete pods instead of evicting them. No disruption budget is asked."""

    dry_run: Annotated[bool | DryRun, Parameter(negative=(), show_default=False)] = False
    """Change nothing: client (also without a word) says what would be done, server asks the API too."""

    chunk_size: Annotated[int, Parameter(show_default=False)] = 500
    """Accepted for scripts: lists always come in pages."""

    @property
    def dry(self) -> DryRun:
        if isinstance(self.dry_run, DryRun):
            return self.dry_run
        return DryRun.CLIENT if self.dry_run else DryRun.NONE

    def options(self, *, wait_replacements: bool = False, once: bool = False) -> Options:
        return Options(
            ignore_daemon_sets=self.ignore_daemonsets,
            delete_empty_dir_data=self.delete_emptydir_data,
            force=self.force,
            grace=self.grace_period,
            timeout=self.timeout,
            pod_selector=label_selector(self.pod_selector),
            skip_wait_for_delete=self.skip_wait_for_delete_timeout,
            disable_eviction=self.disable_eviction,
            wait_replacements=wait_replacements,
            once=once,
        )


@Parameter(name="*", group=TELLING_GROUP)
@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Who hears of it besides the terminal. None of it can make an evacuation fail."""

    events: Annotated[bool, Parameter(negative="--no-events", show_default=False)] = True
    """Write Events on the node, which `kubectl describe node` shows [default]."""

    metrics: Annotated[Path | None, Parameter(show_default=False)] = None
    """File for metrics, as node_exporter's textfile collector reads it (its name ends in .prom)."""

    webhook: Annotated[str | None, Parameter(show_default=False)] = None
    """Address that gets a JSON POST at the start, when pods are held, and at the end."""


DRAIN: Final = Drain()
TELLING: Final = Telling()


def label_selector(text: str) -> Mapping[str, Any] | None:
    """A typed selector as the LabelSelector of meta/v1; None if there is none."""
    try:
        requirements = selector.parse_labels(text)
    except BadRequest as error:
        raise UsageError(error.message, remedy="write it as app=web,tier in (a, b),!old") from None
    if not requirements:
        return None
    return {"matchExpressions": [_expression(one) for one in requirements]}


def _expression(requirement: LabelRequirement) -> Mapping[str, Any]:
    operator = _OPERATORS.get(requirement.operator)
    if operator is None:
        raise UsageError("cannot choose pods by < or >", remedy="name the values with `in (…)`")
    values = {"values": list(requirement.values)} if requirement.values else {}
    return {"key": requirement.key, "operator": operator, **values}
