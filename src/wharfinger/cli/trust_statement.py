"""
`wharf trust add`, `remove` and `retire`: the site file's statement of whom hosts trust.

The site file is the one statement of it; `wharf hosts apply` brings hosts there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from wharfinger.cli import host, site_file
from wharfinger.cli.errors import Blocked, UsageError
from wharfinger.cli.options import Flag
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.cli.trust_site import Edited
from wharfinger.hosts import authorities, certificates
from wharfinger.hosts.certificates import Certificate
from wharfinger.hosts.on_host import (
    handshake,
    runtime_trust,
)
from wharfinger.hosts.on_host.results import Holds
from wharfinger.hosts.on_host.runtime_trust import Trusted
from wharfinger.oci.registry_host import RegistryHost

SiteOption = Annotated[Path, Parameter(show_default=True)]
RootOption = Annotated[Path, Parameter(show_default=False)]


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
    """Let hosts trust one more authority.

    Those that they trust already stay.

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


def remove(
    registry: str | None = None,
    /,
    *,
    fingerprint: str | None = None,
    system: Flag = False,
    site: SiteOption = site_file.DEFAULT,
) -> None:
    """Take a registry or an authority out of the site file.

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


def retire(
    registry: str,
    /,
    *,
    fingerprint: str,
    site: SiteOption = site_file.DEFAULT,
    root: RootOption = host.HERE,
) -> None:
    """End a rotation: take an old authority out.

    It is refused if the registry is not trusted without it. The registry is greeted with what stays: the other authorities and those of this host's system.

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
    bundle = runtime_trust.system_bundle(host.machine(root).files)
    return Trusted((*left, *bundle), edited.client(where))
