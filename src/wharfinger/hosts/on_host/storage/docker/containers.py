"""
Containers out of an engine as definitions with what they wrote, and made again in another.

A container is made under a name of ours, gets what it had written, and is given its own name last: so
one that bears its name is whole, and one that a kill left half made is made anew. It does not run, and
has not run: state and logs of runs before are not carried.

What it wrote goes back as an archive, or is a layer of an image of its own (`written` says when). Which
container got which image is noted for the proof.
"""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import IO, Any, Final, cast

from wharfinger.hosts.on_host.storage.docker import (
    definitions,
    engine,
    images,
    inventory,
    making,
    written,
)
from wharfinger.hosts.on_host.storage.docker import (
    store as stores,
)
from wharfinger.hosts.on_host.storage.docker.api import EngineFailed
from wharfinger.hosts.on_host.storage.docker.engine import Engine, digest
from wharfinger.hosts.on_host.storage.docker.inventory import Image
from wharfinger.hosts.on_host.storage.docker.making import Maker
from wharfinger.hosts.on_host.storage.docker.store import CONFIGS, LAYERS, WRITTEN, Store
from wharfinger.hosts.on_host.storage.docker.written import Changes
from wharfinger.hosts.on_host.storage.steps import ExportContainers, ImportContainers
from wharfinger.hosts.on_host.storage.work import Notes, Setting, StepFailed

DOCUMENT: Final = "containers.json"
GIVEN: Final = "given-images.json"
_CONFIG_LIMIT: Final = 64 << 20


def check_export(step: ExportContainers, setting: Setting) -> None:
    engine.known(step.engine)
    engine.require_quiet(engine.connect(setting.machine))


def export(step: ExportContainers, setting: Setting) -> Notes:
    docker = engine.connect(setting.machine)
    engine.require_quiet(docker)
    store = Store.made(setting.machine, step.folder)
    store.require_room(_written_size(docker), "what containers have written")
    found = inventory.containers(docker.api)
    names = inventory.names(found)
    exported: list[dict[str, Any]] = []
    for number, one in enumerate(found):
        setting.say(f"copying container {names[one['Id']]}", number, len(found))
        exported.append(_exported(docker, store, one))
    document = {
        "containers": exported,
        "names": names,
        "networks": inventory.networks(docker.api),
    }
    store.write(DOCUMENT, document)
    own = sorted(names[one["inspected"]["Id"]] for one in exported if one["own image"])
    return {"own images": own}


def check_import(step: ImportContainers, _: Setting) -> None:
    engine.known(step.engine)


def bring_back(step: ImportContainers, setting: Setting) -> Notes:
    docker = engine.connect(setting.machine)
    store = Store(setting.machine.files, step.folder)
    document = store.read(DOCUMENT)
    making.make_networks(docker, document["networks"])
    names: Mapping[str, str] = document["names"]
    held = {engine.name_of(one) for one in _listed(docker)}
    made = list(setting.notes.get("made", ()))
    given = dict(setting.notes.get("given", {}))
    maker = Maker(docker, store, names, setting)
    ordered = making.in_order(document["containers"], names)
    for number, one in enumerate(ordered):
        name = names[one["inspected"]["Id"]]
        if name in held:
            continue
        setting.say(f"making container {name}", number, len(ordered))
        image = maker.image_for(one)
        if one["own image"]:
            given[name] = image
        made.append(name)
        setting.remember({**setting.notes, "made": made, "given": given, "driver": docker.driver})
        maker.make(one, name, image)
    stores.write(setting.machine.files, f"{setting.folder}/{GIVEN}", given)
    return {"made": made, "given": given, "driver": docker.driver}


def take_out(_: ImportContainers, setting: Setting) -> None:
    """Remove those that were made, while the engine that made them still runs. Volumes stay."""
    made = setting.notes.get("made", ())
    if not made:
        return
    try:
        docker = engine.connect(setting.machine)
        driver = docker.driver
    except EngineFailed:
        return  # the containers of a driver that is not used are not the engine's
    engine.require_quiet(docker)
    if driver != setting.notes.get("driver"):
        return
    for name in reversed(made):
        making.remove(docker, name)
        making.remove(docker, making.half_made(name))
    for image in setting.notes.get("given", {}).values():
        images.remove(docker, image)


def given_images(setting: Setting) -> dict[str, str]:
    """The images that containers got instead of their own in this order, by name."""
    path = f"{setting.folder}/{GIVEN}"
    if setting.machine.files.look(path) is None:
        return {}
    found: dict[str, str] = stores.read(setting.machine.files, path)
    return found


def _exported(docker: Engine, store: Store, inspected: dict[str, Any]) -> dict[str, Any]:
    changed = written.changes(docker.api, inspected["Id"], definitions.mounts(inspected))
    read_only = bool((inspected.get("HostConfig") or {}).get("ReadonlyRootfs"))
    as_layer = bool(changed.deleted) or (read_only and bool(changed))
    exported = {
        "inspected": inspected,
        "image": digest(inspected["Image"]),
        "image name": inventory.named_image(docker.api, inspected),
        "written": None,
        "own image": None,
        "deleted": sorted(changed.deleted),
    }
    if as_layer:
        exported["own image"] = asdict(_own_image(docker, store, inspected, changed))
    elif changed.written:
        exported["written"] = _kept(docker, store, inspected["Id"], changed, WRITTEN)
    return exported


def _kept(docker: Engine, store: Store, id_: str, changed: Changes, kind: str) -> str:
    with store.incoming() as blob:
        into = cast("IO[bytes]", io.BufferedWriter(written.Pieces(blob.write), 1 << 20))
        written.copy(docker.api, id_, changed, into, as_layer=kind == LAYERS)
        into.flush()
        blob.keep(store, kind)
        return blob.digest


def _own_image(docker: Engine, store: Store, inspected: dict[str, Any], changed: Changes) -> Image:
    """The image that a container has, with one more layer: what it wrote and deleted."""
    base = inventory.inspected_image(docker.api, inspected["Image"])
    path = store.path(CONFIGS, base.id)
    content = store.tree.read(path, limit=_CONFIG_LIMIT)
    if content is None:
        raise StepFailed(f"read {path}", "the images have to be copied before the containers")
    layer = _kept(docker, store, inspected["Id"], changed, LAYERS)
    config = _with_layer(json.loads(content), layer, str(inspected["Name"]).lstrip("/"))
    with store.incoming() as blob:
        blob.write(json.dumps(config, separators=(",", ":")).encode())
        blob.keep(store, CONFIGS)
        id_ = blob.digest
    return Image(id_, (), (), (*base.layers, layer), "", base.size, "")


def _with_layer(config: dict[str, Any], layer: str, name: str) -> dict[str, Any]:
    """Without a time of its own, so that it is the same image however often it is made."""
    made = copy.deepcopy(config)
    made["rootfs"]["diff_ids"] = [*made["rootfs"]["diff_ids"], layer]
    step = {"created": made.get("created"), "created_by": f"what container {name} had written"}
    made["history"] = [*(made.get("history") or ()), step]
    return made


def _listed(docker: Engine) -> list[dict[str, Any]]:
    return docker.api.get("/containers/json?all=1", "list the containers") or []


def _written_size(docker: Engine) -> int:
    found = docker.api.get("/containers/json?all=1&size=1", "count what containers wrote") or ()
    return sum(int(one.get("SizeRw") or 0) for one in found)
