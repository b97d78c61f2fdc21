"""`wharf tag`: tags of a repository; without another word it sets them (`image_tag.py`)."""

from __future__ import annotations

from typing import Final

from cyclopts import App

from wharfinger.cli import image_tag, images, output, partly, session
from wharfinger.cli.client import Client, Object
from wharfinger.cli.errors import ServerHasNot, UsageError
from wharfinger.cli.options import CONNECTION, OUTPUT, SCOPE, Connection, Output, Scope
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import sanitized, say
from wharfinger.oci.image_stream_names import prioritize
from wharfinger.oci.names import RepositoryName, Tag

app = App(name="tag", help="Set, list and delete tags.")
app.default(image_tag.tag)

KIND: Final = "tag"


@app.command(name="list")
def list_(
    repository: str,
    /,
    *,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """List the tags of a repository: latest first, then newer versions before older ones.

    Parameters
    ----------
    repository
        PROJECT/NAME, or NAME in the present project.
    """
    with session.connect(connection, scope) as here:
        name = images.repository(repository, here.namespace)
        tags = prioritize(_tags(here.client, name))
        address = f"{here.client.registry}/{name}"
    columns = (
        Column("TAG", output.name),
        Column("PULL WITH", lambda item: f"docker pull {address}:{output.name(item)}", wide=True),
    )
    found: Object = {"items": [{"metadata": {"name": tag}} for tag in tags]}
    output.show(found, form.format, columns=columns, kind=KIND)


@app.command
def delete(
    names: list[str],
    /,
    *,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
) -> None:
    """Delete tags; an image that has other tags keeps them.

    Parameters
    ----------
    names
        The tags, as PROJECT/NAME:TAG or as NAME:TAG in the present project.
    """
    with session.connect(connection, scope) as here:

        def delete_one(text: str) -> None:
            path, colon, tag = text.rpartition(":")
            if not colon:
                raise UsageError(f"cannot tell which tag of {text!r}", remedy="write NAME:TAG")
            name = images.repository(path, here.namespace)
            _delete(here.client, name, str(Tag.parse(tag)))
            say(f'{KIND} "{sanitized(f"{name}:{tag}")}" deleted')

        partly.each(names, delete_one, connection)


def _tags(client: Client, name: RepositoryName) -> set[str]:
    """Those that were pushed, and those that point to images of other registries."""
    known = images.stream_tags(client, name)
    try:
        return {*known, *images.tags(client, name)}
    except ServerHasNot:
        if not known:
            raise
        return {*known}


def _delete(client: Client, name: RepositoryName, tag: str) -> None:
    try:
        images.delete(client, name, tag)
    except ServerHasNot:
        if tag not in images.stream_tags(client, name):
            raise
        images.delete_stream_tag(client, name, tag)
