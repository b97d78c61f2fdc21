"""The plugin answers what the daemon sends, and refuses the rest."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from wharfinger.hosts.on_host.docker_authz import ticket
from wharfinger.hosts.on_host.docker_authz.policy_file import PolicyFile
from wharfinger.hosts.on_host.docker_authz.service import (
    BODY_LIMIT,
    Connection,
    Judge,
    read_head,
    to_stderr,
)

PULL = {"RequestMethod": "POST", "RequestUri": "/images/create?fromImage=bad.test/a"}


@pytest.fixture
def lines():
    return []


@pytest.fixture
def judge(tmp_path, lines):
    path = tmp_path / "access.json"
    path.write_text('{"allow": ["good.test"], "block": ["all"]}')
    path.chmod(0o644)
    return Judge(PolicyFile(str(path)), gate=None, tickets=tmp_path / "loads", log=lines.append)


def request(path, document=None, *, raw=None):
    content = json.dumps(document or {}).encode() if raw is None else raw
    head = f"POST {path} HTTP/1.1\r\nHost: plugin\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


@asynccontextmanager
async def connected(judge, tmp_path):
    path, opened = str(tmp_path / "socket"), set()
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: Connection(judge, opened), path)
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()
        server.close()


async def answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
    return head, json.loads(await reader.readexactly(length))


async def test_it_says_what_it_implements_and_decides_on_one_connection(judge, tmp_path):
    good = {**PULL, "RequestUri": "/images/create?fromImage=good.test/a"}

    async with connected(judge, tmp_path) as (reader, writer):
        writer.write(
            request("/Plugin.Activate")
            + request("/AuthZPlugin.AuthZReq", PULL)
            + request("/AuthZPlugin.AuthZReq", good)
            + request("/AuthZPlugin.AuthZRes", PULL)
        )
        answers = [(await answer(reader))[1] for _ in range(4)]

    assert answers[0] == {"Implements": ["authz"]}
    assert answers[1]["Allow"] is False
    assert answers[1]["Msg"].startswith("pull of bad.test/a:latest: bad.test is blocked")
    assert answers[2] == {"Allow": True, "Msg": ""}
    assert answers[3] == {"Allow": True}


async def test_a_request_may_come_in_pieces(judge, tmp_path):
    raw = request("/AuthZPlugin.AuthZReq", {**PULL, "RequestHeaders": {"X": "y" * 300_000}})

    async with connected(judge, tmp_path) as (reader, writer):
        for start in range(0, len(raw), 50_000):
            writer.write(raw[start : start + 50_000])
            await writer.drain()
        _, document = await answer(reader)

    assert document["Allow"] is False


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /Plugin.Activate HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (BODY_LIMIT + 1),
        b"POST / HTTP/1.1\r\nX: " + b"x" * 70_000,
        b"nonsense\r\n\r\n",
    ],
)
async def test_what_no_daemon_sends_is_refused_and_the_connection_ends(judge, tmp_path, raw):
    async with connected(judge, tmp_path) as (reader, writer):
        writer.write(raw)
        head, document = await answer(reader)

        assert head.startswith(b"HTTP/1.1 400 ")
        assert document["Allow"] is False
        assert await reader.read() == b""


async def test_an_unknown_address_allows_nothing(judge, tmp_path):
    async with connected(judge, tmp_path) as (reader, writer):
        writer.write(request("/AuthZPlugin.Other"))

        assert (await answer(reader))[1]["Allow"] is False


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"[" * 100_000])
def test_what_is_no_envelope_is_refused(judge, raw):
    assert not judge.decide(raw, None).allowed


def test_without_a_policy_only_what_touches_no_image_is_allowed(tmp_path, lines):
    missing = PolicyFile(str(tmp_path / "none"))
    judge = Judge(missing, gate=None, tickets=tmp_path, log=lines.append)
    look = {"RequestMethod": "GET", "RequestUri": "/containers/json"}

    assert judge.decide(json.dumps(look).encode(), None).allowed
    refused = judge.decide(json.dumps(PULL).encode(), None)
    assert not refused.allowed
    assert "cannot read the access policy" in refused.message
    assert "wharf hosts apply" in refused.message


def test_each_refusal_is_told_once_and_without_headers(judge, lines):
    secret = {**PULL, "RequestHeaders": {"X-Registry-Token": "hunter2"}}

    judge.decide(json.dumps(secret).encode(), None)

    assert len(lines) == 1
    assert "bad.test/a" in lines[0]
    assert "hunter2" not in lines[0]


def test_a_load_with_a_ticket_passes_once(judge, tmp_path):
    name = ticket.make(tmp_path / "loads")
    load = {
        "RequestMethod": "POST",
        "RequestUri": "/images/load",
        "RequestHeaders": {"X-Wharfinger-Load": name},
    }

    decided = [judge.decide(json.dumps(load).encode(), None).allowed for _ in range(2)]

    assert decided == [True, False]


def test_a_head_without_a_length_has_no_body():
    assert read_head(b"POST /Plugin.Activate HTTP/1.1\r\nHost: x") == (b"/Plugin.Activate", 0)


def test_names_cannot_forge_lines_of_the_log(capsys):
    to_stderr("refused: a\nallowed: b\x1b[2J")

    assert capsys.readouterr().err == "refused: a\\nallowed: b\\x1b[2J\n"
