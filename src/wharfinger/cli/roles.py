"""`wharf grant` and `wharf revoke`: who has which role, in a project or on the whole server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from cyclopts import Parameter

from wharfinger.cli import bindings, output, session
from wharfinger.cli.bindings import Change, Place
from wharfinger.cli.client import Client
from wharfinger.cli.errors import UsageError
from wharfinger.cli.options import (
    CONNECTION,
    OUTPUT,
    SCOPE,
    Connection,
    Flag,
    Many,
    Output,
    Scope,
)
from wharfinger.cli.resources import CLUSTER_ROLES, ROLES, SERVICE_ACCOUNTS
from wharfinger.cli.terminal import note, sanitized
from wharfinger.cluster import role_bindings
from wharfinger.cluster.role_bindings import Holder, Role
from wharfinger.cluster.subject import AUTHENTICATED, UNAUTHENTICATED
from wharfinger.errors import Forbidden

Accounts = Annotated[
    tuple[str, ...],
    Parameter(name=["--serviceaccount", "-z"], negative=(), show_default=False),
]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """To whom the role goes; each may be repeated."""

    user: Many = ()
    """A user."""

    group: Many = ()
    """A group."""

    serviceaccount: Accounts = ()
    """A service account of the project."""

    anonymous: Flag = False
    """Everybody who has not logged in."""

    authenticated: Flag = False
    """Everybody who has logged in, service accounts too."""

    def holders(self, namespace: str) -> list[Holder]:
        for name in self.serviceaccount:
            if ":" in name:
                raise UsageError(
                    "--serviceaccount (-z) should only be used with short-form serviceaccount names "
                    "(e.g. `default`)",
                    remedy=f"for an account of another project: --user {name}",
                )
        groups = list(self.group)
        groups += [UNAUTHENTICATED] if self.anonymous else []
        groups += [AUTHENTICATED] if self.authenticated else []
        holders = [
            *(Holder("User", name) for name in self.user),
            *(Holder("Group", name) for name in groups),
            *(Holder("ServiceAccount", name, namespace) for name in self.serviceaccount),
        ]
        if not holders:
            raise UsageError(
                "you must specify at least one user, group or service account",
                remedy="give --user, --group, -z, --anonymous or --authenticated",
            )
        return [_account_of(holder) for holder in holders]


_ACCOUNT_USER: Final = "system:serviceaccount:"


def _account_of(holder: Holder) -> Holder:
    """A service account by its user name is the same subject as by its own."""
    parts = holder.name.removeprefix(_ACCOUNT_USER).split(":")
    if holder.kind == "User" and holder.name.startswith(_ACCOUNT_USER) and len(parts) == 2:
        return Holder("ServiceAccount", parts[1], parts[0])
    return holder


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where the role counts, and where it is defined."""

    role_namespace: str | None = None
    """The role is one that this project defines, not one that all share."""

    rolebinding_name: str | None = None
    """Change this binding instead of choosing one."""

    cluster: Flag = False
    """The role counts in every project, and for what belongs to none."""

    def role(self, name: str) -> Role:
        return Role("ClusterRole" if self.role_namespace is None else "Role", name)

    def place(self, namespace: str) -> Place:
        if self.cluster and self.role_namespace is not None:
            raise UsageError("cannot bind the role of one project in all of them")
        if self.role_namespace not in {None, namespace}:
            raise UsageError("role binding in namespace must reference a role in same namespace")
        return Place("" if self.cluster else namespace)


HERE: Final = Where()
NOBODY: Final = Whom()


def grant(
    role: str,
    /,
    *,
    whom: Whom = NOBODY,
    where: Where = HERE,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Give a role in the project, for example: wharf grant registry-viewer --anonymous.

    Parameters
    ----------
    role
        The role, such as admin, edit, view, registry-editor, registry-viewer, system:image-puller.
    """
    with session.connect(connection, scope) as here:
        place, wanted = where.place(here.namespace), where.role(role)
        holders = whom.holders(here.namespace)
        found = bindings.read(here.client, place)
        edit = role_bindings.grant(wanted, holders, found.bindings, where.rolebinding_name)
        bound = next((b.holders for b in found.bindings if b.name == edit.binding.name), ())
        warn(here.client, here.namespace, wanted, holders, bound)
        change = bindings.apply(here.client, place, found, edit)
    _tell([change], wanted, holders, "added", form)


def revoke(
    role: str,
    /,
    *,
    whom: Whom = NOBODY,
    where: Where = HERE,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Take a role away in the project; it counts from the next request on.

    Parameters
    ----------
    role
        The role.
    """
    with session.connect(connection, scope) as here:
        place, wanted = where.place(here.namespace), where.role(role)
        holders = whom.holders(here.namespace)
        found = bindings.read(here.client, place)
        edits = role_bindings.revoke(wanted, holders, found.bindings, where.rolebinding_name)
        changes = [bindings.apply(here.client, place, found, edit) for edit in edits]
    _tell(changes, wanted, holders, "removed", form)


def warn(
    client: Client,
    namespace: str,
    role: Role,
    holders: list[Holder],
    bound: tuple[Holder, ...],
) -> None:
    """Say on stderr what does not exist; the grant may come before the account."""
    resource = CLUSTER_ROLES if role.kind == "ClusterRole" else ROLES
    inside = "" if role.kind == "ClusterRole" else namespace

    def exists(holder: Holder) -> bool:
        path = SERVICE_ACCOUNTS.path(holder.name, namespace=holder.namespace)
        return holder.kind != "ServiceAccount" or _is_there(client, path)

    role_exists = _is_there(client, resource.path(role.name, namespace=inside))
    for line in role_bindings.warnings(
        role.name, holders, role_exists=role_exists, exists=exists, bound=bound
    ):
        note(sanitized(line))


def _is_there(client: Client, path: str) -> bool:
    """One whom we may not ask about is given the benefit of the doubt."""
    try:
        return client.find(path) is not None
    except Forbidden:
        return True


def _tell(
    changes: list[Change], role: Role, holders: list[Holder], done: str, form: Output
) -> None:
    quoted = " ".join(f'"{sanitized(holder.name)}"' for holder in holders)
    subjects = quoted if len(holders) == 1 else f"[{quoted}]"
    kind = (CLUSTER_ROLES if role.kind == "ClusterRole" else ROLES).kind
    message = f"{kind}/{sanitized(role.name)} {done}: {subjects}"
    found = (
        changes[0].result if len(changes) == 1 else {"items": [change.result for change in changes]}
    )
    output.tell(found, form.format, message, columns=(output.NAME,), kind=changes[0].place.kind)
