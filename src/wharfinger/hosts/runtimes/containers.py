"""
Podman, CRI-O, Buildah and Skopeo: `registries.conf`, `policy.json` and `certs.d` of one library.

What goes into the files is decided in `hosts.containers`; this says which files, what they cost, and
what of the site these tools cannot hold. They read everything afresh for each command. Only CRI-O is
a daemon: it reads `registries.conf` again on SIGHUP, and the rest at each pull.
https://github.com/containers/image/tree/main/docs
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from wharfinger.hosts.containers import drop_in, policy, registries, scopes
from wharfinger.hosts.formats import registries_conf
from wharfinger.hosts.formats.registries_conf import RegistriesConf, Syntax
from wharfinger.hosts.formats.toml_text import TomlText
from wharfinger.hosts.on_host.changes import Action, Disruption, Handshake
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.runtimes import access_file, certs_d, docker_rhel
from wharfinger.hosts.site.model import Registries, Site
from wharfinger.hosts.wanted import Compiled, Effect, Limit, WantedFile
from wharfinger.policy.access import AccessPolicy, InvalidAccessPolicy
from wharfinger.policy.patterns import RegistryPattern

NAME: Final = "containers"
TOOLS: Final = ("podman", "crio", "buildah", "skopeo")

DROP_IN: Final = f"{registries_conf.DROP_INS}50-wharfinger.conf"
CERTS_D: Final = "/etc/containers/certs.d"
_CRIO_CONFIGS: Final = ("/etc/crio/crio.conf",)
"""The file, and with it the directory of its drop-ins."""
_DOCKER_CERTS_D: Final = "/etc/docker/certs.d"

Versions = Mapping[str, tuple[int, ...]]
_DROP_INS_SINCE: Final[Versions] = {
    "podman": (1, 9),
    "crio": (1, 18),
    "buildah": (1, 15),
    "skopeo": (1, 0),
}
_WILDCARDS_SINCE: Final[Versions] = {
    "podman": (3, 2),
    "crio": (1, 22),
    "buildah": (1, 21),
    "skopeo": (1, 3),
}


def concerns(facts: Facts) -> bool:
    return any(tool in facts.runtimes for tool in TOOLS)


def compile(site: Site, facts: Facts) -> Compiled:
    """Raise `UnreadableFile` where a file of the host is one that the tools refuse."""
    facts = docker_rhel.settled(site, facts)
    trusted = site.trust.registries
    trust = () if trusted is None else certs_d.files(CERTS_D, trusted, facts)
    return Compiled(
        (*_registries_conf(site, facts), *_access(site, facts), *trust),
        tuple(Handshake(str(registry), NAME) for registry in trusted or ()),
        tuple(_limits(site, facts)),
    )


def _registries_conf(site: Site, facts: Facts) -> Iterator[WantedFile]:
    wanted = site.registries
    if _older(facts, _DROP_INS_SINCE):
        return
    content: bytes | None = None
    if wanted != Registries():
        main = _old_syntax(facts)
        if main is not None and not docker_rhel.concerns(facts):
            reason = "registries: the tools read no YAML"
            yield WantedFile(main.file, drop_in.converted(main), reason, _reload(facts))
        wildcards = not _older(facts, _WILDCARDS_SINCE)
        content = drop_in.compiled(wanted, _others(site, facts), wildcards=wildcards).content
    if content is not None or DROP_IN in facts.files:
        yield WantedFile(DROP_IN, content, _statements(wanted), _reload(facts))


def _others(site: Site, facts: Facts) -> registries.Registries:
    """What the files of others will say, and the main one as the compilers leave it."""
    main = _old_syntax(facts)
    if main is None:
        return registries.read(docker_rhel.settled(site, facts), leave_out=DROP_IN)
    files = {path: file for path, file in facts.files.items() if path != main.file}
    drop_ins = registries.read(replace(facts, files=files), leave_out=DROP_IN)
    return drop_ins if docker_rhel.concerns(facts) else registries.of(main).below(drop_ins)


def _old_syntax(facts: Facts) -> RegistriesConf | None:
    """A main file in YAML, with which the tools do not start at all."""
    content = facts.content(registries_conf.MAIN)
    if content is None:
        return None
    main = registries_conf.parse(content, registries_conf.MAIN)
    return main if main.syntax is Syntax.YAML else None


def _statements(wanted: Registries) -> str:
    """The parts of the site file that the drop-in comes from."""
    parts = {
        "search": wanted.search,
        "allow": wanted.allow,
        "block": wanted.block if wanted.block is not None else wanted.block_all or None,
        "insecure": wanted.insecure,
        "mirrors": wanted.mirrors,
        "shortNames": wanted.short_names,
    }
    said = [f"registries.{name}" for name, part in parts.items() if part is not None]
    return ", ".join(said) or "registries"


def _reload(facts: Facts) -> tuple[Effect, ...]:
    crio = facts.runtimes.get("crio")
    if crio is None or crio.pid is None:
        return ()
    why = "CRI-O reads registries.conf again on SIGHUP"
    return (Effect(Action.RELOAD_CRIO, Disruption.RELOAD, why),)


def _access(site: Site, facts: Facts) -> Iterator[WantedFile]:
    """The policy, and the record by which the next apply knows what in it is ours."""
    wanted = site.registries.access
    if wanted is None:
        return
    content = facts.content(policy.PATH)
    if content is not None or access_file.decides(wanted):
        edited = scopes.edited(content, _applied(facts), wanted)
        yield WantedFile(policy.PATH, edited, access_file.REASON)
    yield from access_file.files(site, facts)


def _applied(facts: Facts) -> AccessPolicy | None:
    """The access policy that an earlier apply left here."""
    content = facts.content(access_file.PATH)
    try:
        return None if content is None else AccessPolicy.from_json(json.loads(content))
    except (ValueError, InvalidAccessPolicy):
        return None


def _older(facts: Facts, since: Versions) -> list[str]:
    """The tools of a host that are older than that, as a person knows them."""
    return [
        f"{tool} {facts.runtimes[tool].version}"
        for tool in TOOLS
        if tool in facts.runtimes and _version(facts.runtimes[tool].version) < since[tool]
    ]


def _version(text: str) -> tuple[int, ...]:
    """Numbers of a version; one that cannot be read counts as new."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (10**6,) if found is None else (int(found[1]), int(found[2]))


