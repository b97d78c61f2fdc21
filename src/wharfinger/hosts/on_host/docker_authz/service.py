"""
The plugin's service: answers the Docker daemon on a unix socket.

    POST /Plugin.Activate         {"Implements": ["authz"]}
    POST /AuthZPlugin.AuthZReq    {"Allow": true} or {"Allow": false, "Msg": "…"}
    POST /AuthZPlugin.AuthZRes    {"Allow": true}; what happened has happened

The daemon is its only client, so this reads the little of HTTP/1.1 that the daemon speaks: requests
with a length, one after the other on a connection. Whatever it cannot read is answered with a
refusal, and the connection ends.

https://docs.docker.com/engine/extend/plugin_api/
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host.docker_authz import asks, decision, gate, ticket
from wharfinger.hosts.on_host.docker_authz.asks import Asks, Built, Loaded
from wharfinger.hosts.on_host.docker_authz.call import Call
from wharfinger.hosts.on_host.docker_authz.decision import ALLOWED, Decision, Seen
from wharfinger.hosts.on_host.docker_authz.policy_file import PolicyFile

HEAD_LIMIT: Final = 64 << 10
BODY_LIMIT: Final = 16 << 20
"""A request body of 1 MiB and a response's, in base64, with headers of 1 MiB."""
_LENGTH: Final = re.compile(
    rb"^content-length:[ \t]*([0-9]{1,9})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
_CHUNKED: Final = re.compile(rb"^transfer-encoding:", re.IGNORECASE | re.MULTILINE)
_CREDENTIALS: Final = struct.Struct("3i")

Log = Callable[[str], None]


class Head(NamedTuple):
    """`path` of a request, and how long its body is."""

    path: bytes
    length: int


class Judge:
    """Decides on calls with what is on this host now: the policy's file, tickets and the gate."""

    def __init__(self, policy: PolicyFile, *, gate: str | None, tickets: Path, log: Log) -> None:
        self._policy, self._gate, self._tickets, self._log = policy, gate, tickets, log

    def decide(self, raw: bytes, daemon: int | None) -> Decision:
        """Judge the call in `raw`, asked by the daemon with this process id."""
        try:
            call = Call.parse(raw)
            asked = asks.of(call)
            made = self._judge(asked, daemon) if asked else ALLOWED
        except WharfingerError as error:
            made = Decision(allowed=False, message=_sentence(error))
        if not made.allowed:
            self._log(f"refused: {made.message}")
        return made

    def _judge(self, asked: Asks, daemon: int | None) -> Decision:
        policy = self._policy.current()
        return decision.decide(asked, policy, self._seen(asked, daemon))

    def _seen(self, asked: Asks, daemon: int | None) -> Seen:
        admitted = any(
            isinstance(ask, Loaded) and ticket.use(self._tickets, ask.ticket) for ask in asked
        )
        builds = any(isinstance(ask, Built) for ask in asked)
        gated = builds and gate.stands_before(daemon, self._gate)
        return Seen(gated=gated, admitted=admitted)


class Connection(asyncio.Protocol):
    """One connection of the daemon."""

    def __init__(self, judge: Judge, opened: set[asyncio.Transport]) -> None:
        self._judge, self._opened = judge, opened
        self._received = bytearray()
        self._daemon: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._opened.add(transport)
        self._daemon = _process_of(transport.get_extra_info("socket"))

    def connection_lost(self, _: Exception | None) -> None:
        self._opened.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while not self._transport.is_closing() and (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = read_head(bytes(self._received[:end]))
            if head is None or head.length > BODY_LIMIT:
                self._give_up()
                return
            start = end + 4
            if len(self._received) < start + head.length:
                return
            content = bytes(self._received[start : start + head.length])
            del self._received[: start + head.length]
            self._answer(self._reply(head.path, content))
        if len(self._received) > HEAD_LIMIT and self._received.find(b"\r\n\r\n") < 0:
            self._give_up()

    def _reply(self, path: bytes, content: bytes) -> dict[str, Any]:
        if path == b"/Plugin.Activate":
            return {"Implements": ["authz"]}
        if path == b"/AuthZPlugin.AuthZRes":
            return {"Allow": True}
        if path != b"/AuthZPlugin.AuthZReq":
            return {"Allow": False, "Err": "cannot answer: no such address"}
        made = self._judge.decide(content, self._daemon)
        return {"Allow": made.allowed, "Msg": made.message}

    def _give_up(self) -> None:
        self._answer({"Allow": False, "Err": "cannot read what the daemon asks"}, ending=True)
        self._transport.close()

    def _answer(self, document: dict[str, Any], *, ending: bool = False) -> None:
        content = json.dumps(document).encode()
        self._transport.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/vnd.docker.plugins.v1.1+json\r\n"
            b"%sContent-Length: %d\r\n\r\n%s"
            % (
                b"400 Bad Request" if ending else b"200 OK",
                b"Connection: close\r\n" if ending else b"",
                len(content),
                content,
            )
        )


def read_head(head: bytes) -> Head | None:
    """What a request's head says, `None` if it is not of the kind that the daemon sends."""
    line, _, fields = head.partition(b"\r\n")
    words = line.split(b" ")
    lengths = _LENGTH.findall(fields)
    chunked = _CHUNKED.search(fields) is not None
    if len(head) > HEAD_LIMIT or len(words) != 3 or words[0] != b"POST":
        return None
    if words[2] != b"HTTP/1.1" or len(lengths) > 1 or chunked:
        return None
    return Head(words[1], int(lengths[0]) if lengths else 0)


def to_stderr(line: str) -> None:
    """Names come from whoever asks: what is not printable is shown as an escape."""
    shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in line)
    print(shown, file=sys.stderr, flush=True)


def _process_of(peer: socket.socket) -> int | None:
    """The process at the other end; the kernel says so."""
    if peer.family != socket.AF_UNIX:
        return None
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid: int = _CREDENTIALS.unpack(raw)[0]
    return pid or None


def _sentence(error: WharfingerError) -> str:
    return f"{error.message} ({error.remedy})" if error.remedy else error.message
