"""What stands over the registry is read in its place; what is written goes to the registry."""

import json

import pytest

from wharfinger.images.pulls.origins import SourceBusy, SourceUnavailable
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.registry.metadata import StoredManifest
from wharfinger.registry.registry import Blob
from wharfinger.remote.errors import NoAnswer

RAW, DATA = b'{"schemaVersion":2}', b"0123456789"


class Beyond:
    """One manifest and one blob, whatever the registry has."""

    fault = None

    async def manifest(self, name, reference):
        if self.fault is not None:
            raise self.fault
        return StoredManifest(Digest.of(RAW), "a/b", RAW)

    async def blob(self, name, digest):
        return Blob(Digest.of(DATA), len(DATA), None)

    async def read_blob(self, blob, start, stop):
        for at in range(start, stop):
            yield DATA[at : at + 1]

    async def tags(self, name, after, limit):
        return [Tag("a"), Tag("b")]


@pytest.fixture
def content():
    return Beyond()


async def test_manifests_blobs_and_tags_come_from_there(client):
    manifest = await client("GET", "/v2/team/app/manifests/1")
    blob = await client("GET", f"/v2/team/app/blobs/{Digest.of(DATA)}")
    part = await client(
        "GET", f"/v2/team/app/blobs/{Digest.of(DATA)}", headers={"range": "bytes=2-4"}
    )
    tags = await client("GET", "/v2/team/app/tags/list")

    assert (manifest.status, manifest.body) == (200, RAW)
    assert (blob.status, blob.body) == (200, DATA)
    assert (part.status, part.body) == (206, b"234")
    assert json.loads(tags.body)["tags"] == ["a", "b"]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (SourceBusy(), 429, "TOOMANYREQUESTS"),
        (SourceUnavailable(NoAnswer("hub.test", "no connection")), 503, "UNAVAILABLE"),
    ],
)
async def test_what_stands_in_the_way_there_is_told(client, content, fault, status, code):
    content.fault = fault

    answer = await client("GET", "/v2/team/app/manifests/1")

    assert (answer.status, answer.code) == (status, code)


async def test_who_may_not_pull_is_told_nothing_of_it(client, rights):
    rights.only()

    answer = await client("GET", "/v2/team/app/manifests/1")

    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")
