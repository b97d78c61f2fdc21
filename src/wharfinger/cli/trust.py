"""
`wharf trust`: whom hosts trust to vouch for a registry.

`add`, `remove` and `retire` edit the site file, which is the one statement of it; `wharf hosts apply`
brings hosts there. `list`, `check`, `backup` and `restore` look at this host, or with `--root` at a
directory tree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from wharfinger.cli import hosts_output, output, site_file, trust_output
from wharfinger.cli.errors import Blocked, UsageError
from wharfinger.cli.hosts import RolledBack
from wharfinger.cli.options import OUTPUT, Flag, Format, Output
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.cli.trust_output import Matrix
from wharfinger.cli.trust_site import CannotWrite, Edited
from wharfinger.errors import Conflict
from wharfinger.hosts import authorities, certificates, trust_places
from wharfinger.hosts.certificates import Certificate
from wharfinger.hosts.on_host import (
    apply as applying,
)
from wharfinger.hosts.on_host import (
    distribution,
    handshake,
    reading,
    runtime_trust,
    trust_backup,
)
from wharfinger.hosts.on_host.changes import MakeDirectory, Order, RemoveDirectory, RemoveFile
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.on_host.handshake import Seen
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.results import Ending, Holds
from wharfinger.hosts.on_host.runtime_trust import Trusted
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.system import files

app = App(name="trust", help="Say whom hosts trust, look at it, prove it, back it up.")

HERE: Final = Path("/")
AT_ONCE: Final = 16
_PERIOD: Final = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PROGRAMS: Final = {
    "docker": ("docker",),
    "containers": ("podman", "skopeo", "buildah", "crio"),
    "containerd": ("containerd",),
}

SiteOption = Annotated[Path, Parameter(show_default=True)]
RootOption = Annotated[Path, Parameter(show_default=False)]


class Expiring(Conflict):
    """A trusted certificate ends within the time that was asked about."""

    code = "expiring"


class Mistrusted(Conflict):
    """A runtime of this host would refuse a registry."""

    code = "mistrusted"


# The statement


@app.command
def add(
    registry: str | None = None,
    /,
    *,
    ca: list[Path] | None = None,
    client_cert: Path | None = None,
    client_key: Path | None = None,
    system: Flag = False,
    site: SiteOption = site_file.DEFAULT,
) -> None:
    """Let hosts trust authorities, beside those that they trust already.

    Parameters
    ----------
    registry
        The registry that they vouch for, as image names spell it: host or host:port.
    ca
        File with certificates of CAs, PEM or DER.
    client_cert
        Certificate that hosts show to the registry.
    client_key
        Its private key, which stays in its file.
    system
        Trust the authorities for everything on a host.
    site
        The site file.
    """
    where = _where(registry, system=system)
    found = [one for path in ca or () for one in _authorities(path, where)]
    if not found and client_cert is None:
        raise UsageError("cannot add nothing", remedy="name a file with --ca")
    edited = Edited(site)
    beside = edited.authorities(where)
    added = edited.add(where, found) if found else []
    if client_cert is not None or client_key is not None:
        _show(edited, where, client_cert, client_key)
    edited.save()
    for name in added:
        say(f"written: {sanitized(str(site.parent / name))}")
    say(f"{_whom(where)}: {len(edited.authorities(where))} authorities in {sanitized(str(site))}")
    _warn(found, beside)
    if added and beside:
        note("both old and new are trusted now; `wharf trust retire` takes an old one out again")
    note("`wharf hosts apply` brings hosts there")


@app.command
def remove(
    registry: str | None = None,
    /,
    *,
    fingerprint: str | None = None,
    system: Flag = False,
    site: SiteOption = site_file.DEFAULT,
) -> None:
    """Take a registry, or one authority of it, out of the site file.

    Parameters
    ----------
    registry
        The registry.
    fingerprint
        Only the authority whose SHA-256 begins so.
    system
        An authority of the whole host.
    site
        The site file.
    """
    where = _where(registry, system=system)
    edited = Edited(site)
    if fingerprint is not None:
        gone = edited.drop(where, _hexadecimal(fingerprint))
        told = f"{_whom(where)}: {sanitized(repr(gone.subject))} is trusted no more"
    elif where is None:
        raise UsageError("cannot remove all of system", remedy="say which with --fingerprint")
    else:
        edited.forget(where)
        told = f"{where}: removed from {sanitized(str(site))}"
    edited.save()
    say(told)
    note("`wharf hosts apply` brings hosts there")


@app.command
def retire(
    registry: str,
    /,
    *,
    fingerprint: str,
    site: SiteOption = site_file.DEFAULT,
    root: RootOption = HERE,
) -> None:
    """End a rotation: take an old authority out, if the registry is trusted without it.

    The registry is greeted with what stays: the other authorities and those of this host's system.

    Parameters
    ----------
    registry
        The registry.
    fingerprint
        The old authority: the beginning of its SHA-256.
    site
        The site file.
    root
        Directory tree with the system's authorities, instead of this host.
    """
    where = RegistryHost.parse(registry)
    edited = Edited(site)
    gone = edited.drop(where, _hexadecimal(fingerprint))
    left = [one.der for one in edited.authorities(where)]
    seen = handshake.meet(where, _without(left, root, edited, where), go=True)
    if seen.holds is not Holds.YES:
        raise Blocked(
            f"cannot retire {gone.subject!r}: without it {where} is not trusted: {seen.why}",
            remedy="let the registry show its new certificate first, or use `wharf trust remove`",
        )
    edited.save()
    say(f"{where}: {sanitized(repr(gone.subject))} is trusted no more")
    note("`wharf hosts apply` brings hosts there")


# This host


@app.command(name="list")
def list_(
    registry: str | None = None,
    /,
    *,
    expiring: str | None = None,
    metrics: Path | None = None,
    root: RootOption = HERE,
    form: Output = OUTPUT,
) -> None:
    """List what this host trusts, whoever put it there, and what is wrong with it.

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
    facts = reading.read_facts(_machine(root))
    standing = trust_places.find(facts, now)
    if metrics is not None:
        _write(metrics, trust_output.metrics(facts.hostname, standing).encode(), mode=0o644)
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


