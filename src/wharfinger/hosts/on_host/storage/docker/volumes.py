"""
Volumes out of an engine as trees, and back into one.

For the way on which the file system of the data root is removed, and where a copy of the data root
itself does not serve. Only volumes whose files lie below the data root can be copied; those of other
drivers, and local ones that mount something, are made again as they were said, and keep their files
where these are.
"""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final

from wharfinger.hosts.on_host.storage import copy_tree, tree_copy
from wharfinger.hosts.on_host.storage.docker import engine, inventory
from wharfinger.hosts.on_host.storage.docker.api import EngineFailed, quoted
from wharfinger.hosts.on_host.storage.docker.engine import Engine
from wharfinger.hosts.on_host.storage.docker.inventory import Volume
from wharfinger.hosts.on_host.storage.docker.store import Store
from wharfinger.hosts.on_host.storage.steps import CopyTree, ExportVolumes, ImportVolumes
from wharfinger.hosts.on_host.storage.work import Notes, Setting

DOCUMENT: Final = "volumes.json"
_FOLDER: Final = "volumes"
_GOES_ON: Final[Notes] = {"made": False}
"""For `copy_tree`: what stands in the target is of an attempt before."""


def check_export(step: ExportVolumes, setting: Setting) -> None:
    engine.known(step.engine)
    engine.require_quiet(engine.connect(setting.machine))


def export(step: ExportVolumes, setting: Setting) -> Notes:
    docker = engine.connect(setting.machine)
    engine.require_quiet(docker)
    store = Store.made(setting.machine, step.folder)
    store.tree.make_private(f"{step.folder}/{_FOLDER}")
    found = inventory.volumes(docker.api)
    if store.tree.look(f"{step.folder}/{DOCUMENT}") is None:
        store.require_room(_size(found, setting), "the volumes")
    for number, volume in enumerate(found):
        if inventory.has_files_here(volume):
            _copy(volume.place, _place(step.folder, number), setting)
    store.write(DOCUMENT, [asdict(volume) for volume in found])
    return {}


def check_import(step: ImportVolumes, _: Setting) -> None:
    engine.known(step.engine)


def bring_back(step: ImportVolumes, setting: Setting) -> Notes:
    docker = engine.connect(setting.machine)
    store = Store(setting.machine.files, step.folder)
    wanted = [Volume(**one) for one in store.read(DOCUMENT)]
    made = list(setting.notes.get("made", ()))
    held = {one.name for one in inventory.volumes(docker.api)} - {*made}
    for number, volume in enumerate(wanted):
        if volume.name in held:
            continue
        made.append(volume.name)
        setting.remember({"made": made})
        place = _make(docker, volume)
        if inventory.has_files_here(volume):
            _copy(_place(step.folder, number), place, setting)
    return {"made": made}


def take_out(_: ImportVolumes, setting: Setting) -> None:
    made = setting.notes.get("made", ())
    if not made:
        return
    docker = engine.connect(setting.machine)
    for name in made:
        try:
            docker.api.change("DELETE", f"/volumes/{quoted(name)}", f"remove volume {name}")
        except EngineFailed as error:  # noqa: PERF203 - each may be gone already
            if error.status != http.client.NOT_FOUND:
                raise


def _make(docker: Engine, volume: Volume) -> str:
    """Make a volume, or find the one that an attempt before has made; return where its files are."""
    document = {
        "Name": volume.name,
        "Driver": volume.driver,
        "Labels": dict(volume.labels),
        "DriverOpts": dict(volume.options),
    }
    made = docker.api.change("POST", "/volumes/create", f"make volume {volume.name}", document)
    return str(made["Mountpoint"])


def _copy(source: str, target: str, setting: Setting) -> None:
    copy_tree.do(CopyTree(source, target), replace(setting, notes=_GOES_ON))


def _place(folder: str, number: int) -> str:
    return f"{folder}/{_FOLDER}/{number}"


def _size(found: Sequence[Volume], setting: Setting) -> int:
    size = 0
    for volume in filter(inventory.has_files_here, found):
        with setting.machine.files.directory(volume.place) as top:
            size += tree_copy.size(top, ())
    return size
