"""`wharf whoami`: the server's opinion of us, or what we would show it."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from wharfinger.cli import session
from wharfinger.cli.client import Client
from wharfinger.cli.errors import NoContext
from wharfinger.cli.kubeconfig import LOGIN_REMEDY, Context
from wharfinger.cli.options import CONNECTION, Connection
from wharfinger.cli.resources import SELF_SUBJECT_REVIEWS
from wharfinger.cli.terminal import print_secret, sanitized, say
from wharfinger.errors import Unauthenticated


class NotLoggedIn(Unauthenticated):
    code = "not-logged-in"

    def __init__(self) -> None:
        super().__init__("cannot tell who you are: not logged in", remedy=LOGIN_REMEDY)


def whoami(
    *,
    token: Annotated[
        bool, Parameter(name=["--show-token", "-t"], negative=(), show_default=False)
    ] = False,
    server: Annotated[
        bool, Parameter(name="--show-server", negative=(), show_default=False)
    ] = False,
    context: Annotated[
        bool, Parameter(name=["--show-context", "-c"], negative=(), show_default=False)
    ] = False,
    connection: Connection = CONNECTION,
) -> None:
    """Say who the server takes us for.

    Parameters
    ----------
    token
        Print the token of the context instead.
    server
        Print the address of the server instead.
    context
        Print the name of the context instead.
    """
    current = session.context_of(connection)
    if token:
        _print_token(current)
    elif server:
        say(sanitized(current.server))
    elif context:
        say(sanitized(current.name))
    else:
        with Client(current, timeout=connection.request_timeout) as client:
            say(sanitized(user(client)))


def user(client: Client) -> str:
    """The name that the server knows the caller by."""
    review = {"apiVersion": SELF_SUBJECT_REVIEWS.api_version, "kind": "SelfSubjectReview"}
    answer = client.create(SELF_SUBJECT_REVIEWS.path(), review)
    name = answer.get("status", {}).get("userInfo", {}).get("username", "")
    if name in {"", "system:anonymous"}:
        raise NotLoggedIn
    return str(name)


def _print_token(context: Context) -> None:
    if not context.identity.token:
        raise NoContext(f"cannot find a token in context {context.name!r}", remedy=LOGIN_REMEDY)
    print_secret(context.identity.token)
