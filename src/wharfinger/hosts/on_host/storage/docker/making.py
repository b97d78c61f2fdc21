"""
Make one container as another engine had it, whole or not at all.

It is made under a name of ours, gets what it had written, and is given its own name last.
"""

from __future__ import annotations

import hashlib
import http.client
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.hosts.on_host.storage.docker import definitions, images, inventory
from wharfinger.hosts.on_host.storage.docker.api import EngineFailed, quoted
from wharfinger.hosts.on_host.storage.docker.engine import Engine
from wharfinger.hosts.on_host.storage.docker.store import WRITTEN, Store
from wharfinger.hosts.on_host.storage.work import Setting, StepFailed

Exported = Mapping[str, Any]
"""A container as it stands in the copy."""

_HALF_MADE: Final = "wharfinger-half-made-"


@dataclass(frozen=True)
class Maker:
    """`names` are those of the containers in the copy, by the ids that they had."""

    docker: Engine
    store: Store
    names: Mapping[str, str]
    setting: Setting

    def image_for(self, one: Exported) -> str:
        """The id of the image to make a container of, which is loaded if it was made for it."""
        if one["own image"] is not None:
            own = inventory.image_of(one["own image"])
            return images.load_own(self.docker, self.store, own, self.setting)
        copied = self.store.read(images.DOCUMENT)
        wanted = next((image for image in copied if image["id"] == one["image"]), None)
        if wanted is None:
            raise StepFailed("make a container", f"the copy has no image {one['image']}")
        return images.held_id(self.docker, inventory.image_of(wanted))

    def make(self, one: Exported, name: str, image: str) -> None:
        api, inspected, what = self.docker.api, one["inspected"], f"make container {name}"
        remove(self.docker, half_made(name))
        wanted = definitions.creation(
            inspected,
            one["image name"] if self._leads_to(one["image name"], image) else image,
            names=self.names,
            is_empty=self._empty_volumes().__contains__,
        )
        made = api.change("POST", f"/containers/create?name={half_made(name)}", what, wanted)["Id"]
        for network, end in definitions.further_networks(inspected).items():
            document = {"Container": made, "EndpointConfig": end}
            api.change("POST", f"/networks/{quoted(network)}/connect", what, document)
        if one["written"] is not None:
            self._write(made, one["written"], name)
        api.change("POST", f"/containers/{made}/rename?name={quoted(name)}", what)

    def _write(self, id_: str, blob: str, name: str) -> None:
        self.docker.api.send(
            "PUT",
            f"/containers/{id_}/archive?path=/",
            f"give container {name} what it had written",
            self.store.pieces(WRITTEN, blob),
            {"Content-Type": "application/x-tar"},
        )

    def _leads_to(self, name: str, id_: str) -> bool:
        """A name that leads to another image by now is not the container's any more."""
        if not name:
            return False
        try:
            return inventory.inspected_image(self.docker.api, name).id == id_
        except EngineFailed as error:
            if error.status != http.client.NOT_FOUND:
                raise
            return False

    def _empty_volumes(self) -> set[str]:
        files = self.setting.machine.files
        return {
            volume.name
            for volume in inventory.volumes(self.docker.api)
            if inventory.has_files_here(volume) and not files.names(volume.place)
        }


def make_networks(docker: Engine, wanted: Mapping[str, dict[str, Any]]) -> None:
    """Those that the engine has not got."""
    held = inventory.networks(docker.api)
    for name, asked in wanted.items():
        if name not in held:
            document = {"Name": name, "CheckDuplicate": True, **asked}
            docker.api.change("POST", "/networks/create", f"make network {name}", document)


def in_order(exported: Iterable[dict[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
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


def half_made(name: str) -> str:
    """What a container is called until it is whole."""
    return _HALF_MADE + hashlib.sha256(os.fsencode(name)).hexdigest()[:12]


def remove(docker: Engine, name: str) -> None:
    """With `v=0`: its volumes are not only its."""
    try:
        docker.api.change(
            "DELETE", f"/containers/{quoted(name)}?v=0&force=0", f"remove container {name}"
        )
    except EngineFailed as error:
        if error.status != http.client.NOT_FOUND:
            raise
