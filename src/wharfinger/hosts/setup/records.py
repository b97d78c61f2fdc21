"""
What is kept of a named configuration, in the peer's own files, so that either program goes on with it.

    /var/lib/container-storage-setup/NAME/infile     the configuration as it was given
    /var/lib/container-storage-setup/NAME/outfile    the options of the engine
    /var/lib/container-storage-setup/NAME/status     active, inactive, or invalid while it is removed
    /var/lib/container-storage-setup/NAME/metadata   what was made, as shell assignments
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wharfinger.errors import BadInput, Unsupported
from wharfinger.hosts.formats import sourced
from wharfinger.hosts.setup.keys import DEVICEMAPPER

STATE_DIRECTORY: Final = "/var/lib/container-storage-setup"
ACTIVE: Final = "active"
INACTIVE: Final = "inactive"
INVALID: Final = "invalid"

_VERSION: Final = "1"
_NAME: Final = re.compile(r"[A-Za-z0-9_.@:+][A-Za-z0-9_.@:+-]{0,254}", re.ASCII)
_BARE: Final = re.compile(r"[A-Za-z0-9_./:@%+=,-]*", re.ASCII)


class InvalidConfigName(BadInput):
    code = "setup-invalid-name"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"cannot call a storage configuration {name[:60]!r}",
            remedy="letters, digits and _ . @ : + - make a name",
        )


class RecordOfAnotherVersion(Unsupported):
    code = "setup-record-version"

    def __init__(self, path: str, version: str) -> None:
        super().__init__(
            f"cannot read {path}: it is of version {version!r}, and we know {_VERSION}"
        )


@dataclass(frozen=True, slots=True)
class Record:
    """`made_group` says that the group was made for this configuration and goes with it."""

    driver: str
    group: str = ""
    made_group: bool = False
    devices: tuple[str, ...] = ()
    pool: str = ""
    root_name: str = ""
    root_path: str = ""
    auto_extend: str = ""
    wait: str = ""


def path(name: str, file: str = "") -> str:
    """Of a file of a configuration. Raise `InvalidConfigName` for a name that no directory has."""
    if _NAME.fullmatch(name) is None or name in (".", ".."):
        raise InvalidConfigName(name)
    return f"{STATE_DIRECTORY}/{name}/{file}".rstrip("/")


def written(record: Record) -> str:
    fields = {
        "METADATA_VERSION": _VERSION,
        "STORAGE_DRIVER": record.driver,
        "VG": record.group,
        "VG_CREATED": "1" if record.made_group else "",
        "DEVS_RESOLVED": " ".join(record.devices),
        "CONTAINER_THINPOOL": record.pool,
        "CONTAINER_ROOT_LV_NAME": record.root_name,
        "CONTAINER_ROOT_LV_MOUNT_PATH": record.root_path,
        "AUTO_EXTEND_POOL": record.auto_extend,
        "DEVICE_WAIT_TIMEOUT": record.wait,
    }
    return "".join(f"_M_{key}={_quoted(key, value)}\n" for key, value in fields.items())


def parsed(content: bytes, name: str) -> Record:
    """Raise `UnreadableFile`, `FileTooLarge` or `RecordOfAnotherVersion`."""
    fields = {key: one.value for key, one in sourced.read(content, name).items()}
    version = fields.get("_M_METADATA_VERSION", "")
    if version != _VERSION:
        raise RecordOfAnotherVersion(name, version)

    def said(key: str) -> str:
        return fields.get(f"_M_{key}", "")

    return Record(
        said("STORAGE_DRIVER"),
        said("VG"),
        said("VG_CREATED") == "1",
        tuple(said("DEVS_RESOLVED").split()),
        said("CONTAINER_THINPOOL"),
        said("CONTAINER_ROOT_LV_NAME"),
        said("CONTAINER_ROOT_LV_MOUNT_PATH"),
        said("AUTO_EXTEND_POOL"),
        said("DEVICE_WAIT_TIMEOUT"),
    )


def table(rows: Mapping[str, tuple[str, str]]) -> str:
    """Driver and status of each configuration; nothing at all where there is none."""
    if not rows:
        return ""
    lines = [("NAME", "DRIVER", "STATUS"), *((name, *row) for name, row in rows.items())]
    return "".join(f"{name:<24} {driver:<16} {status:<16}\n" for name, driver, status in lines)


def told(name: str, record: Record, status: str) -> str:
    """One configuration, in lines that scripts cut."""
    lines = [f"Name: {name}", f"Status: {status}", f"STORAGE_DRIVER={record.driver}"]
    root = [
        f"CONTAINER_ROOT_LV_NAME={record.root_name}",
        f"CONTAINER_ROOT_LV_MOUNT_PATH={record.root_path}",
    ]
    devices = " ".join(record.devices)
    if record.driver == DEVICEMAPPER:
        lines += [f"VG={record.group}", f'DEVS="{devices}"', f"CONTAINER_THINPOOL={record.pool}"]
        lines += [*root, f"AUTO_EXTEND_POOL={record.auto_extend}"]
        lines += [f"DEVICE_WAIT_TIMEOUT={record.wait}"]
    elif record.driver:
        lines += [f"VG={record.group}", f"DEVS={devices}", *root]
    return "".join(f"{one}\n" for one in lines)


def _quoted(key: str, value: str) -> str:
    """The list of devices has double quotes always; the rest only what a shell would act on."""
    if _BARE.fullmatch(value.replace(" ", "")) and key == "DEVS_RESOLVED":
        return f'"{value}"'
    return value if _BARE.fullmatch(value) else shlex.quote(value)
