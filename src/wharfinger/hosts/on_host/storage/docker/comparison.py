"""
Hold two inventories against each other: what is missing or different, in words.

What another engine may tell otherwise does not count: where its data root is, what else it has got
meanwhile that was not there before (nothing is lost by more), and, on the containerd image store, the
ids and digests that are of its manifests.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from wharfinger.hosts.on_host.storage.docker import engine, tree_records
from wharfinger.hosts.on_host.storage.docker.inventory import (
    Container,
    Image,
    Inventory,
    Volume,
    record_of,
)
from wharfinger.hosts.on_host.tree import Tree

_SHOWN: Final = 5

Given = Mapping[str, str]
"""The id of the image that a container got since its own could not be used again, by its name."""


def compare(
    before: Inventory,
    after: Inventory,
    *,
    digests: bool,
    given: Given,
    running: Collection[str] = (),
) -> Iterator[str]:
    """Everything but the contents of volumes. What containers that run have written does not count:
    an engine starts some as soon as it is up."""
    yield from _images(before, after, digests=digests)
    yield from _volumes(before, after)
    yield from _containers(before, after, given, running, ids=digests)
    for name, asked in before.networks.items():
        found = after.networks.get(name)
        if found is None:
            yield f"network {name} is missing"
        elif (now := _as_asked(found, asked)) != asked:
            yield f"network {name} differs: {_first_difference(asked, now)}"


def additions(before: Inventory, after: Inventory) -> Iterator[str]:
    """What is in the second that was not in the first."""
    ids, known = {one.id for one in before.images}, {one.name for one in before.volumes}
    names = {one.name for one in before.containers}
    yield from (f"image {one.shown} is new" for one in after.images if one.id not in ids)
    yield from (f"volume {one.name} is new" for one in after.volumes if one.name not in known)
    yield from (f"container {one.name} is new" for one in after.containers if one.name not in names)
    yield from (f"network {name} is new" for name in after.networks if name not in before.networks)


def _as_asked(network: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Without the gateways that nobody asked for: an engine tells those once it has started anew."""
    ipam, wanted = (dict(one.get("IPAM") or {}) for one in (network, asked))
    named = any("Gateway" in one for one in wanted.get("Config") or ())
    if ipam.get("Config") and not named:
        ipam["Config"] = [
            {key: value for key, value in one.items() if key != "Gateway"} for one in ipam["Config"]
        ]
    return {**network, "IPAM": ipam} if network.get("IPAM") else dict(network)


def contents(
    tree: Tree,
    before: Inventory,
    after: Inventory,
    folders: tuple[str, str],
    running: Collection[str] = (),
) -> Iterator[str]:
    """The contents of volumes, where both inventories looked into them and no container that runs has
    them."""
    used = {
        mount["source"]
        for one in after.containers
        if one.name in running
        for mount in one.definition["mounts"].values()
    }
    found = {one.name: one for one in after.volumes}
    for volume in before.volumes:
        other = found.get(volume.name)
        if other is None or not volume.content or volume.content == other.content:
            continue
        if volume.name in used:
            continue
        if not other.content:
            yield f"volume {volume.name} was not looked into again"
            continue
        records = [record_of(folder, volume.name) for folder in folders]
        differing = list(tree_records.differences(tree, *records))
        files = "1 file differs" if len(differing) == 1 else f"{len(differing)} files differ"
        yield f"volume {volume.name}: {files}: {', '.join(engine.lines(differing, _SHOWN))}"


def _images(before: Inventory, after: Inventory, *, digests: bool) -> Iterator[str]:
    by_id = {one.id: one for one in after.images}
    by_content = {one.content: one for one in after.images}
    for image in before.images:
        found = by_id.get(image.id) if digests else by_content.get(image.content)
        if found is None:
            yield from _missing(image, after)
            continue
        for layer in image.layers:
            if layer not in found.layers:
                yield f"image {image.shown} lacks layer {layer}"
        if found.layers != image.layers and set(found.layers) >= set(image.layers):
            yield f"image {image.shown} has its layers in another order, or more of them"
        for tag in sorted({*image.tags} - {*found.tags}):
            yield f"image {image.id[7:19]} lacks the name {tag}"
        if not digests:
            continue
        for digest in sorted({*image.digests} - {*found.digests}):
            yield f"image {image.shown} lacks the repository digest {digest}"
        if found.parent != image.parent:
            yield f"image {image.shown} lacks its parent {image.parent[7:19]}"


def _missing(image: Image, after: Inventory) -> Iterator[str]:
    for other in after.images:
        if shared := {*image.tags} & {*other.tags}:
            yield f"{min(shared)} names another image than {image.id}"
            return
    yield f"image {image.shown} ({image.id}) is missing"


def _volumes(before: Inventory, after: Inventory) -> Iterator[str]:
    found = {one.name: one for one in after.volumes}
    for volume in before.volumes:
        other = found.get(volume.name)
        if other is None:
            yield f"volume {volume.name} is missing"
        elif _gist(other) != _gist(volume):
            yield f"volume {volume.name} differs: {_first_difference(_gist(volume), _gist(other))}"


def _gist(volume: Volume) -> dict[str, Any]:
    return {
        "driver": volume.driver,
        "labels": dict(volume.labels),
        "options": dict(volume.options),
    }


def _containers(
    before: Inventory, after: Inventory, given: Given, running: Collection[str], *, ids: bool
) -> Iterator[str]:
    found = {one.name: one for one in after.containers}
    for container in before.containers:
        other = found.get(container.name)
        if other is None:
            yield f"container {container.name} is missing"
            continue
        own = given.get(container.name)
        if (ids or own is not None) and other.image != (own or container.image):
            yield f"container {container.name} is of image {other.image}, not {container.image}"
        if own is None:
            yield from _one_container(container, other, running)
        elif _defined(container) != _defined(other):
            said = _first_difference(_defined(container), _defined(other))
            yield f"container {container.name} differs: {said}"


def _one_container(
    container: Container, other: Container, running: Collection[str]
) -> Iterator[str]:
    one, two = _defined(container), _defined(other)
    one["image name"], two["image name"] = container.image_name, other.image_name
    if one != two:
        yield f"container {container.name} differs: {_first_difference(one, two)}"
    paths = sorted({*container.written, *other.written})
    changed = [path for path in paths if container.written.get(path) != other.written.get(path)]
    if changed and container.name not in running:
        shown = ", ".join(engine.lines(changed, _SHOWN))
        yield f"container {container.name} has not the same written over its image: {shown}"


def _defined(container: Container) -> dict[str, Any]:
    return dict(container.definition)


def _first_difference(one: Any, other: Any, where: str = "") -> str:
    """The place where two documents differ first, and both values."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        key = next(name for name in sorted({*one, *other}) if one.get(name) != other.get(name))
        return _first_difference(one.get(key), other.get(key), f"{where}.{key}".lstrip("."))
    return f"{where} was {one!r}, is {other!r}"
