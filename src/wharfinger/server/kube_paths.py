"""
Which resource a path of the object API names, and what a method does to it.

    /api/v1/RESOURCE[/NAME[/SUBRESOURCE]]
    /api/v1/namespaces/NAMESPACE/RESOURCE[/NAME[/SUBRESOURCE]]
    /apis/GROUP/VERSION/...        likewise

Pure. A namespace and a project are in themselves, so that a role bound in one can grant to
read it (`/api/v1/namespaces/dock` is about `dock`, in `dock`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wharfinger.cluster import outside
from wharfinger.cluster.authorize import Access
from wharfinger.cluster.kind import GroupResource
from wharfinger.errors import NotFound, Unsupported

_NAMESPACES: Final = GroupResource("", "namespaces")
_SCOPES: Final = frozenset({_NAMESPACES, GroupResource("project.openshift.io", "projects")})
_NAMESPACE_PARTS: Final = ("finalize", "status")
_VERBS: Final = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class NoSuchResource(NotFound):
    code = "no-such-resource"

    def __init__(self, message: str = "the server could not find the requested resource") -> None:
        super().__init__(message)


class MethodUnsupported(Unsupported):
    code = "method-unsupported"

    def __init__(self) -> None:
        super().__init__("the server does not allow this method on the requested resource")


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names; empty strings for what it does not say."""

    group: str
    version: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def own_namespace(self) -> str:
        """The namespace that rights are asked in."""
        scope = GroupResource(self.group, self.resource) in _SCOPES
        return self.name if scope and not self.namespace else self.namespace

    def access(self, verb: str, selected: str = "") -> Access:
        """The question; `selected` is the one name that a list or a watch can be about."""
        return Access(
            verb=verb,
            group=self.group,
            resource=self.resource,
            subresource=self.subresource,
            namespace=self.own_namespace,
            name=self.name or selected,
        )


def parse(path: str) -> Target:
    """Raise `NoSuchResource` for what cannot name a resource."""
    match path.strip("/").split("/"):
        case ["api", version, *rest] if rest:
            return _target("", version, rest)
        case ["apis", group, version, *rest] if rest:
            return _target(group, version, rest)
        case ["oapi", *_]:
            raise NoSuchResource(outside.legacy(path))
    raise NoSuchResource


def verb(method: str, target: Target, *, watch: bool) -> str:
    """What rights call it."""
    if method == "GET":
        if target.name:
            return "get"
        return "watch" if watch else "list"
    if method not in _VERBS:
        raise MethodUnsupported
    if method == "DELETE" and not target.name:
        return "deletecollection"
    return _VERBS[method]


def _target(group: str, version: str, parts: list[str]) -> Target:
    if "" in parts:
        raise NoSuchResource
    namespace = ""
    within = parts[0] == "namespaces" and len(parts) > 2
    if within and not (group == "" and len(parts) == 3 and parts[2] in _NAMESPACE_PARTS):
        namespace, parts = parts[1], parts[2:]
    if len(parts) > 3:
        raise NoSuchResource
    resource, name, subresource = (*parts, "", "")[:3]
    return Target(group, version, resource, namespace, name, subresource)
