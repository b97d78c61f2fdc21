from __future__ import annotations

import asyncio

from wharfinger.cluster.kinds import CONFIG_MAP
from wharfinger.cluster.subject import SYSTEM
from wharfinger.server import kube_watch

CONFIGMAPS = "/api/v1/namespaces/dock/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


async def put(objects, name, **labels):
    obj = {"metadata": {"name": name, "labels": labels}}
    await objects.create(CONFIG_MAP, "dock", obj, SYSTEM)


async def test_a_watch_streams_one_event_per_line(client, objects):
    since = objects.cache.revision
    task, answer, leave = client.begin("GET", f"{CONFIGMAPS}?watch=1&resourceVersion={since}")
    await put(objects, "a")
    await objects.delete(CONFIG_MAP, "dock", "a", SYSTEM)

    lines = await answer.until_lines(2)

    assert answer.status == 200
    assert not answer.finished
    assert [(line["type"], line["object"]["metadata"]["name"]) for line in lines] == [
        ("ADDED", "a"),
        ("DELETED", "a"),
    ]
    leave.set()
    await task


async def test_a_watch_in_tables_tells_its_columns_once(client, objects):
    task, answer, leave = client.begin("GET", f"{CONFIGMAPS}?watch=true", accept=TABLE)
    await put(objects, "a")
    await put(objects, "b")

    first, second = await answer.until_lines(2)

    assert first["object"]["kind"] == second["object"]["kind"] == "Table"
    assert first["object"]["columnDefinitions"]
    assert second["object"]["columnDefinitions"] is None
    assert second["object"]["rows"][0]["cells"][0] == "b"
    leave.set()
    await task


async def test_a_watch_ends_when_its_time_is_over(client, monkeypatch):
    monkeypatch.setattr(kube_watch, "BOOKMARK_SECONDS", 0.01)

    answer = await client("GET", f"{CONFIGMAPS}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true")

    assert answer.finished
    assert {line["type"] for line in answer.lines} == {"BOOKMARK"}
    assert answer.lines[0]["object"]["kind"] == "ConfigMap"
    assert set(answer.lines[0]["object"]["metadata"]) == {"resourceVersion"}


async def test_bookmarks_come_only_when_asked_for(client, monkeypatch):
    monkeypatch.setattr(kube_watch, "BOOKMARK_SECONDS", 0.01)

    answer = await client("GET", f"{CONFIGMAPS}?watch=1&timeoutSeconds=1")

    assert (answer.status, answer.body, answer.finished) == (200, b"", True)


async def test_a_watch_ends_when_the_server_drains(client, objects):
    task, answer, _ = client.begin("GET", f"{CONFIGMAPS}?watch=1")
    await answer.until_started()

    objects.cache.end_watches()
    await task

    assert answer.finished


async def test_nothing_is_left_of_a_watch_whose_client_went(client):
    task, answer, leave = client.begin("GET", f"{CONFIGMAPS}?watch=1")
    await answer.until_started()

    leave.set()
    await task

    assert len(asyncio.all_tasks()) == 1


async def test_a_forgotten_version_is_gone(client, objects):
    for number in range(150):
        await put(objects, f"c{number}")

    answer = await client("GET", f"{CONFIGMAPS}?watch=1&resourceVersion=1")

    assert answer.status == 410
    assert answer.json()["reason"] == "Expired"


async def test_a_client_that_fell_behind_is_told_so_in_the_stream(client, objects):
    since = objects.cache.revision
    task, answer, _ = client.begin("GET", f"{CONFIGMAPS}?watch=1&resourceVersion={since}")
    await answer.until_started()
    answer.gate.clear()
    await put(objects, "first")
    await answer.until_lines(1)
    for number in range(150):
        await put(objects, f"c{number}")
    answer.gate.set()
    await task

    last = answer.lines[-1]
    assert last["type"] == "ERROR"
    assert (last["object"]["code"], last["object"]["reason"]) == (410, "Expired")
    assert answer.finished


async def test_a_watch_ends_when_the_right_to_it_is_revoked(client, objects, rights):
    since = objects.cache.revision
    task, answer, _ = client.begin("GET", f"{CONFIGMAPS}?watch=1&resourceVersion={since}")
    await answer.until_started()
    rights.only()

    await put(objects, "secret")
    await task

    (last,) = answer.lines
    assert last["type"] == "ERROR"
    assert last["object"]["reason"] == "Forbidden"
    assert answer.finished


async def test_a_list_and_a_watch_show_an_object_in_the_same_bytes(client, objects):
    task, answer, leave = client.begin("GET", f"{CONFIGMAPS}?watch=1")
    await put(objects, "a", x="y")
    (line,) = await answer.until_lines(1)
    leave.set()
    await task

    listed = await client("GET", CONFIGMAPS)
    one = await client("GET", f"{CONFIGMAPS}/a")

    watched = answer.body.removeprefix(b'{"type":"ADDED","object":').removesuffix(b"}\n")
    assert watched in listed.body
    assert listed.json()["items"] == [one.json()] == [line["object"]]
