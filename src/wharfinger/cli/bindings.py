"""Role bindings of the server: read them as values to plan with, and carry a plan out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from wharfinger.cli import output
from wharfinger.cli.client import Client, Object
from wharfinger.cli.resources import CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS
from wharfinger.cluster.role_bindings import Binding, Edit


@dataclass(frozen=True, slots=True)
class Place:
    """Where bindings are: in a project, or (with no name) on the whole server."""

    namespace: str

    @property
    def kind(self) -> str:
        return (ROLE_BINDINGS if self.namespace else CLUSTER_ROLE_BINDINGS).kind

    def path(self, name: str = "") -> str:
        resource = ROLE_BINDINGS if self.namespace else CLUSTER_ROLE_BINDINGS
        return resource.path(name, namespace=self.namespace)


@dataclass(frozen=True, slots=True)
class Found:
    """The bindings of a place, and the objects that they stand in."""

    objects: dict[str, Object]

    @property
    def bindings(self) -> list[Binding]:
        return [Binding.of(found) for found in self.objects.values()]


class Change(NamedTuple):
    place: Place
    result: Object


def read(client: Client, place: Place) -> Found:
    found = client.get(place.path())
    return Found({output.name(item): item for item in output.items(found)})


def apply(client: Client, place: Place, found: Found, edit: Edit) -> Change:
    """Do one edit; the server refuses it if the binding changed in between."""
    binding = edit.binding
    subjects = [holder.subject() for holder in binding.holders]
    match edit.action:
        case "create":
            wanted = {
                "apiVersion": ROLE_BINDINGS.api_version,
                "kind": "RoleBinding" if place.namespace else "ClusterRoleBinding",
                "metadata": {"name": binding.name},
                "roleRef": binding.role.reference(),
                "subjects": subjects,
            }
            return Change(place, client.create(place.path(), wanted))
        case "update":
            wanted = {**found.objects[binding.name], "subjects": subjects}
            return Change(place, client.replace(place.path(binding.name), wanted))
        case "delete":
            client.delete(place.path(binding.name))
    return Change(place, found.objects[binding.name])
