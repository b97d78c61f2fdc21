import asyncio
import socket

import pytest

from wharfinger.server import listener
from wharfinger.server.listener import CannotListen, Listener
from wharfinger.server.settings import Listen


def test_port_0_becomes_a_free_port():
    assert listener.claim(Listen("127.0.0.1", 0)).port > 0


def test_an_address_that_somebody_listens_on_is_refused_even_if_they_would_share():
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()

        with pytest.raises(CannotListen) as refused:
            listener.claim(Listen("127.0.0.1", other.getsockname()[1]))

    assert "another program listens there" in refused.value.message
    assert "--listen" in refused.value.remedy


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(CannotListen, match="does not have that address"):
        listener.claim(Listen("192.0.2.1", 0))


async def exchange(app, request):
    """What a client reads until the server closes the connection."""
    listen = listener.claim(Listen("127.0.0.1", 0))
    server = Listener(app, listen, None)
    await server.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", listen.port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
    finally:
        await server.stop()
    return answer


async def test_an_answer_is_closed_in_good_order():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await send({"type": "http.response.body", "body": b"whole"})

    answer = await exchange(app, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")

    assert answer.endswith(b"0\r\n\r\n")


async def test_an_answer_that_breaks_looks_broken():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ValueError("a bug")

    answer = await exchange(app, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")

    assert not answer.endswith(b"0\r\n\r\n")
