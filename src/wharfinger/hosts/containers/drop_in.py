"""
The drop-in of `registries.conf` that makes the files of a host say what the site says.

A `[[registry]]` of a drop-in takes the place of an earlier one with the same prefix, so what others
keep is never edited: where their tables differ from the site, ours repeat them with what is governed
changed. A table is only written where shorter prefixes would not give the same.

Blocking here is the first of two lines: it keeps the tools from asking a blocked registry at all, and
from pushing to it. `policy.json` is the second, and exact. So where a prefix cannot say what the
site says, because it would block more than that, it is left to `policy.json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from wharfinger.hosts.containers import registries, scopes
from wharfinger.hosts.containers.registries import WILDCARD, Endpoint, Registries, Registry
from wharfinger.hosts.formats import toml_text
from wharfinger.hosts.formats.registries_conf import DROP_INS, RegistriesConf
from wharfinger.hosts.site.model import Insecure, Mirror
from wharfinger.hosts.site.model import Registries as Wanted
from wharfinger.oci.reference import ImageReference
from wharfinger.oci.registry_host import InvalidRegistry, RegistryHost
from wharfinger.policy.access import ALL
from wharfinger.policy.patterns import InvalidPattern, RegistryPattern

PATH: Final = f"{DROP_INS}50-wharfinger.conf"
_HEAD: Final = (
    "# Written by `wharf hosts apply` from the site file. Change that and apply it again.\n\n"
)
_NO_PATTERN: Final = ("", "allow", f"block: {ALL}")
"""The rules of a verdict that speak of a list as a whole."""


@dataclass(frozen=True, slots=True)
class DropIn:
    """Our tables, and the statements beside them. `search` and `mode` are `None` if not governed."""

    tables: tuple[Registry, ...] = ()
    search: tuple[str, ...] | None = None
    mode: str | None = None

    @property
    def content(self) -> bytes | None:
        """The file, `None` where there is nothing to say."""
        document = self.document
        return f"{_HEAD}{toml_text.render(document)}".encode() if document else None

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = {}
        if self.search is not None:
            document["unqualified-search-registries"] = list(self.search)
        if self.mode is not None:
            document["short-name-mode"] = self.mode
        if self.tables:
            document["registry"] = [_table(one) for one in self.tables]
        return document


def converted(conf: RegistriesConf) -> bytes:
    """A file of an older syntax in version 2."""
    old = registries.of(conf)
    search = None if old.search is None else tuple(one.name for one in old.search)
    return toml_text.render(DropIn(tuple(old.registries.values()), search).document).encode()


def _table(registry: Registry) -> dict[str, Any]:
    table: dict[str, Any] = {"prefix": registry.prefix}
    if registry.location:
        table["location"] = registry.location
    for key, given in (
        ("blocked", registry.blocked),
        ("insecure", registry.insecure),
        ("mirror-by-digest-only", registry.by_digest_only),
    ):
        if given:
            table[key] = True
    if registry.mirrors:
        table["mirror"] = [_mirror_table(one) for one in registry.mirrors]
    return table


def _mirror_table(mirror: Endpoint) -> dict[str, Any]:
    table: dict[str, Any] = {"location": mirror.location}
    if mirror.insecure:
        table["insecure"] = True
    if mirror.use:
        table["pull-from-mirror"] = mirror.use
    return table


def compiled(wanted: Wanted, others: Registries, *, wildcards: bool = True) -> DropIn:
    """What to write beside `others`, which is all that the other files say.

    Without `wildcards` the tools are too old to know them here.
    """
    prefixes = set(others.registries) | {
        scope
        for scope in scopes.spelled(_patterns(wanted))
        if wildcards or not scope.startswith(WILDCARD)
    }
    ours = _tables(wanted, others, prefixes)
    if greedy := _greedy(wanted, others, ours):
        ours = _tables(wanted, others, prefixes - greedy)
    search = [one for one in wanted.search or () if not is_unknown(one)]
    return DropIn(
        tuple(sorted(ours, key=lambda one: one.prefix)),
        None if wanted.search is None else tuple(map(str, search)),
        None if wanted.short_names is None else str(wanted.short_names),
    )


def is_unknown(registry: RegistryHost) -> bool:
    """The tools have no IPv6 addresses in names: one in a search list makes them refuse the file, and
    one as a mirror makes them refuse the image."""
    return registry.host.startswith("[")


def _patterns(wanted: Wanted) -> list[RegistryPattern]:
    """Everything that the site says something of."""
    hosts = wanted.insecure.registries if wanted.insecure is not None else ()
    return [
        *(wanted.allow or ()),
        *(wanted.block or ()),
        *(wanted.mirrors or ()),
        *map(RegistryPattern, (*hosts, *(wanted.search or ()))),
    ]


def _tables(wanted: Wanted, others: Registries, prefixes: Iterable[str]) -> list[Registry]:
    ours, holding = [], others
    for prefix in sorted(prefixes, key=lambda text: (len(text), text)):
        present = holding.at(prefix)
        table = _governed(present, wanted)
        if table != present and not (table.blocked and present.blocked):
            ours.append(table)
            holding = holding.with_registry(table)
    return ours


def _greedy(wanted: Wanted, others: Registries, ours: Iterable[Registry]) -> set[str]:
    """Wildcards of ours that would block what the site allows.

    `*.a.test` is as long as `b.a.test`, and then the tools take the wildcard.
    """
    holding = others
    for table in ours:
        holding = holding.with_registry(table)
    allowed = scopes.spelled(wanted.allow or ())
    found = (
        holding.find(scope)
        for scope in allowed
        if not scope.startswith(WILDCARD) and not _blocked(wanted, scope, False)
    )
    return {
        one.prefix
        for one in found
        if one is not None and one.blocked and one.prefix.startswith(WILDCARD)
    }


def _governed(present: Registry, wanted: Wanted) -> Registry:
    """A table with what the site governs as the site says, and the rest as it is."""
    prefix = present.prefix
    if _blocked(wanted, prefix, present.blocked):
        location = "" if prefix.startswith(WILDCARD) else prefix
        return Registry(prefix, location, blocked=True)
    table = replace(present, blocked=False)
    if wanted.mirrors is not None:
        table = replace(table, mirrors=_mirrors(wanted.mirrors, prefix))
    if wanted.insecure is None:
        return table
    return replace(
        table,
        insecure=_is_insecure(wanted.insecure, table.location),
        mirrors=tuple(
            replace(
                one,
                insecure=_is_insecure(wanted.insecure, one.location)
                or (wanted.mirrors is not None and one.insecure),
            )
            for one in table.mirrors
        ),
    )


def _blocked(wanted: Wanted, prefix: str, present: bool) -> bool:
    """Does a line of the block list block all of this? Where it says nothing, it stays as it is."""
    access = wanted.access
    verdict = None if access is None else scopes.judged(access, prefix)
    if verdict is None:
        return present
    if verdict.rule in _NO_PATTERN:
        return present and wanted.block is None
    return not verdict.allowed


def _mirrors(
    mirrors: Mapping[RegistryPattern, tuple[Mirror, ...]], prefix: str
) -> tuple[Endpoint, ...]:
    """Those of the most exact pattern, with the rest of a longer prefix behind their location."""
    own = _pattern(prefix)
    if own is None:
        return ()
    if own.wildcard:
        return _endpoints(mirrors.get(own, ()))
    image = ImageReference(str(own.registry), name=own.path)
    covering = [pattern for pattern in mirrors if pattern.covers(image)]
    if not covering:
        return ()
    closest = max(covering, key=lambda pattern: pattern.rank)
    rest = own.path.removeprefix(closest.path).strip("/")
    return _endpoints(mirrors[closest], rest)


def _endpoints(mirrors: Iterable[Mirror], rest: str = "") -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(f"{one.location}/{rest}" if rest else str(one.location), one.insecure)
        for one in mirrors
        if not is_unknown(one.location.registry)
    )


def _is_insecure(insecure: Insecure, location: str) -> bool:
    try:
        registry = RegistryHost.parse(location.partition("/")[0])
    except InvalidRegistry:
        return False
    image = ImageReference(str(registry))
    return any(RegistryPattern(one).covers(image) for one in insecure.registries)


def _pattern(prefix: str) -> RegistryPattern | None:
    try:
        return RegistryPattern.parse(prefix)
    except InvalidPattern:
        return None
