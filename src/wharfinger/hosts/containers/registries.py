"""
What `registries.conf` and its drop-ins say together: containers-registries.conf(5) and .d(5).

The main file is version 1 or 2, the drop-ins are version 2. They are read in the order of their
names; a `[[registry]]` takes the place of an earlier one with the same prefix, whole, and the search
list that is read last counts. Of the prefixes that match a name the longest counts, as text: so a
prefix without a port matches the same host with any port, and `*.a.test` comes before `b.a.test`.

What makes the tools refuse a file makes `read` raise `UnreadableFile`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from wharfinger.hosts.formats.source import UnreadableFile
from wharfinger.hosts.formats.toml_text import TomlText
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.place import Place

MAIN: Final = "/etc/containers/registries.conf"
DROP_INS: Final = "/etc/containers/registries.conf.d"
CACHED_ALIASES: Final = "/var/cache/containers/short-name-aliases.conf"
"""Where Podman remembers what a person chose for a short name; it goes before all else."""

WILDCARD: Final = "*."
MODES: Final = ("enforcing", "permissive", "disabled")
DEFAULT_MODE: Final = "permissive"
_MIRROR_USES: Final = ("", "all", "digest-only", "tag-only")


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
class Alias:
    """`target` is empty where a later file takes an alias back."""

    target: str
    place: Place


@dataclass(frozen=True, slots=True)
class Registries:
    """All files as one. `search` is `None` where no file has a list."""

    registries: Mapping[str, Registry] = field(default_factory=dict)
    search: tuple[str, ...] | None = None
    search_place: Place | None = None
    mode: str | None = None
    mode_place: Place | None = None
    aliases: Mapping[str, Alias] = field(default_factory=dict)

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

    def with_registry(self, registry: Registry) -> Registries:
        return replace(self, registries={**self.registries, registry.prefix: registry})

    def below(self, later: Registries) -> Registries:
        """These files with another one that is read after them."""
        return Registries(
            {**self.registries, **later.registries},
            *(
                (self.search, self.search_place)
                if later.search is None
                else (later.search, later.search_place)
            ),
            *(
                (self.mode, self.mode_place)
                if later.mode is None
                else (later.mode, later.mode_place)
            ),
            {**self.aliases, **later.aliases},
        )


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
    found = Registries()
    for path in paths(facts):
        if path != leave_out:
            found = found.below(read_file(facts.content(path), path))
    return found


def paths(facts: Facts) -> list[str]:
    """The files that the tools read, in their order."""
    drop_ins = sorted(
        path
        for path, file in facts.files.items()
        if path.startswith(f"{DROP_INS}/")
        and "/" not in path.removeprefix(f"{DROP_INS}/")
        and path.endswith(".conf")
        and file.content is not None
    )
    return [MAIN, *drop_ins] if facts.content(MAIN) is not None else drop_ins


def cached_aliases(facts: Facts) -> Mapping[str, Alias]:
    return read_file(facts.content(CACHED_ALIASES), CACHED_ALIASES).aliases


@lru_cache(maxsize=256)
def read_file(content: bytes | None, path: str) -> Registries:
    """Read one file. Raise `UnreadableFile` for what the tools would refuse.

    Remembered, since the hosts of a fleet share most of their files.
    """
    text = TomlText.parse(content, path)
    old = _old_lists(text)
    if old is not None:
        if path != MAIN:
            raise UnreadableFile(path, "a drop-in has to be in version 2")
        if set(text.value) & {"registry", "unqualified-search-registries", "short-name-mode"}:
            raise UnreadableFile(path, "it mixes versions 1 and 2")
        return old
    registries = tuple(_registries(text))
    _require_one_mind(registries, path)
    return Registries(
        _by_prefix(registries),
        _strings(text, "unqualified-search-registries"),
        Place(path, text.line_of("unqualified-search-registries")),
        _mode(text),
        Place(path, text.line_of("short-name-mode")),
        {
            name: Alias(target, Place(path, text.line_of("aliases", name)))
            for name, target in (text.get("aliases") or {}).items()
        },
    )


def _old_lists(text: TomlText) -> Registries | None:
    """Version 1: `[registries.search]`, `.insecure` and `.block`, each with a list `registries`."""
    lists = {
        kind: _strings(text, "registries", kind, "registries")
        for kind in ("search", "insecure", "block")
    }
    if not any(lists.values()):
        return None
    found: dict[str, Registry] = {}
    for kind in ("block", "insecure"):
        for index, entry in enumerate(lists[kind] or ()):
            location = _location(entry, text)
            place = Place(text.source.name, text.line_of("registries", kind, "registries", index))
            one = found.get(location, Registry(location, location, place=place))
            found[location] = replace(
                one, blocked=one.blocked or kind == "block", insecure=kind == "insecure"
            )
    place = Place(text.source.name, text.line_of("registries", "search", "registries"))
    return Registries(found, lists["search"], place)


def _registries(text: TomlText) -> Iterator[Registry]:
    for index, table in enumerate(text.get("registry") or ()):
        place = Place(text.source.name, text.line_of("registry", index))
        location = _location(table.get("location", ""), text)
        prefix = _location(table.get("prefix", ""), text) or location
        wildcard = prefix.startswith(WILDCARD)
        if not location and not wildcard:
            raise UnreadableFile(place.path, "a registry has no location", line=place.line)
        if wildcard and any(mark in prefix for mark in "/@:"):
            raise UnreadableFile(place.path, f"{prefix!r} is no wildcard", line=place.line)
        yield Registry(
            prefix,
            location,
            bool(table.get("blocked", False)),
            bool(table.get("insecure", False)),
            bool(table.get("mirror-by-digest-only", False)),
            tuple(_mirror(one, text, place) for one in table.get("mirror", ())),
            place,
        )


def _mirror(table: Mapping[str, Any], text: TomlText, place: Place) -> Endpoint:
    location, use = _location(table.get("location", ""), text), table.get("pull-from-mirror", "")
    if not location or use not in _MIRROR_USES:
        raise UnreadableFile(place.path, "a mirror is not complete", line=place.line)
    return Endpoint(location, bool(table.get("insecure", False)), use)


def _location(given: str, text: TomlText) -> str:
    if given.startswith(("http://", "https://")):
        raise UnreadableFile(text.source.name, f"the location {given!r} has a scheme")
    return given.rstrip("/")


def _require_one_mind(registries: Iterable[Registry], path: str) -> None:
    """One location is blocked or not, and insecure or not, all through a file."""
    first: dict[str, Registry] = {}
    for one in registries:
        other = first.setdefault(one.location or one.prefix, one)
        if (one.blocked, one.insecure) != (other.blocked, other.insecure):
            raise UnreadableFile(
                path,
                f"{one.location or one.prefix!r} stands there twice and differs in `blocked` or "
                "`insecure`",
                line=None if one.place is None else one.place.line,
            )


def _by_prefix(registries: Iterable[Registry]) -> dict[str, Registry]:
    """The first of two with the same prefix counts."""
    found: dict[str, Registry] = {}
    for one in registries:
        found.setdefault(one.prefix, one)
    return found


def _strings(text: TomlText, *keys: str) -> tuple[str, ...] | None:
    value = text.get(*keys)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UnreadableFile(text.source.name, f"{keys[-1]!r} is no list of texts")
    return tuple(item.rstrip("/") for item in value)


def _mode(text: TomlText) -> str | None:
    mode = text.get("short-name-mode") or None
    if mode is not None and mode not in MODES:
        raise UnreadableFile(
            text.source.name, f"there is no mode {mode!r}", line=text.line_of("short-name-mode")
        )
    return mode
