"""
Ask the host whether it is now as the order meant it: the daemons themselves, and real handshakes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wharfinger.hosts.on_host import daemons, handshake, runtime_trust
from wharfinger.hosts.on_host.changes import (
    ContainerdAnswers,
    DockerAnswers,
    Proof,
    SystemTrusts,
)
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.results import Holds, Proven

_SECONDS: Final = 20
"""How long a daemon may take to have read its configuration; a signal has no answer."""

_PLUGIN: Final = "wharfinger"
_LOOPBACK: Final = {"127.0.0.0/8", "::1/128"}
"""What dockerd lists as insecure by itself."""


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
    if proof.same_pid and before is not None and process.pid != before.pid:
        yield f"the daemon is process {process.pid} and was {before.pid}"


def _info_lacks(proof: DockerAnswers, info: Any) -> Iterator[str]:
    registries = info.get("RegistryConfig") or {}
    indexes = registries.get("IndexConfigs") or {}
    insecure = {*(registries.get("InsecureRegistryCIDRs") or [])} - _LOOPBACK
    insecure |= {name for name, index in indexes.items() if not index.get("Secure")}
    mirrors = {mirror.rstrip("/") for mirror in registries.get("Mirrors") or []}
    plugins = (info.get("Plugins") or {}).get("Authorization") or []
    if proof.insecure is not None and insecure != {*proof.insecure} - _LOOPBACK:
        yield f"it has as insecure: {_listed(insecure)}"
    if proof.mirrors is not None and mirrors != {mirror.rstrip("/") for mirror in proof.mirrors}:
        yield f"it has as mirrors: {_listed(mirrors)}"
    if proof.plugin and _PLUGIN not in plugins:
        yield f"it asks as plugins: {_listed(set(plugins))}"


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
