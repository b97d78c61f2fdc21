"""
What a host's files for containerd say: `hosts.toml` for each registry, and the older tables
`mirrors` and `configs` of its `config.toml`.

https://github.com/containerd/containerd/blob/v1.6.20/docs/hosts.md
"""

from __future__ import annotations

import posixpath
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from wharfinger.hosts.adopt import trust_files
from wharfinger.hosts.adopt.containers import unreadable
from wharfinger.hosts.adopt.said import Note, Said, Told, ToldAuthority, ToldClient, ToldMirror
from wharfinger.hosts.formats.registries_conf import Place
from wharfinger.hosts.formats.source import FileTooLarge, Keys, UnreadableFile
from wharfinger.hosts.formats.toml_text import TomlText
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.runtimes.registry_hosts import DEFAULT, FILE, MARK, NOBODY
from wharfinger.oci.reference import HUB, HUB_V2

CONFIG: Final = "/etc/containerd/config.toml"
_TABLES: Final[tuple[Keys, ...]] = (
    ("plugins", "cri", "registry"),
    ("plugins", "io.containerd.grpc.v1.cri", "registry"),
    ("plugins", "io.containerd.cri.v1.images", "registry"),
)
_CARRIED: Final = {"ca", "client", "skip_verify", "capabilities", "override_path", "server", "host"}


def said(facts: Facts) -> Said | None:
    """What all of these files say together: containerd is one source."""
    found = [
        _guarded(_HostsFile if path != CONFIG else _Config, path, content, facts)
        for path in sorted(facts.files)
        if (posixpath.basename(path) == FILE or path == CONFIG)
        and (content := trust_files.content(facts, path)) is not None
    ]
    if not found:
        return None
    return Said(
        "containerd",
        insecure=tuple(told for one in found for told in one.insecure or ()) or None,
        mirrors=tuple(told for one in found for told in one.mirrors),
        authorities=tuple(told for one in found for told in one.authorities),
        clients=tuple(told for one in found for told in one.clients),
        notes=tuple(note for one in found for note in one.notes),
    )


def _guarded(kind: type[_Reader], path: str, found: bytes, facts: Facts) -> Said:
    try:
        return kind(TomlText.parse(found, path), facts).read()
    except (UnreadableFile, FileTooLarge) as error:
        return unreadable(error)


@dataclass(slots=True)
class _Reader(ABC):
    """Collects what a file says."""

    text: TomlText
    facts: Facts
    insecure: list[Told] = field(default_factory=list)
    mirrors: list[ToldMirror] = field(default_factory=list)
    authorities: list[ToldAuthority] = field(default_factory=list)
    clients: list[ToldClient] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def read(self) -> Said:
        self.collect()
        return Said(
            self.text.source.name,
            insecure=tuple(self.insecure),
            mirrors=tuple(self.mirrors),
            authorities=tuple(self.authorities),
            clients=tuple(self.clients),
            notes=tuple(self.notes),
        )

    @abstractmethod
    def collect(self) -> None: ...

    def place(self, *keys: str | int) -> Place:
        return Place(self.text.source.name, self.text.line_of(*keys) if keys else None)

    def note(self, place: Place, text: str) -> None:
        self.notes.append(Note(place, f"left out: {text}"))

    def texts(self, value: object, *keys: str | int) -> list[str]:
        """One text or a list of them; anything else is a note."""
        if value is None or isinstance(value, str):
            return [] if value is None else [value]
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return [*value]
        self.note(self.place(*keys), f"{keys[-1]} is neither text nor a list of texts")
        return []

    def address(self, url: str, place: Place) -> SplitResult | None:
        """Never shown as it stands: there may be a password in it."""
        try:
            address = urlsplit(url if "://" in url else f"https://{url}")
        except ValueError:
            self.note(place, "an address that cannot be read")
            return None
        if "@" in address.netloc:
            self.note(place, "an address with a login in it")
            return None
        return address

    def authority(self, registry: str, path: str, place: Place) -> None:
        absolute = posixpath.join(posixpath.dirname(self.text.source.name), path)
        found = trust_files.content(self.facts, absolute)
        if found is None:
            self.note(place, f"{absolute}: {trust_files.unknown(self.facts, absolute)}")
        else:
            self.authorities.append(ToldAuthority(registry, found, place))

    def client(self, registry: str, certificate: str, key: str, place: Place) -> None:
        folder = posixpath.dirname(self.text.source.name)
        absolute = posixpath.join(folder, certificate)
        found = trust_files.content(self.facts, absolute)
        if found is None:
            self.note(place, f"{absolute}: {trust_files.unknown(self.facts, absolute)}")
        else:
            self.clients.append(ToldClient(registry, found, posixpath.join(folder, key), place))


