"""
Objects from files or from a dump of a cluster, as questions to image policy.

Each object that may have images is asked about as a creation, and then what a controller would make of
it: the pods of a Deployment by way of its ReplicaSet. So rules on pods tell of a Deployment too, before
anything runs. Namespaces, image streams and images among the objects are what the others are judged
beside. Pure; what is asked is decided in `policy/imagepolicy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from wharfinger.errors import TooLarge
from wharfinger.policy.imagepolicy import decision
from wharfinger.policy.imagepolicy.model import Object, Question
from wharfinger.policy.imagepolicy.resources import Resource

MAX_OBJECTS: Final = 1_000_000
LIST_DEPTH: Final = 8
DEFAULT_NAMESPACE: Final = "default"

_RESOURCES: Final[Mapping[str, str]] = {
    "Namespace": "namespaces",
    "Ingress": "ingresses",
    "NetworkPolicy": "networkpolicies",
    "Endpoints": "endpoints",
}
"""Kinds whose plural is not made by adding an `s`, and that are common."""
_NAMESPACES: Final = frozenset({("", "Namespace"), ("project.openshift.io", "Project")})
_IMAGES: Final = "image.openshift.io"


class _Made(NamedTuple):
    """What a controller makes, and where its `spec` stands in what it is made of."""

    resource: Resource
    kind: str
    version: str
    spec: tuple[str, ...]
    metadata: tuple[str, ...]
    wrapped: bool
    """Its own spec has the template, and not what is in the template."""


def _pod(*template: str) -> _Made:
    return _Made(
        Resource("", "pods"), "Pod", "v1", (*template, "spec"), (*template, "metadata"), False
    )


def _from_template(group: str, resource: str, kind: str) -> _Made:
    version = f"{group}/v1" if group else "v1"
    return _Made(Resource(group, resource), kind, version, ("spec",), ("metadata",), True)


_PODS: Final = _pod("spec", "template")
_MADE: Final[Mapping[Resource, _Made]] = {
    Resource("batch", "cronjobs"): _Made(
        Resource("batch", "jobs"),
        "Job",
        "batch/v1",
        ("spec", "jobTemplate", "spec"),
        ("spec", "jobTemplate", "metadata"),
        False,
    ),
    Resource("apps", "deployments"): _from_template("apps", "replicasets", "ReplicaSet"),
    Resource("extensions", "deployments"): _from_template("apps", "replicasets", "ReplicaSet"),
    Resource("apps.openshift.io", "deploymentconfigs"): _from_template(
        "", "replicationcontrollers", "ReplicationController"
    ),
    Resource("build.openshift.io", "buildconfigs"): _Made(
        Resource("build.openshift.io", "builds"),
        "Build",
        "build.openshift.io/v1",
        ("spec",),
        ("metadata",),
        False,
    ),
    Resource("", "replicationcontrollers"): _PODS,
    Resource("batch", "jobs"): _PODS,
    **{
        Resource(group, resource): _PODS
        for group in ("apps", "extensions")
        for resource in ("daemonsets", "replicasets", "statefulsets")
    },
}


class DumpTooLarge(TooLarge):
    code = "dump-too-large"

    def __init__(self, what: str) -> None:
        super().__init__(f"cannot judge more than {what}")


@dataclass(frozen=True, slots=True)
class Subject:
    """An object that is judged; `source` says where it was read."""

    source: str
    resource: Resource
    kind: str
    namespace: str
    name: str
    object: Object

    def __str__(self) -> str:
        group = f".{self.resource.group}" if self.resource.group else ""
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind}{group} {place}{self.name}"


@dataclass(slots=True)
class Dump:
    """What was read; the maps are by namespace and name, or by digest."""

    namespace: str = DEFAULT_NAMESPACE
    """Of objects that do not say it."""
    subjects: list[Subject] = field(default_factory=list)
    ignored: dict[str, frozenset[str]] = field(default_factory=dict)
    """The rules that a namespace switches off."""
    streams: dict[tuple[str, str], Object] = field(default_factory=dict)
    images: dict[str, Object] = field(default_factory=dict)
    _count: int = 0

    def add(self, document: Any, source: str) -> None:
        """Take an object, or all of a List; raise `DumpTooLarge`."""
        for item in self._objects(document, LIST_DEPTH):
            self._add(item, source)

    def question(self, subject: Subject) -> Question:
        return Question(
            operation="CREATE",
            group=subject.resource.group,
            resource=subject.resource.resource,
            kind=subject.kind,
            namespace=subject.namespace,
            name=subject.name,
            object=subject.object,
            ignored_rules=self.ignored.get(subject.namespace, frozenset()),
        )

    def _objects(self, document: Any, depth: int) -> Iterator[Object]:
        self._count += 1
        if self._count > MAX_OBJECTS:
            raise DumpTooLarge(f"{MAX_OBJECTS} objects")
        if isinstance(document, list):  # of JSON
            items: Iterable[Any] = document
        elif not isinstance(document, dict):
            return
        elif isinstance(document.get("items"), list) and _text(document, "kind").endswith("List"):
            items = document["items"]
        else:
            yield document
            return
        if not depth:
            raise DumpTooLarge(f"{LIST_DEPTH} lists in one another")
        for item in items:
            yield from self._objects(item, depth - 1)

    def _add(self, item: Object, source: str) -> None:
        group, kind = _text(item, "apiVersion").rpartition("/")[0], _text(item, "kind")
        metadata = item.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        name = _text(metadata, "name") or _text(metadata, "generateName")
        if (group, kind) in _NAMESPACES:
            notes = metadata.get("annotations")
            notes = notes if isinstance(notes, dict) else {}
            self.ignored[name] = decision.ignored_rules({"metadata": {"annotations": notes}})
            return
        namespace = _text(metadata, "namespace") or self.namespace
        if group == _IMAGES or (not group and kind in ("Image", "ImageStream")):
            self._add_image(kind, namespace, name, item)
            return
        resource = Resource(group, plural(kind))
        self.subjects.append(Subject(source, resource, kind, namespace, name, item))

    def _add_image(self, kind: str, namespace: str, name: str, item: Object) -> None:
        if kind == "ImageStream":
            if _is_stream(item):
                self.streams[namespace, name] = item
        elif kind == "Image":
            self.images[name] = item
        elif isinstance(image := item.get("image"), dict):  # of an ImageStreamTag, or the like
            self.images.setdefault(_text(image.get("metadata") or {}, "name"), image)


def made(subject: Subject) -> Subject | None:
    """What a controller makes of an object first, or None; it carries the mark of its controller."""
    rule = _MADE.get(subject.resource)
    if rule is None:
        return None
    spec, metadata = _down(subject.object, rule.spec), _down(subject.object, rule.metadata)
    if rule.wrapped and isinstance(spec, dict):
        spec = {"template": spec.get("template")}
    kept = {
        key: metadata[key]
        for key in ("labels", "annotations")
        if isinstance(metadata, dict) and key in metadata
    }
    owner = {
        "apiVersion": _text(subject.object, "apiVersion"),
        "kind": subject.kind,
        "name": subject.name,
        "controller": True,
    }
    object_: Object = {
        "apiVersion": rule.version,
        "kind": rule.kind,
        "metadata": {
            **kept,
            "generateName": f"{subject.name}-",
            "namespace": subject.namespace,
            "ownerReferences": [owner],
        },
        "spec": spec,
    }
    return Subject(
        subject.source, rule.resource, rule.kind, subject.namespace, subject.name, object_
    )


def plural(kind: str) -> str:
    """The resource of a kind, as API servers nearly always call it."""
    lower = kind.lower()
    if known := _RESOURCES.get(kind):
        return known
    if lower.endswith(("s", "x", "ch", "sh")):
        return f"{lower}es"
    if lower.endswith("y") and lower[-2:-1] not in {*"aeiou"}:
        return f"{lower[:-1]}ies"
    return f"{lower}s"


def _is_stream(item: Object) -> bool:
    """Has it the shape that a server gives it? What a person wrote instead is no history."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    if not isinstance(spec, dict) or not isinstance(status, dict):
        return False
    wanted, tags = spec.get("tags") or [], status.get("tags") or []
    return (
        isinstance(spec.get("lookupPolicy") or {}, dict)
        and isinstance(status.get("dockerImageRepository") or "", str)
        and _all_have(wanted, "name")
        and all(isinstance(one.get("referencePolicy") or {}, dict) for one in wanted)
        and _all_have(tags, "tag")
        and all(_all_have(one.get("items") or [], "dockerImageReference") for one in tags)
        and all(
            isinstance(event.get("image") or "", str)
            for one in tags
            for event in one.get("items") or ()
        )
    )


def _all_have(items: Any, key: str) -> bool:
    return isinstance(items, list) and all(
        isinstance(one, dict) and isinstance(one.get(key), str) for one in items
    )


def _down(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(value, dict):
            return value
        value = value.get(key)
    return value


def _text(holder: Any, key: str) -> str:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else ""
