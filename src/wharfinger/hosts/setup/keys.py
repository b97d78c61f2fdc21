"""
The keys of docker-storage-setup: where they come from, what they are without being said, what they mean.

A later source counts over an earlier one: our defaults, the environment for keys that have no default,
the file of defaults that an installation may have, the file of the administrator. What is wrong in a
key is told before anything is done, but only if the key is used: a size of a pool that nobody asked
for is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.setup import amounts
from wharfinger.hosts.setup.amounts import RootSize
from wharfinger.hosts.setup.errors import InvalidSetting, PoolNotNamed
from wharfinger.hosts.site.sizes import Size
from wharfinger.hosts.site.storage import AutoExtend

DEVICEMAPPER: Final = "devicemapper"
DRIVERS: Final = (DEVICEMAPPER, "overlay", "overlay2")
COMPAT_POOL: Final = "docker-pool"

DEFAULTS: Final[Mapping[str, str]] = {
    "STORAGE_DRIVER": DEVICEMAPPER,
    "DATA_SIZE": "40%FREE",
    "MIN_DATA_SIZE": "2G",
    "CHUNK_SIZE": "512K",
    "AUTO_EXTEND_POOL": "yes",
    "POOL_AUTOEXTEND_THRESHOLD": "60",
    "POOL_AUTOEXTEND_PERCENT": "20",
    "GROWPART": "false",
    "DEVICE_WAIT_TIMEOUT": "60",
    "WIPE_SIGNATURES": "false",
    "CONTAINER_ROOT_LV_SIZE": "40%FREE",
    "DOCKER_ROOT_VOLUME_SIZE": "40%FREE",
}
FROM_ENVIRONMENT: Final = (
    "DEVS",
    "VG",
    "ROOT_SIZE",
    "POOL_META_SIZE",
    "EXTRA_STORAGE_OPTIONS",
    "EXTRA_DOCKER_STORAGE_OPTIONS",
    "CONTAINER_ROOT_LV_NAME",
    "CONTAINER_ROOT_LV_MOUNT_PATH",
    "DOCKER_ROOT_VOLUME",
)
KEYS: Final = frozenset({*DEFAULTS, *FROM_ENVIRONMENT, "CONTAINER_THINPOOL"})

_OF_MAKING: Final = (
    "DATA_SIZE",
    "MIN_DATA_SIZE",
    "CHUNK_SIZE",
    "AUTO_EXTEND_POOL",
    "POOL_AUTOEXTEND_THRESHOLD",
    "POOL_AUTOEXTEND_PERCENT",
    "CONTAINER_ROOT_LV_SIZE",
    "DOCKER_ROOT_VOLUME_SIZE",
)
_NAME: Final = re.compile(r"[A-Za-z0-9_.+][A-Za-z0-9_.+-]{0,126}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_ALL: Final = 100


@dataclass(frozen=True, slots=True)
class Pool:
    """`metadata` of `None` is the usual share of the group, `chunk` of `None` LVM's own choice."""

    name: str
    data: Size
    smallest: int
    metadata: int | None
    chunk: int | None
    auto_extend: AutoExtend | None


@dataclass(frozen=True, slots=True)
class RootVolume:
    name: str
    path: str
    size: Size


@dataclass(frozen=True, slots=True)
class Settings:
    """`driver` is empty for none, and so is what has not been said; `notes` are what to tell of the
    keys. `docker_root` is the size of the volume for Docker's own directory. `auto_extend` is the
    word, for the record; `pool_name` is that of a pool also where none is asked for."""

    driver: str
    devices: tuple[str, ...] = ()
    group: str = ""
    wipe: bool = False
    wait: int = 0
    grow_partition: bool = False
    root_size: RootSize | None = None
    pool_name: str = ""
    pool: Pool | None = None
    root: RootVolume | None = None
    docker_root: Size | None = None
    extra: str = ""
    auto_extend: str = ""
    notes: tuple[str, ...] = ()


