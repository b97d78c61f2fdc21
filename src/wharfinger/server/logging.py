"""
Our words on standard error: one JSON object to a line.

Two writers share the stream. `Records` formats what modules log through `logging`; `AccessLog`
writes one line to a request and gathers the lines of one turn of the event loop into one write,
since at thousands of small answers a second the write is what costs. Neither is ever given a
header, a query string or a body, so a secret has no way in.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being answered, for every record that is logged meanwhile."""

_encoder = msgspec.json.Encoder()


class Records(logging.Formatter):
    """`{"ts", "level", "logger", "msg", "request_id", "error"}`; a traceback is one string."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "ts": _time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        if identifier := request_id.get():
            fields["request_id"] = identifier
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return _encoder.encode(fields).decode()


class AccessLog:
    """Lines of answered requests; `flush` is called by the loop, and once more at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: list[bytes] = []

    def write(
        self,
        *,
        ts: float,
        request_id: str,
        actor: str,
        client: str,
        method: str,
        path: str,
        status: int,
        received: int,
        sent: int,
        seconds: float,
    ) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_soon(self.flush)
        self._lines.append(
            _encoder.encode(
                {
                    "ts": _time(ts),
                    "level": "info",
                    "msg": "request",
                    "request_id": request_id,
                    "actor": actor,
                    "client": client,
                    "method": method,
                    "path": path,
                    "status": status,
                    "received": received,
                    "sent": sent,
                    "duration": round(seconds, 6),
                }
            )
        )

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            self._stream.write(b"\n".join(lines).decode() + "\n")
            self._stream.flush()


class FaultLog(AccessLog):
    """Lines of the requests that went wrong, where the others are too many and told elsewhere."""

    def write(self, *, status: int, **about: Any) -> None:
        if status >= 400:
            super().write(status=status, **about)


def configure(stream: TextIO = sys.stderr) -> None:
    """Send every record of our own to `stream`, and of libraries what is a warning or worse."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Records())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("wharfinger").setLevel(logging.INFO)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
