"""
`wharf trust list` and `check`: what this host trusts, and whether registries are trusted by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from wharfinger.cli import host, output, trust_output, trust_site
from wharfinger.cli.errors import UsageError
from wharfinger.cli.options import OUTPUT, Format, Output
from wharfinger.cli.terminal import say
from wharfinger.cli.trust_output import Matrix
from wharfinger.errors import Conflict
from wharfinger.hosts import trust_places
from wharfinger.hosts.on_host import (
    handshake,
    reading,
    runtime_trust,
)
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.on_host.handshake import Seen
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.results import Holds
from wharfinger.oci.registry_host import RegistryHost

AT_ONCE: Final = 16
_PERIOD: Final = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PROGRAMS: Final = {
    "docker": ("docker",),
    "containers": ("podman", "skopeo", "buildah", "crio"),
    "containerd": ("containerd",),
}

RootOption = Annotated[Path, Parameter(show_default=False)]


class Expiring(Conflict):
    """A trusted certificate ends within the time that was asked about."""

    code = "expiring"


class Mistrusted(Conflict):
    """A runtime of this host would refuse a registry."""

    code = "mistrusted"


def list_(
    registry: str | None = None,
    /,
    *,
    expiring: str | None = None,
    metrics: Path | None = None,
    root: RootOption = host.HERE,
    form: Output = OUTPUT,
) -> None:
    """List what this host trusts, and what is wrong with it.

    Parameters
    ----------
    registry
        Only what counts for this registry.
    expiring
        Only what ends within this time (30d, 12h); exits with 1 if there is any.
    metrics
        Also write the ends to this file, for a node exporter.
    root
        Directory tree to look at instead of this host.
    """
    limit = None if expiring is None else _period(expiring)
    now = datetime.now(UTC)
    facts = reading.read_facts(host.machine(root))
    standing = trust_places.find(facts, now)
    if metrics is not None:
        trust_site.write(
            metrics, trust_output.metrics(facts.hostname, standing).encode(), mode=0o644
        )
    if registry is not None:
        wanted = str(RegistryHost.parse(registry))
        standing = [one for one in standing if one.registry in ("", wanted)]
    if limit is not None:
        standing = [
            one
            for one in standing
            if one.certificate is not None and one.certificate.ends <= now + limit
        ]
    rows = [trust_output.list_row(one, now) for one in standing]
    output.show({"items": rows}, form.format, columns=trust_output.LIST_COLUMNS, kind="certificate")
    if limit is not None and rows:
        raise Expiring(f"cannot trust {len(rows)} certificates for longer than {expiring}")


def check(
    registries: list[str] | None = None,
    /,
    *,
    runtime: list[str] | None = None,
    seconds: float = handshake.SECONDS,
    root: RootOption = host.HERE,
    form: Output = OUTPUT,
) -> None:
    """Greet registries as each runtime of this host would.

    Says which trusts a registry, and why not. Exits with 0 if every container runtime trusts every registry. What the system trusts is shown
    beside, and counts if it is named, or where there is no container runtime.

    Parameters
    ----------
    registries
        Registries as image names spell them [default: those that have a directory on this host].
    runtime
        Only these: system, docker, containers, containerd.
    seconds
        How long a registry may take.
    root
        Directory tree to look at instead of this host.
    """
    machine = host.machine(root)
    facts = reading.read_facts(machine)
    asked = [RegistryHost.parse(text) for text in registries or ()]
    asked = asked or trust_places.registries(facts)
    if not asked:
        raise UsageError(
            "cannot check: no registry has a directory on this host", remedy="name registries"
        )
    shown, counted = _runtimes(runtime, facts)
    matrix = _greeted(machine, asked, shown, seconds)
    now = datetime.now(UTC)
    rows = {"items": trust_output.matrix_rows(matrix, now)}
    output.show(rows, form.format, columns=trust_output.matrix_columns(shown), kind="registry")
    if form.format in (Format.TABLE, Format.WIDE):
        for line in trust_output.reasons(matrix):
            say(line)
    failed = [
        f"{runtime} to {registry}"
        for registry, seen in matrix.items()
        for runtime, one in seen.items()
        if runtime in counted and one.holds is not Holds.YES
    ]
    if failed:
        raise Mistrusted(f"cannot show trust of {', '.join(failed)}")


def _period(text: str) -> timedelta:
    match = _PERIOD.fullmatch(text)
    if match is None:
        raise UsageError(f"cannot read {text!r} as a time", remedy="write 30d, 12h or 2w")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _runtimes(named: list[str] | None, facts: Facts) -> tuple[list[str], list[str]]:
    """The runtimes to show, and those of them that count."""
    for name in named or ():
        if name not in runtime_trust.RUNTIMES:
            raise UsageError(
                f"cannot check runtime {name!r}",
                remedy=f"known: {', '.join(runtime_trust.RUNTIMES)}",
            )
    if named:
        return named, named
    there = [name for name, programs in _PROGRAMS.items() if set(programs) & set(facts.runtimes)]
    return ["system", *there], there or ["system"]


def _greeted(
    machine: Machine, registries: Sequence[RegistryHost], runtimes: Sequence[str], seconds: float
) -> Matrix:
    pairs = [(registry, runtime) for registry in registries for runtime in runtimes]

    def greet(pair: tuple[RegistryHost, str]) -> Seen:
        registry, runtime = pair
        trusted = runtime_trust.of(machine.files, runtime, registry)
        return handshake.meet(registry, trusted, go=handshake.go_of(runtime), seconds=seconds)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = dict(zip(pairs, pool.map(greet, pairs), strict=True))
    return {
        str(registry): {runtime: seen[registry, runtime] for runtime in runtimes}
        for registry in registries
    }
