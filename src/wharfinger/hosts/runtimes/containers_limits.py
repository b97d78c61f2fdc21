"""
What of the site Podman, CRI-O, Buildah and Skopeo cannot hold, and what they do instead.

Some of it lies in how they compare names, some in what stands on the host besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wharfinger.hosts.containers import drop_in, policy, registries, versions
from wharfinger.hosts.formats import registries_conf
from wharfinger.hosts.formats.toml_text import TomlText
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.runtimes import access_file, certs_d, docker_rhel
from wharfinger.hosts.site.model import Registries, Site
from wharfinger.hosts.wanted import Limit
from wharfinger.policy.patterns import RegistryPattern

_CERTS_D: Final = "/etc/containers/certs.d"
_DOCKER_CERTS_D: Final = "/etc/docker/certs.d"
_CRIO_CONFIG: Final = "/etc/crio/crio.conf"
"""The file, and the beginning of the directory of its drop-ins."""


def of(site: Site, facts: Facts, others: registries.Registries) -> Iterator[Limit]:
    """`others` is what the files say that are not ours."""
    wanted = site.registries
    yield from _limits_of_access(wanted)
    yield from _limits_of_hosts(wanted)
    yield from _limits_of_networks(wanted)
    yield from _limits_of_addresses(wanted)
    yield from _limits_of_search(wanted, facts, others)
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


def _limits_of_search(
    wanted: Registries, facts: Facts, others: registries.Registries
) -> Iterator[Limit]:
    search = wanted.search
    if search is None:
        return
    aliases = {**others.aliases, **registries.remembered_aliases(facts)}
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
    if wanted != Registries() and (old := versions.without_drop_ins(facts)):
        yield Limit(
            "registries",
            f"{', '.join(old)} reads no drop-ins: only policy.json and certificates are written",
        )
    if (
        wanted != Registries()
        and registries.in_yaml(facts) is not None
        and docker_rhel.concerns(facts)
    ):
        yield Limit(
            "registries",
            f"{registries_conf.MAIN} is YAML, which Docker reads here and these tools refuse",
        )
    patterns = (*(wanted.allow or ()), *(wanted.block or ()), *(wanted.mirrors or ()))
    if any(one.wildcard for one in patterns) and (old := versions.without_wildcards(facts)):
        yield Limit("registries: *.", f"{', '.join(old)} knows no wildcards: name each host")


def _limits_of_crio(wanted: Registries, facts: Facts) -> Iterator[Limit]:
    """CRI-O has settings of its own that go before the files of the library."""
    if "crio" not in facts.runtimes:
        return
    for path, found in sorted(facts.files.items()):
        if not path.startswith(_CRIO_CONFIG) or found.content is None:
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
        if path <= drop_in.PATH or path == registries_conf.MAIN:
            continue
        later = registries.read_file(facts.content(path), path)
        search = wanted.search is not None and later.search is not None
        mode = wanted.short_names is not None and later.short_name_mode is not None
        if later.entries or search or mode:
            yield Limit("registries", f"{path} is read after our file, and what it says counts")


def _shadowed(site: Site, facts: Facts) -> Iterator[Limit]:
    """The tools read one directory for a registry: Docker's only where theirs has none."""
    for registry in site.trust.registries or ():
        theirs, dockers = f"{_CERTS_D}/{registry}/", f"{_DOCKER_CERTS_D}/{registry}/"
        ours = set(certs_d.ours(_DOCKER_CERTS_D, facts))
        others = [path for path in facts.files if path.startswith(dockers) and path not in ours]
        if others and not any(path.startswith(theirs) for path in facts.files):
            yield Limit(
                f"trust.registries: {registry}",
                f"from now on {min(others)} counts for Docker only",
            )
