"""`wharf search`: ask the registries of the site for images, all at once, and list them in its order."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from wharfinger.cli import output, registry_logins, site_file, site_registries
from wharfinger.cli.errors import PartlyDone, UsageError
from wharfinger.cli.options import OUTPUT, Format, Many, Output
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import Color, error_lines, note, sanitized, say, wants_color
from wharfinger.errors import Forbidden, Unavailable
from wharfinger.hosts.site.model import Site
from wharfinger.oci.reference import ImageReference
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.access import AccessVerdict
from wharfinger.remote.errors import RemoteError
from wharfinger.remote.logins import LoginFile
from wharfinger.remote.reach import Reach
from wharfinger.remote.registries import Registries
from wharfinger.remote.retry import NEVER
from wharfinger.remote.search import Match, Matches, Peer
from wharfinger.remote.search import every as ask_every

MOST: Final = 1_000
MOST_SECONDS: Final = 3_600

COLUMNS: Final = (
    Column("REGISTRY", lambda row: str(row["registry"])),
    Column("NAME", lambda row: str(row["name"])),
    Column("STARS", lambda row: str(row["stars"] or ""), wide=True),
    Column("OFFICIAL", lambda row: "yes" if row["official"] else "", wide=True),
    Column("DESCRIPTION", lambda row: str(row["description"])),
)


class NobodyAnswered(Unavailable):
    code = "nobody-answered"

    def __init__(self, count: int) -> None:
        asked = "the registry" if count == 1 else f"any of {count} registries"
        super().__init__(f"cannot search {asked}: see above")


class AllBlocked(Forbidden):
    """The site blocks every registry that would be asked."""

    code = "all-blocked"

    def __init__(self) -> None:
        super().__init__(
            "cannot search: the site blocks each of the registries",
            remedy="see registries.allow and registries.block of the site file",
        )


def search(
    term: str,
    /,
    *,
    site: Annotated[Path | None, Parameter(show_default=False)] = None,
    registry: Many = (),
    limit: int = 25,
    timeout: float = 10.0,
    token_server: Many = (),
    form: Output = OUTPUT,
) -> None:
    """Search the registries of the site for images.

    In the order in which hosts search them.

    Registries that the site blocks are not asked. Logins are those of Podman and Docker.

    Parameters
    ----------
    term
        What the name of an image shall have in it.
    site
        The site file [default: site.yaml].
    registry
        Ask this registry instead of those of the site; may be given again.
    limit
        Most images to list of each registry.
    timeout
        Seconds that each registry may take.
    token_server
        Host of a token service that may see the login of a registry elsewhere.
    """
    _require_sane(term, limit, timeout)
    wanted = Site() if registry and site is None else site_file.load(site or site_file.DEFAULT)
    named = frozenset(RegistryHost.parse(host).host for host in token_server)
    hosts = _unblocked(wanted, _asked(wanted, registry))
    files = registry_logins.files()
    peers = [_peer(wanted, host, files) for host in hosts]
    outcomes = asyncio.run(_outcomes(wanted, peers, term, limit, timeout, named))
    found = list(zip(hosts, outcomes, strict=True))
    _show(wanted, found, form)
    _tell(found)


def _require_sane(term: str, limit: int, timeout: float) -> None:
    if not term.strip() or len(term) > 200 or not term.isprintable():
        raise UsageError("cannot search for this term: give a part of an image's name")
    if not 1 <= limit <= MOST:
        raise UsageError(f"cannot list {limit} images: --limit is from 1 to {MOST}")
    if not 0 < timeout <= MOST_SECONDS:
        raise UsageError(f"cannot wait {timeout:g} s for an answer")


async def _outcomes(
    site: Site, peers: Sequence[Peer], term: str, limit: int, seconds: float, named: frozenset[str]
) -> list[Matches | RemoteError]:
    registries = Registries(
        reach=Reach.everywhere(),
        trust=lambda host: site_registries.trust_of(site, host),
        retry=NEVER,  # a person waits, and may ask again
        named=named,
    )
    async with registries:
        return await ask_every(registries, peers, term, limit=limit, seconds=seconds)


# Whom to ask


def _asked(site: Site, given: Sequence[str]) -> list[RegistryHost]:
    """Those that are given, else those that are searched, else those that are allowed."""
    hosts = [RegistryHost.parse(text) for text in given] or list(site.registries.search or ())
    if not hosts:
        allowed = site.registries.allow or ()
        hosts = [pattern.registry for pattern in allowed if not pattern.wildcard]
    if not hosts:
        raise UsageError(
            "cannot tell which registries to search: the site file names none",
            remedy="add registries.search to it, or give --registry HOST",
        )
    return list(dict.fromkeys(hosts))


def _unblocked(site: Site, hosts: Sequence[RegistryHost]) -> list[RegistryHost]:
    """Leave out, and say so, what is blocked as a whole."""
    asked = []
    for host in hosts:
        verdict = _blocked(site, host)
        if verdict is None:
            asked.append(host)
        else:
            note(f"note: {host} is not asked: {verdict.reason}")
    if not asked:
        raise AllBlocked
    return asked


def _blocked(site: Site, host: RegistryHost) -> AccessVerdict | None:
    """Why nothing of a registry may be used; `None` if something may."""
    access = site.registries.access
    if access is None:
        return None
    paths = [one.path for one in access.allow or () if one.registry == host and one.path]
    verdicts = [access.decide(ImageReference(str(host), name=path)) for path in ("any", *paths)]
    return None if any(verdict.allowed for verdict in verdicts) else verdicts[0]


def _peer(site: Site, host: RegistryHost, files: Sequence[LoginFile]) -> Peer:
    login = registry_logins.login(files, ImageReference(str(host)))
    return Peer(host, login, site_registries.is_insecure(site, host))


# What came of it

Found = Sequence[tuple[RegistryHost, Matches | RemoteError]]


def _show(site: Site, found: Found, form: Output) -> None:
    rows = [_row(host, one) for host, one in _matches(site, found)]
    if form.format is Format.NAME:
        for row in rows:
            say(sanitized(f"{row['registry']}/{row['name']}"))
    elif form.format in (Format.JSON, Format.YAML):
        failures = [
            {"registry": str(host), "code": outcome.code, "reason": outcome.reason}
            for host, outcome in found
            if isinstance(outcome, RemoteError)
        ]
        say(output.documents({"items": rows, "failures": failures}, form.format))
    elif rows:
        wide = form.format is Format.WIDE
        say(output.table(rows, [column for column in COLUMNS if wide or not column.wide]))
    else:
        note("note: no image was found")


def _matches(site: Site, found: Found) -> list[tuple[RegistryHost, Match]]:
    """In the order of the registries, without images that the site blocks."""
    access = site.registries.access
    every = [
        (host, one)
        for host, outcome in found
        if isinstance(outcome, Matches)
        for one in outcome.found
    ]
    return [pair for pair in every if access is None or access.decide(pair[1].image).allowed]


def _row(host: RegistryHost, match: Match) -> dict[str, Any]:
    return {
        "registry": str(host),
        "name": match.image.repository,
        "description": match.description,
        "stars": match.stars,
        "official": match.official,
    }


def _tell(found: Found) -> None:
    """Say what is missing from the list, and end accordingly."""
    color = wants_color(Color.AUTO, sys.stderr, os.environ)
    failures = [outcome for _, outcome in found if isinstance(outcome, RemoteError)]
    for failure in failures:
        note(error_lines(failure, color=color))
    for host, outcome in found:
        if isinstance(outcome, Matches) and outcome.cut:
            note(f"note: {host} has more: give a larger --limit or a longer term")
    if len(failures) == len(found):
        raise NobodyAnswered(len(found))
    if failures:
        raise PartlyDone(len(failures), len(found))
