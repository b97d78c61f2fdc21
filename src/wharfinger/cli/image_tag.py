"""`wharf tag SOURCE DESTINATION…`: let tags of image streams point to something, as `oc tag`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from wharfinger.cli import output, partly, session
from wharfinger.cli.errors import ServerHasNot, UsageError
from wharfinger.cli.options import (
    CONNECTION,
    OUTPUT,
    SCOPE,
    Connection,
    Flag,
    Output,
    Scope,
    Text,
)
from wharfinger.cli.output import Column
from wharfinger.cli.resources import IMAGE_STREAM_TAGS, IMAGE_STREAMS
from wharfinger.cli.terminal import sanitized, say
from wharfinger.images.requests import tag_requests
from wharfinger.images.requests.client_requests import Kind, Senseless
from wharfinger.images.requests.tag_requests import Origin, StreamTag, Tagging
from wharfinger.oci.image_stream_names import parse_tag_name

if TYPE_CHECKING:
    from wharfinger.cli.session import Session

COLUMNS: Final = (
    output.NAME,
    Column("FROM", lambda item: str(((item.get("tag") or {}).get("from") or {}).get("name", ""))),
)


def tag(
    source: str,
    destinations: list[str] | None = None,
    /,
    *,
    delete: Annotated[
        bool, Parameter(name=["--delete", "-d"], negative=(), show_default=False)
    ] = False,
    kind: Annotated[str, Parameter(name="--source", show_default=False)] = "",
    alias: Flag = False,
    reference: Flag = False,
    scheduled: Flag = False,
    insecure: Flag = False,
    reference_policy: Text = "",
    import_mode: Text = "",
    scope: Scope = SCOPE,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> None:
    """Let tags of image streams point to an image, or to another tag.

    Parameters
    ----------
    source
        [PROJECT/]NAME:TAG or NAME@DIGEST of a stream, or an image with its registry.
    destinations
        The tags to set, as [PROJECT/]NAME:TAG.
    delete
        Delete the tags that are named instead.
    kind
        What SOURCE is, where its form does not say: imagestreamtag, imagestreamimage or docker.
    alias
        Follow the tag SOURCE of the same stream when it moves.
    reference
        Only point to the image; it is never fetched.
    scheduled
        Look for newer images from time to time.
    insecure
        Take the registry without checking its certificate, or without TLS, if a rule of the server
        allows that.
    reference_policy
        Where pods pull from: source, or local to have this registry keep and serve the image
        [default: source].
    import_mode
        What of an image for several platforms: Legacy keeps one, PreserveOriginal all [default: Legacy].
    """
    options = Tagging(
        source=source,
        destinations=tuple(destinations or ()),
        kind=kind,
        alias=alias,
        reference=reference,
        scheduled=scheduled,
        insecure=insecure,
        reference_policy=reference_policy,
        import_mode=import_mode,
    )
    with session.connect(connection, scope) as here:
        try:
            if delete:
                _require_plain(options)
                doomed = tag_requests.destinations((source, *options.destinations), here.namespace)
                partly.each(map(str, doomed), lambda name: _delete(here, name), connection)
            else:
                _set(here, options, form)
        except Senseless as error:
            raise UsageError(error.message, remedy=error.remedy) from None


def _set(here: Session, options: Tagging, form: Output) -> None:
    source = tag_requests.origin(options, here.namespace)
    targets = tag_requests.destinations(options.destinations, here.namespace)
    tag_requests.require_tagging(options, source, targets)
    if source.kind is Kind.TAG and not options.alias:
        name = parse_tag_name(source.name).name
        stream = here.client.get(IMAGE_STREAMS.path(name, namespace=source.namespace))
        source = tag_requests.pinned(source, stream)
    wanted = [(target, tag_requests.stream_tag(options, source, target)) for target in targets]
    for target, body in wanted:
        path = IMAGE_STREAM_TAGS.path(target.name, namespace=target.namespace)
        try:
            made = here.client.replace(path, body)
        except ServerHasNot:
            made = here.client.create(IMAGE_STREAM_TAGS.path(namespace=target.namespace), body)
        message = sanitized(_told(options, source, target))
        output.tell(made, form.format, message, columns=COLUMNS, kind=IMAGE_STREAM_TAGS.kind)


def _told(options: Tagging, source: Origin, target: StreamTag) -> str:
    if options.alias:
        return f"Tag {target.name} set up to track {source}."
    if options.scheduled:
        return f"Tag {target.name} set to import {source} periodically."
    return f"Tag {target.name} set to {source}."


def _delete(here: Session, name: str) -> None:
    [target] = tag_requests.destinations([name], here.namespace)
    here.client.delete(IMAGE_STREAM_TAGS.path(target.name, namespace=target.namespace))
    say(f"Deleted tag {sanitized(name)}.")


def _require_plain(options: Tagging) -> None:
    given = (
        *(options.kind, options.alias, options.reference, options.scheduled, options.insecure),
        *(options.reference_policy, options.import_mode),
    )
    if any(given):
        raise UsageError("cannot delete tags and set something at the same time")
