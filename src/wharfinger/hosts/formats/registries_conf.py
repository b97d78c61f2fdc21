"""
What a `registries.conf` means, in each of the three syntaxes that were in use.

- YAML (the oldest): lists `registries`, `insecure_registries`, `block_registries`.
- TOML version 1: `[registries.search]`, `[registries.insecure]`, `[registries.block]`, each with
  a list `registries`.
- TOML version 2: `unqualified-search-registries`, `[[registry]]` with mirrors, `short-name-mode`,
  `[aliases]`; only this one takes drop-ins.

Each statement keeps the file and line where it stands. Merging follows containers-registries.conf(5)
and containers-registries.conf.d(5): a later file's search list and mode replace the earlier ones, a
later `[[registry]]` replaces the one with the same prefix as a whole, aliases replace one by one.
Both versions of TOML in one file are refused, as the tools refuse them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from wharfinger.hosts.formats.source import UnreadableFile
from wharfinger.hosts.formats.toml_text import TomlText
from wharfinger.hosts.formats.yaml_text import YamlText

MAIN: Final = "/etc/containers/registries.conf"
DROP_INS: Final = "/etc/containers/registries.conf.d/"

_V1: Final = {"search": "search", "insecure": "insecure", "block": "blocked"}
_YAML: Final = {
    "registries": "search",
    "insecure_registries": "insecure",
    "block_registries": "blocked",
}
_V2_KEYS: Final = frozenset(
    {
        "additional-layer-store-auth-helper",
        "aliases",
        "credential-helpers",
        "registry",
        "short-name-mode",
        "unqualified-search-registries",
    }
)
_ENTRY_KEYS: Final = frozenset(
    {"prefix", "location", "insecure", "blocked", "mirror", "mirror-by-digest-only"}
)
_MIRROR_KEYS: Final = frozenset({"location", "insecure", "pull-from-mirror"})


class Syntax(StrEnum):
    YAML = "yaml"
    V1 = "toml v1"
    V2 = "toml v2"


@dataclass(frozen=True, slots=True)
class Place:
    """`line` counts from one."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Named:
    """A name in a list, or a value of its own, and where it stands."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class RegistryMirror:
    """`pull` is "all", "digest-only", "tag-only", or empty where the file does not say."""

    location: str
    place: Place
    insecure: bool = False
    pull: str = ""


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """A `[[registry]]`, or what a name on a list of the older syntaxes comes to."""

    prefix: str
    location: str
    place: Place
    insecure: bool = False
    blocked: bool = False
    mirror_by_digest_only: bool = False
    mirrors: tuple[RegistryMirror, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """What the tools pass over, or we cannot carry: told to the person, never dropped in silence."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class RegistriesConf:
    """One file, or several merged, and then `file` is the first. `None` is what no file speaks of.

    `insecure` and `blocked` are the lists of the older syntaxes; `entries` has what they come to, and
    the `[[registry]]` tables, in the order of the files.
    """

    file: str
    syntax: Syntax
    search: tuple[Named, ...] | None = None
    insecure: tuple[Named, ...] | None = None
    blocked: tuple[Named, ...] | None = None
    entries: tuple[RegistryEntry, ...] = ()
    short_name_mode: Named | None = None
    aliases: Mapping[str, Named] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def parse(content: bytes, name: str) -> RegistriesConf:
    """Read a file in whichever syntax it is written; raise `UnreadableFile` if it is none of them."""
    return of(document(content, name))


def document(content: bytes, name: str) -> TomlText | YamlText:
    """The text to edit: as TOML if it is TOML, else as YAML if it has a key of the YAML syntax."""
    try:
        return TomlText.parse(content, name)
    except UnreadableFile as error:
        try:
            older = YamlText.parse(content, name)
        except UnreadableFile:
            raise error from None
        if not older.value.keys() & _YAML.keys():
            raise
        return older


