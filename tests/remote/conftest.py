"""Registries that answer as a test tells them to, and a client for them."""

import ssl
from contextlib import AsyncExitStack

import pytest
import trustme

import hostile_registry
from wharfinger.remote.reach import Reach
from wharfinger.remote.registries import Registries
from wharfinger.remote.trust import Trust


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def stage():
    """What is entered here ends with the test."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def hostile(stage, authority):
    """Start servers that answer as they are told to."""

    async def start(*, tls: bool = False, name: str = "127.0.0.1", **more):
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(name).configure_cert(context)
        return await stage.enter_async_context(hostile_registry.serving(context, **more))

    return start


@pytest.fixture
def waits() -> list[float]:
    """How long was waited before something was asked again."""
    return []


@pytest.fixture
def registries(stage, authority, waits):
    """Open registries that trust the authority of the test; no wait takes any time."""
    pem = authority.cert_pem.bytes()

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    async def start(**more) -> Registries:
        given = {"reach": Reach.everywhere(), "trust": lambda _: Trust((pem,)), "wait": wait}
        return await stage.enter_async_context(Registries(**{**given, **more}))

    return start
