"""
Docker as Red Hat built it (1.x), which takes lists of registries to add, block and reach insecurely.

The lists stand in `/etc/sysconfig/docker` (`ADD_REGISTRY`, `BLOCK_REGISTRY`, `INSECURE_REGISTRY`), or in
a `registries.conf` of the older syntaxes where there is one: that is edited then, and the flags go from
`sysconfig`, so that each list stands in one place. A `registries.conf` of version 2 is none of this
daemon's. Mirrors and certificates are as for any Docker (`docker.py`).

`--block-registry all` blocks every registry that is not added, and being added beats being blocked. So
where the site has an allow list, its registries are added, and what it does not allow is not.
https://access.redhat.com/documentation/en-us/red_hat_enterprise_linux_atomic_host/7
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from wharfinger.hosts.formats import registries_conf, sysconfig
from wharfinger.hosts.formats.sysconfig import Sysconfig
from wharfinger.hosts.formats.toml_text import TomlText
from wharfinger.hosts.formats.yaml_text import YamlText
from wharfinger.hosts.on_host.changes import Action, Disruption, DockerAnswers, Proof
from wharfinger.hosts.on_host.facts import Facts, RuntimeFacts
from wharfinger.hosts.runtimes import access_file, docker
from wharfinger.hosts.site.model import Registries, Site
from wharfinger.hosts.wanted import Compiled, Effect, Limit, WantedFile
from wharfinger.oci.reference import HUB
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.access import ALL
from wharfinger.policy.patterns import RegistryPattern

NAME = "docker-rhel"
SYSCONFIG: Final = docker.SYSCONFIG


@dataclass(frozen=True, slots=True)
class _List:
    """Where a list stands: its variable and flag, and its names in the older `registries.conf`."""

    variable: str
    flag: str
    yaml: str
    table: str
    reason: str


_SEARCH: Final = _List(
    "ADD_REGISTRY", "--add-registry", "registries", "search", "registries.search"
)
_BLOCK: Final = _List(
    "BLOCK_REGISTRY", "--block-registry", "block_registries", "block", access_file.REASON
)
_INSECURE: Final = _List(
    "INSECURE_REGISTRY",
    "--insecure-registry",
    "insecure_registries",
    "insecure",
    "registries.insecure",
)
_LISTS: Final = (_SEARCH, _BLOCK, _INSECURE)
_VARIABLES: Final = ("OPTIONS", *(one.variable for one in _LISTS))

Wanted = Mapping[_List, tuple[str, ...]]
"""The lists that the site governs."""


def concerns(facts: Facts) -> bool:
    return docker.NAME in facts.runtimes and docker.is_red_hats(facts)


def compile(site: Site, facts: Facts) -> Compiled:
    """Raise `UnreadableFile` or `CannotEdit` for files that cannot be edited by their lines."""
    shared = docker.compile(_shared(site), facts)
    wanted = _wanted(site.registries, facts)
    files = tuple(_files(wanted, facts))
    return Compiled(
        (*files, *shared.files),
        (*_proofs(wanted, facts.runtimes[docker.NAME]), *shared.proofs),
        (*_limits(site.registries, facts), *shared.limits),
    )


def settled(site: Site, facts: Facts) -> Facts:
    """The facts with `registries.conf` as this leaves it, for the tools that read it too."""
    if not concerns(facts):
        return facts
    files = dict(facts.files)
    for file in _files(_wanted(site.registries, facts), facts):
        if file.path == registries_conf.MAIN:
            files[file.path] = replace(files[file.path], content=file.content)
    return replace(facts, files=files)


def _shared(site: Site) -> Site:
    """What upstream's Docker does alike: mirrors, but for insecure ones, and certificates."""
    mirrors = site.registries.mirrors
    if mirrors is not None:
        mirrors = {
            pattern: tuple(one for one in those if not one.insecure)
            for pattern, those in mirrors.items()
        }
    return Site(Registries(mirrors=mirrors), site.trust)


# What the lists shall say


def _wanted(registries: Registries, facts: Facts) -> Wanted:
    wanted: dict[_List, tuple[str, ...]] = {}
    access = registries.access
    if registries.search is not None or (access is not None and access.closed):
        wanted[_SEARCH] = tuple(map(str, _added(registries, facts)))
    if access is not None:
        blocked = [str(one) for one in access.block if _is_whole(one)]
        wanted[_BLOCK] = (ALL,) if access.closed else tuple(blocked)
    if (insecure := registries.insecure) is not None:
        wanted[_INSECURE] = tuple(map(str, (*insecure.registries, *insecure.networks)))
    return wanted


def _added(registries: Registries, facts: Facts) -> tuple[RegistryHost, ...]:
    """In order: what is searched, then what is allowed only, where all else is blocked."""
    search = registries.search
    access = registries.access
    if access is None or not access.closed:
        return search or ()
    allowed = _allowed(registries)
    if search is None:
        found = {str(one): one for one in allowed}
        search = tuple(found[name] for name in _stands(facts) if name in found)
    kept = [one for one in search if one in allowed]
    return tuple(dict.fromkeys([*kept, *allowed]))


def _allowed(registries: Registries) -> tuple[RegistryHost, ...]:
    """Registries of the allow list, less those that are blocked as a whole."""
    blocked = {one.registry for one in registries.block or () if _is_whole(one)}
    return tuple(
        one.registry
        for one in registries.allow or ()
        if not one.wildcard and one.registry not in blocked
    )


def _is_whole(pattern: RegistryPattern) -> bool:
    return not pattern.wildcard and not pattern.path


