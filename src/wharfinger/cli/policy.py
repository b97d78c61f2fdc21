"""`wharf policy` and `wharf adm`: grant and revoke, and what is done to nodes, in the words of `oc`."""

from __future__ import annotations

from cyclopts import App

from wharfinger.cli import roles
from wharfinger.cli.options import CONNECTION, OUTPUT, SCOPE, Connection, Output, Scope
from wharfinger.cli.roles import HERE, Where, Whom

app = App(name="policy", help="The words of `oc policy` for grant and revoke.", show=False)
adm = App(name="adm", help="The words of `oc adm` for rights and nodes.", show=False)
_adm_policy = App(name="policy", help="Give roles and take them away.")
adm.command(_adm_policy)
for _word, _place, _help in (
    ("drain", "evacuate:evacuate", "The same as `wharf evacuate`."),
    ("cordon", "cordon:cordon", "The same as `wharf cordon`."),
    ("uncordon", "cordon:uncordon", "The same as `wharf uncordon`."),
    ("manage-node", "manage_node:manage_node", "The same as `wharf manage-node`."),
):
    adm.command(f"wharfinger.cli.{_place}", name=_word, help=_help)


def add_role_to_user(
    role: str,
    users: list[str] | None = None,
    /,
    *,
    serviceaccount: roles.Accounts = (),
    where: Where = HERE,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Give a role in the project to users and service accounts."""
    whom = Whom(user=tuple(users or ()), serviceaccount=serviceaccount)
    roles.grant(role, whom=whom, where=where, scope=scope, connection=connection, form=form)


def remove_role_from_user(
    role: str,
    users: list[str] | None = None,
    /,
    *,
    serviceaccount: roles.Accounts = (),
    where: Where = HERE,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Take a role in the project away from users and service accounts."""
    whom = Whom(user=tuple(users or ()), serviceaccount=serviceaccount)
    roles.revoke(role, whom=whom, where=where, scope=scope, connection=connection, form=form)


def add_role_to_group(
    role: str,
    groups: list[str],
    /,
    *,
    where: Where = HERE,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Give a role in the project to groups."""
    whom = Whom(group=tuple(groups))
    roles.grant(role, whom=whom, where=where, scope=scope, connection=connection, form=form)


def remove_role_from_group(
    role: str,
    groups: list[str],
    /,
    *,
    where: Where = HERE,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Take a role in the project away from groups."""
    whom = Whom(group=tuple(groups))
    roles.revoke(role, whom=whom, where=where, scope=scope, connection=connection, form=form)


def add_cluster_role_to_user(
    role: str,
    users: list[str] | None = None,
    /,
    *,
    serviceaccount: roles.Accounts = (),
    rolebinding_name: str | None = None,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Give a role in all projects to users and service accounts."""
    whom = Whom(user=tuple(users or ()), serviceaccount=serviceaccount)
    where = Where(cluster=True, rolebinding_name=rolebinding_name)
    roles.grant(role, whom=whom, where=where, scope=scope, connection=connection, form=form)


def remove_cluster_role_from_user(
    role: str,
    users: list[str] | None = None,
    /,
    *,
    serviceaccount: roles.Accounts = (),
    rolebinding_name: str | None = None,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Take a role in all projects away from users and service accounts."""
    whom = Whom(user=tuple(users or ()), serviceaccount=serviceaccount)
    where = Where(cluster=True, rolebinding_name=rolebinding_name)
    roles.revoke(role, whom=whom, where=where, scope=scope, connection=connection, form=form)


for _policy in (app, _adm_policy):
    _policy.command(add_role_to_user)
    _policy.command(remove_role_from_user)
    _policy.command(add_role_to_group)
    _policy.command(remove_role_from_group)
_adm_policy.command(add_cluster_role_to_user)
_adm_policy.command(remove_cluster_role_from_user)
