"""
The options of the engine's command line, as the output file has them: read, and written.

    DOCKER_STORAGE_OPTIONS="--storage-driver overlay2 "
    STORAGE_OPTIONS="--storage-driver devicemapper --storage-opt dm.fs=xfs --storage-opt dm.thinpooldev=…"

docker.service and other programs read this line, so it is the peer's byte for byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.on_host.daemons import option
from wharfinger.hosts.setup.errors import CannotSetUp, NotManaged
from wharfinger.hosts.setup.keys import DEVICEMAPPER

COMPAT_VARIABLE: Final = "DOCKER_STORAGE_OPTIONS"
NAMED_VARIABLE: Final = "STORAGE_OPTIONS"

_POOL: Final = re.compile(r"dm\.thinpooldev=(?P<path>\S+)")
_MAPPER: Final = "/dev/mapper/"
_REMOVAL_SINCE: Final = (1, 7)
_DELETION_SINCE: Final = (1, 9)


@dataclass(frozen=True, slots=True)
class Engine:
    """What decides on deferred removal: the version of Docker's client, `None` for no Docker, and
    whether the kernel lets a directory go that is a mount point for somebody else."""

    client: tuple[int, int] | None = None
    lets_go: bool = False


def line(variable: str, options: str) -> str:
    return f'{variable}="{options}"\n'


def read(content: str, variable: str) -> str:
    """The options that an output file has; empty for none."""
    for one in reversed(content.splitlines()):
        name, equals, value = one.partition("=")
        if equals and name.strip() == variable:
            return value.strip().removeprefix('"').removesuffix('"')
    return ""


def overlay(driver: str, extra: str) -> str:
    return f"--storage-driver {driver} {extra}"


def devicemapper(pool: str, extra: str, engine: Engine) -> str:
    """`pool` is the path of the pool. Runs of blanks become one."""
    words = ["--storage-driver", DEVICEMAPPER]
    if not any("dm.fs=" in word for word in extra.split()):
        words += ["--storage-opt", "dm.fs=xfs"]
    words += ["--storage-opt", f"dm.thinpooldev={pool}"]
    if engine.client is not None and engine.client >= _REMOVAL_SINCE:
        words += ["--storage-opt", "dm.use_deferred_removal=true"]
    if engine.client is not None and engine.client >= _DELETION_SINCE and engine.lets_go:
        words += ["--storage-opt", "dm.use_deferred_deletion=true"]
    return f"{' '.join(words)} {' '.join(extra.split())}"


def driver(options: str) -> str:
    """The driver that options say, empty for no options. Raise `CannotSetUp` for one that cannot be
    told."""
    words = tuple(options.split())
    if not words:
        return ""
    found = option(words, "--storage-driver") or option(words, "-s")
    if found:
        return found
    if _POOL.search(options):
        return DEVICEMAPPER
    raise CannotSetUp(
        f"cannot tell the storage driver that is set up now from {options[:200]!r}",
        remedy="remove the output file, and look what the engine uses",
    )


def pool_device(options: str) -> str:
    """The path of the thin pool that options name, empty for none."""
    found = _POOL.search(options)
    return "" if found is None else found["path"]


def is_loopback(options: str) -> bool:
    """The way of long ago: pool data and metadata as devices of their own."""
    return "dm.datadev" in options or "dm.metadatadev" in options


def mapper_path(group: str, name: str) -> str:
    return f"{_MAPPER}{_doubled(group)}-{_doubled(name)}"


def group_of(path: str, pool: str) -> str:
    """The group of a pool that we made, by the path that the output file has. Raise `NotManaged`."""
    ending = f"-{_doubled(pool)}"
    inner = path.removeprefix(_MAPPER)
    group = inner.removesuffix(ending)
    # An odd run of dashes before the ending would be part of another name.
    if inner == path or group == inner or not group or _odd_dashes(group):
        raise NotManaged(
            f"cannot take the thin pool {path} as ours: it is not {pool} of a volume group",
            remedy="set CONTAINER_THINPOOL to its name, or remove the output file",
        )
    return group.replace("--", "-")


def _doubled(name: str) -> str:
    return name.replace("-", "--")


def _odd_dashes(text: str) -> bool:
    """A dash that is not doubled separates group and volume: there is none within the group."""
    return "-" in text.replace("--", "")
