"""What a get, a list and a watch may ask for beside the path."""

from __future__ import annotations

import pytest

from wharfinger.cluster.authorize import Access

CONFIGMAPS = "/api/v1/namespaces/dock/configmaps"


async def made(client, *names):
    for name in names:
        await client("POST", CONFIGMAPS, {"metadata": {"name": name}})


@pytest.mark.parametrize("verb", ["list", "watch"])
async def test_who_may_see_one_object_may_select_it_by_name(client, rights, verb):
    await made(client, "a", "b")
    rights.only(Access(verb, "", "configmaps", namespace="dock", name="a"))
    watch = "&watch=1&timeoutSeconds=1" if verb == "watch" else ""

    assert (
        await client("GET", f"{CONFIGMAPS}?fieldSelector=metadata.name%3Db{watch}")
    ).status == 403
    assert (await client("GET", f"{CONFIGMAPS}?{watch}")).status == 403
    task, answer, leave = client.begin(
        "GET", f"{CONFIGMAPS}?fieldSelector=metadata.name%3Da{watch}"
    )
    await answer.until_lines(1)
    leave.set()
    await task

    (line,) = answer.lines
    (found,) = [line["object"]] if verb == "watch" else line["items"]
    assert found["metadata"]["name"] == "a"


async def test_a_get_waits_for_no_version_that_is_not_there_yet(client, objects):
    await made(client, "a")

    for version in ("", "0", "1", str(objects.cache.revision)):
        answer = await client("GET", f"{CONFIGMAPS}/a?resourceVersion={version}")
        assert answer.status == 200
    answer = await client("GET", f"{CONFIGMAPS}/a?resourceVersion=9999")

    assert answer.status == 504
    status = answer.json()
    assert status["reason"] == "Timeout"
    assert status["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
    assert (await client("GET", f"{CONFIGMAPS}/a?resourceVersion=x")).status == 400


@pytest.mark.parametrize(
    "query",
    [
        "resourceVersionMatch=Exact",
        "resourceVersion=1&resourceVersionMatch=Sometimes",
        "sendInitialEvents=true",
        "watch=1&sendInitialEvents=true",
        "watch=1&resourceVersion=1&resourceVersionMatch=NotOlderThan",
    ],
)
async def test_options_that_contradict_each_other_are_invalid(client, query):
    answer = await client("GET", f"{CONFIGMAPS}?{query}")

    assert answer.status == 422
    status = answer.json()
    assert status["reason"] == "Invalid"
    assert status["details"]["group"] == "meta.k8s.io"
    assert status["details"]["kind"] == "ListOptions"


async def test_a_watch_list_ends_its_beginning_with_a_bookmark(client):
    await made(client, "a")
    task, answer, leave = client.begin(
        "GET",
        f"{CONFIGMAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        "&allowWatchBookmarks=true",
    )

    added, bookmark = await answer.until_lines(2)
    leave.set()
    await task

    assert added["type"] == "ADDED"
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
