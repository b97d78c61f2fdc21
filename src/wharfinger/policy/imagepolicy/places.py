"""
Where images stand in an object, in the order in which they are visited, and which of them are new.

Containers are visited as OpenShift does: first `initContainers`, then `containers`. We go on with
`ephemeralContainers` and the images of `volumes`, which it did not judge (CVE-2023-2727). Nothing is
taken on trust: what has not the shape that the kind asks for is a place with a fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.policy.imagepolicy.faults import Path, dotted
from wharfinger.policy.imagepolicy.model import Object
from wharfinger.policy.imagepolicy.paths import KindPaths
from wharfinger.policy.imagepolicy.resources import Resource

DOCKER_IMAGE: Final = "DockerImage"
EPHEMERAL: Final = "ephemeralcontainers"
RESOLVE_NAMES: Final = "alpha.image.policy.openshift.io/resolve-names"

_TEMPLATE: Final[Path] = ("spec", "template")
_TEMPLATES: Final[Mapping[Resource, Path]] = {
    Resource("", "pods"): (),
    Resource("", "podtemplates"): ("template",),
    Resource("", "replicationcontrollers"): _TEMPLATE,
    Resource("", "deploymentconfigs"): _TEMPLATE,
    Resource("apps.openshift.io", "deploymentconfigs"): _TEMPLATE,
    Resource("batch", "jobs"): _TEMPLATE,
    Resource("batch", "cronjobs"): ("spec", "jobTemplate", "spec", "template"),
} | {
    Resource(group, resource): _TEMPLATE
    for group in ("apps", "extensions")
    for resource in ("daemonsets", "deployments", "replicasets", "statefulsets")
}
"""Where the pod, or the template of one, stands."""

_BUILDS: Final = frozenset(
    Resource(group, resource)
    for group in ("", "build.openshift.io")
    for resource in ("builds", "buildconfigs")
)
_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")
_STRATEGIES: Final = ("customStrategy", "dockerStrategy", "sourceStrategy")
_NO_OBJECT: Final = "must be an object"


@dataclass(frozen=True, slots=True)
class Reference:
    """What a place says: an image by its name, or in a build also the tag or image of a stream."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """`owner` is who has the reference: two of one owner are compared to see what an update changes."""

    path: Path
    owner: tuple[str, ...] = ()
    reference: Reference = Reference(DOCKER_IMAGE, "", "")
    fault: str = ""
    """Why there is no reference to read."""
    holder: Object | None = None
    """For a reference that is an object: that object."""

    @property
    def field(self) -> str:
        return dotted(self.path if self.holder is None else (*self.path, "name"))

    def written(self, name: str) -> Any:
        """What stands here once the image is named by an exact pull specification."""
        if self.holder is None:
            return name
        kept = {key: value for key, value in self.holder.items() if key != "namespace"}
        return kept | {"kind": DOCKER_IMAGE, "name": name}


def known(resource: Resource, paths: Sequence[KindPaths] = ()) -> bool:
    """Whether we know where the images of a resource stand."""
    return (
        resource in _TEMPLATES
        or resource in _BUILDS
        or any(one.target == resource for one in paths)
    )


def images(group: str, resource: str, obj: Object, paths: Sequence[KindPaths] = ()) -> list[Place]:
    """List all places of an object."""
    target = Resource(group, resource)
    found: list[Place] = []
    if (template := _TEMPLATES.get(target)) is not None:
        found += _pod_images(obj, template)
    if target in _BUILDS:
        found += _build_images(obj)
    seen = {place.path for place in found}
    found += [
        place
        for kind in paths
        if kind.target == target
        for place in _configured(kind, obj)
        if place.path not in seen
    ]
    return found


def changed(
    group: str, resource: str, new: Object, old: Object, paths: Sequence[KindPaths] = ()
) -> list[Place]:
    """List the places whose reference an update changes; all of them if it changes what names mean."""
    found = images(group, resource, new, paths)
    if resolves_names(group, resource, new) != resolves_names(group, resource, old):
        return found
    before: dict[tuple[str, ...], Reference] = {}
    for place in images(group, resource, old, paths):
        if not place.fault:
            before.setdefault(place.owner, place.reference)
    return [place for place in found if place.fault or before.get(place.owner) != place.reference]


def resolves_names(group: str, resource: str, obj: Object) -> bool:
    """Whether an object asks that its names mean image streams first, on its template or on itself."""
    template = _TEMPLATES.get(Resource(group, resource), ())
    return any(
        _annotations(holder).get(RESOLVE_NAMES) == "*" for holder in (_down(obj, template), obj)
    )


def rewritten(obj: Object, values: Mapping[Path, Any]) -> Object:
    """Put values at places of an object. What is on the way there is copied, all else is shared."""
    root: Object = dict(obj)
    copies: dict[Path, Any] = {(): root}
    for path, value in values.items():
        node: Any = root
        for depth, key in enumerate(path[:-1], start=1):
            here = path[:depth]
            if here not in copies:
                copies[here] = node[key] = copy(node[key])
            node = copies[here]
        node[path[-1]] = value
    return root


def _pod_images(obj: Object, template: Path) -> Iterator[Place]:
    # Up to Kubernetes 1.21 `pods/ephemeralcontainers` was an object of its own kind.
    alone = not template and obj.get("kind") == "EphemeralContainers"
    path: Path = () if alone else (*template, "spec")
    spec = _down(obj, path)
    if not isinstance(spec, dict):
        if spec is not None:
            yield Place(path, fault=_NO_OBJECT)
        return
    for field in _CONTAINERS:
        for here, one, fault in _items(spec, path, field):
            # The lists of containers share one space of names.
            yield _text(one, here, "image", ("container", _name(one)), fault)
    for here, one, fault in _items(spec, path, "volumes"):
        if fault:
            yield Place(here, fault=fault)
        elif (source := one.get("image")) is not None:
            wrong = "" if isinstance(source, dict) else _NO_OBJECT
            yield _text(source, (*here, "image"), "reference", ("volume", _name(one)), wrong)


def _build_images(obj: Object) -> Iterator[Place]:
    path: Path = ("spec", "source")
    source = _down(obj, path)
    if isinstance(source, dict):
        for here, one, fault in _items(source, path, "images"):
            yield from [Place(here, fault=fault)] if fault else _origin(one, here, "")
    elif source is not None:
        yield Place(path, fault=_NO_OBJECT)
    path = ("spec", "strategy")
    strategy = _down(obj, path)
    if strategy is not None and not isinstance(strategy, dict):
        yield Place(path, fault=_NO_OBJECT)
        return
    for key in _STRATEGIES:
        if (one := (strategy or {}).get(key)) is not None:
            yield from _origin(one, (*path, key), key)


def _origin(holder: Any, path: Path, owner: str) -> Iterator[Place]:
    """The `from` of a strategy or of a source; a source is known only by what it refers to."""
    if not isinstance(holder, dict):
        yield Place(path, fault=_NO_OBJECT)
        return
    found, here = holder.get("from"), (*path, "from")
    if found is None:
        return
    if not isinstance(found, dict):
        yield Place(here, fault=_NO_OBJECT)
        return
    parts = [found.get(key) or "" for key in ("kind", "namespace", "name")]
    if not all(isinstance(part, str) for part in parts):
        yield Place(here, fault="kind, namespace and name must be text", holder=found)
        return
    reference = Reference(*parts)
    yield Place(here, (owner,) if owner else ("source", *parts), reference, holder=found)


def _configured(kind: KindPaths, obj: Object) -> Iterator[Place]:
    for path in kind.images:
        for place, value, fault in path.values(obj):
            if fault:
                yield Place(place, fault=fault)
            else:
                yield Place(place, (path.text, value), Reference(DOCKER_IMAGE, "", value))


def _text(holder: Any, path: Path, key: str, owner: tuple[str, ...], fault: str) -> Place:
    if fault:
        return Place(path, fault=fault)
    value = holder.get(key)
    if not isinstance(value, str):
        return Place((*path, key), fault="the name of an image must be text")
    return Place((*path, key), owner, Reference(DOCKER_IMAGE, "", value))


def _items(holder: Object, path: Path, field: str) -> Iterator[tuple[Path, Any, str]]:
    """Yield place, item and fault of a list of objects."""
    value, here = holder.get(field), (*path, field)
    if value is not None and not isinstance(value, list):
        yield here, value, "must be a list"
        return
    for index, item in enumerate(value or ()):
        yield (*here, index), item, "" if isinstance(item, dict) else _NO_OBJECT


def _down(obj: Any, path: Path) -> Any:
    """What stands at a path: None for nothing, and what is in the way if that is no object."""
    for key in path:
        if not isinstance(obj, dict):
            return obj
        obj = obj.get(key)
    return obj


def _annotations(holder: Any) -> Mapping[str, Any]:
    metadata = holder.get("metadata") if isinstance(holder, dict) else None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return annotations if isinstance(annotations, dict) else {}


def _name(holder: Any) -> str:
    name = holder.get("name") if isinstance(holder, dict) else None
    return name if isinstance(name, str) else ""