def _stands(facts: Facts) -> tuple[str, ...]:
    """The registries that are added now, in order."""
    text = _older(facts)
    if text is not None:
        return tuple(one.name for one in registries_conf.of(text).search or ())
    document = Sysconfig.parse(facts.content(SYSCONFIG), SYSCONFIG)
    values = [document.get(name) or "" for name in _VARIABLES]
    return tuple(one for value in values for one in sysconfig.flags(value, _SEARCH.flag))


# The files


def _files(wanted: Wanted, facts: Facts) -> Iterator[WantedFile]:
    if not wanted:
        return
    older = _older(facts)
    edited = _sysconfig(wanted, facts, with_lists=older is None)
    reason = ", ".join(one.reason for one in wanted)
    effects = _effects(facts.runtimes[docker.NAME])
    if edited or SYSCONFIG in facts.files:
        yield WantedFile(SYSCONFIG, edited, reason, effects)
    if older is not None:
        yield WantedFile(registries_conf.MAIN, _conf(wanted, older), reason, effects)


def _older(facts: Facts) -> TomlText | YamlText | None:
    """The `registries.conf` of the host, if it is one that this daemon's start reads."""
    content = facts.content(registries_conf.MAIN)
    if content is None:
        return None
    text = registries_conf.document(content, registries_conf.MAIN)
    version_2 = registries_conf.of(text).syntax is registries_conf.Syntax.V2
    return None if version_2 else text


def _conf(wanted: Wanted, text: TomlText | YamlText) -> bytes:
    for one, names in wanted.items():
        if isinstance(text, YamlText):
            if names or text.get(one.yaml):
                text = text.with_list(one.yaml, names)
        elif names or text.get("registries", one.table, "registries"):
            text = text.with_value(("registries", one.table, "registries"), list(names))
    return text.content


def _sysconfig(wanted: Wanted, facts: Facts, *, with_lists: bool) -> bytes:
    document = Sysconfig.parse(facts.content(SYSCONFIG), SYSCONFIG)
    for one, names in wanted.items():
        for variable in _VARIABLES:
            ours = names if with_lists and variable == one.variable else ()
            value = document.get(variable)
            edited = sysconfig.with_flags(value or "", one.flag, ours)
            if edited != (value or ""):
                document = document.with_value(variable, edited)
    return document.content


def _effects(runtime: RuntimeFacts) -> tuple[Effect, ...]:
    if runtime.pid is None:
        return ()
    stops = runtime.containers != 0 and not runtime.live_restore
    why = "dockerd reads its lists of registries at its start only"
    if stops:
        why += ", and its containers stop with it (live-restore is off)"
    disruption = Disruption.DRAIN if stops else Disruption.RESTART
    return (Effect(Action.RESTART_DOCKER, disruption, why),)


def _proofs(wanted: Wanted, runtime: RuntimeFacts) -> Iterator[Proof]:
    if wanted and runtime.pid is not None:
        yield DockerAnswers(insecure=wanted.get(_INSECURE))


# What cannot be held


def _limits(registries: Registries, facts: Facts) -> Iterator[Limit]:
    yield from _limits_of_search(registries)
    yield from _limits_of_allow(registries)
    yield from _limits_of_block(registries)
    for pattern, mirrors in (registries.mirrors or {}).items():
        if any(one.insecure for one in mirrors):
            yield Limit(
                f"registries.mirrors: {pattern}",
                "an insecure mirror is left out: name it in registries.insecure instead",
            )
    conf = facts.content(registries_conf.MAIN)
    if conf is not None and _older(facts) is not None and _wanted(registries, facts):
        yield Limit(
            "registries",
            f"the lists go into {registries_conf.MAIN}: Docker's start reads it by registries.service",
        )


def _limits_of_search(registries: Registries) -> Iterator[Limit]:
    access = registries.access
    if access is None or not access.closed:
        blocked = {one.registry for one in registries.block or () if _is_whole(one)}
        for one in registries.search or ():
            if one in blocked:
                yield Limit(
                    f"registries.block: {one}",
                    "it is searched, and being added beats being blocked: it stays open",
                )
        if registries.search is not None and not any(
            one.host == HUB for one in (*registries.search, *blocked)
        ):
            yield Limit("registries.search", f"{HUB} is searched last without being named")
        return
    allowed = _allowed(registries)
    for one in registries.search or ():
        if one not in allowed:
            yield Limit(
                f"registries.search: {one}",
                "it is not allowed, and adding it would open it: it is left out",
            )
    if set(allowed) - set(registries.search or ()):
        yield Limit(
            "registries.allow",
            "what is allowed has to be added, and so is searched too, after registries.search",
        )


def _limits_of_allow(registries: Registries) -> Iterator[Limit]:
    allowed = _allowed(registries)
    for one in registries.allow or ():
        statement = f"registries.allow: {one}"
        if one.wildcard:
            yield Limit(
                statement, "there are no wildcards: name each host; until then all are blocked"
            )
        elif one.registry not in allowed:
            yield Limit(statement, f"all of {one.registry} is blocked, and with it this path")
        elif one.path:
            yield Limit(statement, f"there are no paths: all of {one.registry} is allowed")


def _limits_of_block(registries: Registries) -> Iterator[Limit]:
    access = registries.access
    allowed = _allowed(registries)
    for one in registries.block or ():
        if one.wildcard and access is not None and not access.closed:
            yield Limit(f"registries.block: {one}", "there are no wildcards: it blocks nothing")
        elif one.path and (one.registry in allowed or not (access is not None and access.closed)):
            yield Limit(f"registries.block: {one}", "there are no paths: it blocks nothing")