def of(text: TomlText | YamlText) -> RegistriesConf:
    if isinstance(text, YamlText):
        return _Yaml(text).read()
    if "registries" not in text.value:
        return _Version2(text).read()
    if present := text.value.keys() & _V2_KEYS:
        key = min(present)
        raise UnreadableFile(
            text.source.name,
            f"it mixes both versions of the syntax: `registries` and {key!r}",
            line=text.line_of(key),
        )
    return _Version1(text).read()


def of_host(files: Mapping[str, bytes]) -> RegistriesConf | None:
    """The main file and its drop-ins among `files` (by path), merged; `None` if there are none."""
    drop_ins = sorted(
        path
        for path in files
        if path.startswith(DROP_INS) and path.endswith(".conf") and "/" not in path[len(DROP_INS) :]
    )
    paths = [MAIN, *drop_ins] if MAIN in files else drop_ins
    return merged(parse(files[path], path) for path in paths)


def merged(files: Iterable[RegistriesConf]) -> RegistriesConf | None:
    """What the files mean together, the main one first. Raise `UnreadableFile` for a drop-in in an
    older syntax, as the tools do."""
    result: RegistriesConf | None = None
    for one in files:
        result = one if result is None else _onto(result, one)
    return result


def _onto(base: RegistriesConf, later: RegistriesConf) -> RegistriesConf:
    if later.syntax is not Syntax.V2:
        reason = f"a drop-in has to be in version 2, and this is {later.syntax}"
        raise UnreadableFile(later.file, reason)
    prefixes = {one.prefix for one in later.entries}
    kept = tuple(one for one in base.entries if one.prefix not in prefixes)
    return replace(
        base,
        search=base.search if later.search is None else later.search,
        entries=kept + later.entries,
        short_name_mode=later.short_name_mode or base.short_name_mode,
        aliases={**base.aliases, **later.aliases},
        notes=base.notes + later.notes,
    )


def _of_lists(
    file: str, syntax: Syntax, lists: Mapping[str, tuple[Named, ...]], notes: tuple[Note, ...]
) -> RegistriesConf:
    return RegistriesConf(
        file,
        syntax,
        search=lists.get("search"),
        insecure=lists.get("insecure"),
        blocked=lists.get("blocked"),
        entries=_entries_of_lists(lists),
        notes=notes,
    )


def _entries_of_lists(lists: Mapping[str, tuple[Named, ...]]) -> tuple[RegistryEntry, ...]:
    """One entry for each name that is insecure or blocked, as the tools convert version 1."""
    entries: dict[str, RegistryEntry] = {}
    for kind in ("blocked", "insecure"):
        for one in lists.get(kind, ()):
            name = one.name.rstrip("/")
            known = entries.get(name, RegistryEntry(name, name, one.place))
            entries[name] = replace(
                known,
                blocked=known.blocked or kind == "blocked",
                insecure=known.insecure or kind == "insecure",
            )
    return tuple(entries.values())


class _Yaml:
    def __init__(self, text: YamlText) -> None:
        self._text, self._name = text, text.source.name

    def read(self) -> RegistriesConf:
        lists = {kind: self._names(key) for key, kind in _YAML.items() if key in self._text.value}
        notes = tuple(
            Note(f"the key {key!r} is unknown", Place(self._name, self._text.line_of(key)))
            for key in self._text.value
            if key not in _YAML
        )
        return _of_lists(self._name, Syntax.YAML, lists, notes)

    def _names(self, key: str) -> tuple[Named, ...]:
        value = self._text.get(key)
        items = [] if value is None else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            line = self._text.line_of(key)
            raise UnreadableFile(self._name, f"{key!r} is no list of names", line=line)
        return tuple(
            Named(item, Place(self._name, self._text.line_of(key, index)))
            for index, item in enumerate(items)
        )


