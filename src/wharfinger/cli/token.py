"""
`wharf token`: tokens of service accounts.

A token from `create` ends by itself. With `--long-lived` it stands in a secret and ends when the
secret is deleted, which is what `revoke` does; every token of an account ends with the account.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Final

from cyclopts import App, Parameter

from wharfinger.cli import output, session, waiting
from wharfinger.cli.client import Client, Object
from wharfinger.cli.errors import UsageError
from wharfinger.cli.options import CONNECTION, SCOPE, Connection, Flag, Many, Scope
from wharfinger.cli.resources import SECRETS, SERVICE_ACCOUNTS
from wharfinger.cli.terminal import print_secret, sanitized, say
from wharfinger.errors import Conflict, NotFound

TOKEN_TYPE: Final = "kubernetes.io/service-account-token"  # noqa: S105  (a type, not a secret)
_ACCOUNT: Final = "kubernetes.io/service-account.name"
_UID: Final = "kubernetes.io/service-account.uid"
_UNITS: Final = {"s": 1, "m": 60, "h": 3600}

app = App(name="token", help="Make and revoke tokens of service accounts.")


class NoToken(NotFound):
    code = "no-token"

    def __init__(self, account: str) -> None:
        super().__init__(
            f"could not find a service account token for service account {account!r}",
            remedy=f"make one with `wharf token create {account} --long-lived`",
        )


@app.command
def create(
    account: str,
    /,
    *,
    duration: str | None = None,
    audience: Many = (),
    long_lived: Flag = False,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
) -> None:
    """Make a token and print it.

    Parameters
    ----------
    account
        The service account.
    duration
        How long it is good for, such as 90s, 30m or 24h [default: the server decides].
    audience
        Whom it is meant for [default: this server]; may be repeated.
    long_lived
        Make one that does not end until it is revoked; it is kept in a secret.
    """
    if long_lived and (duration is not None or audience):
        raise UsageError("cannot give a long-lived token a duration or an audience")
    with session.connect(connection, scope) as here:
        if long_lived:
            made = make_long_lived(here.client, here.namespace, account)
        else:
            seconds = None if duration is None else parse_duration(duration)
            made = request(here.client, here.namespace, account, seconds, audience)
    print_secret(made)


@app.command
def revoke(
    account: str,
    /,
    secrets: Annotated[
        tuple[str, ...], Parameter(name="--secret", negative=(), show_default=False)
    ] = (),
    *,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
) -> None:
    """End the long-lived tokens of a service account.

    Parameters
    ----------
    account
        The service account.
    secrets
        End only the token in this secret; may be repeated.
    """
    with session.connect(connection, scope) as here:
        found = of_account(here.client, here.namespace, account)
        chosen = [item for item in found if not secrets or output.name(item) in secrets]
        if not chosen:
            raise NoToken(account)
        for item in chosen:
            here.client.delete(SECRETS.path(output.name(item), namespace=here.namespace))
            say(f'{SECRETS.kind} "{sanitized(output.name(item))}" deleted')


def get_token(
    account: str, /, *, scope: Scope = SCOPE, connection: Connection = CONNECTION
) -> None:
    """Print a long-lived token that the service account has.

    Parameters
    ----------
    account
        The service account.
    """
    with session.connect(connection, scope) as here:
        found = of_account(here.client, here.namespace, account)
    tokens = [found_token for item in found if (found_token := token_in(item))]
    if not tokens:
        raise NoToken(account)
    print_secret(tokens[0])


def make_long_lived(
    client: Client, namespace: str, account: str, *, secret: str | None = None
) -> str:
    """Make a token secret and wait until the server has filled it.

    With `secret` the secret has that name, and one of the account that is there already is used.
    """
    name = {"generateName": f"{account}-token-"} if secret is None else {"name": secret}
    wanted = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {**name, "annotations": {_ACCOUNT: account}},
        "type": TOKEN_TYPE,
    }
    # Without its account the server would take such a secret away again, and we would wait for it.
    client.get(SERVICE_ACCOUNTS.path(account, namespace=namespace))
    found = client.find(SECRETS.path(secret, namespace=namespace)) if secret is not None else None
    if found is not None and not _is_for(found, account):
        raise Conflict(
            f"cannot keep a token of {account!r} in secret {secret!r}: it holds something else",
            remedy=f"delete secret {secret!r} or rename it",
        )
    made = found or client.create(SECRETS.path(namespace=namespace), wanted)
    path = SECRETS.path(output.name(made), namespace=namespace)
    filled = [made]

    def has_token() -> bool:
        if not token_in(filled[0]):
            filled[0] = client.get(path)
        return bool(token_in(filled[0]))

    waiting.until(has_token, what=f"the token of {account!r}", seconds=client.timeout)
    return token_in(filled[0])


def of_account(client: Client, namespace: str, account: str) -> list[Object]:
    """The token secrets of an account that is there now, not of a former one of the same name."""
    uid = client.get(SERVICE_ACCOUNTS.path(account, namespace=namespace))["metadata"].get("uid")
    found = client.get(SECRETS.path(namespace=namespace), fieldSelector=f"type={TOKEN_TYPE}")
    return [item for item in output.items(found) if _belongs(item, account, uid)]


def _belongs(item: Object, account: str, uid: str | None) -> bool:
    return _is_for(item, account) and _annotations(item).get(_UID) == uid


def _is_for(item: Object, account: str) -> bool:
    return item.get("type") == TOKEN_TYPE and _annotations(item).get(_ACCOUNT) == account


def _annotations(item: Object) -> Object:
    annotations: Object = item.get("metadata", {}).get("annotations") or {}
    return annotations


def token_in(secret: Object) -> str:
    """The token of a token secret; empty while the server has not filled it."""
    try:
        return base64.b64decode((secret.get("data") or {}).get("token", "")).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def request(
    client: Client,
    namespace: str,
    account: str,
    seconds: int | None = None,
    audiences: tuple[str, ...] = (),
) -> str:
    """A token that ends by itself."""
    spec: Object = {"audiences": list(audiences)} if audiences else {}
    if seconds is not None:
        spec["expirationSeconds"] = seconds
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    path = SERVICE_ACCOUNTS.path(account, namespace=namespace, subresource="token")
    return str(client.create(path, request).get("status", {}).get("token", ""))


def parse_duration(text: str) -> int:
    """Seconds in a duration as Go writes it: `90s`, `1h30m`."""
    parts = re.findall(r"([0-9]+)([smh])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageError(
            f"cannot read duration {text!r}", remedy="write it as 90s, 30m, 24h or 1h30m"
        )
    return sum(int(number) * _UNITS[unit] for number, unit in parts)
