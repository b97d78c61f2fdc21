"""
What a set-up looks at on the host, beside the facts of its storage, and what it waits for.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from wharfinger.errors import Conflict, NotFound
from wharfinger.hosts.formats import sourced, sysconfig
from wharfinger.hosts.formats.sysconfig import Sysconfig
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage.facts import Device, StorageFacts
from wharfinger.hosts.setup import drafts, keys, options, roots, units
from wharfinger.hosts.setup.errors import CannotSetUp, NoSuchDevice, TookTooLong
from wharfinger.hosts.setup.keys import DEVICEMAPPER, Settings
from wharfinger.hosts.setup.planning import OUTPUT, Seen
from wharfinger.hosts.setup.roots import Root
from wharfinger.hosts.site.sizes import Size
from wharfinger.hosts.site.storage import DEFAULT_SHARE

INPUT: Final = "/etc/sysconfig/docker-storage-setup"
DEFAULTS: Final = "/usr/share/container-storage-setup/container-storage-setup"

_DOCKER: Final = "/etc/sysconfig/docker"
_DOCKER_ROOT: Final = "/var/lib/docker"
_OLD_METADATA: Final = "/var/lib/docker/devicemapper/metadata"
_LOCK: Final = "/run/lock/container-storage-setup"
_LOCK_TRIES: Final = 60
_TRIAL: Final = "/run/container-storage-setup"
_MAY_DETACH: Final = "/proc/sys/fs/may_detach_mounts"
_LIMIT: Final = 1 << 20
_VERSION: Final = re.compile(r"^(\d{1,4})\.(\d{1,4})\b", re.MULTILINE)
_DETACHES_SINCE: Final = (3, 18)

Say = Callable[[str], None]


class Busy(Conflict):
    code = "setup-busy"

    def __init__(self) -> None:
        super().__init__(
            "cannot begin: another run of container-storage-setup has been at work for a minute",
            remedy="wait until it has ended",
        )


class NoInput(NotFound):
    code = "setup-no-input"

    def __init__(self, path: str) -> None:
        super().__init__(f"cannot read the configuration {path}: there is no such file")


# Files


def resolved(machine: Machine, path: str) -> str:
    """Where a path leads once its links are followed: what an administrator names may be one."""
    root = os.path.realpath(machine.files.root)
    full = os.path.realpath(os.path.join(root, path.lstrip("/")))  # noqa: PTH118 - may be outside
    return full if root == "/" else full.removeprefix(root) or "/"


def read(machine: Machine, path: str) -> bytes | None:
    return machine.files.read(resolved(machine, path), limit=_LIMIT)


def text(machine: Machine, path: str) -> str | None:
    content = read(machine, path)
    return None if content is None else content.decode("utf-8", "replace")


def values(machine: Machine, path: str, *, compat: bool) -> dict[str, str]:
    """What counts for each key. Raise `NoInput`, or `UnreadableFile` for what only a shell could read."""
    content = read(machine, path)
    if content is None and not compat:
        raise NoInput(path)
    said = _assigned(content or b"", path)
    defaults = _assigned(read(machine, DEFAULTS) or b"", DEFAULTS)
    return keys.merged(machine.environment(), defaults, said, compat=compat)


def _assigned(content: bytes, path: str) -> Mapping[str, str]:
    return {key: one.value for key, one in sourced.read(content, path).items()}


@contextmanager
def locked(machine: Machine, say: Say) -> Iterator[None]:
    """One at a time, also beside the peer's program. Raise `Busy`."""
    machine.files.make_private(_LOCK)
    with machine.files.directory(_LOCK) as directory:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open("lock", flags, 0o600, dir_fd=directory)
    try:
        _take(machine, descriptor, say)
        yield
    finally:
        os.close(descriptor)