class _HostsFile(_Reader):
    """One `hosts.toml`; its directory says which registry it is for."""

    def collect(self) -> None:
        directory = posixpath.basename(posixpath.dirname(self.text.source.name))
        ours = self.text.source.body.startswith(MARK)
        if directory == DEFAULT or self.text.get("server") == NOBODY:
            if not ours:
                self.note(
                    self.place(), f"what holds for registries without a directory ({DEFAULT})"
                )
            return
        registry = trust_files.registry_of(directory)
        server = self.texts(self.text.get("server"), "server")
        self._host(registry, "".join(server), self.text.value, ())
        hosts = self.text.get("host") or {}
        tables = hosts if isinstance(hosts, dict) else {"": hosts}
        for url, table in tables.items():
            if isinstance(table, dict):
                self._host(registry, url, table, ("host", url))
            else:
                self.note(self.place("host"), "a host that is no table")

    def _host(self, registry: str, url: str, table: dict[str, Any], keys: Keys) -> None:
        place = self.place(*keys)
        address = self.address(url, place)
        if address is None:
            return
        named = address.netloc or registry
        own = named in (registry, HUB_V2 if registry == HUB else registry)
        insecure = address.scheme == "http" or table.get("skip_verify") is True
        if own and insecure:
            self.insecure.append(Told(registry, place))
        elif not own and not keys:
            self.note(self.place("server"), f"{registry} is taken from {url} instead")
        elif not own:
            self._mirror(
                registry, f"{named}{self._path(address.path, table, place)}", insecure, place
            )
        self._trust(registry if own else named, table, keys)
        self._unknown(table, keys)

    def _mirror(self, registry: str, location: str, insecure: bool, place: Place) -> None:
        self.mirrors.append(ToldMirror(registry, location, place, insecure))

    def _path(self, path: str, table: dict[str, Any], place: Place) -> str:
        """Below `/v2`, where `override_path` says that the path is whole."""
        path = path.rstrip("/")
        if table.get("override_path") is True and (path == "/v2" or path.startswith("/v2/")):
            return path.removeprefix("/v2")
        if path:
            self.note(place, f"the path {path} of the mirror is before /v2")
        return ""

    def _trust(self, registry: str, table: dict[str, Any], keys: Keys) -> None:
        for path in self.texts(table.get("ca"), *keys, "ca"):
            self.authority(registry, path, self.place(*keys, "ca"))
        clients = table.get("client") or []
        for pair in clients if isinstance(clients, list) else [clients]:
            both = [pair, pair] if isinstance(pair, str) else pair
            if (
                isinstance(both, list)
                and len(both) == 2
                and all(isinstance(one, str) for one in both)
            ):
                self.client(registry, both[0], both[1], self.place(*keys, "client"))
            else:
                self.note(
                    self.place(*keys, "client"), "client is neither a file nor pairs of files"
                )

    def _unknown(self, table: dict[str, Any], keys: Keys) -> None:
        capabilities = self.texts(table.get("capabilities"), *keys, "capabilities")
        if capabilities and "pull" not in capabilities:
            self.note(self.place(*keys, "capabilities"), "a host that is not for pulls")
        for key in table:
            if key not in _CARRIED:
                self.note(self.place(*keys, key), f"the key {key!r}")


class _Config(_Reader):
    """`config.toml` with the tables that `config_path` has taken the place of."""

    def collect(self) -> None:
        for table in _TABLES:
            self._mirrors((*table, "mirrors"))
            self._configs((*table, "configs"))

    def _mirrors(self, keys: Keys) -> None:
        tables = self.text.get(*keys)
        for registry, table in tables.items() if isinstance(tables, dict) else ():
            place = self.place(*keys, registry)
            if registry == "*":
                self.note(place, "mirrors for every registry (*)")
                continue
            endpoints = table.get("endpoint") if isinstance(table, dict) else table
            for url in self.texts(endpoints, *keys, registry, "endpoint"):
                self._endpoint(registry, url, place)

    def _endpoint(self, registry: str, url: str, place: Place) -> None:
        address = self.address(url, place)
        if address is None:
            return
        own = address.netloc in (registry, HUB_V2 if registry == HUB else registry)
        insecure = address.scheme == "http"
        if own and insecure:
            self.insecure.append(Told(registry, place))
        elif not own:
            location = f"{address.netloc}{address.path.rstrip('/').removeprefix('/v2')}"
            self.mirrors.append(ToldMirror(registry, location, place, insecure))

    def _configs(self, keys: Keys) -> None:
        tables = self.text.get(*keys)
        for registry, table in tables.items() if isinstance(tables, dict) else ():
            place = self.place(*keys, registry)
            tls = table.get("tls") if isinstance(table, dict) else None
            if isinstance(tls, dict):
                self._tls(registry, tls, place)
            if isinstance(table, dict) and "auth" in table:
                self.note(place, f"the login for {registry}; no login stands in a site file")

    def _tls(self, registry: str, tls: dict[str, Any], place: Place) -> None:
        if tls.get("insecure_skip_verify") is True:
            self.insecure.append(Told(registry, place))
        if tls.get("ca_file"):
            self.authority(registry, str(tls["ca_file"]), place)
        if tls.get("cert_file") and tls.get("key_file"):
            self.client(registry, str(tls["cert_file"]), str(tls["key_file"]), place)
