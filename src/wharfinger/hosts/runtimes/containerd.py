"""
containerd: `config_path` in its `config.toml`, and a `hosts.toml` for each registry.

`hosts.toml` is read at each pull, so a change of it disturbs nobody. Only where `config_path` is not
set yet containerd has to restart once, which leaves its containers running (`containerd_config`). What
a registry gets stands in `registry_hosts`; here is which registries get a file, and where.

- containerd takes the first directory that is there: `host_port_`, then `host:port`, then `_default`,
  in the first of its roots that has one. A new directory hides those after it, so a file of ours
  begins with what containerd has read so far.
- It has no allow list. `_default` blocks what has no directory, and each allowed registry has one.
- It knows registries and not parts of them. From version 2 on it asks an executable about each image,
  and then the lists hold to the letter (`wharfinger.hosts.on_host.verify_image`).

https://github.com/containerd/containerd/blob/v1.6.20/docs/hosts.md
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.on_host import installed
from wharfinger.hosts.on_host.changes import ContainerdAnswers, Handshake, Proof
from wharfinger.hosts.on_host.facts import Facts, RuntimeFacts
from wharfinger.hosts.runtimes import (
    access_file,
    certs_d,
    containerd_config,
    host_program,
    registry_hosts,
)
from wharfinger.hosts.runtimes.containerd_config import Config
from wharfinger.hosts.runtimes.registry_hosts import DEFAULT, Statement
from wharfinger.hosts.site.model import Site
from wharfinger.hosts.wanted import Compiled, Limit, WantedFile
from wharfinger.oci.reference import HUB, ImageReference
from wharfinger.oci.registry_host import InvalidRegistry, RegistryHost
from wharfinger.policy.access import AccessPolicy
from wharfinger.policy.patterns import RegistryPattern

NAME = "containerd"
CONFIG: Final = containerd_config.PATH

VERIFIER: Final = f"""\
#!/bin/sh
# Made by `wharf hosts apply`: containerd asks this about each image.
exec {installed.COMMAND} verify-image "$@"
"""
_FIRST_TO_VERIFY: Final = 2

_PORT: Final = re.compile(r"(?P<host>.+)_(?P<port>[0-9]{1,5})_")


@dataclass(frozen=True, slots=True)
class Roots:
    """The roots in which containerd looks, and what of them is known."""

    paths: tuple[str, ...]
    facts: Facts

    def folder(self, name: str) -> str:
        """Where the file for `name` belongs: in the first root, as it is spelled there already."""
        first = self.paths[0]
        return next(
            (path for path in self._spellings(first, name) if self._there(path)), f"{first}/{name}"
        )

    def read_so_far(self, name: str) -> str:
        """The directory that containerd reads for `name` now, or would for any other."""
        for root in self.paths:
            for path in (*self._spellings(root, name), f"{root}/{DEFAULT}"):
                if self._there(path):
                    return path
        return self.folder(name)

    def registries(self) -> Iterator[RegistryHost]:
        """Those that have a directory."""
        for name in dict.fromkeys(self._names()):
            port = _PORT.fullmatch(name)
            try:
                yield RegistryHost.parse(f"{port['host']}:{port['port']}" if port else name)
            except InvalidRegistry:
                continue

    def _names(self) -> Iterator[str]:
        for path in self.facts.files:
            folder, name = posixpath.split(posixpath.dirname(path))
            if folder in self.paths:
                yield name

    def _there(self, path: str) -> bool:
        return any(posixpath.dirname(one) == path for one in self.facts.files)

    @staticmethod
    def _spellings(root: str, name: str) -> tuple[str, ...]:
        host, colon, port = name.rpartition(":")
        return (
            (f"{root}/{host}_{port}_", f"{root}/{name}") if colon and host else (f"{root}/{name}",)
        )


def concerns(facts: Facts) -> bool:
    return NAME in facts.runtimes


def compile(site: Site, facts: Facts) -> Compiled:
    containerd = facts.runtimes[NAME]
    config = Config.of(facts, containerd)
    roots = Roots(config.roots, facts)
    trusted = _trust_files(site, roots)
    hosts = tuple(_host_files(site, roots))
    files: tuple[WantedFile, ...] = (*trusted, *hosts)
    if any(file.content is not None for file in files):
        files += tuple(config.files())
    return Compiled(
        (*access_file.files(site, facts), *_verifier(site, config, facts), *files),
        tuple(_proofs(site, roots, hosts, containerd)),
        tuple(_limits(site, verified=config.major >= _FIRST_TO_VERIFY)),
    )


# The image verifier


def _verifier(site: Site, config: Config, facts: Facts) -> Iterator[WantedFile]:
    """The executable that containerd 2 asks about each image, or its absence.

    The plugin that asks it is on by default, and looks into its directory at each pull.
    """
    policy = site.registries.access
    if policy is None:
        return
    path = f"{config.verifiers}/wharfinger"
    reason = access_file.REASON
    if access_file.decides(policy) and config.major >= _FIRST_TO_VERIFY:
        yield host_program.file(reason)
        yield WantedFile(path, VERIFIER.encode(), reason, mode=0o755)
    elif path in facts.files:
        yield WantedFile(path, None, reason)


# certs.d


def _trust_files(site: Site, roots: Roots) -> tuple[WantedFile, ...]:
    if site.trust.registries is None:
        return ()
    return certs_d.files(
        roots.paths[0],
        site.trust.registries,
        roots.facts,
        directory=lambda registry: posixpath.basename(roots.folder(str(registry))),
        by_name=True,
    )


def _host_files(site: Site, roots: Roots) -> Iterator[WantedFile]:
    for registry in sorted(set(_registries(site, roots)), key=str):
        folder = roots.folder(str(registry))
        source = roots.read_so_far(str(registry))
        statement = _statement(site, registry, roots)
        if statement.speaks:
            yield from registry_hosts.files(folder, source, statement, roots.facts)
    policy = site.registries.access
    if policy is not None:
        folder = f"{roots.paths[0]}/{DEFAULT}"
        statement = Statement(None, blocked=policy.closed, reason=access_file.REASON)
        yield from registry_hosts.files(folder, folder, statement, roots.facts)


def _registries(site: Site, roots: Roots) -> Iterator[RegistryHost]:
    """All that the site speaks of, and all that have a directory."""
    yield from site.trust.registries or {}
    yield from site.registries.insecure.registries if site.registries.insecure else ()
    yield from (one.registry for one in site.registries.mirrors or {} if _is_whole(one))
    policy = site.registries.access
    if policy is not None:
        yield from _named(policy)
    yield from roots.registries()


def _named(policy: AccessPolicy) -> Iterator[RegistryHost]:
    """Those that have to have a directory: blocked by name, or allowed where others are not."""
    for pattern in policy.block:
        if _is_whole(pattern):
            yield from (RegistryHost.parse(name) for name in pattern.spellings())
    if policy.closed:
        yield from (one.registry for one in policy.allow or () if not one.wildcard)


def _is_whole(pattern: RegistryPattern) -> bool:
    return not pattern.path and not pattern.wildcard


def _statement(site: Site, registry: RegistryHost, roots: Roots) -> Statement:
    """What the site says of one registry, `None` where it says nothing."""
    registries, trust = site.registries, site.trust.registries
    mirrors = registries.mirrors
    policy = registries.access
    return Statement(
        registry,
        blocked=None if policy is None else not _is_open(policy, registry),
        needed=policy is not None and policy.closed,
        insecure=None
        if registries.insecure is None
        else registry in registries.insecure.registries,
        mirrors=None if mirrors is None else mirrors.get(RegistryPattern.parse(str(registry)), ()),
        trust=None
        if trust is None
        else {
            one: registry_hosts.Files.of(roots.folder(str(one)), held)
            for one, held in trust.items()
        },
        reason=", ".join(_speaking(site)),
    )


def _speaking(site: Site) -> Iterator[str]:
    if site.trust.registries is not None:
        yield "trust.registries"
    if site.registries.insecure is not None:
        yield "registries.insecure"
    if site.registries.mirrors is not None:
        yield "registries.mirrors"
    if site.registries.access is not None:
        yield access_file.REASON


def _is_open(policy: AccessPolicy, registry: RegistryHost) -> bool:
    """May anything of this registry be pulled? containerd 1 cannot tell its parts apart."""
    whole = AccessPolicy(
        None if policy.allow is None else tuple(one for one in policy.allow if not one.path),
        tuple(one for one in policy.block if not one.path),
        policy.block_all,
    )
    image = ImageReference(str(registry), name="any")
    return whole.decide(image).allowed or any(
        one.path and RegistryPattern(one.registry).covers(image) for one in policy.allow or ()
    )


# Proofs and limits


def _proofs(
    site: Site, roots: Roots, hosts: Iterable[WantedFile], containerd: RuntimeFacts
) -> Iterator[Proof]:
    """A handshake with each registry that is trusted and not blocked."""
    if containerd.pid is not None:
        yield ContainerdAnswers()
    blocked = {file.path for file in hosts if registry_hosts.is_blocked(file)}
    for registry in site.trust.registries or {}:
        if f"{roots.folder(str(registry))}/{registry_hosts.FILE}" not in blocked:
            yield Handshake(str(registry), NAME)


def _limits(site: Site, *, verified: bool) -> Iterator[Limit]:
    registries = site.registries
    if registries.search and any(str(one) != HUB for one in registries.search):
        yield Limit("registries.search", "a name without a registry is always one of docker.io")
    if registries.insecure is not None and registries.insecure.networks:
        yield Limit("registries.insecure", "containerd knows no networks: name each registry")
    for pattern in registries.mirrors or {}:
        if not _is_whole(pattern):
            yield Limit(
                f"registries.mirrors: {pattern}",
                "containerd mirrors whole registries by their names: it is pulled directly",
            )
    if registries.access is not None and not verified:
        yield from _access_limits(registries.access)


def _access_limits(policy: AccessPolicy) -> Iterator[Limit]:
    for pattern in policy.allow or ():
        if pattern.wildcard and policy.closed:
            yield Limit(f"registries.allow: {pattern}", "blocked but for registries that are named")
        elif pattern.path and policy.closed:
            yield Limit(f"registries.allow: {pattern}", f"all of {pattern.registry} can be pulled")
    for pattern in policy.block:
        if pattern.wildcard and not policy.closed:
            yield Limit(f"registries.block: {pattern}", "not blocked: name each registry")
        elif pattern.path and _is_open(policy, pattern.registry):
            yield Limit(f"registries.block: {pattern}", "not blocked: containerd blocks registries")
    if access_file.decides(policy):
        yield Limit(
            access_file.REASON,
            "holds for pulls of the kubelet and of clients that read certs.d; `ctr` does so only"
            " with --hosts-dir",
        )
