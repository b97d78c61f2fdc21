"""Large answers are compressed for those who ask, and nothing else is."""

from __future__ import annotations

import gzip
import json

import pytest

CONFIGMAPS = "/api/v1/namespaces/dock/configmaps"
LARGE = 200 * 1024


@pytest.fixture
async def large(client):
    await client("POST", CONFIGMAPS, {"metadata": {"name": "large"}, "data": {"k": "v" * LARGE}})


async def test_a_large_answer_is_compressed(client, large):
    for target in (CONFIGMAPS, f"{CONFIGMAPS}/large"):
        answer = await client("GET", target, accept_encoding="gzip")

        assert answer.header("content-encoding") == "gzip"
        assert answer.header("content-length") == str(len(answer.body))
        assert answer.header("vary") == "Accept-Encoding"
        assert len(answer.body) < LARGE // 10
        found = json.loads(gzip.decompress(answer.body))
        assert found == (await client("GET", target)).json()


@pytest.mark.parametrize("asked", [{}, {"accept_encoding": "identity"}])
async def test_who_does_not_ask_gets_it_as_it_is(client, large, asked):
    answer = await client("GET", CONFIGMAPS, **asked)

    assert answer.header("content-encoding") is None
    assert answer.header("vary") == "Accept-Encoding"
    assert answer.json()["items"]


async def test_a_small_answer_is_not_worth_it(client):
    answer = await client("GET", CONFIGMAPS, accept_encoding="gzip")

    assert answer.header("content-encoding") is None
    assert answer.json()["items"] == []


async def test_a_watch_is_never_compressed(client, large):
    task, answer, leave = client.begin("GET", f"{CONFIGMAPS}?watch=1", accept_encoding="gzip")
    (line,) = await answer.until_lines(1)
    leave.set()
    await task

    assert answer.header("content-encoding") is None
    assert line["type"] == "ADDED"
