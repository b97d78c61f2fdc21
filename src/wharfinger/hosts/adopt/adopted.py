"""
One site file from what several sources say.

Every text is held against the grammar of the site file: what is outside becomes a note. Lists of
several sources are joined in the order of the sources, and where they say different things, a note
says so: what a site says holds for all runtimes and all hosts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from wharfinger.errors import WharfingerError
from wharfinger.hosts import certificates
from wharfinger.hosts.adopt.said import Note, Said, Told, ToldClient, ToldMirror
from wharfinger.hosts.formats.registries_conf import Place
from wharfinger.hosts.site import grammars
from wharfinger.hosts.site.model import ShortNames
from wharfinger.oci.reference import HUB, HUBS
from wharfinger.oci.registry_host import HTTP_PORT, HTTPS_PORT, RegistryHost
from wharfinger.policy.patterns import RegistryPattern

FOLDER: Final = "certs"
"""Beside the site file: where the certificates go that it names."""

_GRAMMARS: Final[Mapping[str, Callable[[str], object]]] = {
    "search": lambda text: folded(grammars.REGISTRY.parse(text)),
    "allow": grammars.PATTERN.parse,
    "block": grammars.BLOCKED.parse,
    "insecure": grammars.INSECURE.parse,
}


@dataclass(frozen=True, slots=True)
class Adopted:
    """`files` are those that the document names, by their path beside it."""

    document: dict[str, Any]
    files: Mapping[str, bytes]
    notes: tuple[Note, ...]


def joined(sources: Sequence[Said]) -> Adopted:
    draft = _Draft(notes=[note for said in sources for note in said.notes])
    registries: dict[str, Any] = {}
    for key in _GRAMMARS:
        if (items := draft.lists(key, sources)) is not None:
            registries[key] = items
    if "insecure" in registries:
        registries["insecure"] = draft.narrow(registries["insecure"], sources)
    if mirrors := draft.mirrors(sources):
        registries["mirrors"] = mirrors
    if (mode := draft.short_names(sources)) is not None:
        registries["shortNames"] = mode
    document: dict[str, Any] = {"registries": registries}
    if trust := draft.trust(sources):
        document["trust"] = trust
    draft.clients(sources)
    return Adopted({**document, **draft.later(sources)}, draft.files, tuple(draft.notes))


def folded(registry: RegistryHost) -> RegistryHost:
    """Docker Hub under the one name that a site file has for it."""
    hub = registry.host in HUBS and registry.port in (None, HTTPS_PORT)
    return RegistryHost(HUB) if hub else registry


@dataclass(slots=True)
class _Draft:
    notes: list[Note] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def note(self, place: Place, text: str) -> None:
        self.notes.append(Note(place, text))

    # Lists

    def lists(self, key: str, sources: Sequence[Said]) -> list[str] | None:
        spoken: list[tuple[Said, list[str]]] = []
        for said in sources:
            told: tuple[Told, ...] | None = getattr(said, key)
            if told is not None:
                spoken.append((said, self._parsed(key, told)))
        self._compare(f"registries.{key}", [(said.source, items) for said, items in spoken])
        if not spoken:
            return None
        return list(dict.fromkeys(item for _, items in spoken for item in items))

    def _parsed(self, key: str, told: Iterable[Told]) -> list[str]:
        """The texts that the grammar takes, in its spelling, each once."""
        parsed: dict[str, None] = {}
        for one in told:
            try:
                parsed[str(_GRAMMARS[key](one.text))] = None
            except WharfingerError as error:
                self.note(one.place, f"left out of registries.{key}: {error.message}")
        return list(parsed)

    def _compare(self, statement: str, spoken: Sequence[tuple[str, list[str]]]) -> None:
        """Order counts where registries are asked one after the other."""
        ordered = statement.startswith(("registries.search", "registries.mirrors"))
        for source, items in spoken[1:]:
            first, others = spoken[0]
            if (items != others) if ordered else (set(items) != set(others)):
                self.note(
                    Place(source),
                    f"does not say the same of {statement} as {first}"
                    f" ({_listed(items)}, and there {_listed(others)}): the site file has all of them",
                )

    def narrow(self, items: list[str], sources: Sequence[Said]) -> list[str]:
        """Without the networks, where they mean everyone together."""
        try:
            grammars.insecure(tuple(grammars.INSECURE.parse(item) for item in items))
        except WharfingerError as error:
            first = next(told for said in sources for told in said.insecure or ())
            self.note(first.place, f"left out of registries.insecure: {error.message}")
            return [item for item in items if "/" not in item]
        return items

    # Mirrors and short names

    def mirrors(self, sources: Sequence[Said]) -> dict[str, list[Any]]:
        spoken: dict[str, dict[str, list[ToldMirror]]] = {}
        for said in sources:
            for mirror in said.mirrors:
                registry = self._spelled(mirror.registry, mirror.place)
                location = self._spelled(mirror.location, mirror.place)
                if registry is not None and location is not None:
                    kept = ToldMirror(registry, location, mirror.place, mirror.insecure)
                    spoken.setdefault(registry, {}).setdefault(said.source, []).append(kept)
        made: dict[str, list[Any]] = {}
        for registry, by_source in spoken.items():
            lists = [
                (source, list(dict.fromkeys(map(_shown, told))))
                for source, told in by_source.items()
            ]
            self._compare(f"registries.mirrors of {registry}", lists)
            made[registry] = self._joined(told for many in by_source.values() for told in many)
        return {registry: told for registry, told in made.items() if not _is_usual(registry, made)}

    def _spelled(self, text: str, place: Place) -> str | None:
        try:
            return str(grammars.MIRRORED.parse(text))
        except WharfingerError as error:
            self.note(place, f"left out of registries.mirrors: {error.message}")
            return None

    def _joined(self, told: Iterable[ToldMirror]) -> list[Any]:
        insecure: dict[str, bool] = {}
        for one in told:
            insecure[one.location] = insecure.get(one.location, False) or one.insecure
        return [
            {"location": location, "insecure": True} if free else location
            for location, free in insecure.items()
        ]

    def short_names(self, sources: Sequence[Said]) -> str | None:
        told = [said.short_names for said in sources if said.short_names is not None]
        for one in told:
            if one.text not in set(ShortNames):
                self.note(one.place, f"left out of registries.shortNames: {one.text!r} is no mode")
        known = [one for one in told if one.text in set(ShortNames)]
        return known[0].text if known else None

    # Trust

    def trust(self, sources: Sequence[Said]) -> dict[str, Any]:
        authorities = self._authorities(sources)
        registries: dict[str, Any] = {}
        for registry in sorted((one for one in authorities if one is not None), key=str):
            if authorities[registry]:
                path = f"{FOLDER}/{registry}.crt"
                self.files[path] = b"".join(authorities[registry])
                registries[str(registry)] = {"ca": path}
        made: dict[str, Any] = {"registries": registries} if registries else {}
        if authorities.get(None):
            self.files[f"{FOLDER}/system.crt"] = b"".join(authorities[None])
            made["system"] = f"{FOLDER}/system.crt"
        return made

    def _authorities(self, sources: Sequence[Said]) -> dict[RegistryHost | None, list[bytes]]:
        spoken: dict[RegistryHost | None, dict[str, dict[bytes, str]]] = {}
        for said in sources:
            for told in said.authorities:
                registry = self._registry(told.registry, told.place)
                if told.registry is None or registry is not None:
                    known = spoken.setdefault(registry, {}).setdefault(said.source, {})
                    known.update(self._certificates(told.content, told.place))
        for registry, by_source in spoken.items():
            statement = f"trust.registries of {registry}" if registry else "trust.system"
            self._compare(
                statement, [(source, list(found.values())) for source, found in by_source.items()]
            )
        return {
            registry: list(dict.fromkeys(pem for found in by_source.values() for pem in found))
            for registry, by_source in spoken.items()
        }

    def _certificates(self, content: bytes, place: Place) -> dict[bytes, str]:
        try:
            return {
                one.pem: f"{one.subject} ({one.fingerprint[:8]})"
                for one in certificates.read(content, place.file)
            }
        except WharfingerError as error:
            self.note(place, f"left out of trust: {error.message}")
            return {}

    def _registry(self, text: str | None, place: Place) -> RegistryHost | None:
        try:
            return None if text is None else folded(RegistryHost.parse(text))
        except WharfingerError as error:
            self.note(place, f"left out of trust.registries: {error.message}")
            return None

    def clients(self, sources: Sequence[Said]) -> None:
        """A private key never leaves its host by itself, so a person has to bring it."""
        found: dict[RegistryHost, ToldClient] = {}
        for told in (one for said in sources for one in said.clients):
            registry = self._registry(told.registry, told.place)
            if registry is None:
                continue
            first = found.setdefault(registry, told)
            if first is told:
                self._client(registry, told)
            elif first.content != told.content:
                self.note(told.place, f"left out: {registry} has another client certificate too")

    def _client(self, registry: RegistryHost, told: ToldClient) -> None:
        path = f"{FOLDER}/{registry}"
        if not self._certificates(told.content, told.place):
            return
        self.files[f"{path}.cert"] = told.content
        self.note(
            told.place,
            f"its private key was not read: copy {told.key} to {path}.key (mode 0600), and add"
            f" `client: {{cert: '{path}.cert', key: '{path}.key'}}` to trust.registries.{registry}",
        )

    # What other commands read

    def later(self, sources: Sequence[Said]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for said in sources:
            for room, value in said.later.items():
                if made.setdefault(room, value) != value:
                    self.note(
                        Place(said.source),
                        f"its {room} is left out: another source has said something else before",
                    )
        return made


def _shown(mirror: ToldMirror) -> str:
    return f"{mirror.location} (insecure)" if mirror.insecure else mirror.location


def _is_usual(spelled: str, mirrors: Mapping[str, list[Any]]) -> bool:
    """Does another key say it for this port already? One without a port covers the usual ones."""
    pattern = RegistryPattern.parse(spelled)
    if pattern.registry.port not in (HTTP_PORT, HTTPS_PORT):
        return False
    path = f"/{pattern.path}" if pattern.path else ""
    portless = str(RegistryPattern.parse(f"{pattern.registry.host}{path}"))
    return mirrors.get(portless) == mirrors[spelled]


def _listed(items: Sequence[str]) -> str:
    shown = ", ".join(items[:8]) or "none"
    return f"{shown} and {len(items) - 8} more" if len(items) > 8 else shown
