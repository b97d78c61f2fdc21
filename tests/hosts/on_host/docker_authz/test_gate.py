"""The gate connects to allowed registries only, and is known to be in the way or not."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import asynccontextmanager

import pytest

from wharfinger.hosts.on_host.docker_authz import gate
from wharfinger.hosts.on_host.docker_authz.gate import Gate
from wharfinger.hosts.on_host.docker_authz.policy_file import PolicyFile
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.access import AccessPolicy

ADDRESS = "127.0.0.1:3190"
PROXY = f"http://{ADDRESS}"


@pytest.mark.parametrize(
    ("head", "server", "port", "first"),
    [
        (b"CONNECT quay.io:443 HTTP/1.1\r\nHost: quay.io:443\r\n\r\n", "quay.io", 443, b""),
        (b"CONNECT quay.io:5000 HTTP/1.1\r\n\r\n", "quay.io:5000", 5000, b""),
        (b"CONNECT [::1]:5000 HTTP/1.1\r\n\r\n", "[::1]:5000", 5000, b""),
        (
            (
                b"GET http://q.test:5000/v2/?a=b HTTP/1.1\r\nHost: q.test:5000\r\n"
                b"Proxy-Connection: keep-alive\r\nProxy-Authorization: x\r\nConnection: x\r\n\r\n"
            ),
            "q.test:5000",
            5000,
            b"GET /v2/?a=b HTTP/1.1\r\nHost: q.test:5000\r\nConnection: close\r\n\r\n",
        ),
        (
            b"GET http://q.test HTTP/1.1\r\nHost: q.test\r\n\r\n",
            "q.test",
            80,
            b"GET / HTTP/1.1\r\nHost: q.test\r\nConnection: close\r\n\r\n",
        ),
    ],
)
def test_a_request_for_a_proxy_is_read(head, server, port, first):
    assert gate.asked(head) == (RegistryHost.parse(server), port, first)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"CONNECT quay.io HTTP/1.1\r\n\r\n",
        b"CONNECT good.test:443@bad.test:443 HTTP/1.1\r\n\r\n",
        b"CONNECT q_test:443 HTTP/1.1\r\n\r\n",
        b"GET https://q.test/ HTTP/1.1\r\n\r\n",
        b"GET http://user@q.test/ HTTP/1.1\r\n\r\n",
        b"\r\n\r\n",
    ],
)
def test_anything_else_is_not(head):
    assert gate.asked(head) is None


@pytest.mark.parametrize(
    ("allow", "block", "server", "allowed"),
    [
        (["docker.io"], ["all"], "registry-1.docker.io", True),
        (["docker.io"], ["all"], "auth.docker.io", True),
        (["docker.io"], ["auth.docker.io"], "auth.docker.io", False),
        (["quay.io"], ["all"], "auth.docker.io", False),
        (["quay.io"], ["all"], "cdn01.quay.io", True),
        (["quay.io"], ["all"], "quay.io.evil.test", False),
        (None, ["docker.io"], "auth.docker.io", True),
        ([], [], "quay.io", False),
    ],
)
def test_servers_of_an_allowed_registry_are_reached(allow, block, server, allowed):
    policy = AccessPolicy.from_lists(allow, block)

    assert gate.decide(policy, RegistryHost.parse(server)).allowed is allowed


@pytest.mark.parametrize(
    ("allow", "block", "allowed"),
    [
        (["docker.io"], ["all"], True),
        (["docker.io"], ["all", "mirror.test:5000"], False),
        (["quay.io"], ["all"], False),
    ],
)
def test_a_mirror_of_an_allowed_hub_is_reached(tmp_path, allow, block, allowed):
    file = tmp_path / "daemon.json"
    file.write_text('{"registry-mirrors": ["https://other.test:443/x", "http://mirror.test:5000"]}')
    policy = AccessPolicy.from_lists(allow, block)

    mirrors = gate.mirrors_in(str(file))

    assert mirrors == (RegistryHost("other.test"), RegistryHost("mirror.test", 5000))
    assert gate.decide(policy, mirrors[1], mirrors).allowed is allowed
    assert not gate.decide(policy, RegistryHost("third.test"), mirrors).allowed


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"registry-mirrors": 1}', '{"registry-mirrors": [1]}']
)
def test_without_a_readable_daemon_json_there_are_no_mirrors(tmp_path, content):
    file = tmp_path / "daemon.json"
    assert gate.mirrors_in(str(file)) == ()
    file.write_text(content)
    assert gate.mirrors_in(str(file)) == ()


@pytest.mark.parametrize(
    ("environ", "only"),
    [
        ({"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY}, True),
        ({"http_proxy": PROXY, "https_proxy": PROXY, "NO_PROXY": ""}, True),
        ({"HTTP_PROXY": PROXY}, False),
        ({"HTTPS_PROXY": PROXY}, False),
        ({"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY, "NO_PROXY": "quay.io"}, False),
        ({"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY, "no_proxy": "*"}, False),
        ({"HTTP_PROXY": "http://other:1", "http_proxy": PROXY, "HTTPS_PROXY": PROXY}, False),
        ({}, False),
    ],
)
def test_only_an_environment_without_another_way_counts(environ, only):
    assert gate.is_only_way(environ, ADDRESS) is only


def test_a_daemon_s_environment_is_asked_of_the_kernel():
    assert not gate.stands_before(os.getpid(), "127.0.0.1:1")
    assert not gate.stands_before(None, ADDRESS)
    assert not gate.stands_before(os.getpid(), None)
    assert not gate.stands_before(2**22 + 1, ADDRESS)


@asynccontextmanager
async def opened(tmp_path, block):
    """The gate, and a server that answers any request with what it got and ends."""

    async def echo(reader, writer):
        writer.write(b"got " + await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    path = tmp_path / "access.json"
    path.write_text(json.dumps({"allow": None, "block": block}))
    path.chmod(0o644)
    entrance = await asyncio.start_server(Gate(PolicyFile(str(path))).serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection(*entrance.sockets[0].getsockname())
    try:
        yield reader, writer, port
    finally:
        writer.close()
        await writer.wait_closed()
        for one in (entrance, server):
            one.close()
            await one.wait_closed()


async def test_a_tunnel_carries_bytes_both_ways(tmp_path):
    async with opened(tmp_path, []) as (reader, writer, port):
        writer.write(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % port)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
        writer.write(b"hello")

        assert await reader.read() == b"got hello"


async def test_plain_http_goes_on_with_a_connection_of_its_own(tmp_path):
    async with opened(tmp_path, []) as (reader, writer, port):
        writer.write(b"GET http://127.0.0.1:%d/v2/ HTTP/1.1\r\nHost: x\r\n\r\n" % port)

        expected = b"got GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert await reader.read() == expected


async def test_a_blocked_tunnel_says_why_in_its_status_line(tmp_path):
    async with opened(tmp_path, ["bad.test:5000"]) as (reader, writer, _):
        writer.write(b"CONNECT bad.test:5000 HTTP/1.1\r\n\r\n")
        line = (await reader.read()).split(b"\r\n")[0]

    assert line == (b"HTTP/1.1 403 bad.test:5000 is blocked by site rule block: bad.test:5000")


async def test_blocked_plain_http_says_why_as_a_registry_does(tmp_path):
    async with opened(tmp_path, ["bad.test:5000"]) as (reader, writer, _):
        writer.write(b"GET http://bad.test:5000/v2/ HTTP/1.1\r\n\r\n")
        head, _, content = (await reader.read()).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 403 Refused")
    (error,) = json.loads(content)["errors"]
    assert error["message"] == "bad.test:5000 is blocked by site rule block: bad.test:5000"


async def test_without_a_policy_nothing_passes(tmp_path):
    async with opened(tmp_path, ["all"]) as (reader, writer, port):
        (tmp_path / "access.json").unlink()
        writer.write(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % port)

        assert b"403 cannot read the access policy" in await reader.read()


async def test_nobody_there_is_told(tmp_path, free_tcp_port):
    async with opened(tmp_path, []) as (reader, writer, _):
        writer.write(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % free_tcp_port)

        assert (await reader.read()).startswith(b"HTTP/1.1 502 cannot connect to 127.0.0.1")
