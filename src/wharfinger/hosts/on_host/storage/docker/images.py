"""
Images out of an engine into a folder, and back into one on another driver.

Each image is asked for on its own: the engine gathers what it sends in its data root first, so the
largest image says what room that takes. Those with most layers come first, since they bring the layers
of those that they were built from; of such an image only the configuration is wanting, which is read
where the engine has it, instead of having the engine write gigabytes for it.

An image stands in the folder once all its layers and its configuration do, each under its own digest.
It is in the new engine once that says the same layers. Ids are the same where the engine does not
keep images in containerd; there they are found by what is in them.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Final

from wharfinger.hosts.on_host.docker_authz import addresses, asks, ticket
from wharfinger.hosts.on_host.docker_authz.load import complaint
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage.docker import archive, engine, inventory
from wharfinger.hosts.on_host.storage.docker.api import EngineFailed, quoted
from wharfinger.hosts.on_host.storage.docker.archive import Packed
from wharfinger.hosts.on_host.storage.docker.engine import Engine, plain
from wharfinger.hosts.on_host.storage.docker.inventory import Image
from wharfinger.hosts.on_host.storage.docker.store import CONFIGS, LAYERS, Store
from wharfinger.hosts.on_host.storage.steps import ExportImages, ImportImages
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting, StepFailed

DOCUMENT: Final = "images.json"
_CONFIG_LIMIT: Final = 64 << 20


def check_export(step: ExportImages, setting: Setting) -> None:
    engine.known(step.engine)
    if engine.connect(setting.machine).snapshots:
        raise Refused(
            "cannot copy images out of the containerd image store: their ids are not those of their "
            "configurations",
            remedy="switch Docker back to its own image store, or push the images to a registry",
        )


def export(step: ExportImages, setting: Setting) -> Notes:
    docker = engine.connect(setting.machine)
    store = Store.made(setting.machine, step.folder)
    found = inventory.images(docker.api)
    wanting = [image for image in _largest_first(found) if not _stands(store, image)]
    if wanting:
        store.require_room(_room(docker, store, wanting), "the images")
    for number, image in enumerate(wanting):
        setting.say(f"copying image {image.shown}", number, len(wanting))
        _copy(docker, store, image, setting.machine)
    store.write(DOCUMENT, [asdict(image) for image in found])
    return {}


def check_import(step: ImportImages, _: Setting) -> None:
    engine.known(step.engine)


def bring_back(step: ImportImages, setting: Setting) -> Notes:
    docker = engine.connect(setting.machine)
    store = Store(setting.machine.files, step.folder)
    wanted = _parents_first([inventory.image_of(one) for one in store.read(DOCUMENT)])
    parents = {} if docker.snapshots else {image.id: image for image in wanted}
    held = list(inventory.images(docker.api))
    loaded = list(setting.notes.get("loaded", ()))
    notes = {"driver": docker.driver, "loaded": loaded}
    for number, image in enumerate(wanted):
        if _held(image, held, docker) is None:
            setting.say(f"loading image {image.shown}", number, len(wanted))
            loaded.append(image.id)
            setting.remember(notes)
            _load(docker, store, image, parents.get(image.parent), held, setting.machine)
            held.append(_found(image, docker))
    return notes


def held_id(docker: Engine, image: Image) -> str:
    """What the engine calls an image of the copy; raise `StepFailed` if it has not got it."""
    return _found(image, docker).id


def load_own(docker: Engine, store: Store, image: Image, setting: Setting) -> str:
    """Load an image that we made for a container; return what the engine calls it."""
    held = inventory.images(docker.api)
    found = _own(image, held, docker)
    if found is None:
        _load(docker, store, image, None, held, setting.machine)
        found = _own(image, inventory.images(docker.api), docker)
    if found is None:
        raise StepFailed(f"load image {image.id}", "the engine has no such image now")
    return found.id


def _own(image: Image, held: Iterable[Image], docker: Engine) -> Image | None:
    """In containerd by its layers: the last one is what a container wrote, which no other has."""
    for one in held:
        if one.layers == image.layers if docker.snapshots else one.id == image.id:
            return one
    return None


def take_out(step: ImportImages, setting: Setting) -> None:
    """Remove what was loaded, while the engine that it was loaded into still runs."""
    loaded = setting.notes.get("loaded", ())
    if not loaded:
        return
    try:
        docker = engine.connect(setting.machine)
        driver = docker.driver
    except EngineFailed:
        return  # what it has is in a store that no engine uses
    if driver == setting.notes["driver"]:
        for id_ in reversed(list(_called(docker, loaded, step, setting))):
            remove(docker, id_)


def _called(
    docker: Engine, loaded: Iterable[str], step: ImportImages, setting: Setting
) -> Iterator[str]:
    """What the engine calls the images that the copy calls so."""
    if not docker.snapshots:
        yield from loaded
        return
    document = Store(setting.machine.files, step.folder).read(DOCUMENT)
    copied = {one["id"]: inventory.image_of(one) for one in document}
    held = inventory.images(docker.api)
    found = (_held(copied[one], held, docker) for one in loaded)
    yield from (one.id for one in found if one is not None)


def _copy(docker: Engine, store: Store, image: Image, machine: Machine) -> None:
    what = f"copy image {image.shown}; the source is untouched"
    missing = [layer for layer in image.layers if not store.has(LAYERS, layer)]
    if not missing and _copy_config(docker, store, image, machine):
        return
    with docker.api.stream(f"/images/get?names={quoted(image.id)}", what) as body:
        archive.take_apart(body, store, layers=image.layers, configs=(image.id,), what=what)


def _copy_config(docker: Engine, store: Store, image: Image, machine: Machine) -> bool:
    """From where the engine has it; say whether it was there and right."""
    name = plain(image.id)
    path = f"{docker.root}/image/{docker.driver}/imagedb/content/sha256/{name}"
    content = machine.files.read(path, limit=_CONFIG_LIMIT)
    if content is None or sha256(content).hexdigest() != name:
        return False
    with store.incoming() as blob:
        blob.write(content)
        blob.keep(store, CONFIGS)
    return True


def _load(
    docker: Engine,
    store: Store,
    image: Image,
    parent: Image | None,
    held: Iterable[Image],
    machine: Machine,
) -> None:
    have = set() if docker.snapshots else _chains(held)
    packed = [_packed(image, have, image.parent if parent is not None else "")]
    if parent is not None:
        # It is named along, as the engine takes only a parent of the same archive.
        packed.insert(0, _packed(parent, have, "", tags=()))
    headers = {"Content-Type": "application/x-tar", **_ticket(machine)}
    what = f"load image {image.shown}"
    answer = docker.api.send(
        "POST", "/images/load?quiet=1", what, archive.put_together(store, packed), headers
    )
    if said := complaint(http.client.OK, answer.decode(errors="replace")):
        raise EngineFailed(what, said)


def _packed(
    image: Image, have: set[tuple[str, ...]], parent: str, tags: Sequence[str] | None = None
) -> Packed:
    """With the layers that the engine does not have on top of the same ones below."""
    sent = [
        layer for count, layer in enumerate(image.layers, 1) if image.layers[:count] not in have
    ]
    return Packed(image.id, image.tags if tags is None else tags, image.layers, parent, sent)


def _chains(held: Iterable[Image]) -> set[tuple[str, ...]]:
    """Every stack of layers that an engine has."""
    return {one.layers[:count] for one in held for count in range(1, len(one.layers) + 1)}


def _held(image: Image, held: Iterable[Image], docker: Engine) -> Image | None:
    """With its names: an image that lost one is loaded again, which gives it back."""
    for one in held:
        same = one.content == image.content if docker.snapshots else one.id == image.id
        if same and one.layers == image.layers and {*image.tags} <= {*one.tags}:
            return one
    return None


def _found(image: Image, docker: Engine) -> Image:
    """An image that has to be there; only in containerd it has to be looked for."""
    if docker.snapshots:
        there = inventory.images(docker.api)
    else:
        there = (inventory.inspected_image(docker.api, image.id),)
    found = _held(image, there, docker)
    if found is None:
        raise StepFailed(f"use image {image.shown}", "the engine has not got it as it was")
    return found


def _stands(store: Store, image: Image) -> bool:
    layers = all(store.has(LAYERS, layer) for layer in image.layers)
    return layers and store.has(CONFIGS, image.id)


def _room(docker: Engine, store: Store, wanting: Sequence[Image]) -> int:
    """No more than the layers of all images take once, nor than these images take each."""
    there = {layer for image in wanting for layer in image.layers if store.has(LAYERS, layer)}
    counted = docker.api.get("/system/df", "count what the images take") or {}
    once = int(counted.get("LayersSize") or 0) - sum(store.size(LAYERS, one) for one in there)
    each = sum(image.size for image in wanting)
    return max(0, min(once, each) if counted.get("LayersSize") else each)


def _largest_first(images: Iterable[Image]) -> list[Image]:
    return sorted(images, key=lambda one: (-len(one.layers), -one.size, one.id))


def _parents_first(images: Iterable[Image]) -> list[Image]:
    """An image names its parent when it is loaded, which has to be there by then."""
    by_id = {one.id: one for one in images}
    ordered: dict[str, Image] = {}
    for image in by_id.values():
        line: list[Image] = []
        at: Image | None = image
        while at is not None and at.id not in ordered and at not in line:
            line.append(at)
            at = by_id.get(at.parent)
        ordered.update((one.id, one) for one in reversed(line))
    return list(ordered.values())


def remove(docker: Engine, id_: str) -> None:
    """By its names, then by its id: so nothing is forced, and what a container uses stays."""
    try:
        image = inventory.inspected_image(docker.api, id_)
        for name in (*image.tags, *image.digests, id_):
            _let_go(docker, name)
    except EngineFailed as error:
        if error.status != http.client.NOT_FOUND:
            raise


def _let_go(docker: Engine, name: str) -> None:
    try:
        docker.api.change("DELETE", f"/images/{quoted(name)}?noprune=1", f"remove image {name}")
    except EngineFailed as error:
        if error.status not in (http.client.NOT_FOUND, http.client.CONFLICT):
            raise


def _ticket(machine: Machine) -> dict[str, str]:
    """Where our plugin decides what is loaded: these images are on this host already."""
    if machine.listener(addresses.SOCKET) is None:
        return {}
    return {asks.LOAD_TICKET: ticket.make()}
