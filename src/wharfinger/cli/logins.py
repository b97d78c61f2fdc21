"""
`wharf secret logins` and `wharf registry login`: logins as a file for docker and others.

The first merges all secrets that a service account uses, by registry, into one file; the second
writes the login for this server's own registry.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from cyclopts import App, Parameter

from wharfinger.cli import auth_file, links, output, session, token
from wharfinger.cli.client import Client, Object
from wharfinger.cli.errors import NoContext, ServerHasNot
from wharfinger.cli.kubeconfig import LOGIN_REMEDY
from wharfinger.cli.options import CONNECTION, SCOPE, Connection, Scope
from wharfinger.cli.resources import SECRETS, SERVICE_ACCOUNTS
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.oci import credentials
from wharfinger.oci.credentials import Credential

registry = App(name="registry", help="Log clients in to this server's registry.")

USERNAME: Final = "serviceaccount"  # any name will do beside a token
_KINDS: Final = {
    credentials.DOCKERCFG_TYPE: (credentials.DOCKERCFG_KEY, credentials.parse_dockercfg),
    credentials.DOCKERCONFIGJSON_TYPE: (
        credentials.DOCKERCONFIGJSON_KEY,
        credentials.parse_dockerconfigjson,
    ),
}


class Merged(NamedTuple):
    """The logins of many secrets; `passed` names what another secret had come before with."""

    logins: credentials.Credentials
    passed: list[tuple[str, str]]  # registry, secret


def logins(
    account: str,
    /,
    *,
    uses: Annotated[str, Parameter(name="--for")] = "pull",
    to: Path | None = None,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
) -> None:
    """Write all logins that a service account uses, merged by registry.

    For example: wharf secret logins default --to ~/.docker/config.json.

    Parameters
    ----------
    account
        The service account; pods pull with `default`, builds push with `builder`.
    uses
        pull: the secrets to pull with; mount: those that are mounted, with which builds push.
    to
        Add them to this config.json instead of printing one.
    """
    with session.connect(connection, scope) as here:
        found = here.client.get(SERVICE_ACCOUNTS.path(account, namespace=here.namespace))
        linked = links.linked(found, uses)
        merged = merge(_secrets(here.client, here.namespace, linked))
    for name, secret in merged.passed:
        note(
            f"warning: {sanitized(name)} of secret {sanitized(secret)!r} is left out: "
            "a secret before it has another login for it"
        )
    if not merged.logins:
        raise ServerHasNot(
            "NotFound",
            f"service account {account!r} has no secret with a login",
            remedy=f"link one with `wharf secret link {account} SECRET --for={uses}`",
        )
    if to is None:
        document = auth_file.added({}, merged.logins)
        say(json.dumps(document, indent=2))
    else:
        auth_file.add(to, merged.logins)
        say(f"Saved logins for {', '.join(map(sanitized, merged.logins))} to {to}")


@registry.command
def login(
    server: str | None = None,
    /,
    *,
    serviceaccount: Annotated[
        str | None, Parameter(name=["--serviceaccount", "--service-account", "-z"])
    ] = None,
    to: Path | None = None,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
) -> None:
    """Log docker and others in to this server's registry, as yourself or as a service account.

    Parameters
    ----------
    server
        HOST[:PORT] of the registry [default: that of the context].
    serviceaccount
        Log in as this account of the project, with a token that ends by itself.
    to
        The file to add the login to [default: $REGISTRY_AUTH_FILE, then that of docker].
    """
    with session.connect(connection, scope) as here:
        if serviceaccount is not None:
            made = token.request(here.client, here.namespace, serviceaccount)
            credential = Credential(USERNAME, made)
        else:
            held = here.context.identity.token
            if not held:
                raise NoContext(
                    f"cannot log in with context {here.context.name!r}: it has no token",
                    remedy=LOGIN_REMEDY,
                )
            credential = Credential("user", held)
        where = server or here.client.registry
    path = to or auth_file.default(os.environ)
    auth_file.add(path, {where: credential})
    say(f"Saved credentials for {sanitized(where)} into {path}")


def merge(secrets: Iterable[Object]) -> Merged:
    """Gather the logins of secrets; the first that has a registry has it for all."""
    merged = Merged({}, [])
    for secret in secrets:
        for name, login in logins_in(secret).items():
            known = merged.logins.setdefault(name, login)
            if known != login:
                merged.passed.append((name, output.name(secret)))
    return merged


def logins_in(secret: Object) -> credentials.Credentials:
    """The logins in a secret; none if it is of another type."""
    kind = str(secret.get("type"))
    if kind not in _KINDS:
        return {}
    key, parse = _KINDS[kind]
    try:
        content = base64.b64decode((secret.get("data") or {}).get(key, ""), validate=True)
    except binascii.Error:
        raise credentials.InvalidCredentials("not base64") from None
    return parse(content)


def _secrets(client: Client, namespace: str, names: Iterable[str]) -> list[Object]:
    """Those that are there; an account may name some that are not."""
    found = (client.find(SECRETS.path(name, namespace=namespace)) for name in names)
    return [secret for secret in found if secret is not None]