# What cannot be held


def _limits(site: Site, facts: Facts) -> Iterator[Limit]:
    wanted = site.registries
    yield from _limits_of_access(wanted)
    yield from _limits_of_hosts(wanted)
    yield from _limits_of_networks(wanted)
    yield from _limits_of_addresses(wanted)
    yield from _limits_of_search(site, facts)
    yield from _limits_of_tools(wanted, facts)
    yield from _limits_of_crio(wanted, facts)
    yield from _unread(wanted, facts)
    yield from _overruled(wanted, facts)
    yield from _shadowed(site, facts)


def _limits_of_access(wanted: Registries) -> Iterator[Limit]:
    access = wanted.access
    if access is None or not access_file.decides(access):
        return
    if access.closed:
        yield Limit(
            "registries.allow",
            "holds for what comes in, once the registry has been asked for it; a push to a registry "
            "that is on no list is not refused",
        )
    elif access.block:
        yield Limit(
            "registries.block",
            "a host in capitals passes (QUAY.IO/app), since the tools compare names as text; with an "
            "allow list it does not",
        )


def _limits_of_hosts(wanted: Registries) -> Iterator[Limit]:
    """A prefix without a port matches all ports, and the tools have no other form."""
    insecure = wanted.insecure.registries if wanted.insecure is not None else ()
    statements = {
        "block": wanted.block or (),
        "insecure": map(RegistryPattern, insecure),
        "mirrors": wanted.mirrors or (),
    }
    for name, patterns in statements.items():
        for pattern in patterns:
            if not (pattern.registry.port or pattern.wildcard or pattern.path):
                yield Limit(
                    f"registries.{name}: {pattern}",
                    "holds for other ports of the host too, where no list names them"
                    + (", and they cannot be pulled from" if name == "mirrors" else ""),
                )


def _limits_of_networks(wanted: Registries) -> Iterator[Limit]:
    for network in wanted.insecure.networks if wanted.insecure is not None else ():
        yield Limit(
            f"registries.insecure: {network}",
            "there is no form for networks: name the registries in it",
        )


