"""
`wharf build-config`: build configs, and the secrets that their builds pull, push and clone with.

Nothing here builds; what builds reads them. An edit changes the one field that it is about.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Final

from cyclopts import App

from wharfinger.cli import links, output, partly, session
from wharfinger.cli.client import Object
from wharfinger.cli.errors import UsageError
from wharfinger.cli.options import (
    CONNECTION,
    OUTPUT,
    SCOPE,
    Connection,
    Flag,
    Output,
    Scope,
)
from wharfinger.cli.output import Column
from wharfinger.cli.resources import BUILD_CONFIGS
from wharfinger.cli.terminal import sanitized, say

STRATEGIES: Final = {
    "dockerStrategy": "Docker",
    "sourceStrategy": "Source",
    "customStrategy": "Custom",
    "jenkinsPipelineStrategy": "JenkinsPipeline",
}
"""The fields of a strategy and their types, as the server has them; its kinds take long to import."""

app = App(name="build-config", help="Make build configs and give them secrets.")
older = App(name="set", help="The words of `oc set` for what we change.", show=False)


def _secret(item: Object, *path: str) -> str:
    found = item.get("spec") or {}
    for part in path:
        found = found.get(part) or {}
    return str(found.get("name") or "")


def _pull_secret(item: Object) -> str:
    strategy = strategy_of(item)
    return _secret(item, "strategy", strategy, "pullSecret") if strategy else ""


def strategy_of(config: Object) -> str:
    """The field of the strategy that a build config has."""
    given = (config.get("spec") or {}).get("strategy") or {}
    return next((field for field in STRATEGIES if given.get(field) is not None), "")


COLUMNS: Final = (
    output.NAME,
    Column("TYPE", lambda item: STRATEGIES.get(strategy_of(item), "")),
    Column("OUTPUT", lambda item: _secret(item, "output", "to")),
    Column("PULL SECRET", _pull_secret),
    Column("PUSH SECRET", lambda item: _secret(item, "output", "pushSecret")),
    Column("SOURCE SECRET", lambda item: _secret(item, "source", "sourceSecret"), wide=True),
    output.AGE,
)


@app.command
def create(
    name: str,
    /,
    *,
    to: str,
    from_image: str | None = None,
    git: str | None = None,
    pull_secret: str | None = None,
    push_secret: str | None = None,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Make a build config that builds a Dockerfile.

    Parameters
    ----------
    name
        Name of the build config.
    to
        The image to push, REGISTRY/PROJECT/NAME:TAG.
    from_image
        The image to build upon, in place of the one that the Dockerfile names.
    git
        Address of the source.
    pull_secret
        Secret with the login to pull with.
    push_secret
        Secret with the login to push with.
    """
    made = document(name, to=to, base=from_image, git=git)
    for secret, use in ((pull_secret, "pull"), (push_secret, "push")):
        if secret is not None:
            made = with_secret(made, use, links.secret_name(secret))
    with session.connect(connection, scope) as here:
        made = here.client.create(BUILD_CONFIGS.path(namespace=here.namespace), made)
    message = f"{BUILD_CONFIGS.kind}/{sanitized(name)} created"
    output.tell(made, form.format, message, columns=COLUMNS, kind=BUILD_CONFIGS.kind)


@app.command(name="list")
def list_(
    *, scope: Scope = SCOPE, connection: Connection = CONNECTION, form: Output = OUTPUT
) -> None:
    """List the build configs of the project."""
    with session.connect(connection, scope) as here:
        found = here.client.get(BUILD_CONFIGS.path(namespace=here.namespace))
    output.show(found, form.format, columns=COLUMNS, kind=BUILD_CONFIGS.kind)


@app.command
def delete(
    names: list[str], /, *, scope: Scope = SCOPE, connection: Connection = CONNECTION
) -> None:
    """Delete build configs; their secrets stay.

    Parameters
    ----------
    names
        The build configs.
    """
    with session.connect(connection, scope) as here:

        def delete_one(name: str) -> None:
            here.client.delete(BUILD_CONFIGS.path(name, namespace=here.namespace))
            say(f'{BUILD_CONFIGS.kind} "{sanitized(name)}" deleted')

        partly.each(names, delete_one, connection)


@app.command(name="set-secret")
def set_secret(
    name: str,
    secret: str | None = None,
    /,
    *,
    pull: Flag = False,
    push: Flag = False,
    source: Flag = False,
    remove: Flag = False,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
) -> None:
    """Set or remove the secret that builds pull, push or clone with.

    Parameters
    ----------
    name
        The build config.
    secret
        The secret; it need not be there yet.
    pull
        The secret to pull images with.
    push
        The secret to push the image with.
    source
        The secret to clone the source with.
    remove
        Take the secret away instead.
    """
    asked = [use for use, given in (("pull", pull), ("push", push), ("source", source)) if given]
    if not asked:
        raise UsageError(
            "cannot tell which secret is meant", remedy="give --pull, --push, --source"
        )
    if remove == (secret is not None):
        raise UsageError("cannot tell what to do", remedy="give a secret, or --remove")
    plain = links.secret_name(secret) if secret is not None else None
    with session.connect(connection, scope) as here:
        path = BUILD_CONFIGS.path(config_name(name), namespace=here.namespace)
        found = here.client.get(path)
        edited = found
        for use in asked:
            edited = with_secret(edited, use, plain)
        if edited != found:
            here.client.replace(path, edited)
    done = "updated" if edited != found else "unchanged"
    say(f"{BUILD_CONFIGS.kind}/{sanitized(config_name(name))} secret {done}")


older.command(set_secret, name="build-secret")


def document(name: str, *, to: str, base: str | None, git: str | None) -> Object:
    strategy: Object = {}
    if base is not None:
        strategy["from"] = {"kind": "DockerImage", "name": base}
    spec: Object = {
        "strategy": {"dockerStrategy": strategy},
        "output": {"to": {"kind": "DockerImage", "name": to}},
    }
    if git is not None:
        spec["source"] = {"git": {"uri": git}}
    return {
        "apiVersion": BUILD_CONFIGS.api_version,
        "kind": "BuildConfig",
        "metadata": {"name": name},
        "spec": spec,
    }


def with_secret(config: Object, use: str, secret: str | None) -> Object:
    """The build config with this secret for one use, or (None) without one."""
    edited = copy.deepcopy(config)
    *parts, field = _place(edited, use)
    holder = edited.setdefault("spec", {})
    for part in parts:
        holder = holder.setdefault(part, {})
    if secret is None:
        holder.pop(field, None)
    else:
        holder[field] = {"name": secret}
    return edited


def config_name(text: str) -> str:
    """`NAME`, `bc/NAME` or `buildconfig/NAME`."""
    kind, slash, name = text.partition("/")
    if not slash:
        return text
    if kind.partition(".")[0] not in {"bc", "buildconfig", "buildconfigs"}:
        raise UsageError(f"cannot set the secret of {text!r}: it is no build config")
    return name


def _place(config: Object, use: str) -> Sequence[str]:
    if use == "push":
        return ("output", "pushSecret")
    if use == "source":
        return ("source", "sourceSecret")
    strategy = strategy_of(config)
    if strategy in ("", "jenkinsPipelineStrategy"):
        raise UsageError("cannot set a pull secret: this strategy pulls no image")
    return ("strategy", strategy, "pullSecret")
