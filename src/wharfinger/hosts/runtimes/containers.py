"""
Podman, CRI-O, Buildah and Skopeo: `registries.conf`, `policy.json` and `certs.d` of one library.

What goes into the files is decided in `hosts.containers`; this says which files, and what they
cost; `containers_limits` what of the site these tools cannot hold. They read everything afresh for each command. Only CRI-O is
a daemon: it reads `registries.conf` again on SIGHUP, and the rest at each pull.
https://github.com/containers/image/tree/main/docs
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from wharfinger.hosts.containers import drop_in, policy, registries, scopes, versions
from wharfinger.hosts.on_host.changes import Action, Disruption, Handshake
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.runtimes import access_file, certs_d, containers_limits, docker_rhel
from wharfinger.hosts.site.model import Registries, Site
from wharfinger.hosts.wanted import Compiled, Effect, WantedFile
from wharfinger.policy.access import AccessPolicy, InvalidAccessPolicy

NAME: Final = "containers"
DROP_IN: Final = drop_in.PATH
CERTS_D: Final = "/etc/containers/certs.d"


def concerns(facts: Facts) -> bool:
    return any(tool in facts.runtimes for tool in versions.TOOLS)


def compile(site: Site, facts: Facts) -> Compiled:
    """Raise `UnreadableFile` where a file of the host is one that the tools refuse."""
    facts = docker_rhel.settled(site, facts)
    others = _others(site.registries, facts)
    trusted = site.trust.registries
    trust = () if trusted is None else certs_d.files(CERTS_D, trusted, facts)
    return Compiled(
        (*_registries_conf(site.registries, facts, others), *_access(site, facts), *trust),
        tuple(Handshake(str(registry), NAME) for registry in trusted or ()),
        tuple(containers_limits.of(site, facts, others)),
    )


def _registries_conf(
    wanted: Registries, facts: Facts, others: registries.Registries
) -> Iterator[WantedFile]:
    if versions.without_drop_ins(facts):
        return
    content: bytes | None = None
    if wanted != Registries():
        main = registries.in_yaml(facts)
        if main is not None and not docker_rhel.concerns(facts):
            reason = "registries: the tools read no YAML"
            yield WantedFile(main.file, drop_in.converted(main), reason, _reload(facts))
        wildcards = not versions.without_wildcards(facts)
        content = drop_in.compiled(wanted, others, wildcards=wildcards).content
    if content is not None or DROP_IN in facts.files:
        yield WantedFile(DROP_IN, content, _statements(wanted), _reload(facts))


def _others(wanted: Registries, facts: Facts) -> registries.Registries:
    """What the files of others will say, and the main one as the compilers leave it. They are not
    read for a site that says nothing of registries."""
    if wanted == Registries():
        return registries.Registries()
    main = registries.in_yaml(facts)
    if main is None:
        return registries.read(facts, leave_out=DROP_IN)
    files = {path: file for path, file in facts.files.items() if path != main.file}
    drop_ins = registries.read(replace(facts, files=files), leave_out=DROP_IN)
    return drop_ins if docker_rhel.concerns(facts) else registries.of(main).below(drop_ins)


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