def _limits_of_addresses(wanted: Registries) -> Iterator[Limit]:
    mirrors = (one.location.registry for some in (wanted.mirrors or {}).values() for one in some)
    insecure = wanted.insecure.registries if wanted.insecure is not None else ()
    lists = (one.registry for one in (*(wanted.allow or ()), *(wanted.block or ())))
    named = dict.fromkeys([*(wanted.search or ()), *mirrors, *insecure, *lists])
    for registry in named:
        if drop_in.is_unknown(registry):
            yield Limit(
                f"registries: {registry}",
                "the tools know no IPv6 address in the name of an image: it is neither searched nor "
                "asked as a mirror",
            )


def _limits_of_search(site: Site, facts: Facts) -> Iterator[Limit]:
    search = site.registries.search
    if search is None:
        return
    aliases = {**_others(site, facts).aliases, **registries.remembered_aliases(facts)}
    hosts = set(map(str, search))
    elsewhere = sorted(
        name
        for name, alias in aliases.items()
        if alias.name and alias.name.partition("/")[0] not in hosts
    )
    if elsewhere:
        first = aliases[elsewhere[0]]
        more = f" and {len(elsewhere) - 1} more" if len(elsewhere) > 1 else ""
        yield Limit(
            "registries.search",
            f"short names with an alias go past it: {elsewhere[0]} is {first.name} "
            f"({first.place}){more}",
        )


def _limits_of_tools(wanted: Registries, facts: Facts) -> Iterator[Limit]:
    if wanted != Registries() and (old := _older(facts, _DROP_INS_SINCE)):
        yield Limit(
            "registries",
            f"{', '.join(old)} reads no drop-ins: only policy.json and certificates are written",
        )
    if wanted != Registries() and _old_syntax(facts) is not None and docker_rhel.concerns(facts):
        yield Limit(
            "registries",
            f"{registries_conf.MAIN} is YAML, which Docker reads here and these tools refuse",
        )
    patterns = (*(wanted.allow or ()), *(wanted.block or ()), *(wanted.mirrors or ()))
    if any(one.wildcard for one in patterns) and (old := _older(facts, _WILDCARDS_SINCE)):
        yield Limit("registries: *.", f"{', '.join(old)} knows no wildcards: name each host")


def _limits_of_crio(wanted: Registries, facts: Facts) -> Iterator[Limit]:
    """CRI-O has settings of its own that go before the files of the library."""
    if "crio" not in facts.runtimes:
        return
    for path, found in sorted(facts.files.items()):
        if not path.startswith(_CRIO_CONFIGS) or found.content is None:
            continue
        image = TomlText.parse(found.content, path).get("crio", "image") or {}
        other = image.get("signature_policy") or policy.PATH
        if wanted.access is not None and other != policy.PATH:
            yield Limit(access_file.REASON, f"CRI-O reads {other} for its policy, by {path}")
        if wanted.insecure is not None and image.get("insecure_registries"):
            yield Limit("registries.insecure", f"CRI-O has a list of its own in {path}")


def _unread(wanted: Registries, facts: Facts) -> Iterator[Limit]:
    """What the tools read and we do not, a link for instance."""
    for path, found in facts.files.items():
        known = path == registries_conf.MAIN or path.startswith(registries_conf.DROP_INS)
        if wanted != Registries() and known and found.content is None:
            yield Limit("registries", f"{path} is no plain file: what it says is not looked at")


def _overruled(wanted: Registries, facts: Facts) -> Iterator[Limit]:
    """Drop-ins of others that are read after ours and say something of the same."""
    if wanted == Registries():
        return
    for path in registries.paths(facts):
        if path <= DROP_IN or path == registries_conf.MAIN:
            continue
        later = registries.read_file(facts.content(path), path)
        search = wanted.search is not None and later.search is not None
        mode = wanted.short_names is not None and later.short_name_mode is not None
        if later.entries or search or mode:
            yield Limit("registries", f"{path} is read after our file, and what it says counts")


def _shadowed(site: Site, facts: Facts) -> Iterator[Limit]:
    """The tools read one directory for a registry: Docker's only where theirs has none."""
    for registry in site.trust.registries or ():
        theirs, dockers = f"{CERTS_D}/{registry}/", f"{_DOCKER_CERTS_D}/{registry}/"
        ours = set(certs_d.ours(_DOCKER_CERTS_D, facts))
        others = [path for path in facts.files if path.startswith(dockers) and path not in ours]
        if others and not any(path.startswith(theirs) for path in facts.files):
            yield Limit(
                f"trust.registries: {registry}",
                f"from now on {min(others)} counts for Docker only",
            )
