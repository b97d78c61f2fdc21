from __future__ import annotations

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
