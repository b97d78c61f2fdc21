"""
HTTP to a daemon on this host, over its Unix socket.

Apart from `machine`, and imported where somebody asks: few commands do, and it brings much along.
"""

from __future__ import annotations

import http.client
import socket


class UnixConnection(http.client.HTTPConnection):
    """A connection to the daemon at `address`; without a limit of time it waits as long as it takes."""

    def __init__(self, address: str, seconds: float | None = None) -> None:
        super().__init__("localhost")
        self._address, self._seconds = address, seconds

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._seconds)
        self.sock.connect(self._address)


def get(address: str, path: str, *, seconds: float, limit: int) -> tuple[int, bytes]:
    """The status and body of `GET path`; raise `OSError`, or `ValueError` for what is no HTTP."""
    connection = UnixConnection(address, seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(limit + 1)
    except http.client.HTTPException as error:
        raise ValueError(f"{address} does not speak HTTP: {error!r}") from error
    finally:
        connection.close()
    if len(body) > limit:
        raise ValueError(f"{address} answers {path} with more than {limit} bytes")
    return answer.status, body
