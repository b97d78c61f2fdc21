"""
What a host's files for Podman, CRI-O, Buildah and Skopeo say: `registries.conf`, `policy.json`.

The older syntaxes of `registries.conf` are those of the day-two guide, where `block_registries: all`
leaves the searched registries open: that list is the allow list then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from wharfinger.hosts.adopt.said import Note, Said, Told, ToldMirror
from wharfinger.hosts.containers import policy
from wharfinger.hosts.formats import registries_conf
from wharfinger.hosts.formats.registries_conf import Named, Place, RegistriesConf, RegistryEntry
from wharfinger.hosts.formats.source import FileTooLarge, UnreadableFile
from wharfinger.policy.access import ALL, AccessPolicy, InvalidAccessPolicy

ACCESS: Final = "/etc/wharfinger/access.json"
OURS: Final = f"{registries_conf.DROP_INS}50-wharfinger.conf"
PUBLIC: Final = "public"
"""Docker of the RHEL kind: another word for Docker Hub on a block list."""


def registries(files: Mapping[str, bytes]) -> Said | None:
    """What `registries.conf` with its drop-ins says, `None` without any."""
    try:
        found = registries_conf.of_host(files)
    except (UnreadableFile, FileTooLarge) as error:
        return unreadable(error)
    return None if found is None else _said(found)


def unreadable(error: UnreadableFile | FileTooLarge) -> Said:
    """A file that its own tools would refuse: nothing of it is carried over."""
    if isinstance(error, UnreadableFile):
        note = Note(Place(error.name, error.line), f"cannot read it: {error.reason}")
    else:
        note = Note(Place(error.name), error.message)
    return Said(error.name, notes=(note,))


def closed(search: tuple[Told, ...] | None, block: Iterable[Told]) -> tuple[Told, ...] | None:
    """The allow list that `all` on a block list of the older kind means."""
    return (search or ()) if any(one.text == ALL for one in block) else None


def blocked(names: Iterable[Told]) -> tuple[Told, ...]:
    return tuple(Told("docker.io", one.place) if one.text == PUBLIC else one for one in names)


def _said(found: RegistriesConf) -> Said:
    search = _told(found.search)
    notes = [Note(note.place, f"left out: {note.text}") for note in found.notes]
    notes += _aliases(found)
    block = _told(found.blocked)
    insecure = _told(found.insecure)
    if found.syntax is registries_conf.Syntax.V2:
        block, insecure = _of_entries(found.entries, notes)
    return Said(
        found.file,
        search=search,
        allow=closed(search, block or ()),
        block=None if block is None else blocked(block),
        insecure=insecure,
        mirrors=tuple(_mirrors(found.entries, notes)),
        short_names=None
        if found.short_name_mode is None
        else Told(found.short_name_mode.name, found.short_name_mode.place),
        notes=tuple(notes),
    )


def _told(names: tuple[Named, ...] | None) -> tuple[Told, ...] | None:
    return None if names is None else tuple(Told(one.name, one.place) for one in names)


def _of_entries(
    entries: Iterable[RegistryEntry], notes: list[Note]
) -> tuple[tuple[Told, ...] | None, tuple[Told, ...] | None]:
    """What `[[registry]]` tables block and leave insecure; `None` where none does."""
    block, insecure = [], []
    for entry in entries:
        # What our own drop-in blocks follows from the access policy beside it.
        if entry.blocked and entry.place.file != OURS:
            block.append(Told(entry.prefix, entry.place))
        if entry.insecure:
            insecure.append(Told(entry.location or entry.prefix, entry.place))
        if entry.location and entry.location != entry.prefix:
            text = f"left out: {entry.prefix} is taken from {entry.location} instead"
            notes.append(Note(entry.place, text))
    return tuple(block) or None, tuple(insecure) or None


def _mirrors(entries: Iterable[RegistryEntry], notes: list[Note]) -> Iterator[ToldMirror]:
    for entry in entries:
        for mirror in entry.mirrors:
            yield ToldMirror(entry.prefix, mirror.location, mirror.place, mirror.insecure)
            if entry.mirror_by_digest_only or mirror.pull not in ("", "all"):
                only = mirror.pull or "digest-only"
                text = f"mirror {mirror.location} is {only}: in the site file it is for all pulls"
                notes.append(Note(mirror.place, text))


def _aliases(found: RegistriesConf) -> Iterator[Note]:
    """One note for each file: distributions ship a hundred of them."""
    files: dict[str, list[Named]] = {}
    for alias in found.aliases.values():
        files.setdefault(alias.place.file, []).append(alias)
    for aliases in files.values():
        count = "an alias" if len(aliases) == 1 else f"{len(aliases)} aliases"
        yield Note(aliases[0].place, f"left out: {count} of short names; on the host they stay")


# What may be used


def access(files: Mapping[str, bytes]) -> Said | None:
    """The allow and block lists: those of an earlier apply, or else what `policy.json` comes to."""
    if ACCESS in files:
        return _applied(files[ACCESS])
    if policy.PATH not in files:
        return None
    try:
        return _policy(policy.parse(files[policy.PATH]))
    except (UnreadableFile, FileTooLarge) as error:
        return unreadable(error)


def _applied(content: bytes) -> Said:
    place = Place(ACCESS)
    try:
        lists = AccessPolicy.from_json(json.loads(content))
    except (ValueError, InvalidAccessPolicy) as error:
        return Said(ACCESS, notes=(Note(place, f"left out: {error}"),))
    block = (*((ALL,) if lists.block_all else ()), *map(str, lists.block))
    return Said(
        ACCESS,
        allow=None if lists.allow is None else tuple(Told(str(one), place) for one in lists.allow),
        block=tuple(Told(one, place) for one in block),
    )


def _policy(found: policy.Policy) -> Said:
    """What is accepted where the rest is rejected is an allow list; the other way round it blocks."""
    notes: list[Note] = []
    place = Place(policy.PATH, found.text.line_of("default"))
    rest = found.scopes.get(policy.ANY, found.text.get("default"))
    allow: list[Told] | None = [] if _rejects(rest) else None
    block: list[Told] = []
    notes += _signatures(rest, "everything", place)
    for scope, requirements in found.scopes.items():
        at = Place(policy.PATH, found.text.line_of("transports", policy.REGISTRIES, scope))
        if scope == policy.ANY:
            continue
        notes += _signatures(requirements, scope, at)
        if _rejects(requirements):
            block.append(Told(scope, at))
        elif allow is not None:
            allow.append(Told(scope, at))
    for transport in found.text.get("transports") or {}:
        if transport not in (policy.REGISTRIES, "docker-daemon"):
            at = Place(policy.PATH, found.text.line_of("transports", transport))
            notes.append(Note(at, f"left out: {transport!r} is not about registries"))
    return Said(
        policy.PATH,
        allow=None if allow is None else tuple(allow),
        block=tuple(block) or None,
        notes=tuple(notes),
    )


def _rejects(requirements: list[policy.Requirement]) -> bool:
    return policy.REJECT in map(policy.kind, requirements)


def _signatures(requirements: list[policy.Requirement], what: str, place: Place) -> Iterator[Note]:
    for kind in map(policy.kind, requirements):
        if kind not in (policy.ACCEPT, policy.REJECT):
            yield Note(place, f"left out: {what} has to be signed ({kind}); on the host this stays")
