import asyncio

import pytest

from wharfinger.server import limits
from wharfinger.server.limits import Body


def head(path="/v2/", raw=None, query=b"", headers=()):
    return {
        "path": path,
        "raw_path": raw if raw is not None else path.encode(),
        "query_string": query,
        "headers": list(headers),
    }


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("/v2/a/../b", None),
        ("/v2/./b", None),
        ("/v2/a/..", None),
        ("/v2/a/b", b"/v2/a%2fb"),
        ("/v2/a/b", b"/v2/a%2Fb"),
        ("/v2/a\\b", b"/v2/a%5cb"),
        ("/v2/a\x00b", b"/v2/a%00b"),
        ("/v2/a\nb", b"/v2/a%0ab"),
        ("/v2/\u202ea", b"/v2/%e2%80%aea"),
        ("/api/\udcff", b"/api/%ff"),
    ],
)
def test_a_path_that_two_readers_could_read_differently_is_refused(path, raw):
    with pytest.raises(limits.BadTarget):
        limits.check_head(head(path, raw if raw is not None else path.encode()))


@pytest.mark.parametrize("path", ["/v2/a/b..c/manifests/1.0", "/apis/x/system:a", "/.well-known/x"])
def test_dots_and_colons_within_a_segment_are_fine(path):
    limits.check_head(head(path))


def test_a_target_over_the_limit_is_refused():
    with pytest.raises(limits.TargetTooLong):
        limits.check_head(head(query=b"a" * limits.MAX_TARGET_BYTES))


@pytest.mark.parametrize(
    "headers",
    [[(b"x", b"a" * limits.MAX_HEADER_BYTES)], [(b"x", b"a")] * (limits.MAX_HEADERS + 1)],
)
def test_headers_over_a_limit_are_refused(headers):
    with pytest.raises(limits.HeadersTooLarge):
        limits.check_head(head(headers=headers))


def test_a_body_with_two_ends_is_refused():
    with pytest.raises(limits.AmbiguousBody):
        limits.check_head(head(headers=[(b"content-length", b"5"), (b"transfer-encoding", b"x")]))


def pieces(*bodies):
    messages = [
        {"type": "http.request", "body": body, "more_body": index < len(bodies) - 1}
        for index, body in enumerate(bodies)
    ]
    messages.append({"type": "http.disconnect"})

    async def receive():
        return messages.pop(0)

    return receive


async def test_a_body_that_is_no_blob_has_a_limit():
    half = b"a" * (limits.MAX_BODY_BYTES // 2 + 1)
    body = Body(pieces(half, half), "/apis/x")

    await body()
    with pytest.raises(limits.BodyTooLarge):
        await body()


async def test_a_blob_may_be_larger():
    half = b"a" * (limits.MAX_BODY_BYTES // 2 + 1)
    body = Body(pieces(half, half), "/v2/a/b/blobs/uploads/1")

    await body()
    await body()

    assert body.received == 2 * len(half)
    assert (await body())["type"] == "http.disconnect"


async def test_a_body_that_stops_coming_is_given_up(monkeypatch):
    monkeypatch.setattr(limits, "BODY_IDLE_SECONDS", 0.0)

    with pytest.raises(limits.BodyTooSlow):
        await Body(asyncio.Event().wait, "/v2/")()


async def test_a_body_that_comes_slowly_in_many_pieces_is_taken(monkeypatch):
    monkeypatch.setattr(limits, "BODY_IDLE_SECONDS", 0.4)
    messages = pieces(*([b"a"] * 6))

    async def receive():
        await asyncio.sleep(0.1)
        return await messages()

    body = Body(receive, "/v2/")
    while (await body()).get("more_body"):
        pass

    assert body.received == 6


async def test_a_request_that_is_cancelled_while_it_waits_ends_as_cancelled():
    waiting = asyncio.create_task(Body(asyncio.Event().wait, "/v2/")())
    await asyncio.sleep(0)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_rest_of_a_body_is_taken_before_a_refusal():
    body = Body(pieces(b"a", b"b", b"c"), "/api")

    await body()
    await body.take_rest([(b"content-length", b"3")])

    assert body.received == 3


async def test_not_more_than_a_part_of_a_long_rest_is_taken():
    part = b"a" * (limits.MAX_REST_BYTES // 2)
    body = Body(pieces(*[part] * 5), "/v2/a/b/blobs/uploads/1")

    await body()
    await body.take_rest([])

    assert body.received == 3 * len(part)


async def test_a_body_over_the_limit_is_refused_once():
    half = b"a" * (limits.MAX_BODY_BYTES // 2 + 1)
    body = Body(pieces(half, half, half), "/api")
    await body()
    with pytest.raises(limits.BodyTooLarge):
        await body()

    await body.take_rest([])

    assert body.received == 3 * len(half)


async def test_who_asks_before_sending_need_not_send():
    body = Body(pieces(b"a"), "/api")

    await body.take_rest([(b"expect", b"100-continue")])

    assert body.received == 0


async def test_a_rest_that_does_not_come_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(limits, "REST_SECONDS", 0.0)
    body = Body(asyncio.Event().wait, "/api")

    await body.take_rest([])

    assert body.received == 0


async def test_a_client_that_only_listens_may_do_so_for_long(monkeypatch):
    body = Body(pieces(b""), "/api")
    await body()
    monkeypatch.setattr(limits, "BODY_IDLE_SECONDS", 0.0)

    assert (await body())["type"] == "http.disconnect"