def merged(
    environment: Mapping[str, str],
    defaults: Mapping[str, str],
    said: Mapping[str, str],
    *,
    compat: bool,
) -> dict[str, str]:
    """The value that counts for each key, empty where nothing says one."""
    from_outside = {key: environment[key] for key in FROM_ENVIRONMENT if key in environment}
    fixed = {"CONTAINER_THINPOOL": COMPAT_POOL} if compat else {}
    return {**dict.fromkeys(KEYS, ""), **from_outside, **DEFAULTS, **defaults, **fixed, **said}


def read(values: Mapping[str, str], *, compat: bool) -> Settings:
    """Raise `InvalidSetting` or `PoolNotNamed`."""
    driver = values["STORAGE_DRIVER"]
    if driver and driver not in DRIVERS:
        raise InvalidSetting(
            f"cannot set up the storage driver {driver[:60]!r}",
            remedy=f"STORAGE_DRIVER has to be one of {', '.join(DRIVERS)}, or empty",
        )
    if driver == DEVICEMAPPER and not values["CONTAINER_THINPOOL"]:
        raise PoolNotNamed
    extra, notes = _extra(values)
    return Settings(
        driver,
        tuple(values["DEVS"].split()),
        _name("VG", values["VG"]) if values["VG"] else "",
        values["WIPE_SIGNATURES"] == "true",
        _seconds(values),
        compat and values["GROWPART"] == "true",
        _root_size(values) if compat else None,
        values["CONTAINER_THINPOOL"],
        _pool(values) if driver == DEVICEMAPPER else None,
        _root(values),
        _docker_root(values, compat=compat),
        extra,
        values["AUTO_EXTEND_POOL"],
        (*notes, *_unknown(values)),
    )


def read_for_removal(values: Mapping[str, str]) -> Settings:
    """As `read`, for taking away what was set up: what it should have been like does not matter."""
    known = {"STORAGE_DRIVER": values["STORAGE_DRIVER"]}
    if known["STORAGE_DRIVER"] not in DRIVERS:
        known["STORAGE_DRIVER"] = ""
    unsaid = {"POOL_META_SIZE": "", "ROOT_SIZE": ""}
    sizes = {key: DEFAULTS[key] for key in _OF_MAKING}
    return read({**values, **sizes, **unsaid, **known}, compat=True)


def _pool(values: Mapping[str, str]) -> Pool:
    smallest, metadata, chunk = (
        values[key] for key in ("MIN_DATA_SIZE", "POOL_META_SIZE", "CHUNK_SIZE")
    )
    return Pool(
        _name("CONTAINER_THINPOOL", values["CONTAINER_THINPOOL"]),
        amounts.data_size("DATA_SIZE", values["DATA_SIZE"]),
        amounts.amount("MIN_DATA_SIZE", smallest) if smallest else 0,
        amounts.metadata_size("POOL_META_SIZE", metadata) if metadata else None,
        amounts.chunk_size("CHUNK_SIZE", chunk) if chunk else None,
        _auto_extend(values) if values["AUTO_EXTEND_POOL"] == "yes" else None,
    )


def _auto_extend(values: Mapping[str, str]) -> AutoExtend:
    threshold = _percent(values, "POOL_AUTOEXTEND_THRESHOLD")
    if threshold > _ALL:
        raise InvalidSetting(
            f"cannot take {threshold} as POOL_AUTOEXTEND_THRESHOLD: no pool is fuller than full",
            remedy="set it to at most 100, or AUTO_EXTEND_POOL to no",
        )
    return AutoExtend(threshold, _percent(values, "POOL_AUTOEXTEND_PERCENT"))


def _percent(values: Mapping[str, str], key: str) -> int:
    if _NUMBER.fullmatch(values[key]) is None or int(values[key]) == 0:
        raise InvalidSetting(
            f"cannot take {values[key][:60]!r} as {key}",
            remedy=f"set {key} to a percentage, or AUTO_EXTEND_POOL to no",
        )
    return int(values[key])


