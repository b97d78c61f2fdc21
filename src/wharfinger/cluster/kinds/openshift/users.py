"""
Users, groups and identities as OpenShift has them: `user.openshift.io/v1`.

Who may log in is decided by the password file. A user and an identity are records of who did; a
group gives its users the rights that are bound to it. The name of a group has no colon, so that
nobody is made one of the groups that the server gives itself (`system:masters`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import Column, FieldError, Kind, Object
from wharfinger.cluster.kinds.columns import CREATED_AT, NAME
from wharfinger.cluster.kinds.core import OBJECT_REFERENCE
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import mapping, text, texts

GROUP_NAME: Final = "user.openshift.io"
SELF: Final = "~"
"""The name under which callers ask for themselves."""

_MODELS: Final = "com.github.openshift.api.user.v1."


def name_errors(name: str) -> Sequence[str]:
    """Say what keeps `name` from naming a user or a group."""
    if name == SELF:
        return ['may not equal "~"']
    return validation.path_segment(name) or (['may not contain ":"'] if ":" in name else [])


def identity_name_errors(name: str) -> Sequence[str]:
    """Say what keeps `name` from being `PROVIDER:NAME`."""
    provider, colon, own = name.partition(":")
    if not (provider and colon and own):
        return ["must be in the format <providerName>:<providerUserName>"]
    return validation.path_segment(name)


def _validate_user(obj: Object) -> Iterator[FieldError]:
    for index, identity in enumerate(obj.get("identities") or ()):
        for error in identity_name_errors(identity):
            yield FieldError.invalid(f"identities[{index}]", identity, error)


def _validate_group(obj: Object) -> Iterator[FieldError]:
    for index, user in enumerate(obj.get("users") or ()):
        path = f"users[{index}]"
        if not user:
            yield FieldError.invalid(path, user, "may not be empty")
        for error in name_errors(user):
            yield FieldError.invalid(path, user, error)


def _validate_identity(obj: Object) -> Iterator[FieldError]:
    provider, own = obj.get("providerName") or "", obj.get("providerUserName") or ""
    if not provider:
        yield FieldError.required("providerName")
    if ":" in provider:
        yield FieldError.invalid("providerName", provider, 'may not contain ":"')
    if not own:
        yield FieldError.required("providerUserName")
    name = (obj.get("metadata") or {}).get("name") or ""
    if provider and own and name != f"{provider}:{own}":
        detail = "must be the name of the provider, a colon, and the name of the user there"
        yield FieldError.invalid("metadata.name", name, detail)


def _user_of(identity: Object, _: datetime) -> str:
    return str((identity.get("user") or {}).get("name") or "")


USER = Kind(
    group=GROUP_NAME,
    version="v1",
    kind="User",
    plural="users",
    singular="user",
    namespaced=False,
    schema=top(
        f"{_MODELS}User",
        "Somebody who has logged in.",
        {
            "fullName": text("The name for people."),
            "identities": texts("The logins of this user, each PROVIDER:NAME."),
            "groups": texts("The groups of the caller, where callers ask for themselves."),
        },
    ),
    validate=lambda obj: tuple(_validate_user(obj)),
    name_errors=name_errors,
    columns=(
        NAME,
        CREATED_AT,
        Column(
            "Full Name",
            lambda obj, _: obj.get("fullName") or "",
            description="The name for people.",
        ),
        Column(
            "Identities",
            lambda obj, _: ", ".join(obj.get("identities") or ()),
            description="The logins of this user.",
        ),
    ),
)
GROUP = Kind(
    group=GROUP_NAME,
    version="v1",
    kind="Group",
    plural="groups",
    singular="group",
    namespaced=False,
    schema=top(
        f"{_MODELS}Group",
        "Users who have the rights of the group, from their next request on.",
        {"users": texts("Names of the users.")},
    ),
    validate=lambda obj: tuple(_validate_group(obj)),
    name_errors=name_errors,
    columns=(
        NAME,
        Column(
            "Users",
            lambda obj, _: ", ".join(obj.get("users") or ()),
            description="Who is in the group.",
        ),
    ),
)
IDENTITY = Kind(
    group=GROUP_NAME,
    version="v1",
    kind="Identity",
    plural="identities",
    singular="identity",
    namespaced=False,
    schema=top(
        f"{_MODELS}Identity",
        "How a user has logged in.",
        {
            "providerName": text("What knows the password: htpasswd."),
            "providerUserName": text("The name of the user there."),
            "user": OBJECT_REFERENCE.of("The user."),
            "extra": mapping("What else is known of the login."),
        },
        required=("providerName", "providerUserName"),
    ),
    validate=lambda obj: tuple(_validate_identity(obj)),
    name_errors=identity_name_errors,
    columns=(
        NAME,
        Column(
            "IDP Name", lambda obj, _: obj.get("providerName") or "", description="The provider."
        ),
        Column(
            "IDP User Name",
            lambda obj, _: obj.get("providerUserName") or "",
            description="The name there.",
        ),
        Column("User Name", _user_of, description="The user."),
    ),
)
