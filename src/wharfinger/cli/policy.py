"""
`wharf policy`: image policies, checked and tried before they are in force; and with `wharf adm`, in
the words of `oc`, grant and revoke and what is done to nodes.
"""

from __future__ import annotations

from cyclopts import App

from wharfinger.cli import roles
from wharfinger.cli.options import CONNECTION, OUTPUT, SCOPE, Connection, Output, Scope
from wharfinger.cli.roles import HERE, Where, Whom

app = App(name="policy", help="Check image policies, try them on manifests, and explain them.")
adm = App(name="adm", help="The words of `oc adm` for rights and nodes.", show=False)
_adm_policy = App(name="policy", help="Give roles and take them away.")
adm.command(_adm_policy)
for _word, _place, _help in (
    ("check", "policy_check:check", "Say what a policy means, and what is wrong with it."),
    ("test", "policy_test:run", "Judge the images of manifests by a policy."),
    ("diff", "policy_diff:diff", "List whose verdict another policy changes."),
    ("explain", "policy_explain:explain", "Tell what a policy does with an image, and why."),
):
    app.command(f"wharfinger.cli.{_place}", name=_word, help=_help)
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
    for _older in (
        *(add_role_to_user, remove_role_from_user),
        *(add_role_to_group, remove_role_from_group),
    ):
        _policy.command(_older, show=_policy is _adm_policy)
_adm_policy.command(add_cluster_role_to_user)
_adm_policy.command(remove_cluster_role_from_user)