def _root(values: Mapping[str, str]) -> RootVolume | None:
    name, path = values["CONTAINER_ROOT_LV_NAME"], values["CONTAINER_ROOT_LV_MOUNT_PATH"]
    if not name and not path:
        return None
    if not path:
        raise InvalidSetting(
            "cannot make the volume CONTAINER_ROOT_LV_NAME without a place to mount it",
            remedy="set CONTAINER_ROOT_LV_MOUNT_PATH too",
        )
    if not name:
        raise InvalidSetting(
            "cannot mount anything at CONTAINER_ROOT_LV_MOUNT_PATH without a volume",
            remedy="set CONTAINER_ROOT_LV_NAME too",
        )
    if not path.startswith("/"):
        raise InvalidSetting(
            f"cannot take {path[:60]!r} as CONTAINER_ROOT_LV_MOUNT_PATH",
            remedy="give an absolute path",
        )
    key = "CONTAINER_ROOT_LV_SIZE"
    return RootVolume(
        _name("CONTAINER_ROOT_LV_NAME", name), path, amounts.data_size(key, values[key])
    )


def _docker_root(values: Mapping[str, str], *, compat: bool) -> Size | None:
    said = values["DOCKER_ROOT_VOLUME"]
    if said and not compat:
        raise InvalidSetting(
            "cannot take DOCKER_ROOT_VOLUME in a named configuration",
            remedy="set CONTAINER_ROOT_LV_NAME and CONTAINER_ROOT_LV_MOUNT_PATH instead",
        )
    if said and values["CONTAINER_ROOT_LV_MOUNT_PATH"]:
        raise InvalidSetting(
            "cannot take DOCKER_ROOT_VOLUME and CONTAINER_ROOT_LV_MOUNT_PATH at once",
            remedy="leave DOCKER_ROOT_VOLUME out: it is the older way",
        )
    key = "DOCKER_ROOT_VOLUME_SIZE"
    return amounts.data_size(key, values[key]) if said == "yes" else None


def _extra(values: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    extra, older = values["EXTRA_STORAGE_OPTIONS"], values["EXTRA_DOCKER_STORAGE_OPTIONS"]
    if extra and older:
        raise InvalidSetting(
            "cannot take EXTRA_STORAGE_OPTIONS and EXTRA_DOCKER_STORAGE_OPTIONS at once",
            remedy="leave EXTRA_DOCKER_STORAGE_OPTIONS out: it is the older name",
        )
    for key, value in (("EXTRA_STORAGE_OPTIONS", extra), ("EXTRA_DOCKER_STORAGE_OPTIONS", older)):
        if not value.isprintable() or set(value) & set('"\\$`'):
            raise InvalidSetting(
                f"cannot take {value[:60]!r} as {key}: it is written between double quotes",
                remedy='write options without ", \\, $, ` and line ends',
            )
    note = "EXTRA_DOCKER_STORAGE_OPTIONS is the older name of EXTRA_STORAGE_OPTIONS"
    return (extra, ()) if not older else (older, (note,))


def _root_size(values: Mapping[str, str]) -> RootSize | None:
    key = "ROOT_SIZE"
    return amounts.root_size(key, values[key]) if values[key] else None


def _seconds(values: Mapping[str, str]) -> int:
    text = values["DEVICE_WAIT_TIMEOUT"]
    if text and _NUMBER.fullmatch(text) is None:
        raise InvalidSetting(
            f"cannot take {text[:60]!r} as DEVICE_WAIT_TIMEOUT", remedy="set it to seconds"
        )
    return int(text or "0")


def _name(key: str, text: str) -> str:
    if _NAME.fullmatch(text) is None or text in (".", ".."):
        raise InvalidSetting(
            f"cannot take {text[:60]!r} as {key}: LVM has no such names",
            remedy="letters, digits and _ . + - make a name",
        )
    return text


def _unknown(values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{key} means nothing here" for key in sorted(values.keys() - KEYS))
