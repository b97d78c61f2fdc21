"""
Where Docker keeps its data, with which driver, and who says so.

A running daemon is asked. Of one that stands still its files tell what they can; the driver is then
unknown, since without being told dockerd takes the one that has left something in the data root.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from wharfinger.hosts.on_host import daemons
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.storage.facts import Engine, Usage
from wharfinger.hosts.on_host.storage.readable import found_in, names_in, text_of
from wharfinger.hosts.on_host.storage.reports import rows

DATA_ROOT: Final = "/var/lib/docker"
CONTAINERD_ROOT: Final = "/var/lib/containerd"
COMMAND_LINE: Final = "command line"

_DRIVERS: Final = (
    "aufs",
    "btrfs",
    "devicemapper",
    "fuse-overlayfs",
    "overlay",
    "overlay2",
    "vfs",
    "zfs",
)
_FOLDER_OF_DROPINS: Final = "/etc/systemd/system/docker.service.d"
_FILES: Final = (
    "/etc/sysconfig/docker-storage",
    "/etc/sysconfig/docker",
    "/etc/default/docker",
)
_SAYS_DRIVER: Final = re.compile(
    r"^[^#\n]*(?:--storage-driver|(?<![\w-])-s)[= ]+[\"']?\w", re.MULTILINE
)
_SAYS_ROOT: Final = re.compile(
    r"^[^#\n]*(?:--data-root|--graph|(?<![\w-])-g)[= ]+[\"']?(/[^\s\"']*)", re.MULTILINE
)
_CONTAINERD_ROOT: Final = re.compile(r"^\s*root\s*=\s*[\"']([^\"'\n]+)[\"']", re.MULTILINE)
_WITH_SNAPSHOTS: Final = 24
_SECONDS: Final = 30
_COUNTING_SECONDS: Final = 600


@dataclass(frozen=True)
class _Told:
    """What the files and the command line of a daemon say."""

    config: str
    data_root: str
    told_by: str
    texts: Mapping[str, str]


def read(machine: Machine, *, usage: bool) -> Engine | None:
    """`None` where there is no Docker. `usage` says to count what it keeps, which takes it long."""
    process = daemons.find(machine, "docker")
    if process is None and not _installed(machine):
        return None
    told = _told(machine, process)
    address = "" if process is None else _socket(machine, process)
    info = _object(_asked(machine, address, "/info")) if address else {}
    root = str(info.get("DockerRootDir") or told.data_root)
    known = Engine(
        name="docker",
        version="",
        data_root=root,
        told_by=told.told_by,
        socket=address,
        unit="" if process is None else process.unit or "",
        pid=None if process is None else process.pid,
        config=told.config,
        texts=told.texts,
        stores=_stores(machine, root),
        containerd_root=_containerd_root(machine, process, root),
    )
    return _running(machine, known, info, usage=usage) if info else known


def _socket(machine: Machine, process: Process) -> str:
    return daemons.socket_of(machine, "docker", process) or daemons.DOCKER_SOCKET


def _installed(machine: Machine) -> bool:
    return any(found_in(machine.files, name) for name in daemons.EXECUTABLES["docker"])


def _running(machine: Machine, known: Engine, info: Mapping[str, Any], *, usage: bool) -> Engine:
    """With what it answers; one that does not is told as one that stands still, with its pid."""
    containers = list(rows(_asked(machine, known.socket, "/containers/json?all=1")))
    volumes = _object(_asked(machine, known.socket, "/volumes")).get("Volumes")
    status = _status(info)
    version = str(info.get("ServerVersion") or "")
    return replace(
        known,
        version=version,
        driver=str(info.get("Driver") or ""),
        pool=status.get("Pool Name", ""),
        running=tuple(_name(one) for one in containers if one.get("State") == "running"),
        containers=_count(info, "Containers"),
        images=_count(info, "Images"),
        snapshots=_major(version) >= _WITH_SNAPSHOTS,
        container_ids=tuple(str(one.get("Id", "")) for one in containers),
        foreign_volumes=tuple(
            str(one.get("Name", "")) for one in rows(volumes) if one.get("Driver") != "local"
        ),
        swarm=_object(info.get("Swarm")).get("LocalNodeState") not in (None, "", "inactive"),
        rootless="name=rootless" in (info.get("SecurityOptions") or ()),
        usage=_usage(machine, known.socket) if usage else None,
    )


def _asked(machine: Machine, address: str, path: str, seconds: float = _SECONDS) -> Any:
    try:
        return machine.ask(address, path, seconds=seconds)
    except (OSError, ValueError):
        return None


def _object(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _status(info: Mapping[str, Any]) -> dict[str, str]:
    """What the driver tells of itself: a list of pairs."""
    pairs = info.get("DriverStatus")
    listed = pairs if isinstance(pairs, list) else []
    return {str(pair[0]): str(pair[1]) for pair in listed if isinstance(pair, list) and pair[1:]}


def _name(container: Mapping[str, Any]) -> str:
    names = container.get("Names")
    first = str(names[0]) if isinstance(names, list) and names else str(container.get("Id", ""))
    return first.lstrip("/")


def _count(info: Mapping[str, Any], key: str) -> int:
    value = info.get(key)
    return value if isinstance(value, int) else 0


def _major(version: str) -> int:
    first = version.partition(".")[0]
    return int(first) if first.isdecimal() else 0


def _usage(machine: Machine, address: str) -> Usage | None:
    found = _object(_asked(machine, address, "/system/df", _COUNTING_SECONDS))
    if not found:
        return None
    containers, volumes = list(rows(found.get("Containers"))), list(rows(found.get("Volumes")))
    used = (_object(one.get("UsageData")) for one in volumes if one.get("Driver") == "local")
    return Usage(
        images=_count(found, "LayersSize"),
        containers=sum(_count(one, "SizeRw") for one in containers),
        volumes=sum(max(_count(one, "Size"), 0) for one in used),  # -1 is "not counted"
    )


def _told(machine: Machine, process: Process | None) -> _Told:
    config = daemons.docker_config(process)
    texts = {path: text for path, text in _texts(machine, config) if text}
    document = _document(texts.get(config, ""))
    words = () if process is None else process.arguments
    given = daemons.option(words, "--storage-driver", "-s")
    others = [path for path in texts if path != config]
    saying = [path for path in others if _SAYS_DRIVER.search(texts[path])]
    if _in_config(document):
        told_by = config
    elif process is not None and given is None:
        told_by = ""
    else:
        told_by = saying[0] if saying else COMMAND_LINE if given else ""
    roots = [match[1] for path in others if (match := _SAYS_ROOT.search(texts[path]))]
    stated = (
        daemons.option(words, "--data-root", "--graph", "-g"),
        document.get("data-root"),
        document.get("graph"),
        *(roots if process is None else ()),
    )
    return _Told(
        config,
        next((str(one) for one in stated if one), DATA_ROOT),
        told_by,
        {path: texts[path] for path in (config, told_by) if path in texts},
    )


def _texts(machine: Machine, config: str) -> Iterator[tuple[str, str]]:
    for path in (config, *_FILES):
        yield path, text_of(machine.files, path)
    for name in names_in(machine.files, _FOLDER_OF_DROPINS):
        if name.endswith(".conf"):
            path = f"{_FOLDER_OF_DROPINS}/{name}"
            yield path, text_of(machine.files, path)


def _document(text: str) -> dict[str, Any]:
    try:
        return _object(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        return {}


def _in_config(document: Mapping[str, Any]) -> bool:
    features = _object(document.get("features"))
    return bool(document.get("storage-driver")) or "containerd-snapshotter" in features


def _stores(machine: Machine, root: str) -> tuple[str, ...]:
    """The drivers that have left something there: dockerd, too, asks whether the directory is empty."""
    return tuple(name for name in _DRIVERS if names_in(machine.files, f"{root}/{name}"))


def _containerd_root(machine: Machine, process: Process | None, data_root: str) -> str:
    """dockerd starts a containerd of its own where there was none, with a root below its own."""
    if process is not None and not machine.is_tree:
        children = [one for one in machine.processes("containerd") if one.parent == process.pid]
        if children:
            return f"{data_root}/containerd/daemon"
    return containerd_root(machine, daemons.find(machine, "containerd"))


def containerd_root(machine: Machine, found: Process | None) -> str:
    """Where the containerd of the system has its data, as its command line or its file says."""
    given = None if found is None else daemons.option(found.arguments, "--root")
    text = text_of(machine.files, daemons.containerd_config(found))
    match = _CONTAINERD_ROOT.search(text.partition("\n[")[0])
    return given or (CONTAINERD_ROOT if match is None else match[1])
