"""A query to a Prometheus: what it answers, and what is said where it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from wharfinger.maintenance.fleet import prometheus
from wharfinger.maintenance.fleet.prometheus import InvalidPrometheus, PrometheusFailed

Handler = Callable[[web.Request], Awaitable[web.Response]]


async def answer(handler: Handler, *, seconds: float = 5.0) -> bytes:
    app = web.Application()
    app.router.add_get("/monitoring/api/v1/query", handler)
    async with TestServer(app) as server:
        url = str(server.make_url("/monitoring/"))
        return await prometheus.query(url, 'up{job="a b"} == 1', seconds=seconds)


async def test_a_query_arrives_as_it_was_written_below_a_path():
    seen = []

    async def take(request: web.Request) -> web.Response:
        seen.append(dict(request.query))
        return web.Response(text="{}")

    assert await answer(take) == b"{}"
    assert seen == [{"query": 'up{job="a b"} == 1'}]


async def test_an_error_comes_back_in_its_words():
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=400, text='{"status": "error"}')

    assert await answer(refuse) == b'{"status": "error"}'


async def test_a_redirect_is_not_followed():
    async def elsewhere(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}, text="moved")

    assert await answer(elsewhere) == b"moved"


async def test_all_of_an_answer_in_pieces_is_read_up_to_a_limit():
    async def large(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(300):
            await response.write(b"x" * 8192)
        return response

    assert len(await answer(large)) == prometheus.LIMIT


async def test_silence_has_an_end():
    released = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    with pytest.raises(PrometheusFailed, match="no answer in time"):
        await answer(hang, seconds=0.05)


async def test_an_address_where_nobody_listens_is_told_without_its_password(unused_tcp_port):
    with pytest.raises(PrometheusFailed, match=r"at 127\.0\.0\.1: ") as told:
        await prometheus.query(f"http://ann:s3cret@127.0.0.1:{unused_tcp_port}", "up")

    assert "s3cret" not in told.value.message


@pytest.mark.parametrize("url", ["", "prometheus.test", "ftp://prometheus.test", "http://[x"])
def test_what_is_no_address_is_refused_at_once(url):
    with pytest.raises(InvalidPrometheus):
        prometheus.host_of(url)
