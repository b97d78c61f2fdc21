"""
Read the facts of a host. Nothing is written, and no file is followed, waited for or read too far.

A known file below a link is reported as a link: a plan for it is refused with that reason. What is
secret gives its digest and not its bytes.
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Iterator
from typing import Any, Final

from wharfinger.errors import TooLarge
from wharfinger.hosts.on_host import daemons, distribution, installed
from wharfinger.hosts.on_host.daemons import CONTAINERD_CONFIG, DOCKER_CONFIG
from wharfinger.hosts.on_host.docker_authz import units
from wharfinger.hosts.on_host.facts import Facts, FoundFile, RuntimeFacts
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.tree import LinkInPath, NotADirectory, Tree, UnsafePath

FILE_LIMIT: Final = 1 << 20
"""What is larger is told of without digest and content."""
TOTAL_LIMIT: Final = 32 << 20
COUNT_LIMIT: Final = 10_000
DEPTH_LIMIT: Final = 4

PROGRAMS: Final = {
    "docker": ("dockerd", "dockerd-current"),
    "podman": ("podman",),
    "skopeo": ("skopeo",),
    "buildah": ("buildah",),
    "crio": ("crio",),
    "containerd": ("containerd",),
}
_PLACES: Final = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin")

FILES: Final = (
    DOCKER_CONFIG,
    "/etc/sysconfig/docker",
    "/etc/sysconfig/docker-latest",
    "/etc/sysconfig/docker-storage-setup",
    "/etc/sysconfig/container-storage-setup",
    "/etc/default/docker",
    "/etc/containers/registries.conf",
    "/etc/containers/policy.json",
    CONTAINERD_CONFIG,
    "/etc/crio/crio.conf",
    "/etc/wharfinger/access.json",
    "/opt/containerd/image-verifier/bin/wharfinger",
    "/var/cache/containers/short-name-aliases.conf",
    "/usr/lib/systemd/system/docker.service",
    "/etc/systemd/system/docker.service",
    installed.PATH,
    units.SOCKET_PATH,
    units.SERVICE_PATH,
)
FOLDERS: Final = (
    "/etc/docker/certs.d",
    "/etc/systemd/system/docker.service.d",
    "/etc/containers/registries.conf.d",
    "/etc/containers/certs.d",
    "/etc/containerd/certs.d",
    "/etc/containerd/conf.d",
    "/etc/crio/crio.conf.d",
    "/etc/systemd/system/docker.service.d",
    "/etc/pki/ca-trust/source/anchors",
    "/usr/local/share/ca-certificates",
)

_PRIVATE: Final = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_VERSION: Final = re.compile(r"\d+\.\d+[^\s,]*")
_CONFIG_PATH: Final = re.compile(rb"""^\s*config_path\s*=\s*["']([^"'\n]*)["']""", re.MULTILINE)


class TooMuchToRead(TooLarge):
    code = "too-much-to-read"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"cannot read the facts of this host: at {path} there are more than {COUNT_LIMIT} files "
            f"or {TOTAL_LIMIT >> 20} MiB",
            remedy="look at what fills the directories of the container tools",
        )
        self.path = path


def read_facts(machine: Machine) -> Facts:
    """What the host is like now. Raise `TooMuchToRead`."""
    running = daemons.running(machine)
    found = distribution.read(machine.files)
    return Facts(
        hostname=machine.hostname(),
        family=found.family,
        system=found.name,
        systemd=not machine.is_tree and machine.files.look("/run/systemd/system") is not None,
        tree=machine.is_tree,
        runtimes=dict(_runtimes(machine, running)),
        files=read_files(machine.files, running),
    )


# Runtimes


def _runtimes(machine: Machine, running: dict[str, Process]) -> Iterator[tuple[str, RuntimeFacts]]:
    programs = {name: _program(machine.files, PROGRAMS[name]) for name in PROGRAMS}
    there = {name: path for name, path in programs.items() if path or name in running}
    versions = _versions(machine, there)
    for name in there:
        process = running.get(name)
        if process is None:
            yield name, RuntimeFacts(versions[name])
        else:
            yield name, _running(machine, name, versions[name], process)


def _program(tree: Tree, names: tuple[str, ...]) -> str | None:
    places = (f"{place}/{name}" for name in names for place in _PLACES)
    return next((path for path in places if _stands(tree, path)), None)


def _stands(tree: Tree, path: str) -> bool:
    try:
        return tree.look(path) is not None
    except (OSError, LinkInPath, NotADirectory):
        return False  # /bin is a link to /usr/bin, which is looked at too


def _versions(machine: Machine, programs: dict[str, str | None]) -> dict[str, str]:
    """What each program says of itself; empty in a tree, where none can be run."""
    if machine.is_tree:
        return dict.fromkeys(programs, "")
    asked = [path or PROGRAMS[name][0] for name, path in programs.items()]
    answers = machine.run(*((path, "--version") for path in asked), seconds=10)
    words = (_VERSION.search(answer.output) if answer.ok else None for answer in answers)
    return {name: word[0] if word else "" for name, word in zip(programs, words)}


def _running(machine: Machine, name: str, version: str, process: Process) -> RuntimeFacts:
    address = daemons.socket_of(machine, name, process)
    info = _docker_info(machine, address) if name == "docker" else {}
    return RuntimeFacts(
        version=str(info.get("ServerVersion") or version),
        pid=process.pid,
        arguments=process.arguments,
        containers=info.get("ContainersRunning"),
        live_restore=bool(info.get("LiveRestoreEnabled")),
        unit=process.unit,
        socket=address,
    )


def _docker_info(machine: Machine, address: str | None) -> dict[str, Any]:
    try:
        info = machine.ask(str(address), "/info")
    except (OSError, ValueError):
        return {}
    return info if isinstance(info, dict) else {}


# Files


def read_files(tree: Tree, running: dict[str, Process]) -> dict[str, FoundFile]:
    """The files that matter, by their paths."""
    reader = _Reader(tree)
    for path in dict.fromkeys((*FILES, daemons.docker_config(running.get("docker")))):
        reader.take(path)
    config = daemons.containerd_config(running.get("containerd"))
    reader.take(config)
    for folder in dict.fromkeys((*FOLDERS, *_config_paths(reader.found.get(config)))):
        reader.take_folder(folder, DEPTH_LIMIT)
    return reader.found


def _config_paths(config: FoundFile | None) -> list[str]:
    """Where containerd's configuration says that its hosts.toml files are."""
    content = b"" if config is None else config.content or b""
    lists = (match.decode("utf-8", "replace").split(":") for match in _CONFIG_PATH.findall(content))
    return [path for paths in lists for path in paths if path.startswith("/")]


