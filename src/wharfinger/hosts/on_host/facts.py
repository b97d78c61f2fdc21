"""
What a host is like, as values: its family, its container runtimes, and the files that matter here.

Facts are read and never remembered. They travel as JSON from a host to where the plan is made, so
what is secret stays behind: of a private key they carry the digest and not the bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class FoundFile:
    """Something at a path. `content` is `None` for what is secret, too large or no regular file.

    `kind` is "file", "directory", "symlink" or "other"; `digest` is `sha256:…` of a regular file;
    `mode` is the permission bits; `target` is where a symbolic link points.
    """

    kind: str
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    digest: str | None = None
    content: bytes | None = None
    target: str | None = None

    @property
    def identity(self) -> str | None:
        """What tells it from another file: its digest, or `link:` and where it points."""
        return self.digest if self.target is None else f"link:{self.target}"


@dataclass(frozen=True)
class RuntimeFacts:
    """A container runtime that is installed.

    `pid` is that of its running daemon, `None` without one. `arguments` is the daemon's command
    line. `containers` counts those that run, where the daemon tells; `live_restore` says that they
    outlive a restart of it. `unit` is the systemd unit, if systemd runs it. `socket` is where its
    API answers.
    """

    version: str
    pid: int | None = None
    arguments: tuple[str, ...] = ()
    containers: int | None = None
    live_restore: bool = False
    unit: str | None = None
    socket: str | None = None


@dataclass(frozen=True)
class Facts:
    """`family` is "debian", "redhat" or "other"; `runtimes` maps "docker", "podman", "skopeo",
    "buildah", "crio" and "containerd" to what is known of each that is there; `files` maps absolute
    paths, as the host sees them, to what stands there. `tree` says that this is a directory tree
    and no running host: nothing there can be reloaded.
    """

    hostname: str
    family: str
    system: str
    systemd: bool = False
    tree: bool = False
    runtimes: Mapping[str, RuntimeFacts] = field(default_factory=dict)
    files: Mapping[str, FoundFile] = field(default_factory=dict)

    def content(self, path: str) -> bytes | None:
        """The bytes of a file, `None` where there is none."""
        found = self.files.get(path)
        return None if found is None else found.content


def to_json(facts: Facts) -> dict[str, Any]:
    document = asdict(facts)
    for found in document["files"].values():
        if found["content"] is not None:
            found["content"] = base64.b64encode(found["content"]).decode()
    return document


def from_json(document: Mapping[str, Any]) -> Facts:
    """Read what `to_json` gave."""
    runtimes = {
        name: RuntimeFacts(**{**value, "arguments": tuple(value["arguments"])})
        for name, value in document["runtimes"].items()
    }
    files = {path: FoundFile(**_with_bytes(value)) for path, value in document["files"].items()}
    return Facts(**{**document, "runtimes": runtimes, "files": files})


def _with_bytes(value: Mapping[str, Any]) -> dict[str, Any]:
    content = value["content"]
    return {**value, "content": None if content is None else base64.b64decode(content)}
