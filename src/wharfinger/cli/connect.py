"""
`wharf connect`: let a project of some cluster use a project of this registry.

On this server: a service account with the role, and a token that does not end. For the cluster: a
secret with that token, linked to the account that pods pull with and to the one that builds push
with. The second part is printed to be applied by any tool, or applied with `--apply`. Everything
is made only where it is missing, so the command can be run again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cyclopts import Group, Parameter

from wharfinger.cli import bindings, kubeconfig, links, output, secret, session, token
from wharfinger.cli.bindings import Place
from wharfinger.cli.client import Client, Object
from wharfinger.cli.errors import UsageError
from wharfinger.cli.options import CONNECTION, Connection, Flag, Format
from wharfinger.cli.resources import SECRETS, SERVICE_ACCOUNTS
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.cluster import role_bindings
from wharfinger.cluster.role_bindings import Holder, Role
from wharfinger.oci.credentials import Credential

PULLER: Final = "default"
BUILDER: Final = "builder"
USERNAME: Final = "serviceaccount"  # any name will do beside a token
TARGET: Final = Group("Cluster options", sort_key=50)


@Parameter(name="*", group=TARGET)
@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which cluster the project is in."""

    apply: Flag = False
    """Make the secret and its links in the cluster instead of printing them."""

    target_kubeconfig: Path | None = None
    """File with the contexts of the cluster [default: as for --kubeconfig]."""

    target_context: str | None = None
    """Context of the cluster; required with --apply."""


PRINT: Final = Target()


@dataclass(frozen=True, slots=True)
class Plan:
    """What the cluster's project gets."""

    project: str
    secret: Object

    @property
    def secret_name(self) -> str:
        return output.name(self.secret)

    def documents(self) -> list[Object]:
        """The secret and the links, as `kubectl apply` takes them.

        It merges `secrets` with what is there, and puts `imagePullSecrets` in its place: to clusters of
        Kubernetes that list is one value.
        """
        entry = [{"name": self.secret_name}]
        return [
            {**self.secret, "metadata": {"name": self.secret_name, "namespace": self.project}},
            self._account(PULLER, {links.PULL: entry}),
            self._account(BUILDER, {links.MOUNT: entry}),
        ]

    def _account(self, name: str, lists: Object) -> Object:
        metadata = {"name": name, "namespace": self.project}
        return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, **lists}


def connect(
    project: str,
    /,
    *,
    registry_project: str | None = None,
    role: Literal["registry-editor", "registry-viewer"] = "registry-viewer",
    registry_server: str | None = None,
    secret_name: str | None = None,
    target: Target = PRINT,
    connection: Connection = CONNECTION,
) -> None:
    """Connect a project of a cluster with a project of this registry.

    Without --apply it prints a secret and its links, to be piped into `kubectl apply -f -`. Where the
    account `default` of the cluster has other pull secrets, use --apply, which adds to them.

    Parameters
    ----------
    project
        Project (namespace) in the cluster.
    registry_project
        Project here [default: the same name].
    role
        registry-viewer to pull, registry-editor to push too.
    registry_server
        HOST[:PORT] that the cluster reaches this registry by [default: that of the context].
    secret_name
        Name of the secret in the cluster [default: registry- and the project here].
    """
    if target.apply and target.target_context is None:
        raise UsageError(
            "cannot apply without knowing where", remedy="give --target-context of the cluster"
        )
    here_project = registry_project or project
    with session.connect(connection) as here:
        account = f"connect-{project}"
        made = _give_access(here.client, here_project, account, Role("ClusterRole", role))
        server = registry_server or here.client.registry
    login = {server: Credential(USERNAME, made)}
    plan = Plan(project, secret.document(secret_name or f"registry-{here_project}", login))
    if target.apply:
        _apply(plan, target, connection)
    else:
        say(output.documents(plan.documents(), Format.YAML))
    note(f"hint: the cluster's hosts must trust the certificate of {sanitized(server)}")


def _give_access(client: Client, project: str, account: str, role: Role) -> str:
    """An account with exactly this role of the two, and its token."""
    if client.find(SERVICE_ACCOUNTS.path(account, namespace=project)) is None:
        wanted = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}}
        client.create(SERVICE_ACCOUNTS.path(namespace=project), wanted)
        note(f"{SERVICE_ACCOUNTS.kind}/{sanitized(account)} created in {sanitized(project)}")
    place, holder = Place(project), Holder("ServiceAccount", account, project)
    found = bindings.read(client, place)
    edit = role_bindings.grant(role, [holder], found.bindings)
    if edit.action != "keep":
        bindings.apply(client, place, found, edit)
        note(f'{sanitized(role.name)} added: "{sanitized(account)}"')
    return token.make_long_lived(client, project, account, secret=f"{account}-token")


def _apply(plan: Plan, target: Target, connection: Connection) -> None:
    paths = kubeconfig.paths(target.target_kubeconfig or connection.kubeconfig, os.environ)
    context = kubeconfig.current(kubeconfig.load(paths), target.target_context)
    with Client(context, timeout=connection.request_timeout) as cluster:
        _put_secret(cluster, plan)
        _link(cluster, plan, PULLER, pull=True)
        _link(cluster, plan, BUILDER, pull=False)


def _put_secret(cluster: Client, plan: Plan) -> None:
    path = SECRETS.path(plan.secret_name, namespace=plan.project)
    found = cluster.find(path)
    if found is None:
        cluster.create(SECRETS.path(namespace=plan.project), plan.secret)
        say(f"{SECRETS.kind}/{sanitized(plan.secret_name)} created")
    elif found.get("type") != plan.secret["type"]:
        raise UsageError(
            f"cannot replace secret {plan.secret_name!r}: it is of type {found.get('type')!r}",
            remedy="give another --secret-name",
        )
    elif found.get("data") == plan.secret["data"]:
        say(f"{SECRETS.kind}/{sanitized(plan.secret_name)} unchanged")
    else:
        cluster.replace(path, {**found, "data": plan.secret["data"]})
        say(f"{SECRETS.kind}/{sanitized(plan.secret_name)} configured")


def _link(cluster: Client, plan: Plan, account: str, *, pull: bool) -> None:
    path = SERVICE_ACCOUNTS.path(account, namespace=plan.project)
    found = cluster.find(path)
    if found is None:
        note(f"{SERVICE_ACCOUNTS.kind}/{account} is not there: nothing to link")
        return
    linked = links.add(found, [plan.secret_name], pull=pull, mount=not pull)
    if linked == found:
        say(f"{SERVICE_ACCOUNTS.kind}/{account} unchanged")
        return
    cluster.replace(path, linked)
    say(f"{SERVICE_ACCOUNTS.kind}/{account} updated")
