"""
Which operations there are, on which paths, with which parameters: as the server takes them.

Pure; how one is written down differs between the versions of OpenAPI, which `openapi.py` knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from wharfinger.cluster.kind import Kind, Subresource

METHODS: Final[Mapping[str, str]] = {
    "create": "post",
    "delete": "delete",
    "deletecollection": "delete",
    "get": "get",
    "list": "get",
    "patch": "patch",
    "update": "put",
}
_ACTIONS: Final[Mapping[str, str]] = {"create": "post", "update": "put"}
_ON_COLLECTION: Final = ("create", "deletecollection", "list")


class Parameter(NamedTuple):
    name: str
    description: str
    type: str = "string"
    choices: tuple[str, ...] = ()
    place: str = "query"


_IN_PATH: Final = (
    Parameter("namespace", "Namespace of the object.", place="path"),
    Parameter("name", "Name of the object.", place="path"),
)
_IN_QUERY: Final[Mapping[str, Parameter]] = {
    parameter.name: parameter
    for parameter in (
        Parameter(
            "allowWatchBookmarks", "true: tell now and then how far a watch has come.", "boolean"
        ),
        Parameter("continue", "Where the last answer ended."),
        Parameter("dryRun", "All: do everything but keep the result.", choices=("All",)),
        Parameter("fieldManager", "Who makes this change."),
        Parameter("fieldSelector", "Only objects with these fields."),
        Parameter(
            "fieldValidation",
            "Ignore, Warn or Strict: what to do about unknown and duplicate fields.",
            choices=("Ignore", "Warn", "Strict"),
        ),
        Parameter("force", "true: take fields over from other managers (apply only).", "boolean"),
        Parameter("gracePeriodSeconds", "Time to end gracefully.", "integer"),
        Parameter("labelSelector", "Only objects with these labels."),
        Parameter("limit", "At most so many objects; continue gets the next.", "integer"),
        Parameter("orphanDependents", "Old form of propagationPolicy.", "boolean"),
        Parameter(
            "propagationPolicy",
            "Orphan, Background or Foreground: what becomes of owned objects.",
            choices=("Orphan", "Background", "Foreground"),
        ),
        Parameter("resourceVersion", "How fresh the answer must be, or where a watch begins."),
        Parameter(
            "resourceVersionMatch",
            "Exact or NotOlderThan: how resourceVersion is meant.",
            choices=("Exact", "NotOlderThan"),
        ),
        Parameter(
            "sendInitialEvents", "true: begin a watch with the objects that there are.", "boolean"
        ),
        Parameter("timeoutSeconds", "How long a watch may last.", "integer"),
        Parameter("watch", "true: send changes instead of a list.", "boolean"),
    )
}
_WRITE: Final = ("dryRun", "fieldManager", "fieldValidation")
_DELETE: Final = ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy")
_LIST: Final = (
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
)
_WATCH: Final = ("allowWatchBookmarks", "sendInitialEvents", "timeoutSeconds", "watch")
_QUERY: Final[Mapping[str, Sequence[str]]] = {
    "create": _WRITE,
    "delete": _DELETE,
    "deletecollection": (*_DELETE, *_LIST),
    "get": ("resourceVersion",),
    "list": _LIST,
    "patch": (*_WRITE, "force"),
    "update": _WRITE,
}


@dataclass(frozen=True, slots=True)
class Operation:
    path: str
    verb: str
    kind: Kind  # whose objects are sent and answered
    watches: bool = False
    refused: bool = False  # it is only there to be read about

    @property
    def method(self) -> str:
        return METHODS[self.verb]

    @property
    def action(self) -> str:
        """What Kubernetes calls it."""
        return _ACTIONS.get(self.verb, self.verb)

    @property
    def name(self) -> str:
        """Unique in a document."""
        words = re.findall(r"[A-Za-z0-9]+", self.path)
        return self.verb + "".join(word[0].upper() + word[1:] for word in words)

    @property
    def parameters(self) -> Sequence[Parameter]:
        names = (*_QUERY[self.verb], *(_WATCH if self.watches else ()))
        within = [one for one in _IN_PATH if f"{{{one.name}}}" in self.path]
        return [*within, *(_IN_QUERY[name] for name in sorted(names))]


def group_path(kind: Kind) -> str:
    """The path of a group and version, as version 3 names its documents."""
    return f"apis/{kind.group}/{kind.version}" if kind.group else f"api/{kind.version}"


def operations(kinds: Iterable[Kind], known: Sequence[Kind]) -> Iterator[Operation]:
    """List what can be done with `kinds`; `known` are all there are."""
    for kind in kinds:
        yield from _of_kind(kind)
        one = f"{_collection(kind)}/{{name}}"
        for below in kind.subresources:
            for verb in below.verbs:
                yield Operation(f"{one}/{below.name}", verb, _sent(kind, below, known))


def _of_kind(kind: Kind) -> Iterator[Operation]:
    collection = _collection(kind)
    watches = "watch" in kind.verbs
    for verb in kind.verbs:
        if verb in METHODS:
            path = collection if verb in _ON_COLLECTION else f"{collection}/{{name}}"
            yield Operation(path, verb, kind, watches=watches and verb == "list")
    if kind.namespaced and "list" in kind.verbs:
        yield Operation(f"/{group_path(kind)}/{kind.plural}", "list", kind, watches=watches)
    if kind.verbs and "patch" not in kind.verbs:
        # kubectl learns only from PATCH whether fieldValidation and dryRun are known. Without
        # one it would look for a custom resource definition, and check the object itself.
        path = f"{collection}/{{name}}" if "get" in kind.verbs else collection
        yield Operation(path, "patch", kind, refused=True)


def _collection(kind: Kind) -> str:
    scope = "namespaces/{namespace}/" if kind.namespaced else ""
    return f"/{group_path(kind)}/{scope}{kind.plural}"


def _sent(kind: Kind, below: Subresource, known: Sequence[Kind]) -> Kind:
    """Find the kind that is sent to a subresource."""
    wanted = (below.group, below.version, below.kind)
    return next((one for one in known if (one.group, one.version, one.kind) == wanted), kind)
