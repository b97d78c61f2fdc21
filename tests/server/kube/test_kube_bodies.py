from __future__ import annotations

import json

import pytest

from wharfinger.server import kube_bodies

CONFIGMAPS = "/api/v1/namespaces/dock/configmaps"
YAML = "application/yaml"


async def test_an_object_may_come_in_yaml(client):
    body = b"metadata:\n  name: a\n  creationTimestamp: 2020-01-01T00:00:00Z\ndata: {k: 'v'}\n"

    answer = await client("POST", CONFIGMAPS, body, content_type=YAML)

    assert answer.status == 201
    assert answer.json()["data"] == {"k": "v"}


@pytest.mark.parametrize(
    "body",
    [
        b"a: &x [1]\nb: *x\n",
        b"a: [",
        b"a: 1\na: 2\n",
        b"- a\n",
        b"a: 1\n---\nb: 2\n",
        b"\xff",
        b"[" * 5000,
        b"",
    ],
)
async def test_yaml_that_is_no_plain_object_is_refused(client, body):
    assert (await client("POST", CONFIGMAPS, body, content_type=YAML)).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"metadata": {"name": "a"}, "metadata": {"name": "b"}}',
        b'{"metadata": {"name": "a"}} {}',
        b'{"a": ' * 100 + b"1" + b"}" * 100,
        b'{"metadata": {"name": "\\ud800"}}',
        b'{"data": NaN}',
    ],
)
async def test_json_that_could_be_read_in_two_ways_is_refused(client, body):
    answer = await client("POST", CONFIGMAPS, body)

    assert answer.status == 400
    assert answer.json()["reason"] == "BadRequest"


async def test_an_unknown_form_is_refused_with_those_we_know(client):
    answer = await client("POST", CONFIGMAPS, b"x", content_type="text/plain")

    assert answer.status == 415
    assert answer.json()["reason"] == "UnsupportedMediaType"
    assert "application/json" in answer.json()["message"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_the_limit_is_refused(client, announced):
    body = json.dumps({"data": {"k": "x" * kube_bodies.MAX_BYTES}}).encode()
    headers = {"content_length": str(len(body))} if announced else {}

    answer = await client("POST", CONFIGMAPS, body, **headers)

    assert answer.status == 413
    assert answer.json()["reason"] == "RequestEntityTooLarge"


async def test_yaml_has_a_lower_limit(client):
    body = b"# " + b"x" * kube_bodies.MAX_YAML_BYTES

    assert (await client("POST", CONFIGMAPS, body, content_type=YAML)).status == 413
