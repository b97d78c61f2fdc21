"""
What a run of maintenance was asked for, as its journal keeps it, so that a resume means the same.

Each value is plain JSON; what is made of it is checked here, before anything is begun.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from wharfinger.cli.consent import Allowed
from wharfinger.cli.errors import UsageError
from wharfinger.cli.evacuate_options import Drain
from wharfinger.cli.fleet_options import Fleet
from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.maintenance.fleet.journal import InvalidJournal
from wharfinger.maintenance.fleet.limits import Amount, Limits, Order
from wharfinger.maintenance.fleet.windows import Windows
from wharfinger.maintenance.options import Options


class NotTheSameCluster(UsageError):
    def __init__(self, run: str, was: str, now: str) -> None:
        super().__init__(
            f"cannot resume run {run} at {now}: it is of the cluster at {was}",
            remedy="name the context of that cluster with --context",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    site: str
    inventory: tuple[str, ...]
    limit: str | None
    forks: int | None
    become: bool
    cluster: str
    """The address of its API."""
    kubeconfig: str | None
    context: str | None
    max_unavailable: str
    per: str
    canary: int
    side_by_side: bool
    windows: tuple[str, ...]
    drain_for: str
    prometheus: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]
    gate_seconds: float
    pause_file: str | None
    evacuation: Mapping[str, Any]

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Asked:
        """Read what `to_json` gave. Raise `InvalidJournal` where something is missing."""
        try:
            found = {one.name: document[one.name] for one in fields(cls)}
            for name in ("inventory", "windows", "commands"):
                found[name] = tuple(found[name])
            found["prometheus"] = tuple((url, query) for url, query in found["prometheus"])
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidJournal(1, f"what was asked cannot be read ({error})") from error
        return cls(**found)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def check(self) -> None:
        """Raise where something cannot be read; nothing has been begun."""
        _ = self.limits, self.in_windows, self.options
        for command in self.commands:
            words(command)

    @property
    def fleet(self) -> Fleet:
        return Fleet(
            inventory=self.inventory, limit=self.limit, forks=self.forks, become=self.become
        )

    @property
    def limits(self) -> Limits:
        order = Order.SIDE_BY_SIDE if self.side_by_side else Order.IN_TURN
        return Limits(Amount.parse(self.max_unavailable), self.per, self.canary, order)

    @property
    def in_windows(self) -> Windows:
        return Windows.parse(self.windows)

    @property
    def threshold(self) -> Disruption:
        return Allowed(self.drain_for).disruption

    @property
    def options(self) -> Options:
        return Drain(**self.evacuation).options(wait_replacements=True)


def inventory_path(text: str) -> str:
    """As it can be found from elsewhere; names with commas are names."""
    path = Path(text)
    return str(path.absolute()) if "," not in text and path.exists() else text


def words(command: str) -> tuple[str, ...]:
    try:
        found = tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"cannot read the command {command!r}: {error}") from None
    if not found:
        raise UsageError("cannot run an empty command as a gate")
    return found