def _take(machine: Machine, descriptor: int, say: Say) -> None:
    for _ in range(_LOCK_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        say("another run of container-storage-setup is at work: waiting")
        for _ in machine.pauses(1):
            pass
    raise Busy


# What a plan rests on


def seen(machine: Machine, settings: Settings, facts: StorageFacts, *, compat: bool) -> Seen:
    """Raise `NoSuchDevice` for a disk that is not there."""
    group = drafts.group_of(settings, facts)
    root = None
    if settings.root is not None:
        path = _parent_resolved(machine, settings.root.path)
        root = _root(machine, settings.root.name, path, settings.root.size, compat=compat)
    docker_root = None
    if settings.docker_root is not None:
        docker_root = _docker_root(machine, settings)
    return Seen(
        devices(machine, settings.devices, facts, compat=compat) if group else (),
        text(machine, OUTPUT) if compat else None,
        engine(machine) if settings.driver == DEVICEMAPPER else options.Engine(),
        machine.files.look(resolved(machine, _OLD_METADATA)) is not None,
        root,
        docker_root,
    )


def seen_for_removal(machine: Machine, settings: Settings, facts: StorageFacts) -> Seen:
    """The volume of Docker's root is fixed by its name, whatever the configuration says by now."""
    root = None
    if settings.root is not None:
        path = resolved(machine, settings.root.path)
        root = _root(machine, settings.root.name, path, settings.root.size, compat=True)
    there = facts.volume(drafts.group_of(settings, facts), roots.DOCKER_VOLUME)
    docker_root = None if there is None else _docker_root(machine, settings)
    return Seen(output=text(machine, OUTPUT), root=root, docker_root=docker_root)


def _root(machine: Machine, name: str, path: str, size: Size, *, compat: bool) -> Root:
    unit = text(machine, units.file(path)) if compat else None
    return Root(name, path, size, unit_wanted=compat, unit=unit)


def _parent_resolved(machine: Machine, path: str) -> str:
    parent = os.path.dirname(path.rstrip("/"))  # noqa: PTH120 - a path of the host, not of ours
    if machine.files.look(resolved(machine, parent)) is None:
        raise CannotSetUp(
            f"cannot mount anything at {path}: there is no directory {parent}",
            remedy=f"mkdir -p {parent}",
        )
    return resolved(machine, path)


def _docker_root(machine: Machine, settings: Settings) -> Root:
    told = Sysconfig.parse(read(machine, _DOCKER), _DOCKER).get("OPTIONS") or ""
    graph = [*sysconfig.flags(told, "-g"), *sysconfig.flags(told, "--graph")]
    path = resolved(machine, graph[-1] if graph else _DOCKER_ROOT)
    unit = text(machine, units.file(path))
    return Root(roots.DOCKER_VOLUME, path, settings.docker_root or DEFAULT_SHARE, unit=unit)


def devices(
    machine: Machine, names: Sequence[str], facts: StorageFacts, *, compat: bool
) -> tuple[Device, ...]:
    """The devices of these names, which may be links; in compat mode also below /dev without saying so."""
    found: dict[str, Device] = {}
    for name in names:
        ways = [name, f"/dev/{name}"] if compat else [name]
        device = next(filter(None, (_device(machine, way, facts) for way in ways)), None)
        if device is None:
            raise NoSuchDevice(name)
        found[device.path] = device
    return tuple(found.values())


def _device(machine: Machine, name: str, facts: StorageFacts) -> Device | None:
    path = os.path.abspath(name)  # noqa: PTH100 - as a shell takes it
    return facts.device(path) or facts.device(resolved(machine, path))


def engine(machine: Machine) -> options.Engine:
    """Docker's client tells its version also while the daemon does not run."""
    (ran,) = machine.run(("docker", "version", "--format", "{{.Client.Version}}"))
    version = _VERSION.search(ran.output)
    client = None if version is None else (int(version[1]), int(version[2]))
    may_detach = (text(machine, _MAY_DETACH) or "").strip() == "1"
    return options.Engine(client, may_detach or detaches(os.uname().release))


def detaches(release: str) -> bool:
    """Lets this kernel a directory go that somebody else has mounted something on? Since 3.18 all do;
    an older one may have learned it, and then has a setting for it."""
    version = _VERSION.search(release)
    return version is not None and (int(version[1]), int(version[2])) >= _DETACHES_SINCE


# What is tried, and what is waited for


def try_overlay(machine: Machine) -> None:
    """Mount an overlay with two lower directories, where nobody else sees it. Raise `CannotSetUp`."""
    lower = [f"{_TRIAL}/lower-1", f"{_TRIAL}/lower-2"]
    target = f"{_TRIAL}/target"
    folders = [*lower, target]
    for folder in folders:
        machine.files.make_private(folder)
    how = ("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={':'.join(lower)}", target)
    (ran,) = machine.run(("unshare", "--mount", "--propagation", "private", *how))
    for folder in (*folders, _TRIAL):
        with suppress(OSError), machine.files.parent(folder) as (directory, name):
            machine.files.disk.remove_directory(directory, name)
    if not ran.ok:
        raise CannotSetUp(
            f"cannot use an overlay driver: this kernel does not mount an overlay: {ran.output.strip()}",
            remedy="load the module overlay, or set STORAGE_DRIVER=devicemapper",
        )


def wait_for_node(machine: Machine, path: str, seconds: int, say: Say) -> None:
    """Until a device has its name; `seconds` of 0 is not to wait. Raise `TookTooLong`."""
    if seconds and machine.files.look(path) is None:
        _wait(machine, path, seconds, say, lambda: machine.files.look(path) is not None)


def wait_for_volume(machine: Machine, group: str, name: str, seconds: int, say: Say) -> None:
    """Until LVM knows a volume, since its disk may come late."""
    full = f"{group}/{name}"

    def is_known() -> bool:
        (ran,) = machine.run(("lvs", full))
        return ran.ok

    if seconds and not is_known():
        _wait(machine, full, seconds, say, is_known)


def _wait(
    machine: Machine, what: str, seconds: int, say: Say, is_there: Callable[[], bool]
) -> None:
    say(f"waiting for {what}, for at most {seconds} seconds")
    for _ in machine.pauses(seconds):
        if is_there():
            return
    raise TookTooLong(
        f"cannot go on: {what} did not appear within {seconds} seconds",
        remedy="attach the disk that it is on, or set DEVICE_WAIT_TIMEOUT to more",
    )
