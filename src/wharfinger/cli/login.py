"""
`wharf login` and `wharf logout`.

A password is shown to the server once and becomes a session token, the way `oc login` does it: a
challenge at the authorization endpoint, answered with Basic, redirects to an address that carries
the token in its fragment. The token goes into the kubeconfig; the password goes nowhere.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

from cyclopts import Parameter

from wharfinger.cli import kubeconfig, session, terminal
from wharfinger.cli.client import Client, accepted
from wharfinger.cli.errors import ServerUnauthenticated, Unreachable, UsageError
from wharfinger.cli.kubeconfig import Context, Identity, Login
from wharfinger.cli.options import CONNECTION, Connection, Flag
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.cli.whoami import user
from wharfinger.errors import Unauthenticated

DISCOVERY: Final = "/.well-known/oauth-authorization-server"
_CLIENT: Final = {"client_id": "openshift-challenging-client", "response_type": "token"}
# Without this header the server must not challenge: a browser cannot send it across sites.
_NO_BROWSER: Final = {"X-CSRF-Token": "1"}


def login(
    server: str | None = None,
    /,
    *,
    username: Annotated[str | None, Parameter(name=["--username", "-u"])] = None,
    password_stdin: Flag = False,
    token: Annotated[str | None, Parameter(env_var="WHARF_TOKEN", show_env_var=True)] = None,
    token_stdin: Flag = False,
    ca_file: Annotated[
        Path | None, Parameter(name=["--ca-file", "--certificate-authority"])
    ] = None,
    insecure: Annotated[
        bool, Parameter(name="--insecure-skip-tls-verify", negative=(), show_default=False)
    ] = False,
    connection: Connection = CONNECTION,
) -> None:
    """Log in to a server and make it the current context.

    Parameters
    ----------
    server
        Address such as https://localhost:5000 [default: that of the current context].
    username
        User name [default: asked for].
    password_stdin
        Read the password from stdin.
    token
        Log in with this token; others can see arguments, so prefer the variable or --token-stdin.
    token_stdin
        Read the token from stdin.
    ca_file
        Certificate of the authority to trust, such as ca.crt in the server's state directory.
    insecure
        Trust whoever answers. Passwords and tokens go to them.
    """
    files = session.files_of(connection)
    place = _place(server, ca_file, insecure, files, connection)
    if (token is not None) + token_stdin + (username is not None or password_stdin) > 1:
        raise UsageError(
            "cannot log in in two ways at once",
            remedy="give --token, --token-stdin or a user name, and mind WHARF_TOKEN",
        )
    if token is not None and token != os.environ.get("WHARF_TOKEN"):
        note("warning: others on this machine can see the token; prefer --token-stdin")
    if token_stdin:
        token = terminal.read_secret()
    if token is None:
        token = _token_for_password(place, username, password_stdin, connection.request_timeout)
    with Client(
        replace(place, identity=Identity(token=token)), timeout=connection.request_timeout
    ) as client:
        name = user(client)
    kubeconfig.save(kubeconfig.remember(files, Login(place, name, token)))
    say(f'Logged in to "{sanitized(place.server)}" as "{sanitized(name)}".')


def logout(*, connection: Connection = CONNECTION) -> None:
    """End the session of the current context and forget its token."""
    files = session.files_of(connection)
    context = kubeconfig.current(files, connection.context)
    changed = kubeconfig.forget(files, context)
    if changed is None:
        note("not logged in")
        return
    try:
        with Client(context, timeout=connection.request_timeout) as client:
            _end_session(client)
    finally:
        kubeconfig.save(changed)  # whatever the server says, the token leaves this machine
    say(f'Logged "{sanitized(context.user)}" out of "{sanitized(context.server)}".')


def _place(
    server: str | None,
    ca_file: Path | None,
    insecure: bool,
    files: list[kubeconfig.File],
    connection: Connection,
) -> Context:
    """Where to log in, and whom to trust there: what is known of a server stays known."""
    if server is None:
        place = kubeconfig.current(files, connection.context)
    else:
        address = server if "://" in server else f"https://{server}"
        place = kubeconfig.context_at(files, address) or Context("", address)
    place = replace(place, identity=Identity(), insecure=insecure)
    if ca_file is None:
        return place
    try:
        return replace(place, authority=ca_file.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {ca_file}: {error.strerror}") from error


def _token_for_password(
    place: Context, username: str | None, password_stdin: bool, timeout: float
) -> str:
    username = username or terminal.ask("Username")
    if ":" in username:
        raise UsageError(f"cannot log in as {username!r}: a user name has no ':'")
    piped = password_stdin or not sys.stdin.isatty()
    password = terminal.read_secret() if piped else terminal.ask_secret("Password")
    identity = Identity(username=username, password=password)
    with Client(replace(place, identity=identity), timeout=timeout) as client:
        return _start_session(client)


def _start_session(client: Client) -> str:
    known = client.get(DISCOVERY)
    endpoint = urlsplit(str(known.get("authorization_endpoint", ""))).path
    answer = client.send("GET", endpoint, query=_CLIENT, headers=_NO_BROWSER)
    if answer.status == 401:
        raise ServerUnauthenticated("Unauthorized", "wrong user name or password")
    if answer.status >= 400:
        accepted(answer)
    fragment = parse_qs(urlsplit(answer.headers.get("location", "")).fragment)
    if "access_token" not in fragment:
        why = fragment.get("error_description", fragment.get("error", [f"HTTP {answer.status}"]))
        raise Unreachable(
            f"cannot log in: {client.server} gave no token ({why[0]})",
            remedy="check that the address is that of a Wharfinger server",
        )
    return fragment["access_token"][0]


def _end_session(client: Client) -> None:
    """Tell the server; a token that is over already, or is no session's, needs no end."""
    try:
        client.ask("POST", "/oauth/logout")
    except Unauthenticated:
        note("the server had no session to end")
