"""`wharf sa`: service accounts of a project."""

from __future__ import annotations

from cyclopts import App

from wharfinger.cli import output, partly, session, token
from wharfinger.cli.client import Object
from wharfinger.cli.options import CONNECTION, OUTPUT, SCOPE, Connection, Output, Scope
from wharfinger.cli.output import Column
from wharfinger.cli.resources import SERVICE_ACCOUNTS
from wharfinger.cli.terminal import sanitized, say

app = App(name="sa", help="Make, list and delete service accounts.")


def _names(item: Object, key: str) -> str:
    return ", ".join(str(entry.get("name", "")) for entry in item.get(key) or ())


COLUMNS = (
    output.NAME,
    Column("SECRETS", lambda item: str(len(item.get("secrets") or ()))),
    output.AGE,
    Column("MOUNTABLE", lambda item: _names(item, "secrets"), wide=True),
    Column("PULL SECRETS", lambda item: _names(item, "imagePullSecrets"), wide=True),
)


@app.command
def create(
    name: str,
    /,
    *,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Make a service account; `wharf grant` gives it rights, `wharf token create` a token.

    Parameters
    ----------
    name
        Name of the account.
    """
    with session.connect(connection, scope) as here:
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
        made = here.client.create(SERVICE_ACCOUNTS.path(namespace=here.namespace), account)
    message = f"{SERVICE_ACCOUNTS.kind}/{sanitized(name)} created"
    output.tell(made, form.format, message, columns=COLUMNS, kind=SERVICE_ACCOUNTS.kind)


@app.command(name="list")
def list_(
    *, scope: Scope = SCOPE, connection: Connection = CONNECTION, form: Output = OUTPUT
) -> None:
    """List the service accounts of the project."""
    with session.connect(connection, scope) as here:
        found = here.client.get(SERVICE_ACCOUNTS.path(namespace=here.namespace))
    output.show(found, form.format, columns=COLUMNS, kind=SERVICE_ACCOUNTS.kind)


@app.command
def delete(
    names: list[str], /, *, scope: Scope = SCOPE, connection: Connection = CONNECTION
) -> None:
    """Delete service accounts; their tokens end at once.

    Parameters
    ----------
    names
        The accounts.
    """
    with session.connect(connection, scope) as here:

        def delete_one(name: str) -> None:
            here.client.delete(SERVICE_ACCOUNTS.path(name, namespace=here.namespace))
            say(f'{SERVICE_ACCOUNTS.kind} "{sanitized(name)}" deleted')

        partly.each(names, delete_one, connection)


app.command(token.get_token, name="get-token", show=False)
