"""
Which right each request to the registry needs, and what one without it is told.

Rights (those of `registry/scope.py`) are asked of RBAC anew on every request, in the namespace of
the project; a registry token bounds them further, and never adds any. What is told:

- Nobody in particular: 401 with a challenge, whether or not the repository exists.
- One who may not read: 404, in the very words for a repository that does not exist.
- One who may not write: 403, whether or not it exists.
- One who may, with a token that is not good for it: 401 with a challenge, to fetch a better one.
- One who may, in a project that is absent or being deleted (so: an administrator): 404.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from wharfinger.cluster.authenticate import Grant
from wharfinger.cluster.authorize import Access, Authorizer
from wharfinger.errors import Forbidden, Unauthenticated, WharfingerError
from wharfinger.oci.names import RepositoryName
from wharfinger.registry.errors import RepositoryUnknown
from wharfinger.registry.scope import NEEDS, REPOSITORY
from wharfinger.registry.scope import Need as Right

CREATE: Final = (Right("create", "imagestreams"),)
"""What the first push to a repository needs besides: it makes the repository."""


class Need(Enum):
    """What a route needs."""

    LOGIN = auto()
    CATALOG = auto()
    PULL = auto()
    PUSH = auto()
    CANCEL = auto()  # of an upload: as PUSH, and the repository need not exist yet
    DELETE = auto()


_ACTION: Final = {
    Need.PULL: "pull",
    Need.PUSH: "push",
    Need.CANCEL: "push",
    Need.DELETE: "delete",
}
"""What a token must be good for; for the catalog it is `registry:catalog:*`."""


class LoginNeeded(Unauthenticated):
    code = "login-needed"

    def __init__(self) -> None:
        super().__init__("cannot do this without credentials", remedy="log in to this registry")


class InsufficientScope(Unauthenticated):
    code = "insufficient-scope"

    def __init__(self) -> None:
        super().__init__("cannot do this with this token: it is not good for it")


class Denied(Forbidden):
    code = "denied"

    def __init__(self, name: RepositoryName) -> None:
        super().__init__(f"cannot write to {str(name)!r}: access to the resource is denied")


@dataclass(frozen=True, slots=True)
class Policy:
    """`active` tells whether a project is there and not being deleted."""

    authorizer: Authorizer
    active: Callable[[str], bool]

    def may_pull(self, caller: Grant, name: RepositoryName) -> bool:
        """Whether to show `name` to the caller, or to mount from it."""
        return self.may_list(caller, name) and good_for(caller, Need.PULL, name)

    def may_list(self, caller: Grant, name: RepositoryName) -> bool:
        """As `may_pull`, under a token for the catalog, whose bound names no repository."""
        return self._has(caller, NEEDS[REPOSITORY, "pull"], name)

    def require_registry(self, caller: Grant, need: Need) -> None:
        """For the routes that name no repository."""
        if caller.subject.anonymous and caller.access is None:
            raise LoginNeeded
        if need is Need.CATALOG and not good_for(caller, need, None):
            raise InsufficientScope

    def require(self, caller: Grant, need: Need, name: RepositoryName, *, exists: bool) -> None:
        """Raise the answer for a caller who lacks `need` on `name`."""
        if not self._permitted(caller, need, name, exists=exists):
            raise _refusal(caller, need, name)
        if not good_for(caller, need, name):
            raise InsufficientScope
        if need is not Need.PULL and not self.active(name.project):
            raise RepositoryUnknown(name)

    def _permitted(self, caller: Grant, need: Need, name: RepositoryName, *, exists: bool) -> bool:
        if not self._has(caller, NEEDS[REPOSITORY, _ACTION[need]], name):
            return False
        return need is not Need.PUSH or exists or self._has(caller, CREATE, name)

    def _has(self, caller: Grant, rights: Sequence[Right], name: RepositoryName) -> bool:
        """Whether the caller has one of `rights`."""
        return any(
            self.authorizer.decide(caller.subject, _access(right, name)).allowed for right in rights
        )


def _access(right: Right, name: RepositoryName) -> Access:
    if right.clusterwide:
        return Access(right.verb, right.group, right.resource, right.subresource)
    return Access(
        right.verb, right.group, right.resource, right.subresource, name.project, name.rest
    )


def good_for(caller: Grant, need: Need, name: RepositoryName | None) -> bool:
    """Whether the caller's token, if it is bounded at all, may be used for this."""
    if caller.access is None:
        return True
    if name is None:
        return _bound_has(caller, "registry", "catalog", "*")
    return _bound_has(caller, "repository", str(name), _ACTION[need])


def _bound_has(caller: Grant, kind: str, name: str, action: str) -> bool:
    return any(
        entry.get("type") == kind
        and entry.get("name") == name
        and not {action, "*"}.isdisjoint(entry.get("actions", ()))
        for entry in caller.access or ()
    )


def scope(need: Need, name: RepositoryName | None) -> str:
    """The scope to put into a challenge."""
    if name is not None:
        actions = "pull,push" if _ACTION[need] == "push" else _ACTION[need]
        return f"repository:{name}:{actions}"
    return "registry:catalog:*" if need is Need.CATALOG else ""


def _refusal(caller: Grant, need: Need, name: RepositoryName) -> WharfingerError:
    if caller.subject.anonymous:
        return LoginNeeded()
    return RepositoryUnknown(name) if need is Need.PULL else Denied(name)
