"""`wharf secret`: logins for registries as secrets, and the accounts that use them."""

from __future__ import annotations

import base64
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from wharfinger.cli import links, logins, output, session, terminal
from wharfinger.cli.client import Object
from wharfinger.cli.errors import PartlyDone, ServerHasNot, UsageError
from wharfinger.cli.options import CONNECTION, OUTPUT, SCOPE, Connection, Flag, Output, Scope
from wharfinger.cli.output import Column
from wharfinger.cli.resources import SECRETS, SERVICE_ACCOUNTS
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.oci import credentials
from wharfinger.oci.credentials import Credential

app = App(name="secret", help="Make secrets for registries and link them.")
older = App(name="secrets", help="The same as `wharf secret`.", show=False)

COLUMNS: Final = (
    output.NAME,
    Column("TYPE", lambda item: str(item.get("type", ""))),
    Column("DATA", lambda item: str(len(item.get("data") or ()))),
    output.AGE,
)


class Use(StrEnum):
    """What an account does with a secret: pull images, or find it mounted (builds push with it)."""

    PULL = "pull"
    MOUNT = "mount"


@app.command(name="docker-registry")
def docker_registry(
    name: str,
    /,
    *,
    server: Annotated[str | None, Parameter(name=["--server", "--docker-server"])] = None,
    username: Annotated[str | None, Parameter(name=["--username", "--docker-username"])] = None,
    email: Annotated[str, Parameter(name=["--email", "--docker-email"])] = "",
    password_stdin: Flag = False,
    from_file: Path | None = None,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Make a secret with the login for a registry.

    The password is asked for, or read from stdin; it is never an argument, where others would
    see it.

    Parameters
    ----------
    name
        Name of the secret.
    server
        Address of the registry, HOST[:PORT].
    username
        User name; with a token as password any name will do.
    email
        Mail address, for old registries that want one.
    password_stdin
        Read the password from stdin.
    from_file
        Take the logins of a config.json or .dockercfg file instead.
    """
    found = _from_file(from_file) if from_file is not None else None
    if found is None:
        found = _ask(server, username, email, password_stdin)
    elif server is not None or username is not None or password_stdin:
        raise UsageError("cannot take a login both from a file and from flags")
    with session.connect(connection, scope) as here:
        path = SECRETS.path(namespace=here.namespace)
        made = here.client.create(path, document(name, found))
    message = f"{SECRETS.kind}/{sanitized(name)} created"
    output.tell(made, form.format, message, columns=COLUMNS, kind=SECRETS.kind)


@app.command
def link(
    account: str,
    names: list[str],
    /,
    *,
    uses: Annotated[str, Parameter(name="--for")] = Use.MOUNT,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
) -> None:
    """Let a service account use secrets.

    Parameters
    ----------
    account
        The service account; pods pull with `default`, builds push with `builder`.
    names
        The secrets.
    uses
        pull, mount, or both with a comma between.
    """
    wanted = parse_uses(uses)
    plain = [links.secret_name(name) for name in names]
    with session.connect(connection, scope) as here:
        there = []
        for name in plain:
            if here.client.find(SECRETS.path(name, namespace=here.namespace)) is None:
                note(f'secret "{sanitized(name)}" not found')
            else:
                there.append(name)
        if not there:
            raise ServerHasNot("NotFound", "No valid secrets found")
        path = SERVICE_ACCOUNTS.path(account, namespace=here.namespace)
        found = here.client.get(path)
        linked = links.add(found, there, pull=Use.PULL in wanted, mount=Use.MOUNT in wanted)
        if linked != found:
            here.client.replace(path, linked)
    if len(there) < len(plain):
        raise PartlyDone(len(plain) - len(there), len(plain))


@app.command
def unlink(
    account: str,
    names: list[str],
    /,
    *,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
) -> None:
    """Take secrets away from a service account; the secrets stay.

    Parameters
    ----------
    account
        The service account.
    names
        The secrets.
    """
    plain = [links.secret_name(name) for name in names]
    with session.connect(connection, scope) as here:
        path = SERVICE_ACCOUNTS.path(account, namespace=here.namespace)
        found = here.client.get(path)
        left = links.remove(found, plain)
        if left == found:
            raise ServerHasNot(
                "NotFound", "No valid secrets found or secrets not linked to service account"
            )
        here.client.replace(path, left)
    say(f"{SERVICE_ACCOUNTS.kind}/{sanitized(account)} updated")


app.command(logins.logins)
older.command(link)
older.command(link, name="add")
older.command(unlink)
older.command(docker_registry, name="new-dockercfg")


def document(name: str, found: credentials.Credentials) -> Object:
    """A secret of the kind that kubelets, builds and our own imports understand."""
    content = credentials.dockerconfigjson(found).encode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": credentials.DOCKERCONFIGJSON_TYPE,
        "data": {credentials.DOCKERCONFIGJSON_KEY: base64.b64encode(content).decode()},
    }


def parse_uses(text: str) -> set[Use]:
    """Read `--for`: `pull`, `mount` or both."""
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        if part not in set(Use):
            raise UsageError(f"unknown for: {part}", remedy="give pull, mount or pull,mount")
    return {Use(part) for part in parts}


def _from_file(path: Path) -> credentials.Credentials:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    if path.name == credentials.DOCKERCFG_KEY:
        return credentials.parse_dockercfg(text)
    return credentials.parse_dockerconfigjson(text)


def _ask(
    server: str | None, username: str | None, email: str, password_stdin: bool
) -> credentials.Credentials:
    if server is None or username is None:
        raise UsageError(
            "cannot make a login without a registry and a user name",
            remedy="give --server and --username, or --from-file",
        )
    piped = password_stdin or not sys.stdin.isatty()
    password = terminal.read_secret() if piped else terminal.ask_secret("Password")
    return {server: Credential(username, password, email)}
