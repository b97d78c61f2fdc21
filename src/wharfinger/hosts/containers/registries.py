"""
What `registries.conf` and its drop-ins say together, as the tools match names against it:
containers-registries.conf(5) and .d(5).

`formats.registries_conf` reads and merges the files. Of the prefixes that match a name the longest
counts, as text: so a prefix without a port matches the same host with any port, and `*.a.test` comes
before `b.a.test`.

What makes the tools refuse a file makes `read` raise `UnreadableFile`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from wharfinger.hosts.formats import registries_conf
from wharfinger.hosts.formats.registries_conf import (
    DROP_INS,
    MAIN,
    Named,
    Place,
    RegistriesConf,
    RegistryEntry,
    Syntax,
)
from wharfinger.hosts.formats.source import UnreadableFile
from wharfinger.hosts.on_host.facts import Facts

REMEMBERED: Final = "/var/cache/containers/short-name-aliases.conf"
"""Where Podman remembers what a person chose for a short name; it goes before all else."""

WILDCARD: Final = "*."
ENFORCING: Final = "enforcing"
MODES: Final = (ENFORCING, "permissive", "disabled")
_MIRROR_USES: Final = frozenset({"", "all", "digest-only", "tag-only"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place to pull from: `registry[/path]`. `use` is the mirror's `pull-from-mirror`."""

    location: str
    insecure: bool = False
    use: str = ""

    def serves(self, *, digest: bool) -> bool:
        return self.use != ("tag-only" if digest else "digest-only")


@dataclass(frozen=True, slots=True)
class Registry:
    """A `[[registry]]`. `location` is empty where a wildcard leaves names as they are."""

    prefix: str
    location: str
    blocked: bool = False
    insecure: bool = False
    by_digest_only: bool = False
    mirrors: tuple[Endpoint, ...] = ()
    place: Place | None = field(default=None, compare=False)

    def narrowed(self, prefix: str) -> Registry:
        """The same for a longer prefix that this one matches."""
        if prefix == self.prefix:
            return self
        matched = match_length(prefix, self.prefix)
        assert matched is not None
        rest = prefix[matched:]
        return replace(
            self,
            prefix=prefix,
            location=self.location + rest if self.location else _unless_wildcard(prefix),
            mirrors=tuple(replace(one, location=one.location + rest) for one in self.mirrors),
        )

    def endpoints(self, *, digest: bool) -> tuple[Endpoint, ...]:
        """Where an image is asked for, in order: mirrors first."""
        mirrors = [
            one
            for one in self.mirrors
            if one.serves(digest=digest) and (digest or not self.by_digest_only)
        ]
        return (*mirrors, Endpoint(self.location, self.insecure))

    def rewritten(self, name: str, endpoint: Endpoint) -> str:
        """The name under which `endpoint` has an image that this registry matches."""
        matched = match_length(name, self.prefix)
        assert matched is not None
        return endpoint.location + name[matched:] if endpoint.location else name


def plain(prefix: str) -> Registry:
    """What holds for names that no `[[registry]]` matches."""
    return Registry(prefix, _unless_wildcard(prefix))


def _unless_wildcard(prefix: str) -> str:
    return "" if prefix.startswith(WILDCARD) else prefix


@dataclass(frozen=True, slots=True)
class Registries:
    """All files as one. `search` is `None` where no file has a list."""

    registries: Mapping[str, Registry] = field(default_factory=dict)
    search: tuple[Named, ...] | None = None
    mode: Named | None = None
    aliases: Mapping[str, Named] = field(default_factory=dict)

    def find(self, name: str) -> Registry | None:
        """The registry whose prefix matches `host[:port][/path]` best."""
        best: Registry | None = None
        for prefix in sorted(self.registries):
            if match_length(name, prefix) is not None and (
                best is None or len(prefix) > len(best.prefix)
            ):
                best = self.registries[prefix]
        return best

    def at(self, prefix: str) -> Registry:
        """What holds for names that begin with `prefix`."""
        found = self.find(prefix)
        return plain(prefix) if found is None else found.narrowed(prefix)

    def below(self, later: Registries) -> Registries:
        """With what is read after it."""
        return Registries(
            {**self.registries, **later.registries},
            self.search if later.search is None else later.search,
            later.mode or self.mode,
            {**self.aliases, **later.aliases},
        )

    def with_registry(self, registry: Registry) -> Registries:
        return replace(self, registries={**self.registries, registry.prefix: registry})


