"""
What is done to a host, as values: files to write and remove, what to reload, and what to prove.

An `Order` is what a plan sends to a host. It names actions from a closed list instead of commands,
so a host runs nothing that it does not know. It carries the bytes of each file, keys included, so it
is kept as privately as they are.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Any, Union

from wharfinger.hosts.on_host import tagged


class Disruption(IntEnum):
    """What a change costs the containers of a host, from nothing to all of them."""

    NONE = 0
    RELOAD = 1
    """A daemon reads its configuration again; nothing stops."""
    RESTART = 2
    """A daemon restarts; containers go on, or there are none."""
    DRAIN = 3
    """A daemon restarts and its containers stop: move them away first."""

    def __str__(self) -> str:
        return self.name.lower()


class Action(str, Enum):
    """In the order in which they are done."""

    UPDATE_SYSTEM_TRUST = "update system trust"
    RELOAD_UNITS = "reload systemd units"
    START_DOCKER_AUTHZ = "start docker-authz"
    RESTART_CONTAINERD = "restart containerd"
    RELOAD_DOCKER = "reload docker"
    RESTART_DOCKER = "restart docker"
    RELOAD_CRIO = "reload crio"
    STOP_DOCKER_AUTHZ = "stop docker-authz"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class WriteFile:
    """Put `content` at `path`, making the directories above it. `expect` is the `identity` of what
    the plan saw there, `None` for nothing: if it is something else by now, the order is refused.

    `mode` and owner are for a file that is new; one that is there keeps its own, unless `exact`.
    """

    path: str
    content: bytes = field(repr=False)
    expect: str | None
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    exact: bool = False


@dataclass(frozen=True)
class RemoveFile:
    """Take away the file or link at `path`, and directories that only it kept and that an apply
    of ours made.
    """

    path: str
    expect: str


@dataclass(frozen=True)
class WriteLink:
    """Put a symbolic link at `path`. Only a restore asks for it: a plan makes no links."""

    path: str
    target: str
    expect: str | None


@dataclass(frozen=True)
class MakeDirectory:
    """A directory with this mode and owner; one that is there gets them. Only a restore asks."""

    path: str
    mode: int = 0o755
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True)
class RemoveDirectory:
    """Take away a directory that is empty by then. Only a restore asks for it."""

    path: str


FileChange = Union[WriteFile, RemoveFile, WriteLink, MakeDirectory, RemoveDirectory]


@dataclass(frozen=True)
class DockerAnswers:
    """The Docker daemon is up and has taken its configuration: `GET /info` lists these."""

    insecure: tuple[str, ...] | None = None
    mirrors: tuple[str, ...] | None = None
    plugin: bool = False
    same_pid: bool = False
    """The daemon was reloaded and not restarted."""


@dataclass(frozen=True)
class ContainerdAnswers:
    """containerd is up."""


@dataclass(frozen=True)
class Handshake:
    """A TLS handshake with `registry` succeeds with what `runtime` trusts.

    `runtime` is "system", "docker", "containers" or "containerd".
    """

    registry: str
    runtime: str


@dataclass(frozen=True)
class SystemTrusts:
    """The bundle of the distribution has this authority; `fingerprint` is the SHA-256 of its DER."""

    fingerprint: str


Proof = Union[DockerAnswers, ContainerdAnswers, Handshake, SystemTrusts]

_FILE_CHANGES = {
    "write": WriteFile,
    "remove": RemoveFile,
    "link": WriteLink,
    "make directory": MakeDirectory,
    "remove directory": RemoveDirectory,
}
_PROOFS = {
    "docker": DockerAnswers,
    "containerd": ContainerdAnswers,
    "handshake": Handshake,
    "system trust": SystemTrusts,
}


@dataclass(frozen=True)
class Order:
    """All that one apply does, in this order: files, actions, proofs. Empty means "already so"."""

    files: tuple[FileChange, ...] = ()
    actions: tuple[Action, ...] = ()
    proofs: tuple[Proof, ...] = ()


def to_json(order: Order) -> dict[str, Any]:
    return {
        "files": [_file_to_json(change) for change in order.files],
        "actions": [action.value for action in order.actions],
        "proofs": [tagged.to_json(_PROOFS, proof) for proof in order.proofs],
    }


def from_json(document: Mapping[str, Any]) -> Order:
    """Read what `to_json` gave."""
    return Order(
        tuple(_file_from_json(item) for item in document["files"]),
        tuple(Action(name) for name in document["actions"]),
        tuple(tagged.from_json(_PROOFS, item) for item in document["proofs"]),
    )


def _file_to_json(change: FileChange) -> dict[str, Any]:
    document = tagged.to_json(_FILE_CHANGES, change)
    if isinstance(change, WriteFile):
        document["content"] = base64.b64encode(change.content).decode()
    return document


def _file_from_json(document: Mapping[str, Any]) -> FileChange:
    plain = dict(document)
    if "content" in plain:
        plain["content"] = base64.b64decode(plain["content"])
    change: FileChange = tagged.from_json(_FILE_CHANGES, plain)
    return change
