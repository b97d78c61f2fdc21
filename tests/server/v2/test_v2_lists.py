import json
from urllib.parse import parse_qs, urlsplit

import pytest

from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName

NAME = "team/app"
TAGS = f"/v2/{NAME}/tags/list"


async def follow(client, target, key):
    """All entries of a list, over the links between its pages."""
    found = []
    for _ in range(100):
        answer = await client("GET", target)
        assert answer.status == 200
        found += answer.json[key]
        link = answer.headers.get("link")
        if link is None:
            return found
        target, _, relation = link[1:].partition(">")
        assert relation == '; rel="next"'
    raise AssertionError("the list has no end")


async def test_tags_are_listed_in_order(client):
    for tag in ("b", "a", "a.1", "C"):
        await client.push_image(NAME, tag)

    answer = await client("GET", TAGS)

    assert answer.json == {"name": NAME, "tags": ["C", "a", "a.1", "b"]}
    assert "link" not in answer.headers


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
async def test_pages_of_tags_give_each_tag_once(client, size):
    tags = ["a", "a-b", "a.b", "ab"]  # each a prefix of another
    for tag in tags:
        await client.push_image(NAME, tag)

    assert await follow(client, f"{TAGS}?n={size}", "tags") == sorted(tags)


async def test_the_marker_of_a_page_need_not_exist(client):
    for tag in ("a", "c"):
        await client.push_image(NAME, tag)

    assert (await client("GET", f"{TAGS}?last=b")).json["tags"] == ["c"]


async def test_no_tags_are_given_where_none_are_asked_for(client):
    await client.push_image(NAME)

    answer = await client("GET", f"{TAGS}?n=0")

    assert answer.json["tags"] == []
    assert "link" not in answer.headers


@pytest.mark.parametrize("path", [TAGS, "/v2/_catalog"])
@pytest.mark.parametrize("size", ["1000000000000", "9223372036854775808", "9" * 5000])
async def test_cve_2023_2253_a_huge_page_is_cut_to_our_size(client, path, size):
    await client.push_image(NAME)

    assert (await client("GET", f"{path}?n={size}")).status == 200


@pytest.mark.parametrize("path", [TAGS, "/v2/_catalog"])
@pytest.mark.parametrize("size", ["-1", "", "1e9", "x", "1.5", "%00", "+1", "0x10", "%D9%A1"])
async def test_a_page_size_that_is_none_is_refused(client, path, size):
    await client.push_image(NAME)

    answer = await client("GET", f"{path}?n={size}")

    assert (answer.status, answer.code) == (400, "PAGINATION_NUMBER_INVALID")


async def test_a_marker_beyond_any_name_is_refused(client):
    await client.push_image(NAME)

    for last in ("x" * 1000, "%00"):
        assert (await client("GET", f"{TAGS}?last={last}")).status == 400


async def test_tags_of_an_absent_repository_are_unknown(client):
    answer = await client("GET", TAGS)

    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


async def test_the_catalog_shows_only_what_the_caller_may_read(client, rights):
    for name in ("team/a", "team/b", "secret/a", "other/a"):
        await client.push_image(name)
    rights.only(
        ("ada", "get", "imagestreams/layers", "team"),
        ("ada", "get", "imagestreams/layers", "other"),
    )

    answer = await client("GET", "/v2/_catalog")

    assert answer.json == {"repositories": ["other/a", "team/a", "team/b"]}


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_pages_of_the_catalog_give_each_readable_repository_once(client, rights, size):
    names = ["team/a", "team/a/b", "team/a-b", "team/ab"]
    for name in [*names, "secret/a", "zoo/a"]:
        await client.push_image(name)
    rights.only(("ada", "get", "imagestreams/layers", "team"))

    found = await follow(client, f"/v2/_catalog?n={size}", "repositories")

    assert found == sorted(names)


async def test_a_readable_repository_behind_many_others_is_found(client, rights):
    for i in range(450):
        await client.registry.put_blob(RepositoryName.parse(f"secret/a{i}"), Digest.of(b""), b"")
    await client.push_image("team/a")
    rights.only(("ada", "get", "imagestreams/layers", "team"))

    assert (await client("GET", "/v2/_catalog?n=5")).json == {"repositories": ["team/a"]}


async def push_referrer(client, subject, kind, note):
    config = await client.push_blob(NAME, b"{}")
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_IMAGE,
        "artifactType": kind,
        "config": {"mediaType": "x/y", "digest": str(config), "size": 2},
        "layers": [],
        "subject": {"mediaType": media_types.OCI_IMAGE, "digest": str(subject), "size": 1},
        "annotations": {"note": note},
    }
    raw = json.dumps(document).encode()
    answer = await client.put_manifest(NAME, Digest.of(raw), raw)
    assert answer.headers["oci-subject"] == str(subject)
    return str(Digest.of(raw))


async def test_referrers_of_a_digest_are_an_index(client):
    subject = Digest.of(b"pushed later, or never")
    sbom = await push_referrer(client, subject, "x/sbom", "1")
    signature = await push_referrer(client, subject, "x/signature", "2")

    answer = await client("GET", f"/v2/{NAME}/referrers/{subject}")
    filtered = await client("GET", f"/v2/{NAME}/referrers/{subject}?artifactType=x/sbom")

    assert answer.headers["content-type"] == media_types.OCI_INDEX
    assert {each["digest"] for each in answer.json["manifests"]} == {sbom, signature}
    (only,) = filtered.json["manifests"]
    assert only["digest"] == sbom
    assert only["artifactType"] == "x/sbom"
    assert only["annotations"] == {"note": "1"}
    assert filtered.headers["oci-filters-applied"] == "artifactType"


async def test_nothing_about_a_digest_is_an_empty_index(client):
    await client.push_image(NAME)

    answer = await client("GET", f"/v2/{NAME}/referrers/{Digest.of(b'x')}")

    assert (answer.status, answer.json["manifests"]) == (200, [])


async def test_pages_of_referrers_give_each_once(client):
    subject = Digest.of(b"subject")
    digests = [await push_referrer(client, subject, "x/sbom", str(i)) for i in range(5)]
    target = f"/v2/{NAME}/referrers/{subject}?n=2&artifactType=x/sbom"

    found = await follow(client, target, "manifests")

    assert [each["digest"] for each in found] == sorted(digests)
    first = await client("GET", target)
    query = parse_qs(urlsplit(first.headers["link"][1:].partition(">")[0]).query)
    assert query["artifactType"] == ["x/sbom"]
