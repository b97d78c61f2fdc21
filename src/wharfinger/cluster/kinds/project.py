"""Projects, as OpenShift has them: a view of namespaces, `project.openshift.io/v1`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import Column, FieldError, Kind, Object
from wharfinger.cluster.kinds.columns import NAME
from wharfinger.cluster.kinds.core import NAMESPACE
from wharfinger.cluster.kinds.meta import annotations_of, top
from wharfinger.cluster.kinds.shapes import text

GROUP: Final = "project.openshift.io"
DISPLAY_NAME: Final = "openshift.io/display-name"
DESCRIPTION: Final = "openshift.io/description"
REQUESTER: Final = "openshift.io/requester"


def name_errors(name: str) -> Sequence[str]:
    """Say what keeps `name` from naming a project."""
    if len(name) < 2:
        return ["must be at least 2 characters long"]
    return validation.path_segment(name) or validation.label(name)


def _validate(obj: Object) -> Iterator[FieldError]:
    shown = annotations_of(obj).get(DISPLAY_NAME, "")
    yield from _one_line(f"metadata.annotations[{DISPLAY_NAME}]", shown)


def _validate_request(obj: Object) -> Iterator[FieldError]:
    yield from _one_line("displayName", obj.get("displayName") or "")


def _one_line(field: str, value: str) -> Iterator[FieldError]:
    if "\n" in value or "\t" in value:
        yield FieldError.invalid(field, value, "may not contain a new line or tab")


PROJECT = Kind(
    group=GROUP,
    version="v1",
    kind="Project",
    plural="projects",
    singular="project",
    namespaced=False,
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    schema=top(
        "com.github.openshift.api.project.v1.Project",
        "A namespace, seen by those who may work in it.",
        {name: NAMESPACE.schema["properties"][name] for name in ("spec", "status")},
    ),
    validate=lambda obj: tuple(_validate(obj)),
    name_errors=name_errors,
    columns=(
        NAME,
        Column(
            "Display Name",
            lambda obj, _: annotations_of(obj).get(DISPLAY_NAME, ""),
            description="The name for people.",
        ),
        Column(
            "Status",
            lambda obj, _: (obj.get("status") or {}).get("phase", ""),
            description="Active, or Terminating on its way out.",
        ),
    ),
    selectable=NAMESPACE.selectable,
)
PROJECT_REQUEST = Kind(
    group=GROUP,
    version="v1",
    kind="ProjectRequest",
    plural="projectrequests",
    singular="projectrequest",
    namespaced=False,
    verbs=("create", "list"),
    schema=top(
        "com.github.openshift.api.project.v1.ProjectRequest",
        "Asks for a new project whose administrator the caller will be.",
        {
            "displayName": text("The name for people."),
            "description": text("What the project is for."),
        },
    ),
    validate=lambda obj: tuple(_validate_request(obj)),
    name_errors=name_errors,
)