def match_length(name: str, prefix: str) -> int | None:
    """How much of `name` a prefix stands for, `None` if it does not match."""
    if prefix.startswith(WILDCARD):
        return _wildcard_length(name, prefix[1:])
    if name == prefix:
        return len(prefix)
    return len(prefix) if name.startswith(prefix) and name[len(prefix)] in ":/@" else None


def _wildcard_length(name: str, domain: str) -> int | None:
    """Only the first place where the domain stands counts, as in the library."""
    start = name.find(domain)
    if start < 0 or "/" in name[:start]:
        return None
    end = start + len(domain)
    return end if end == len(name) or name[end] in ":/@" else None


def read(facts: Facts, *, leave_out: str | None = None) -> Registries:
    """Read all files of a host, or all but one."""
    files = [read_file(facts.content(path), path) for path in paths(facts) if path != leave_out]
    return of(registries_conf.merged(files))


def of(conf: RegistriesConf | None) -> Registries:
    if conf is None:
        return Registries()
    found: dict[str, Registry] = {}
    for entry in conf.entries:
        found.setdefault(entry.prefix, _registry(entry))
    return Registries(found, conf.search, conf.short_name_mode, conf.aliases)


def _registry(entry: RegistryEntry) -> Registry:
    return Registry(
        entry.prefix,
        entry.location,
        entry.blocked,
        entry.insecure,
        entry.mirror_by_digest_only,
        tuple(Endpoint(one.location, one.insecure, one.pull) for one in entry.mirrors),
        entry.place,
    )


def in_yaml(facts: Facts) -> RegistriesConf | None:
    """A main file in YAML, with which the tools do not start at all."""
    content = facts.content(MAIN)
    if content is None:
        return None
    main = registries_conf.parse(content, MAIN)
    return main if main.syntax is Syntax.YAML else None


def paths(facts: Facts) -> list[str]:
    """The files that the tools read, in their order."""
    drop_ins = sorted(
        path
        for path, file in facts.files.items()
        if path.startswith(DROP_INS)
        and "/" not in path.removeprefix(DROP_INS)
        and path.endswith(".conf")
        and file.content is not None
    )
    return [MAIN, *drop_ins] if facts.content(MAIN) is not None else drop_ins


def remembered_aliases(facts: Facts) -> Mapping[str, Named]:
    return read_file(facts.content(REMEMBERED), REMEMBERED).aliases


@lru_cache(maxsize=256)
def read_file(content: bytes | None, path: str) -> RegistriesConf:
    """Read one file. Raise `UnreadableFile` for what the tools would refuse.

    Remembered, since the hosts of a fleet share most of their files.
    """
    conf = registries_conf.parse(content or b"", path)
    if conf.syntax is Syntax.YAML:
        raise UnreadableFile(path, "it is YAML, which only old versions of Docker read")
    if conf.syntax is Syntax.V1 and path != MAIN:
        raise UnreadableFile(path, "a drop-in has to be in version 2, and this is in version 1")
    mode = conf.short_name_mode
    if mode is not None and mode.name not in MODES:
        raise UnreadableFile(path, f"there is no mode {mode.name!r}", line=mode.place.line)
    for entry in conf.entries:
        _require_usable(entry)
    _require_one_mind(conf.entries)
    return conf


def _require_usable(entry: RegistryEntry) -> None:
    locations = (entry.prefix, entry.location, *(one.location for one in entry.mirrors))
    uses = {one.pull for one in entry.mirrors}
    if any(location.startswith(("http://", "https://")) for location in locations):
        raise _fault(entry, "has a scheme")
    if entry.prefix.startswith(WILDCARD) and any(mark in entry.prefix for mark in "/@:"):
        raise _fault(entry, "is no wildcard")
    if uses - _MIRROR_USES or (entry.mirror_by_digest_only and uses - {""}):
        raise _fault(entry, "has a mirror with a `pull-from-mirror` that the tools refuse")


def _require_one_mind(entries: Iterable[RegistryEntry]) -> None:
    """One location is blocked or not, and insecure or not, all through a file."""
    first: dict[str, RegistryEntry] = {}
    for one in entries:
        other = first.setdefault(one.location or one.prefix, one)
        if (one.blocked, one.insecure) != (other.blocked, other.insecure):
            raise _fault(
                one, "shares its location with one that differs in `blocked` or `insecure`"
            )


def _fault(entry: RegistryEntry, reason: str) -> UnreadableFile:
    return UnreadableFile(
        entry.place.file, f"the registry {entry.prefix!r} {reason}", line=entry.place.line
    )
