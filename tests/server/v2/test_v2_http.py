import asyncio

import pytest

from wharfinger.server.v2_http import Answer


def wire():
    sent = []

    async def send(message):
        sent.append(message)
        await asyncio.sleep(0)  # a real one lets the loop turn

    return sent, send


async def parts(count, taken):
    for i in range(count):
        taken.append(i)
        yield bytes(1000)


async def test_a_stream_ends_when_the_client_goes_away():
    sent, send = wire()
    taken = []

    async def receive():
        return {"type": "http.disconnect"}

    answer = Answer(parts=parts(1000, taken), length=1_000_000)
    await answer.send({"method": "GET"}, receive, send)

    assert len(taken) < 10
    assert not any(message.get("more_body") is False for message in sent)


async def test_a_file_is_streamed_where_the_server_cannot_send_files(tmp_path):
    sent, send = wire()

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    answer = Answer(file=tmp_path / "blob", parts=parts(2, []), length=2000)
    await answer.send({"method": "HEAD"}, receive, send)

    assert [message["type"] for message in sent] == [
        "http.response.start",
        "http.response.body",
    ]


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_that_has_no_body_by_its_status_tells_no_length(status):
    sent, send = wire()
    await Answer(status).send({"method": "GET"}, None, send)

    assert all(name != b"content-length" for name, _ in sent[0]["headers"])
