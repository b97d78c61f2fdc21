"""
What an engine holds, written down so that it can be held against what it holds later.

An inventory is a document in the order's folder, and beside it one record per volume with a line for
each file (`tree_records`). Nothing in it is of the driver: the same images, volumes and containers give the
same inventory on another one.
"""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from wharfinger.hosts.on_host.storage.docker import definitions, store, tree_records, written
from wharfinger.hosts.on_host.storage.docker.api import Api, EngineFailed, quoted
from wharfinger.hosts.on_host.storage.docker.engine import Engine, digest
from wharfinger.hosts.on_host.storage.work import Setting

LOCAL: Final = "local"
_ASKED_OF_NETWORKS: Final = (
    "Driver",
    "EnableIPv6",
    "IPAM",
    "Internal",
    "Attachable",
    "Options",
    "Labels",
)
_SAID_OF_IMAGES: Final = (
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Labels",
    "OnBuild",
    "Shell",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
)
"""What containers take from an image. The two stores tell the rest of a configuration differently."""
_OF_EVERY_ENGINE: Final = ("bridge", "host", "none")


@dataclass(frozen=True)
class Image:
    """`id` is the digest of the configuration, or on the containerd store of the manifest. `content` is
    the same on both: when it was made, its configuration and its layers."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    layers: tuple[str, ...]
    parent: str
    size: int
    content: str

    @property
    def shown(self) -> str:
        return self.tags[0] if self.tags else self.id[7:19]


@dataclass(frozen=True)
class Volume:
    """`content` is of its record, empty where it was not looked into; `place` is where its files are,
    which another data root has elsewhere."""

    name: str
    driver: str
    labels: Mapping[str, str]
    options: Mapping[str, str]
    place: str = ""
    content: str = ""


@dataclass(frozen=True)
class Container:
    """`image_name` is what it was made from by name, empty where that does not lead to its image any
    more. `written` are the fingerprints of what it has written over its image, empty where that was not
    looked into."""

    name: str
    image: str
    image_name: str
    definition: Mapping[str, Any]
    written: Mapping[str, str]


@dataclass(frozen=True)
class Inventory:
    driver: str
    images: tuple[Image, ...] = ()
    volumes: tuple[Volume, ...] = ()
    containers: tuple[Container, ...] = ()
    networks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def take(engine: Engine, setting: Setting, *, contents: bool, folder: str) -> Inventory:
    """Write the inventory into `folder` (made for it) and return it. Without `contents` nothing is read
    that an engine would have to mount, which a thin pool that is full does not bear."""
    tree = setting.machine.files
    tree.make_private(folder)
    held = Inventory(
        driver=engine.driver,
        images=images(engine.api),
        volumes=tuple(_recorded(volumes(engine.api), setting, folder, contents=contents)),
        containers=tuple(_containers(engine.api, setting, contents=contents)),
        networks=networks(engine.api),
    )
    store.write(tree, f"{folder}/inventory.json", asdict(held))
    return held


def read(setting: Setting, folder: str) -> Inventory:
    """Raise `StepFailed` where none was taken."""
    document = store.read(setting.machine.files, f"{folder}/inventory.json")
    return Inventory(
        **{
            **document,
            "images": tuple(image_of(one) for one in document["images"]),
            "volumes": tuple(Volume(**one) for one in document["volumes"]),
            "containers": tuple(Container(**one) for one in document["containers"]),
        }
    )


def record_of(folder: str, volume: str) -> str:
    """The file with the lines of a volume; its name may have any length and case."""
    return f"{folder}/{hashlib.sha256(volume.encode()).hexdigest()[:32]}.lines"


def images(api: Api) -> tuple[Image, ...]:
    """All, also those without a name and those that others were built from."""
    found = api.get("/images/json?all=1", "list the images") or ()
    ids = sorted({digest(one["Id"]) for one in found})
    return tuple(inspected_image(api, one) for one in ids)


def inspected_image(api: Api, name: str) -> Image:
    one = api.get(f"/images/{quoted(name)}/json", f"look at image {name}")
    layers = tuple(digest(layer) for layer in (one.get("RootFS") or {}).get("Layers") or ())
    config = one.get("Config") or {}
    said = {name: config[name] for name in _SAID_OF_IMAGES if config.get(name)}
    gist = [one.get("Created"), said, one.get("Os"), one.get("Architecture"), layers]
    return Image(
        id=digest(one["Id"]),
        tags=tuple(sorted(one.get("RepoTags") or ())),
        digests=tuple(sorted(one.get("RepoDigests") or ())),
        layers=layers,
        parent=str(one.get("Parent") or ""),
        size=int(one.get("Size") or 0),
        content=_digest_of(gist),
    )


def image_of(document: Mapping[str, Any]) -> Image:
    """As `asdict` gave it."""
    listed = ("tags", "digests", "layers")
    return Image(**{**document, **{name: tuple(document[name]) for name in listed}})


def volumes(api: Api) -> tuple[Volume, ...]:
    found = (api.get("/volumes", "list the volumes") or {}).get("Volumes") or ()
    listed = (
        Volume(
            name=one["Name"],
            driver=one["Driver"],
            labels=one.get("Labels") or {},
            options=one.get("Options") or {},
            place=one.get("Mountpoint") or "",
        )
        for one in found
    )
    return tuple(sorted(listed, key=lambda one: one.name))


def has_files_here(volume: Volume) -> bool:
    """Are its files below the data root whether it is used or not? Not with a driver of its own, nor
    with options that say what is mounted there."""
    return volume.driver == LOCAL and not volume.options and bool(volume.place)


def containers(api: Api) -> list[dict[str, Any]]:
    """All, inspected, in the order in which they were made. One that goes meanwhile is left out."""
    found = api.get("/containers/json?all=1", "list the containers") or ()
    ordered = sorted(found, key=lambda listed: (listed.get("Created", 0), listed["Id"]))
    inspected = (_inspected_container(api, one["Id"]) for one in ordered)
    return [one for one in inspected if one is not None]


def names(inspected: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {one["Id"]: str(one["Name"]).lstrip("/") for one in inspected}


def networks(api: Api) -> dict[str, dict[str, Any]]:
    """Those that somebody made on this host, and what was asked of them."""
    found = api.get("/networks", "list the networks") or ()
    return {
        one["Name"]: {key: one.get(key) for key in _ASKED_OF_NETWORKS}
        for one in found
        if one["Name"] not in _OF_EVERY_ENGINE and one.get("Scope", LOCAL) == LOCAL
    }


def named_image(api: Api, inspected: Mapping[str, Any]) -> str:
    """The name that a container was made from, if it leads to its image still."""
    name = str((inspected.get("Config") or {}).get("Image") or "")
    try:
        leads_to = api.get(f"/images/{quoted(name)}/json", f"look at image {name}")["Id"]
    except EngineFailed as error:
        if error.status is None:
            raise
        return ""
    is_id = str(leads_to).partition(":")[2].startswith(name.partition(":")[2] or name)
    return name if leads_to == inspected["Image"] and not is_id else ""


def _inspected_container(api: Api, id_: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = api.get(f"/containers/{quoted(id_)}/json", "look at a container")
    except EngineFailed as error:
        if error.status != http.client.NOT_FOUND:
            raise
        return None
    return found


def _recorded(
    found: Iterable[Volume], setting: Setting, folder: str, *, contents: bool
) -> Iterable[Volume]:
    listed = tuple(found)
    for number, one in enumerate(listed):
        if not contents or not has_files_here(one):
            yield one
            continue
        setting.say(f"reading volume {one.name}", number, len(listed))
        content = tree_records.record(setting.machine.files, one.place, record_of(folder, one.name))
        yield Volume(one.name, one.driver, one.labels, one.options, one.place, content)


def _containers(api: Api, setting: Setting, *, contents: bool) -> Iterable[Container]:
    inspected = containers(api)
    known = names(inspected)
    for number, one in enumerate(inspected):
        name = known[one["Id"]]
        setting.say(f"reading container {name}", number, len(inspected))
        yield Container(
            name=name,
            image=digest(one["Image"]),
            image_name=named_image(api, one),
            definition=definitions.definition(one, known),
            written=_written(api, one) if contents else {},
        )


def _written(api: Api, inspected: dict[str, Any]) -> dict[str, str]:
    changed = written.changes(api, inspected["Id"], definitions.mounts(inspected))
    return written.fingerprints(api, inspected["Id"], changed)


def _digest_of(document: Any) -> str:
    text = json.dumps(document, sort_keys=True).encode()
    return f"sha256:{hashlib.sha256(text).hexdigest()}"
