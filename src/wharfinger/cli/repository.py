"""`wharf repo`: repositories of the registry."""

from __future__ import annotations

from typing import Final

from cyclopts import App

from wharfinger.cli import images, output, partly, session
from wharfinger.cli.client import Client, Object
from wharfinger.cli.options import CONNECTION, OUTPUT, SCOPE, Connection, Output, Scope
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import say
from wharfinger.errors import NotFound
from wharfinger.oci.names import RepositoryName

app = App(name="repo", help="List and delete repositories.")

KIND: Final = "repository"


class RepositoryUnknown(NotFound):
    code = "repository-unknown"

    def __init__(self, name: RepositoryName) -> None:
        super().__init__(
            f"cannot find images in repository {str(name)!r}",
            remedy="`wharf repo list -A` shows what you may see",
        )


@app.command(name="list")
def list_(
    *,
    all_projects: images.AllProjects = False,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """List the repositories of the project that you may pull from.

    Parameters
    ----------
    all_projects
        List those of all projects.
    """
    with session.connect(connection, scope) as here:
        prefix = f"{here.namespace}/"
        names = [
            name
            for name in images.repositories(here.client)
            if all_projects or name.startswith(prefix)
        ]
        address = here.client.registry
    columns = (
        Column("NAME", output.name),
        Column("PULL WITH", lambda item: f"docker pull {address}/{output.name(item)}", wide=True),
    )
    found: Object = {"items": [{"metadata": {"name": name}} for name in names]}
    output.show(found, form.format, columns=columns, kind=KIND)


@app.command
def delete(
    names: list[str],
    /,
    *,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
) -> None:
    """Delete every tagged image of repositories.

    Parameters
    ----------
    names
        The repositories, as PROJECT/NAME or as NAME in the present project.
    """
    with session.connect(connection, scope) as here:

        def delete_one(text: str) -> None:
            name = images.repository(text, here.namespace)
            _empty(here.client, name)
            say(f'{KIND} "{name}" deleted')

        partly.each(names, delete_one, connection)


def _empty(client: Client, name: RepositoryName) -> None:
    tags = images.tags(client, name)
    if not tags:
        raise RepositoryUnknown(name)
    for digest in sorted({images.digest(client, name, tag) for tag in tags}):
        images.delete(client, name, digest)
