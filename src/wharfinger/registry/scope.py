"""
What a registry client asks a token for, and what right of the platform each thing needs.

    scope  := type ":" name ":" action ("," action)*
    type   := word ("(" class ")")?

https://distribution.github.io/distribution/spec/auth/scope/ ; as in OpenShift's registry, text
that has not exactly three fields asks for nothing. A scope is only an upper bound: rights are
decided on each request, and a token that was had for one repository opens no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wharfinger.errors import BadInput

GROUP = "image.openshift.io"
REPOSITORY = "repository"
MOST_SCOPES = 100
_NAMED_IN_PROJECTS = (REPOSITORY, "signature")
_TYPE = re.compile(r"([a-z0-9]+)(?:\(([a-z0-9]+)\))?")
_PROJECT_AND_NAME = re.compile(r"[^/]+(?:/[^/]+)+")


class BadScope(BadInput):
    """The name in a scope can be no repository of ours."""

    code = "bad-scope"

    def __init__(self, name: str) -> None:
        super().__init__(
            f'repository name "{name[:255]}" is invalid: it must be of the format <project>/<name>'
        )
        self.name = name


@dataclass(frozen=True, slots=True)
class Scope:
    """One action on one thing."""

    type: str
    name: str
    action: str
    klass: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """The right on which an action stands; `clusterwide` if it is not asked in the project."""

    verb: str
    resource: str
    subresource: str = ""
    group: str = GROUP
    clusterwide: bool = False


_PRUNE = Need("delete", "images", clusterwide=True)

NEEDS: Mapping[tuple[str, str], tuple[Need, ...]] = {
    (REPOSITORY, "pull"): (Need("get", "imagestreams", "layers"),),
    (REPOSITORY, "push"): (Need("update", "imagestreams", "layers"),),
    (REPOSITORY, "delete"): (Need("delete", "imagestreams"), _PRUNE),
    ("registry", "*"): (Need("list", "imagestreams", clusterwide=True),),
    ("signature", "get"): (Need("get", "imagestreams", "layers"),),
    ("signature", "put"): (Need("create", "imagesignatures", clusterwide=True),),
    ("metrics", "get"): (Need("get", "registry", "metrics", clusterwide=True),),
    ("admin", "prune"): (_PRUNE,),
}
"""One of the rights is enough; what is not here is granted to nobody."""


def parse(texts: Iterable[str]) -> tuple[Scope, ...]:
    """Read `scope` parameters, each with any number of scopes; drop what is malformed or double."""
    words = [word for text in texts for word in text.split()][:MOST_SCOPES]
    return tuple(dict.fromkeys(scope for word in words for scope in _one(word)))


def require_names(scopes: Iterable[Scope]) -> None:
    """Raise `BadScope` at a repository that is not in a project."""
    for scope in scopes:
        if scope.type in _NAMED_IN_PROJECTS and _PROJECT_AND_NAME.fullmatch(scope.name) is None:
            raise BadScope(scope.name)


def split(name: str) -> tuple[str, str]:
    """The project of a repository, and its name there."""
    project, _, rest = name.partition("/")
    return project, rest


def encode(scopes: Iterable[Scope]) -> list[dict[str, Any]]:
    """Write scopes as the `access` claim of a registry token: one entry for each thing."""
    entries: dict[tuple[str, str, str], list[str]] = {}
    for scope in scopes:
        entries.setdefault((scope.type, scope.klass, scope.name), []).append(scope.action)
    return [
        {"type": kind, "class": klass, "name": name, "actions": actions}
        for (kind, klass, name), actions in entries.items()
    ]


def _one(word: str) -> Iterable[Scope]:
    fields = word.split(":")
    if len(fields) != 3:
        return ()
    kind = _TYPE.fullmatch(fields[0])
    if kind is None:
        return ()
    return (Scope(kind[1], fields[1], action, kind[2] or "") for action in fields[2].split(","))
