"""
What the configuration of docker-storage-setup says of storage: `/etc/sysconfig/docker-storage-setup`, and
`container-storage-setup` beside it.

A key that is not said has the default that the program has, so that the site file says all that was
meant. What has no place in a site file, or is outside its grammar, becomes a note.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wharfinger.errors import WharfingerError
from wharfinger.hosts.adopt.containers import unreadable
from wharfinger.hosts.adopt.said import Note, Said
from wharfinger.hosts.formats import sourced
from wharfinger.hosts.formats.registries_conf import Place
from wharfinger.hosts.formats.source import FileTooLarge, UnreadableFile
from wharfinger.hosts.formats.sourced import Sourced
from wharfinger.hosts.site import file
from wharfinger.hosts.site import storage_grammars as grammars
from wharfinger.hosts.site.faults import InvalidSite
from wharfinger.hosts.site.shapes import Text
from wharfinger.hosts.site.storage import Driver

ROOM: Final = "storage"
FILES: Final[Mapping[str, str]] = {
    "/etc/sysconfig/docker-storage-setup": "docker-pool",
    "/etc/sysconfig/container-storage-setup": "",
}
"""With the name that the pool has where the file gives it none."""

_DOCKER_VOLUME: Final = "docker-root-lv"
_DOCKER_ROOT: Final = "/var/lib/docker"
_DEFAULTS: Final = {
    "STORAGE_DRIVER": Driver.DEVICEMAPPER.value,
    "DATA_SIZE": "40%FREE",
    "CHUNK_SIZE": "512K",
    "AUTO_EXTEND_POOL": "yes",
    "POOL_AUTOEXTEND_THRESHOLD": "60",
    "POOL_AUTOEXTEND_PERCENT": "20",
    "CONTAINER_ROOT_LV_SIZE": "40%FREE",
    "DOCKER_ROOT_VOLUME_SIZE": "40%FREE",
}
_CHUNK_OF_LVM: Final = "64K"
_WITHOUT_PLACE: Final = {
    "EXTRA_STORAGE_OPTIONS": "options of the driver stay where they are",
    "EXTRA_DOCKER_STORAGE_OPTIONS": "options of the driver stay where they are",
    "MIN_DATA_SIZE": "a plan that does not fit is refused anyway",
    "ROOT_SIZE": "the root filesystem is not ours to grow",
    "DEVICE_WAIT_TIMEOUT": "a plan waits for no device: one that is not there is refused",
}
KEYS: Final = frozenset(
    {
        *_DEFAULTS,
        *_WITHOUT_PLACE,
        *("DEVS", "VG", "CONTAINER_THINPOOL", "POOL_META_SIZE", "GROWPART", "WIPE_SIGNATURES"),
        *("CONTAINER_ROOT_LV_NAME", "CONTAINER_ROOT_LV_MOUNT_PATH", "DOCKER_ROOT_VOLUME"),
    }
)


def said(content: bytes, path: str) -> Said:
    """One of `FILES`."""
    try:
        found = sourced.read(content, path)
    except (UnreadableFile, FileTooLarge) as error:
        return unreadable(error)
    draft = _Draft(path, found)
    room = draft.holding_together(draft.room(FILES[path]))
    draft.say_what_is_left_out()
    return Said(path, later={ROOM: room} if room else {}, notes=tuple(draft.notes))


@dataclass(slots=True)
class _Draft:
    path: str
    found: Mapping[str, Sourced]
    notes: list[Note] = field(default_factory=list)

    def room(self, pool_name: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        driver = self._driver()
        if driver is not None:
            made["driver"] = driver.value
        in_group = dict(self._in_group(driver, pool_name))
        group = self._read(grammars.GROUP, "VG", "volumeGroup")
        if group is not None:
            made["volumeGroup"] = group
            made.update(in_group)
        elif in_group:
            self._note(
                "VG",
                f"left out: {', '.join(in_group)}, since VG names no group; docker-storage-setup takes"
                " that of the root filesystem, a site file has to name it (storage.volumeGroup)",
            )
        if driver is Driver.DEVICEMAPPER and "thinPool" not in made:
            del made["driver"]  # which a site file cannot say without its pool
            self._note("STORAGE_DRIVER", "left out: devicemapper, since its pool is not said")
        if self._value("WIPE_SIGNATURES") == "true":
            made["wipeSignatures"] = True
        return made

    def _in_group(self, driver: Driver | None, pool_name: str) -> Iterator[tuple[str, Any]]:
        if devices := list(self._devices()):
            yield "devices", devices
        if driver is Driver.DEVICEMAPPER and (pool := self._pool(pool_name)) is not None:
            yield "thinPool", pool
        if (volume := self._volume()) is not None:
            yield "rootVolume", volume
        if self._value("GROWPART") == "true":
            self._note(
                "GROWPART",
                "it is for the disk of the root filesystem there, and for those of volumeGroup in a"
                " site file",
            )
            yield "growPartition", True

    def _driver(self) -> Driver | None:
        text = self._value("STORAGE_DRIVER")
        if not text:
            return None
        if text in (Driver.DEVICEMAPPER, Driver.OVERLAY2):
            return Driver(text)
        instead = "; overlay2 has taken its place" if text == "overlay" else ""
        self._note("STORAGE_DRIVER", f"left out: the driver {text[:60]!r}{instead}")
        return None

    def _devices(self) -> Iterator[str]:
        for name in dict.fromkeys(self._value("DEVS").split()):
            path = name if name.startswith("/") else f"/dev/{name}"
            device = self._parsed(grammars.DEVICE, path, "DEVS", "devices")
            if device is not None:
                yield device

    def _pool(self, usual: str) -> dict[str, Any] | None:
        given = self._value("CONTAINER_THINPOOL") or usual
        name = self._parsed(grammars.VOLUME, given, "CONTAINER_THINPOOL", "thinPool.name")
        if name is None:
            return None
        chunk = self._value("CHUNK_SIZE") or _CHUNK_OF_LVM
        if chunk[-1].isdecimal():
            chunk += "K"  # LVM's unit for chunks
        sizes = {
            "dataSize": self._read(grammars.SIZE, "DATA_SIZE", "thinPool.dataSize"),
            "metadataSize": self._read(
                grammars.METADATA, "POOL_META_SIZE", "thinPool.metadataSize"
            ),
            "chunkSize": self._parsed(grammars.CHUNK, chunk, "CHUNK_SIZE", "thinPool.chunkSize"),
        }
        made: dict[str, Any] = {"name": name}
        made.update({key: str(size) for key, size in sizes.items() if size is not None})
        return {**made, "autoExtend": self._auto_extend()}

    def _auto_extend(self) -> dict[str, int] | bool:
        """LVM takes a threshold of 100 for never."""
        if self._value("AUTO_EXTEND_POOL") != "yes":
            return False
        threshold = self._number("POOL_AUTOEXTEND_THRESHOLD", 50, 100)
        percent = self._number("POOL_AUTOEXTEND_PERCENT", 1, 1000)
        return False if threshold == 100 else {"threshold": threshold, "percent": percent}

    def _number(self, key: str, least: int, most: int) -> int:
        text = self._value(key)
        if text.isascii() and text.isdecimal() and least <= int(text[:9]) <= most:
            return int(text)
        self._note(key, f"{text[:60]!r} is not from {least} to {most}: {_DEFAULTS[key]} is taken")
        return int(_DEFAULTS[key])

    def _volume(self) -> dict[str, str] | None:
        name, where = "CONTAINER_ROOT_LV_NAME", "CONTAINER_ROOT_LV_MOUNT_PATH"
        if self._value(name) and self._value(where):
            return self._mounted(
                self._value(name), self._value(where), "CONTAINER_ROOT_LV_SIZE", name
            )
        if self._value("DOCKER_ROOT_VOLUME") == "yes":
            size = "DOCKER_ROOT_VOLUME_SIZE"
            return self._mounted(_DOCKER_VOLUME, _DOCKER_ROOT, size, "DOCKER_ROOT_VOLUME")
        if self._value(name) or self._value(where):
            key = name if self._value(name) else where
            self._note(key, f"left out of {ROOM}.rootVolume: {name} and {where} need each other")
        return None

    def _mounted(self, name: str, path: str, size_key: str, key: str) -> dict[str, str] | None:
        volume = self._parsed(grammars.VOLUME, name, key, "rootVolume.name")
        target = self._parsed(grammars.MOUNT_PATH, path, key, "rootVolume.mountPath")
        size = self._read(grammars.SIZE, size_key, "rootVolume.size")
        if volume is None or target is None:
            return None
        made = {"name": volume, "mountPath": target}
        return made if size is None else {**made, "size": str(size)}

    def holding_together(self, room: dict[str, Any]) -> dict[str, Any]:
        """The room, unless a site file may not say all of it at once."""
        try:
            file.parse(json.dumps({ROOM: room}).encode())
        except InvalidSite as error:
            for fault in error.faults:
                text = f"left out, with all of {ROOM}: {fault.place}: {fault.message}"
                self.notes.append(Note(Place(self.path), text))
            return {}
        return room

    def say_what_is_left_out(self) -> None:
        for key in self.found:
            if key not in KEYS:
                self._note(key, f"left out: {key} is no key of docker-storage-setup")
            elif key in _WITHOUT_PLACE and self.found[key].value:
                why = _WITHOUT_PLACE[key]
                self._note(key, f"left out: {key}, for which a site file has no place: {why}")

    def _value(self, key: str) -> str:
        found = self.found.get(key)
        return _DEFAULTS.get(key, "") if found is None else found.value

    def _read(self, grammar: Text[Any], key: str, statement: str) -> Any:
        text = self._value(key)
        return self._parsed(grammar, text, key, statement) if text else None

    def _parsed(self, grammar: Text[Any], text: str, key: str, statement: str) -> Any:
        try:
            return grammar.parse(text)
        except WharfingerError as error:
            self._note(key, f"left out of {ROOM}.{statement}: {error.message}")
            return None

    def _note(self, key: str, text: str) -> None:
        found = self.found.get(key)
        self.notes.append(Note(Place(self.path, None if found is None else found.line), text))
