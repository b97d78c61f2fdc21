from __future__ import annotations

CONFIGMAPS = "/api/v1/namespaces/dock/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
PARTIALS = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
PROTOBUF = "application/vnd.kubernetes.protobuf"


async def test_the_refusal_is_a_status(client):
    answer = await client("GET", CONFIGMAPS, accept=PROTOBUF)

    assert answer.status == 406
    assert answer.json()["reason"] == "NotAcceptable"


async def test_lists_and_objects_come_as_tables(client, objects):
    await client("POST", CONFIGMAPS, {"metadata": {"name": "a"}, "data": {"k": "v"}})

    listed = (await client("GET", CONFIGMAPS, accept=TABLE)).json()
    got = (await client("GET", f"{CONFIGMAPS}/a?includeObject=Object", accept=TABLE)).json()

    assert listed["kind"] == got["kind"] == "Table"
    assert [column["name"] for column in listed["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert listed["rows"][0]["cells"] == ["a", "1", "0s"]
    assert listed["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert got["rows"][0]["object"]["data"] == {"k": "v"}
    assert got["metadata"]["resourceVersion"] == str(objects.cache.revision)


async def test_metadata_comes_alone(client):
    await client("POST", CONFIGMAPS, {"metadata": {"name": "a"}, "data": {"k": "v"}})

    listed = (await client("GET", CONFIGMAPS, accept=PARTIALS)).json()
    got = (await client("GET", f"{CONFIGMAPS}/a", accept=PARTIAL)).json()

    assert listed["kind"] == "PartialObjectMetadataList"
    assert listed["items"] == [got]
    assert got["kind"] == "PartialObjectMetadata"
    assert "data" not in got
