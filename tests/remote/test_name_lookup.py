"""Names are resolved aside, by threads that nobody has to wait for."""

import asyncio
import socket
import threading

import pytest

from wharfinger.remote import name_lookup
from wharfinger.remote.name_lookup import NameLookup


async def test_a_name_has_the_addresses_of_the_host():
    (found,) = await NameLookup().resolve("localhost", 7, socket.AF_INET)

    assert (found["host"], found["port"], found["hostname"]) == ("127.0.0.1", 7, "localhost")


async def test_a_name_that_nobody_knows_is_an_error_of_the_system():
    with pytest.raises(socket.gaierror):
        await NameLookup().resolve("tide.invalid", 7)


async def test_a_name_server_that_hangs_holds_only_its_place(monkeypatch):
    released, real = threading.Event(), socket.getaddrinfo

    def hang(host, *more):
        if host == "hangs.test":
            released.wait()
        return real("127.0.0.1", *more)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(name_lookup, "AT_ONCE", 2)
    lookup = NameLookup()
    try:
        hanging = asyncio.create_task(lookup.resolve("hangs.test", 7))
        assert await lookup.resolve("a.test", 7)
        assert await lookup.resolve("b.test", 7)
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
    finally:
        released.set()
    assert await lookup.resolve("c.test", 7)
