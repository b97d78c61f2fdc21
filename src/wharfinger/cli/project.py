"""`wharf project`: projects of the server, and which of them the context works in."""

from __future__ import annotations

from cyclopts import App

from wharfinger.cli import kubeconfig, output, partly, session, waiting
from wharfinger.cli.client import Client, Object
from wharfinger.cli.options import CONNECTION, OUTPUT, Connection, Flag, Output
from wharfinger.cli.output import Column
from wharfinger.cli.resources import NAMESPACES, PROJECT_REQUESTS, PROJECTS
from wharfinger.cli.terminal import sanitized, say

app = App(name="project", help="Make, list, delete and switch projects.")


def _annotation(item: Object, key: str) -> str:
    annotations = item.get("metadata", {}).get("annotations") or {}
    return str(annotations.get(f"openshift.io/{key}", ""))


COLUMNS = (
    output.NAME,
    Column("DISPLAY NAME", lambda item: _annotation(item, "display-name")),
    Column("STATUS", lambda item: str(item.get("status", {}).get("phase", ""))),
    Column("AGE", output.age, wide=True),
    Column("REQUESTER", lambda item: _annotation(item, "requester"), wide=True),
    Column("DESCRIPTION", lambda item: _annotation(item, "description"), wide=True),
)


@app.command
def create(
    name: str,
    /,
    *,
    display_name: str = "",
    description: str = "",
    skip_config_write: Flag = False,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Make a project, be its administrator, and switch to it.

    Parameters
    ----------
    name
        Name of the project; its repositories are called NAME/…
    display_name
        Name for people.
    description
        What the project is for.
    skip_config_write
        Stay in the present project.
    """
    files = session.files_of(connection)
    context = kubeconfig.current(files, connection.context)
    request = {
        "apiVersion": PROJECT_REQUESTS.api_version,
        "kind": "ProjectRequest",
        "metadata": {"name": name},
        "displayName": display_name,
        "description": description,
    }
    with Client(context, timeout=connection.request_timeout) as client:
        made = client.create(PROJECT_REQUESTS.path(), request)
    message = f'Made project "{name}"; to work in it: wharf project use {name}'
    if not skip_config_write:
        kubeconfig.save(kubeconfig.use_namespace(files, context, name))
        message = _now_using(name, context.server)
    output.tell(made, form.format, message, columns=COLUMNS, kind=PROJECTS.kind)


@app.command(name="list")
def list_(*, connection: Connection = CONNECTION, form: Output = OUTPUT) -> None:
    """List the projects that you may see."""
    with session.connect(connection) as here:
        found = here.client.get(PROJECTS.path())
    output.show(found, form.format, columns=COLUMNS, kind=PROJECTS.kind)


@app.command
def delete(
    names: list[str],
    /,
    *,
    wait: Flag = False,
    connection: Connection = CONNECTION,
) -> None:
    """Delete projects with everything in them, images too.

    Parameters
    ----------
    names
        The projects.
    wait
        Return when they are gone.
    """
    with session.connect(connection) as here:

        def delete_one(name: str) -> None:
            here.client.delete(PROJECTS.path(name))
            if wait:
                waiting.until(
                    lambda: here.client.find(NAMESPACES.path(name)) is None,
                    what=f"project {name!r} to be gone",
                    seconds=connection.request_timeout,
                )
            say(f'{PROJECTS.kind} "{sanitized(name)}" deleted')

        partly.each(names, delete_one, connection)


@app.command
def use(name: str | None = None, /, *, connection: Connection = CONNECTION) -> None:
    """Switch the context to a project, or say which one it is in.

    Parameters
    ----------
    name
        The project; without it, the present one is printed.
    """
    files = session.files_of(connection)
    context = kubeconfig.current(files, connection.context)
    if name is None:
        say(sanitized(context.namespace))
        return
    with Client(context, timeout=connection.request_timeout) as client:
        client.get(PROJECTS.path(name))
    kubeconfig.save(kubeconfig.use_namespace(files, context, name))
    say(_now_using(name, context.server))


def _now_using(name: str, server: str) -> str:
    return f'Now using project "{sanitized(name)}" on server "{sanitized(server)}".'
