from __future__ import annotations

import gzip

import pytest


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("/api", "APIVersions"),
        ("/api/", "APIVersions"),
        ("/api/v1", "APIResourceList"),
        ("/apis", "APIGroupList"),
        ("/apis/rbac.authorization.k8s.io", "APIGroup"),
        ("/apis/rbac.authorization.k8s.io/v1", "APIResourceList"),
    ],
)
async def test_discovery(client, target, kind):
    answer = await client("GET", target)

    assert (answer.status, answer.json()["kind"]) == (200, kind)


async def test_discovery_may_come_all_at_once(client):
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

    answer = await client("GET", "/apis", accept=accept)

    assert answer.json()["kind"] == "APIGroupDiscoveryList"
    assert answer.header("content-type") == (
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    )


async def test_version(client):
    assert (await client("GET", "/version")).json()["major"] == "1"


async def test_every_openapi_document_that_the_index_names_is_there(client):
    index = (await client("GET", "/openapi/v3")).json()["paths"]

    for entry in index.values():
        answer = await client("GET", entry["serverRelativeURL"])
        assert answer.json()["openapi"].startswith("3.")


async def test_openapi_v2_comes_as_json_or_protobuf(client):
    asked = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

    assert (await client("GET", "/openapi/v2")).json()["swagger"] == "2.0"
    protobuf = await client("GET", "/openapi/v2", accept=asked)
    assert protobuf.header("content-type") == asked.replace("@", ".")
    assert protobuf.body.startswith(b"\n\x032.0")


async def test_a_client_that_has_a_document_need_not_have_it_again(client):
    for target in ("/apis", "/api/v1", "/openapi/v2", "/openapi/v3", "/version"):
        first = await client("GET", target)
        etag = first.header("etag")
        assert etag

        again = await client("GET", target, if_none_match=f'"other", W/{etag}')

        assert (again.status, again.body, again.header("etag")) == (304, b"", etag)
        assert (await client("GET", target, if_none_match='"other"')).status == 200


async def test_a_large_document_comes_compressed(client):
    plain = await client("GET", "/openapi/v2")
    packed = await client("GET", "/openapi/v2", accept_encoding="gzip")

    assert packed.header("content-encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.header("etag") != plain.header("etag")
    assert packed.header("content-length") == str(len(packed.body))


async def test_a_document_of_version_3_never_changes_under_its_address(client):
    index = (await client("GET", "/openapi/v3")).json()["paths"]
    address = index["api/v1"]["serverRelativeURL"]

    answer = await client("GET", address)
    stale = await client("GET", "/openapi/v3/api/v1?hash=0")

    assert "immutable" in answer.header("cache-control")
    assert "immutable" not in (await client("GET", "/openapi/v3/api/v1")).header("cache-control")
    assert (stale.status, stale.header("location")) == (301, address)


@pytest.mark.parametrize("target", ["/openapi/v3/apis/nowhere/v1", "/openapi/v4", "/apis/nowhere"])
async def test_what_is_not_there_is_not_found(client, target):
    assert (await client("GET", target)).status == 404