class _Reader:
    """Collects files and counts what it has read."""

    def __init__(self, tree: Tree) -> None:
        self.found: dict[str, FoundFile] = {}
        self._tree = tree
        self._total = 0

    def take(self, path: str) -> None:
        try:
            self._take(path)
        except LinkInPath as link:
            self._add(path, FoundFile("symlink", target=link.target))
        except FileNotFoundError:
            return  # gone since we looked
        except (UnsafePath, NotADirectory):
            return
        except OSError:
            self._add(path, FoundFile("other"))

    def take_folder(self, path: str, depth: int) -> None:
        """All files below a directory; where it is no directory, what it is."""
        try:
            names = self._tree.names(path)
        except (UnsafePath, LinkInPath, NotADirectory, OSError):
            self.take(path)
            return
        for name in names:
            inner = f"{path}/{name}"
            if not name.isprintable():
                continue
            self.take(inner)
            if depth and inner in self.found and self.found[inner].kind == "directory":
                self.take_folder(inner, depth - 1)

    def _take(self, path: str) -> None:
        found = self._tree.look(path)
        if found is None:
            return
        owner = (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
        if stat.S_ISLNK(found.st_mode):
            self._add(path, FoundFile("symlink", *owner, target=self._tree.target(path)))
        elif stat.S_ISDIR(found.st_mode):
            self._add(path, FoundFile("directory", *owner))
        elif not stat.S_ISREG(found.st_mode):
            self._add(path, FoundFile("other", *owner))
        else:
            content = self._tree.read(path, limit=FILE_LIMIT)
            digest = None if content is None else _digest(content)
            shown = None if content is None or _stays_here(path, content) else content
            self._total += len(content or b"")
            self._add(path, FoundFile("file", *owner, digest=digest, content=shown))

    def _add(self, path: str, found: FoundFile) -> None:
        self.found[path] = found
        if len(self.found) > COUNT_LIMIT or self._total > TOTAL_LIMIT:
            raise TooMuchToRead(path)


def _stays_here(path: str, content: bytes) -> bool:
    """Keys are secret, and the program is large and has its digest."""
    return path.endswith(".key") or path == installed.PATH or _PRIVATE.search(content) is not None


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
