"""
What a site says of authorities for the whole host, as anchors of its distribution.

| site | Debian family | Red Hat family |
|---|---|---|
| `trust.system` | `/usr/local/share/ca-certificates/wharfinger-….crt` | `/etc/pki/ca-trust/source/anchors/wharfinger-….crt` |

One file for each authority that no file of somebody else has, then the distribution's own tool makes its bundles. Programs that start
later read them. A program in Go reads them once, so a running daemon knows a new authority from its
next start on: containerd is restarted, since containers outlive that, and so is dockerd where none of
its containers would stop. Where some would, the next restart is left to a person, and the plan says
so: a drained host is too dear for what `trust.registries` does without any restart.
"""

from __future__ import annotations

import hashlib
import posixpath
import ssl
from collections.abc import Iterator
from typing import Final

from wharfinger.hosts.on_host.changes import Action, Disruption, SystemTrusts
from wharfinger.hosts.on_host.facts import Facts, RuntimeFacts
from wharfinger.hosts.on_host.runtime_trust import ANCHORS
from wharfinger.hosts.runtimes.certs_d import OURS, authority_name, held_by_others
from wharfinger.hosts.site.model import Site
from wharfinger.hosts.wanted import Compiled, Effect, Limit, WantedFile

NAME: Final = "system"
REASON: Final = "trust.system"
_UPDATE: Final = Effect(
    Action.UPDATE_SYSTEM_TRUST, Disruption.NONE, "the bundles are made of the anchors"
)
_NO_STORE: Final = Limit(REASON, "this distribution's trust store is not known: nothing is changed")
_LATER: Final = (
    "{} trusts as it did until its next restart, which would stop containers now; "
    "`trust.registries` needs none"
)


def concerns(_: Facts) -> bool:
    """Every host has a trust store."""
    return True


def compile(site: Site, facts: Facts) -> Compiled:
    """The anchors of the site, and the absence of those of ours that it no longer names."""
    if site.trust.system is None:
        return Compiled()
    folder = ANCHORS.get(facts.family)
    if folder is None:
        return Compiled(limits=(_NO_STORE,) if site.trust.system else ())
    effects = (_UPDATE, *_restarts(facts))
    files = (
        WantedFile(f"{folder}/{authority_name(pem)}", pem, REASON, effects)
        for pem in site.trust.system
    )
    wanted = {file.path: file for file in files if not held_by_others(file, facts)}
    gone = (
        WantedFile(path, None, REASON, effects)
        for path in _ours(folder, facts)
        if path not in wanted
    )
    return Compiled(
        (*wanted.values(), *gone),
        tuple(SystemTrusts(_fingerprint(pem)) for pem in site.trust.system),
        tuple(Limit(REASON, _LATER.format(name)) for name in _left_alone(facts)),
    )


def _fingerprint(pem: bytes) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))).hexdigest()


def _ours(folder: str, facts: Facts) -> Iterator[str]:
    """The anchors that an earlier apply of ours put there."""
    for path in facts.files:
        above, name = posixpath.split(path)
        if above == folder and name.startswith(OURS) and name.endswith(".crt"):
            yield path


def _restarts(facts: Facts) -> Iterator[Effect]:
    docker, containerd = _running("docker", facts), _running("containerd", facts)
    if containerd is not None and docker is None:
        why = "containerd reads the system's authorities once; its containers go on"
        yield Effect(Action.RESTART_CONTAINERD, Disruption.RESTART, why)
    if docker is not None and not _would_stop(docker):
        why = "dockerd reads the system's authorities once; no container stops"
        yield Effect(Action.RESTART_DOCKER, Disruption.RESTART, why)


def _left_alone(facts: Facts) -> Iterator[str]:
    docker = _running("docker", facts)
    if docker is not None and _would_stop(docker):
        yield "dockerd"
    if _running("crio", facts) is not None:
        yield "CRI-O"


def _running(name: str, facts: Facts) -> RuntimeFacts | None:
    runtime = facts.runtimes.get(name)
    return None if runtime is None or runtime.pid is None or facts.tree else runtime


def _would_stop(docker: RuntimeFacts) -> bool:
    """Would a restart stop containers? Where the daemon does not tell, it would."""
    return docker.containers != 0 and not docker.live_restore