@app.command
def check(
    registries: list[str] | None = None,
    /,
    *,
    runtime: list[str] | None = None,
    seconds: float = handshake.SECONDS,
    root: RootOption = HERE,
    form: Output = OUTPUT,
) -> None:
    """Greet registries with what each runtime of this host trusts, and say why one does not.

    Exits with 0 if every container runtime trusts every registry. What the system trusts is shown
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
    machine = _machine(root)
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


@app.command
def backup(path: Path = Path(), /, *, root: RootOption = HERE) -> None:
    """Write all that makes this host trust to one file, client keys included: keep it private.

    Parameters
    ----------
    path
        File to write, or a directory; in a directory the file is named after host and time.
    root
        Directory tree to look at instead of this host.
    """
    taken = trust_backup.take(_machine(root))
    target = path / taken.name if path.is_dir() else path
    _write(target, trust_backup.to_bytes(taken), mode=files.PRIVATE_FILE)
    say(sanitized(str(target)))
    _tell_left_out(taken)


@app.command
def contents(file: Path, /, *, form: Output = OUTPUT) -> None:
    """Verify a backup and list what is in it.

    Parameters
    ----------
    file
        The backup.
    """
    held = _backup(file)
    output.show(
        trust_output.backup_document(held),
        form.format,
        columns=trust_output.CONTENT_COLUMNS,
        kind="file",
    )
    _tell_left_out(held)


@app.command
def restore(
    file: Path,
    /,
    *,
    dry_run: Flag = False,
    root: RootOption = HERE,
) -> None:
    """Bring the trust directories of this host to what a backup has: bytes, modes and owners.

    What the backup does not have is removed from them. `wharf hosts undo` takes a restore back.

    Parameters
    ----------
    file
        The backup; it is verified first.
    dry_run
        Only say what would change.
    root
        Directory tree to restore to instead of this host.
    """
    machine = _machine(root)
    held, lost = trust_backup.mapped(_backup(file), distribution.read(machine.files).family)
    for path in lost:
        note(f"warning: {sanitized(path)} has no place on this distribution")
    if not dry_run:
        applying.recover(machine)
    order = trust_backup.order(held, trust_backup.take(machine))
    if dry_run:
        say(_changes(order))
        return
    outcome = applying.apply(order, machine)
    say(hosts_output.outcome_text(outcome))
    if outcome.ending is Ending.ROLLED_BACK:
        raise RolledBack(outcome)


# What the commands have in common


def _where(registry: str | None, *, system: bool) -> RegistryHost | None:
    if (registry is None) is not system:
        raise UsageError(
            "cannot tell for what an authority counts",
            remedy="name a registry, or give --system, and not both",
        )
    return None if registry is None else RegistryHost.parse(registry)


def _whom(where: RegistryHost | None) -> str:
    return "the whole host" if where is None else str(where)


def _authorities(path: Path, where: RegistryHost | None) -> Sequence[Certificate]:
    content = site_file.read(path, str(path)).content
    return authorities.read(content, str(path), datetime.now(UTC), registry=where)


def _show(
    edited: Edited, where: RegistryHost | None, certificate: Path | None, key: Path | None
) -> None:
    if where is None or certificate is None or key is None:
        raise UsageError(
            "cannot add a client certificate: it needs a registry, a certificate and its key",
            remedy="give REGISTRY, --client-cert and --client-key",
        )
    certificates.client(
        site_file.read(certificate, str(certificate)).content,
        site_file.read(key, str(key)).content,
        str(certificate),
        datetime.now(UTC),
    )
    edited.show(where, certificate, key)


def _warn(found: Sequence[Certificate], beside: Sequence[Certificate]) -> None:
    for text in authorities.warnings(found, datetime.now(UTC), beside=beside):
        note(f"warning: {sanitized(text)}")


def _hexadecimal(text: str) -> str:
    """A fingerprint as any tool prints it."""
    plain = text.lower().rpartition("=")[2].replace(":", "")
    if re.fullmatch(r"[0-9a-f]{8,64}", plain) is None:
        raise UsageError(f"cannot read fingerprint {text!r}: give 8 to 64 hexadecimal digits")
    return plain


def _without(left: list[bytes], root: Path, edited: Edited, where: RegistryHost) -> Trusted:
    bundle = runtime_trust.system_bundle(_machine(root).files)
    return Trusted((*left, *bundle), edited.client(where))


def _machine(root: Path) -> Machine:
    if not root.is_dir():
        raise UsageError(f"cannot use {str(root)!r} as a root: it is no directory")
    return Machine(str(root))


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


def _write(path: Path, content: bytes, *, mode: int) -> None:
    try:
        files.write(path, content, mode=mode)
    except OSError as error:
        raise CannotWrite(path, error) from None


def _backup(path: Path) -> trust_backup.Backup:
    content = site_file.read(path, str(path), limit=trust_backup.SIZE_LIMIT).content
    return trust_backup.from_bytes(content)


def _tell_left_out(backup: trust_backup.Backup) -> None:
    for path, why in backup.left_out.items():
        note(f"warning: {sanitized(path)} is not in the backup: {sanitized(why)}")


def _changes(order: Order) -> str:
    lines = []
    for change in order.files:
        gone = isinstance(change, RemoveFile | RemoveDirectory)
        folder = isinstance(change, MakeDirectory | RemoveDirectory)
        lines.append(f"{'remove' if gone else 'restore'} {sanitized(change.path)}{'/' * folder}")
    return "\n".join(lines) or "already as in the backup"
