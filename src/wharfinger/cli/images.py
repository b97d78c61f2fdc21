"""The registry's side of the server, as the commands use it: names, tags and digests."""

from __future__ import annotations

import http
import re
from collections.abc import Iterator
from typing import Annotated, Final
from urllib.parse import urljoin, urlsplit

from cyclopts import Parameter

from wharfinger.cli.client import Client, accepted
from wharfinger.cli.errors import ServerForbade, ServerHasNot, Unreachable
from wharfinger.cli.resources import IMAGE_STREAM_TAGS, IMAGE_STREAMS
from wharfinger.oci.media_types import MANIFESTS
from wharfinger.oci.names import RepositoryName

PAGE_SIZE: Final = 1000
MOST_PAGES: Final = 10_000
_ACCEPT: Final = {"Accept": ", ".join(sorted(MANIFESTS))}
_NEXT: Final = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?')

AllProjects = Annotated[
    bool, Parameter(name=["--all-projects", "-A"], negative=(), show_default=False)
]


def repository(text: str, project: str) -> RepositoryName:
    """`PROJECT/NAME`, or `NAME` in the present project."""
    return RepositoryName.parse(text if "/" in text else f"{project}/{text}")


def repositories(client: Client) -> list[str]:
    """All that the caller may pull from."""
    return list(_pages(client, f"/v2/_catalog?n={PAGE_SIZE}", "repositories"))


def tags(client: Client, name: RepositoryName) -> list[str]:
    return list(_pages(client, f"/v2/{name}/tags/list?n={PAGE_SIZE}", "tags"))


def stream_tags(client: Client, name: RepositoryName) -> list[str]:
    """The tags that the stream of a repository has: also those whose images are elsewhere."""
    project, _, stream = str(name).partition("/")
    if "/" in stream:  # such a repository has none
        return []
    try:
        found = client.find(IMAGE_STREAMS.path(stream, namespace=project)) or {}
    except ServerForbade:  # who may only pull has the tags of the registry
        return []
    tags = (found.get("status") or {}).get("tags") or ()
    return [str(tag["tag"]) for tag in tags if tag.get("items")]


def delete_stream_tag(client: Client, name: RepositoryName, tag: str) -> None:
    project, _, stream = str(name).partition("/")
    client.delete(IMAGE_STREAM_TAGS.path(f"{stream}:{tag}", namespace=project))


def digest(client: Client, name: RepositoryName, reference: str) -> str:
    answer = client.send("HEAD", _manifest(name, reference), headers=_ACCEPT)
    found = answer.headers.get("docker-content-digest", "")
    if answer.status != http.HTTPStatus.NOT_FOUND:
        accepted(answer)
    if not found:
        raise ServerHasNot("MANIFEST_UNKNOWN", f"cannot find {reference!r} in {name}")
    return found


def delete(client: Client, name: RepositoryName, reference: str) -> None:
    """Delete a manifest by its digest, with its tags; or one tag by its name."""
    client.ask("DELETE", _manifest(name, reference))


def _manifest(name: RepositoryName, reference: str) -> str:
    return f"/v2/{name}/manifests/{reference}"


def _pages(client: Client, path: str, key: str) -> Iterator[str]:
    for _ in range(MOST_PAGES):
        answer = client.ask("GET", path)
        yield from (str(item) for item in answer.json().get(key) or ())
        match = _NEXT.search(answer.headers.get("link", ""))
        if match is None:
            return
        # Only path and query count: a link cannot send our token to another host.
        target = urlsplit(urljoin(path, match[1]))
        path = f"{target.path}?{target.query}"
    raise Unreachable(f"cannot read more than {MOST_PAGES} pages of {key}")
