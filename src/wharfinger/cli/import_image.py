"""`wharf import`: have the server fetch images of other registries into a stream, as `oc import-image`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from wharfinger.cli import image_stream_text, output, session
from wharfinger.cli.errors import UsageError
from wharfinger.cli.options import (
    CONNECTION,
    OUTPUT,
    SCOPE,
    Connection,
    Flag,
    Format,
    Output,
    Scope,
    Text,
)
from wharfinger.cli.resources import IMAGE_STREAM_IMPORTS, IMAGE_STREAMS
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.errors import WharfingerError
from wharfinger.images.requests import client_requests
from wharfinger.images.requests.client_requests import Import, Senseless

if TYPE_CHECKING:
    from wharfinger.cli.client import Object

PATIENCE: Final = 600.0
"""Seconds for an import unless others are given: the server answers when all is fetched."""


class ImportedWithErrors(WharfingerError):
    """Some or all of the images could not be had; each failure has been reported."""

    code = "imported-with-errors"

    def __init__(self) -> None:
        super().__init__("imported completed with errors")


def import_image(
    name: str,
    /,
    *,
    source: Annotated[str, Parameter(name="--from", show_default=False)] = "",
    confirm: Flag = False,
    all_: Annotated[bool, Parameter(name="--all", negative=(), show_default=False)] = False,
    insecure: Annotated[bool | None, Parameter(show_default=False)] = None,
    scheduled: Flag = False,
    reference_policy: Text = "",
    import_mode: Text = "",
    dry_run: Flag = False,
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Fetch images of other registries into an image stream, or fetch them again.

    Parameters
    ----------
    name
        NAME or NAME:TAG of the stream; a name with its registry makes the stream of its last part.
    source
        Image to fetch [default: what the tag comes from already, or NAME].
    confirm
        Make the stream if there is none; with --all, change the repository that it comes from.
    all_
        Fetch the tags of the whole repository, or of every tag of the stream.
    insecure
        Take the registry without checking its certificate, or without TLS, if a rule of the server
        allows that.
    scheduled
        Look for newer images from time to time.
    reference_policy
        Where pods pull from: source, or local to have this registry keep and serve the image
        [default: source].
    import_mode
        What of an image for several platforms: Legacy keeps one, PreserveOriginal all [default:
        as the tag has it, or Legacy].
    dry_run
        Fetch and judge, and keep nothing.
    """
    options = Import(
        target=name,
        source=source,
        confirm=confirm,
        all=all_,
        insecure=insecure,
        scheduled=scheduled,
        reference_policy=reference_policy,
        import_mode=import_mode,
        dry_run=dry_run,
    )
    if connection.request_timeout == CONNECTION.request_timeout:
        connection = dataclasses.replace(connection, request_timeout=PATIENCE)
    try:
        stream = client_requests.target(options).stream
        with session.connect(connection, scope) as here:
            found = here.client.find(IMAGE_STREAMS.path(stream, namespace=here.namespace))
            request = client_requests.import_request(options, here.namespace, found)
            path = IMAGE_STREAM_IMPORTS.path(namespace=here.namespace)
            answer = here.client.create(path, request)
    except Senseless as error:
        raise UsageError(error.message, remedy=error.remedy) from None
    _tell(answer, stream, form, dry_run=dry_run)


def _tell(answer: Object, stream: str, form: Output, *, dry_run: bool) -> None:
    failures = client_requests.failures(answer)
    if form.format in (Format.TABLE, Format.WIDE):
        done = "imported with errors" if failures else "imported"
        say(sanitized(f"{IMAGE_STREAMS.kind}/{stream} {done}{' (dry run)' if dry_run else ''}"))
        for text in _described(answer, stream):
            say(f"\n{text}")
    else:
        output.show(answer, form.format, columns=(), kind=IMAGE_STREAMS.kind)
    repository = (answer.get("status") or {}).get("repository") or {}
    if more := repository.get("additionalTags") or ():
        note(
            f"info: The remote repository contained {len(more)} additional tags which were not "
            f"imported: {sanitized(', '.join(map(str, more)))}"
        )
    for failure in failures:
        tag = f" {failure.tag}" if failure.tag else ""
        note(sanitized(f"error: {failure.what}{tag} failed: {failure.message}"))
    if failures:
        raise ImportedWithErrors


def _described(answer: Object, stream: str) -> list[str]:
    status = answer.get("status") or {}
    made = status.get("import")
    images = [
        *(status.get("images") or ()),
        *((status.get("repository") or {}).get("images") or ()),
    ]
    shown = [image_stream_text.stream(made)] if made else []
    return shown + [
        image_stream_text.image(entry["image"], f"{stream}:{entry.get('tag') or '<none>'}")
        for entry in images
        if entry.get("image")
    ]
