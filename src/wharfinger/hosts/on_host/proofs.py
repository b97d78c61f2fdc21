"""
Ask the host whether it is now as the order meant it: the daemons themselves, and real handshakes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from wharfinger.hosts.on_host import daemons, docker_keys, handshake, runtime_trust
from wharfinger.hosts.on_host.changes import (
    ContainerdAnswers,
    DockerAnswers,
    Proof,
    SystemTrusts,
)
from wharfinger.hosts.on_host.docker_authz import units
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.results import Holds, Proven

_SECONDS: Final = 20
"""How long a daemon may take to have read its configuration; a signal has no answer."""

_REFUSED: Final = "/distribution/Wharfinger/json"
"""No name of an image, since it has a capital: nothing is looked up for it."""


def prove(
    wanted: Sequence[Proof], machine: Machine, before: Mapping[str, Process] | None = None
) -> list[Proven]:
    """Each claim with what was seen. `before` are the daemons that ran before the change."""
    return [_prove(proof, machine, before or {}) for proof in wanted]


def up_again(machine: Machine, before: Mapping[str, Process]) -> list[Proven]:
    """That the daemons which ran before run now."""
    claims: dict[str, Proof] = {"docker": DockerAnswers(), "containerd": ContainerdAnswers()}
    return prove([claims[name] for name in claims if name in before], machine, before)


def _prove(proof: Proof, machine: Machine, before: Mapping[str, Process]) -> Proven:
    if isinstance(proof, DockerAnswers):
        return _docker(proof, machine, before.get("docker"))
    if isinstance(proof, ContainerdAnswers):
        return _containerd(machine, before.get("containerd"))
    if isinstance(proof, SystemTrusts):
        return _system(proof, machine)
    if machine.is_tree:
        claim = f"{proof.runtime} trusts {proof.registry}"
        return Proven(claim, Holds.UNKNOWN, "this is a tree and no host")
    return handshake.prove(machine.files, proof)


def _system(proof: SystemTrusts, machine: Machine) -> Proven:
    if machine.is_tree:
        claim = f"the system trusts {proof.fingerprint[:16]}"
        return Proven(claim, Holds.UNKNOWN, "this is a tree and no host")
    return runtime_trust.prove(machine.files, proof)


def _docker(proof: DockerAnswers, machine: Machine, before: Process | None) -> Proven:
    what = "docker is up" if proof == DockerAnswers() else "docker is up and has its configuration"
    if machine.is_tree:
        return Proven(what, Holds.UNKNOWN, "this is a tree and no host")
    missing = ["the daemon is not asked"]
    for _ in machine.pauses(_SECONDS):
        missing = list(_docker_lacks(proof, machine, before))
        if not missing:
            return Proven(what, Holds.YES)
    return Proven(what, Holds.NO, "; ".join(missing))


def _docker_lacks(proof: DockerAnswers, machine: Machine, before: Process | None) -> Iterator[str]:
    process = daemons.find(machine, "docker") or before
    if process is None:
        yield "no daemon runs"
        return
    address = daemons.socket_of(machine, "docker", process)
    try:
        info = machine.ask(str(address), "/info")
    except (OSError, ValueError) as error:
        yield f"{address} does not answer: {error}"
        return
    yield from _info_lacks(proof, info)
    if proof.plugin and not _asks_plugin(machine, str(address)):
        yield "it does not ask our plugin"
    if proof.same_pid and before is not None and process.pid != before.pid:
        yield f"the daemon is process {process.pid} and was {before.pid}"


def _info_lacks(proof: DockerAnswers, info: Any) -> Iterator[str]:
    insecure, mirrors = docker_keys.insecure(info), docker_keys.mirrors(info)
    if proof.insecure is not None and insecure != {*proof.insecure} - docker_keys.LOOPBACK:
        yield f"it has as insecure: {_listed(insecure)}"
    if proof.mirrors is not None and mirrors != {mirror.rstrip("/") for mirror in proof.mirrors}:
        yield f"it has as mirrors: {_listed(mirrors)}"


def _asks_plugin(machine: Machine, address: str) -> bool:
    """Does the daemon let our plugin decide? It lists plugins as they were at its start, so it is
    asked for something that the plugin refuses always, and itself only for another reason."""
    try:
        status, body = machine.answer(address, _REFUSED)
    except (OSError, ValueError):
        return False
    return status == HTTPStatus.FORBIDDEN and f"plugin {units.PLUGIN}".encode() in body


def _containerd(machine: Machine, before: Process | None) -> Proven:
    what = "containerd is up"
    if machine.is_tree:
        return Proven(what, Holds.UNKNOWN, "this is a tree and no host")
    process = daemons.find(machine, "containerd") or before
    if process is None:
        return Proven(what, Holds.NO, "no daemon runs")
    address = str(daemons.socket_of(machine, "containerd", process))
    if any(machine.listener(address) is not None for _ in machine.pauses(_SECONDS)):
        return Proven(what, Holds.YES, f"{address} answers")
    return Proven(what, Holds.NO, f"{address} does not answer")


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
