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
import hashlib
import http.client
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import IO, Any, Final, cast

from wharfinger.hosts.on_host.storage.docker import (
    definitions,
    engine,
    images,
    inventory,
    written,
)
from wharfinger.hosts.on_host.storage.docker import (
    store as stores,
)
from wharfinger.hosts.on_host.storage.docker.api import EngineFailed, quoted
from wharfinger.hosts.on_host.storage.docker.engine import Engine, digest
from wharfinger.hosts.on_host.storage.docker.inventory import Image
from wharfinger.hosts.on_host.storage.docker.store import CONFIGS, LAYERS, WRITTEN, Store
from wharfinger.hosts.on_host.storage.docker.written import Changes
from wharfinger.hosts.on_host.storage.steps import ExportContainers, ImportContainers
from wharfinger.hosts.on_host.storage.work import Notes, Setting, StepFailed

DOCUMENT: Final = "containers.json"
GIVEN: Final = "given-images.json"
_HALF_MADE: Final = "wharfinger-half-made-"
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
    _make_networks(docker, document["networks"])
    names: Mapping[str, str] = document["names"]
    held = {engine.name_of(one) for one in _listed(docker)}
    made = list(setting.notes.get("made", ()))
    given = dict(setting.notes.get("given", {}))
    ordered = _in_order(document["containers"], names)
    for number, one in enumerate(ordered):
        name = names[one["inspected"]["Id"]]
        if name in held:
            continue
        setting.say(f"making container {name}", number, len(ordered))
        image = _image(docker, store, one, setting)
        if one["own image"]:
            given[name] = image
        made.append(name)
        setting.remember({**setting.notes, "made": made, "given": given, "driver": docker.driver})
        _make(docker, store, one, name, image, names, setting)
    stores.write(setting.machine.files, f"{setting.folder}/{GIVEN}", given)
    return {"made": made, "given": given, "driver": docker.driver}


def take_out(_: ImportContainers, setting: Setting) -> None:
    """Remove those that were made, while the engine that made them still runs. Volumes stay."""
    made = setting.notes.get("made", ())
    if not made:
        return
    try:
        docker = engine.connect(setting.machine)
    except EngineFailed:
        return  # the containers of a driver that is not used are not the engine's
    engine.require_quiet(docker)
    if docker.driver != setting.notes.get("driver"):
        return
    for name in reversed(made):
        _remove(docker, name)
        _remove(docker, _half_made(name))
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
    elif changed:
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


def _image(docker: Engine, store: Store, one: dict[str, Any], setting: Setting) -> str:
    """The id of the image to make a container of."""
    own = one["own image"]
    if own is None:
        wanted = next(
            (image for image in store.read(images.DOCUMENT) if image["id"] == one["image"]), None
        )
        if wanted is None:
            raise StepFailed("make a container", f"the copy has no image {one['image']}")
        return images.held_id(docker, inventory.image_of(wanted))
    return images.load_own(docker, store, inventory.image_of(own), setting)


def _make(
    docker: Engine,
    store: Store,
    one: dict[str, Any],
    name: str,
    image: str,
    names: Mapping[str, str],
    setting: Setting,
) -> None:
    inspected = one["inspected"]
    half_made, what = _half_made(name), f"make container {name}"
    _remove(docker, half_made)
    empty = _empty_volumes(docker, setting)
    by_name = one["image name"] if one["own image"] is None else ""
    wanted = definitions.creation(
        inspected,
        by_name if by_name and _leads_to(docker, by_name, image) else image,
        names=names,
        is_empty=empty.__contains__,
    )
    made = docker.api.change("POST", f"/containers/create?name={half_made}", what, wanted)
    for network, end in definitions.further_networks(inspected).items():
        path = f"/networks/{quoted(network)}/connect"
        document = {"Container": made["Id"], "EndpointConfig": end}
        docker.api.change("POST", path, what, document)
    if one["written"] is not None:
        docker.api.send(
            "PUT",
            f"/containers/{made['Id']}/archive?path=/",
            f"give container {name} what it had written",
            store.pieces(WRITTEN, one["written"]),
            {"Content-Type": "application/x-tar"},
        )
    docker.api.change("POST", f"/containers/{made['Id']}/rename?name={quoted(name)}", what)


def _leads_to(docker: Engine, name: str, id_: str) -> bool:
    try:
        return inventory.inspected_image(docker.api, name).id == id_
    except EngineFailed as error:
        if error.status != http.client.NOT_FOUND:
            raise
        return False


def _empty_volumes(docker: Engine, setting: Setting) -> set[str]:
    files = setting.machine.files
    return {
        volume.name
        for volume in inventory.volumes(docker.api)
        if inventory.has_files_here(volume) and not files.names(volume.place)
    }


def _make_networks(docker: Engine, wanted: Mapping[str, dict[str, Any]]) -> None:
    held = inventory.networks(docker.api)
    for name, asked in wanted.items():
        if name not in held:
            document = {"Name": name, "CheckDuplicate": True, **asked}
            docker.api.change("POST", "/networks/create", f"make network {name}", document)


def _in_order(exported: Iterable[dict[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Those whose namespaces or addresses others use before these; else as they were made."""
    by_name = {names[one["inspected"]["Id"]]: one for one in exported}
    ordered: dict[str, dict[str, Any]] = {}

    def add(name: str, line: tuple[str, ...]) -> None:
        if name in ordered or name in line or name not in by_name:
            return
        for other in _needs(by_name[name]["inspected"], names):
            add(other, (*line, name))
        ordered[name] = by_name[name]

    for name in by_name:
        add(name, ())
    return list(ordered.values())


def _needs(inspected: dict[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    host = inspected.get("HostConfig") or {}
    for mode in host.values():
        if isinstance(mode, str) and mode.startswith("container:"):
            yield names.get(mode.partition(":")[2], mode.partition(":")[2])
    for link in host.get("Links") or ():
        yield str(link).partition(":")[0].lstrip("/")


def _listed(docker: Engine) -> list[dict[str, Any]]:
    return docker.api.get("/containers/json?all=1", "list the containers") or []


def _written_size(docker: Engine) -> int:
    found = docker.api.get("/containers/json?all=1&size=1", "count what containers wrote") or ()
    return sum(int(one.get("SizeRw") or 0) for one in found)


def _half_made(name: str) -> str:
    return _HALF_MADE + hashlib.sha256(os.fsencode(name)).hexdigest()[:12]


def _remove(docker: Engine, name: str) -> None:
    """With `v=0`: its volumes are not only its."""
    try:
        docker.api.change(
            "DELETE", f"/containers/{quoted(name)}?v=0&force=0", f"remove container {name}"
        )
    except EngineFailed as error:
        if error.status != http.client.NOT_FOUND:
            raise
