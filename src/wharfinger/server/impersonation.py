"""
Whom a request would rather be: the `Impersonate-*` headers, and the rights that they need.

Pure, and as in Kubernetes: each name that is put on (user or service account, every group, uid,
every value of an extra) needs `impersonate` on it. Groups are those that are named and no others,
but a service account brings its own if none is, and all but nobody are authenticated.
https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from starlette.datastructures import Headers

from wharfinger.cluster import validation
from wharfinger.cluster.authorize import Access
from wharfinger.cluster.subject import (
    ANONYMOUS,
    AUTHENTICATED,
    UNAUTHENTICATED,
    Subject,
    service_account,
)
from wharfinger.errors import BadInput

_PREFIX: Final = "impersonate-"
_EXTRA: Final = "impersonate-extra-"
_ACCOUNT: Final = "system:serviceaccount:"
_KNOWN: Final = ("impersonate-user", "impersonate-group", "impersonate-uid")


class BadImpersonation(BadInput):
    code = "bad-impersonation"


def wanted(headers: Headers) -> Subject | None:
    """Read who is to be put on; None if the headers say nothing of it."""
    named = [name for name in headers if name.startswith(_PREFIX)]
    if not named:
        return None
    for name in named:
        if name not in _KNOWN and name.removeprefix(_EXTRA) in ("", name):
            raise BadImpersonation(f"cannot impersonate by an unknown header {name[:60]!r}")
    user = headers.get("impersonate-user")
    if not user:
        raise BadImpersonation(
            f"requested {named[0]} without impersonating a user", remedy="add Impersonate-User"
        )
    uid = headers.get("impersonate-uid", "")
    return Subject(
        user, uid, _groups(user, tuple(headers.getlist("impersonate-group"))), _extra(headers)
    )


def needed(wanted: Subject, headers: Headers) -> Iterator[Access]:
    """List the rights that it takes, in the order in which Kubernetes asks for them."""
    account = _account(wanted.name)
    if account is not None:
        namespace, name = account
        yield Access("impersonate", "", "serviceaccounts", namespace=namespace, name=name)
    else:
        yield Access("impersonate", "", "users", name=wanted.name)
    for group in headers.getlist("impersonate-group"):
        yield Access("impersonate", "", "groups", name=group)
    for key, values in wanted.extra.items():
        for value in values:
            yield Access("impersonate", "authentication.k8s.io", "userextras", key, name=value)
    if wanted.uid:
        yield Access("impersonate", "authentication.k8s.io", "uids", name=wanted.uid)


def _groups(user: str, named: tuple[str, ...]) -> tuple[str, ...]:
    if user == ANONYMOUS.name:
        return tuple(dict.fromkeys((*named, UNAUTHENTICATED)))
    account = _account(user)
    if account is not None and not named:
        named = service_account(*account, "").groups
    if AUTHENTICATED in named or UNAUTHENTICATED in named:
        return tuple(dict.fromkeys(named))
    return tuple(dict.fromkeys((*named, AUTHENTICATED)))


def _extra(headers: Headers) -> dict[str, tuple[str, ...]]:
    return {
        unquote(name.removeprefix(_EXTRA)): tuple(headers.getlist(name))
        for name in headers
        if name.startswith(_EXTRA)
    }


def _account(user: str) -> tuple[str, str] | None:
    """Namespace and name of a service account; what only begins like one is a user."""
    namespace, colon, name = user.removeprefix(_ACCOUNT).partition(":")
    if not user.startswith(_ACCOUNT) or not colon:
        return None
    if validation.label(namespace) or validation.subdomain(name):
        return None
    return namespace, name
