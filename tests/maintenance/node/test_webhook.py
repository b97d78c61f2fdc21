from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from wharfinger.maintenance.node.webhook import InvalidWebhook, Webhook, WebhookFailed

Handler = Callable[[web.Request], Awaitable[web.Response]]


async def posted(handler: Handler, *, seconds: float = 5.0) -> None:
    app = web.Application()
    app.router.add_post("/hooks/{secret}", handler)
    async with TestServer(app) as server:
        await Webhook(str(server.make_url("/hooks/s3cret")), seconds=seconds).post({"text": "é"})


async def test_a_document_arrives_as_json():
    seen = []

    async def take(request: web.Request) -> web.Response:
        seen.append((request.content_type, await request.json()))
        return web.Response(status=204)

    await posted(take)

    assert seen == [("application/json", {"text": "é"})]


@pytest.mark.parametrize("status", [301, 404, 500])
async def test_an_answer_other_than_success_is_told_without_the_secret(status):
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/hooks/elsewhere"})

    with pytest.raises(WebhookFailed) as told:
        await posted(refuse)

    assert str(status) in told.value.message
    assert "s3cret" not in told.value.message


async def test_silence_has_an_end():
    released = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    with pytest.raises(WebhookFailed, match="no answer in time"):
        await posted(hang, seconds=0.05)


async def test_an_address_where_nobody_listens_is_told(unused_tcp_port):
    with pytest.raises(WebhookFailed, match="cannot tell the webhook at "):
        await Webhook(f"http://127.0.0.1:{unused_tcp_port}/x").post({})


@pytest.mark.parametrize("url", ["", "hooks.test/x", "ftp://hooks.test/x", "https://", "http://[x"])
def test_what_is_no_address_is_refused_at_once(url):
    with pytest.raises(InvalidWebhook):
        Webhook(url)
