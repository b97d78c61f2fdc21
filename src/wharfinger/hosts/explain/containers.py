"""Podman, CRI-O, Buildah and Skopeo: `hosts.containers.pull`, told with files and lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wharfinger.hosts.containers import pull
from wharfinger.hosts.containers.pull import Attempt, Files, Names
from wharfinger.hosts.explain import verdict
from wharfinger.hosts.explain.verdict import Explanation, Source
from wharfinger.hosts.formats.registries_conf import Place
from wharfinger.hosts.formats.source import UnreadableFile
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.on_host.runtime_trust import CONTAINERS_CERTS
from wharfinger.hosts.runtimes import containers
from wharfinger.oci.reference import ImageReference

_SEARCHING = ("podman", "crio", "buildah")
_SKOPEO = "skopeo"


def explain(facts: Facts, image: ImageReference) -> Iterator[Explanation]:
    """One for each full name that is tried; Skopeo has its own where the name is short."""
    if not containers.concerns(facts):
        return
    try:
        files = pull.read(facts)
    except UnreadableFile as error:
        place = Place(error.name, error.line)
        yield Explanation(containers.NAME, image.full(), False, error.reason, place)
        return
    names = pull.names(files, image)
    searching = any(tool in facts.runtimes for tool in _SEARCHING)
    if searching:
        yield from _searched(facts, files, names, image)
    full = pull.written_out(image)
    if _SKOPEO in facts.runtimes and not (searching and full in names.images):
        yield _of(facts, _SKOPEO, pull.attempt(files, full))


def _searched(
    facts: Facts, files: Files, names: Names, image: ImageReference
) -> Iterator[Explanation]:
    if not names.images:
        reason = "it names no registry, and no registry is searched"
        yield Explanation(containers.NAME, image.full(), False, reason, names.place)
    for name in names.images:
        found = _of(facts, containers.NAME, pull.attempt(files, name))
        if names.place is not None:
            found = replace(found, reason=f"{found.reason}; the short name by {names.place}")
        if names.asks and found.allowed and files.registries.mode is not None:
            reason = "the tools ask which name is meant, and refuse where there is no terminal"
            found = replace(found, reason=reason, place=files.registries.mode.place)
        yield found


def _of(facts: Facts, runtime: str, attempt: Attempt) -> Explanation:
    reason, place = _why(attempt)
    sources = tuple(_source(facts, source) for source in attempt.sources if source.blocked is None)
    allowed = attempt.allowed
    return Explanation(
        runtime, attempt.image.full(), allowed, reason, place, sources if allowed else ()
    )


def _why(attempt: Attempt) -> tuple[str, Place]:
    section = attempt.section
    if (misnamed := attempt.misnamed) is not None and misnamed.place is not None:
        return f"it would be asked for as {misnamed.name!r}, which is no name", misnamed.place
    if (blocked := attempt.blocked) is not None and blocked.place is not None:
        return f"{blocked.prefix} is blocked", blocked.place
    scope = section.scope or "registries with no entry of their own"
    if section.refuses:
        return f"{scope}: reject", section.place
    if section.signatures:
        return f"{scope}: if its signature is good ({', '.join(section.signatures)})", section.place
    return f"{scope}: accepted", section.place


def _source(facts: Facts, source: pull.Source) -> Source:
    host = source.host
    found = verdict.certificates(facts, CONTAINERS_CERTS, host)
    name = verdict.address(host) + source.name.removeprefix(host)
    return Source(name, source.insecure, found.authorities, found.client, source.place)