class _Toml:
    """What both versions of TOML share: values of a type, with their places."""

    def __init__(self, text: TomlText) -> None:
        self._text, self._name = text, text.source.name

    def _place(self, *keys: str | int) -> Place:
        return Place(self._name, self._text.line_of(*keys))

    def _value(self, kind: type, what: str, *keys: str | int) -> Any:
        value = self._text.get(*keys)
        if value is not None and not isinstance(value, kind):
            line = self._text.line_of(*keys)
            raise UnreadableFile(self._name, f"{str(keys[-1])!r} is no {what}", line=line)
        return value

    def _string(self, *keys: str | int) -> str:
        text: str = self._value(str, "text", *keys) or ""
        return text

    def _flag(self, *keys: str | int) -> bool:
        return bool(self._value(bool, "true or false", *keys))

    def _names(self, *keys: str | int) -> tuple[Named, ...] | None:
        items = self._value(list, "list", *keys)
        if items is None:
            return None
        return tuple(
            Named(self._string(*keys, index), self._place(*keys, index))
            for index in range(len(items))
        )

    def _tables(self, *keys: str | int) -> range:
        items = self._value(list, "list of tables", *keys) or []
        for index in range(len(items)):
            self._value(dict, "table", *keys, index)
        return range(len(items))

    def _unknown(self, known: Iterable[str], *keys: str | int) -> tuple[Note, ...]:
        table = self._text.get(*keys)
        return tuple(
            Note(f"the key {key!r} is unknown", self._place(*keys, key))
            for key in table
            if key not in known
        )


class _Version1(_Toml):
    def read(self) -> RegistriesConf:
        self._value(dict, "table", "registries")
        notes = self._unknown({"registries"}) + self._unknown(_V1, "registries")
        lists: dict[str, tuple[Named, ...]] = {}
        for key, kind in _V1.items():
            if self._value(dict, "table", "registries", key) is None:
                continue
            notes += self._unknown({"registries"}, "registries", key)
            names = self._names("registries", key, "registries")
            if names is not None:
                lists[kind] = names
        return _of_lists(self._name, Syntax.V1, lists, notes)


class _Version2(_Toml):
    def read(self) -> RegistriesConf:
        indexes = self._tables("registry")
        notes = self._unknown(_V2_KEYS)
        for index in indexes:
            notes += self._unknown(_ENTRY_KEYS, "registry", index)
            for n in self._tables("registry", index, "mirror"):
                notes += self._unknown(_MIRROR_KEYS, "registry", index, "mirror", n)
        mode = self._string("short-name-mode")
        return RegistriesConf(
            self._name,
            Syntax.V2,
            search=self._names("unqualified-search-registries"),
            entries=tuple(self._entry(index) for index in indexes),
            short_name_mode=Named(mode, self._place("short-name-mode")) if mode else None,
            aliases=self._aliases(),
            notes=notes,
        )

    def _entry(self, index: int) -> RegistryEntry:
        at = ("registry", index)
        location = self._string(*at, "location").rstrip("/")
        prefix = self._string(*at, "prefix").rstrip("/") or location
        if not prefix or (not location and not prefix.startswith("*.")):
            line = self._text.line_of(*at)
            raise UnreadableFile(self._name, "a [[registry]] has no location", line=line)
        return RegistryEntry(
            prefix,
            location,
            self._place(*at),
            self._flag(*at, "insecure"),
            self._flag(*at, "blocked"),
            self._flag(*at, "mirror-by-digest-only"),
            tuple(self._mirror(*at, "mirror", n) for n in self._tables(*at, "mirror")),
        )

    def _mirror(self, *at: str | int) -> RegistryMirror:
        location = self._string(*at, "location").rstrip("/")
        if not location:
            line = self._text.line_of(*at)
            raise UnreadableFile(self._name, "a mirror has no location", line=line)
        pull = self._string(*at, "pull-from-mirror")
        return RegistryMirror(location, self._place(*at), self._flag(*at, "insecure"), pull)

    def _aliases(self) -> dict[str, Named]:
        names = self._value(dict, "table", "aliases") or {}
        return {
            name: Named(self._string("aliases", name), self._place("aliases", name))
            for name in names
        }
