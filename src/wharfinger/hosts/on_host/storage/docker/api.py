"""
The API of a Docker engine: documents, and streams in both directions.

Paths are without a version, so the engine answers with its own. What it does not do is a `StepFailed`
that says what was asked and what it said. A stream that ends before its end is one, too.

https://docs.docker.com/reference/api/engine/
"""

from __future__ import annotations

import http.client
import json
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.hosts.on_host.storage.work import StepFailed
from wharfinger.hosts.on_host.unix_http import UnixConnection

_DOCUMENT_LIMIT: Final = 512 << 20
"""The list of what a container has changed can be long."""
_LAST_WORDS: Final = 4096
_SILENCE: Final = 3600
"""Seconds. The engine may gather an image of many gigabytes before it sends the first byte."""


class EngineFailed(StepFailed):
    """The engine refused, failed or went away."""

    code = "storage-engine-failed"

    def __init__(self, what: str, words: str, *, status: int | None = None) -> None:
        super().__init__(what, words)
        self.status = status


class Body:
    """What the engine streams, for `tarfile`. `last_words` is the end of what was read: an engine that
    fails in the middle of an archive writes the reason into it."""

    def __init__(self, answer: http.client.HTTPResponse, what: str) -> None:
        self._answer, self._what = answer, what
        self._tail = b""
        self.count = 0

    def read(self, size: int) -> bytes:
        try:
            piece = self._answer.read(size)
        except (OSError, http.client.HTTPException) as error:
            raise EngineFailed(self._what, _reason(error)) from error
        self.count += len(piece)
        self._tail = (self._tail + piece[-_LAST_WORDS:])[-_LAST_WORDS:]
        return piece

    def drain(self) -> None:
        """Read what follows the archive, so that the engine is not cut off."""
        while self.read(1 << 20):
            pass

    @property
    def trouble(self) -> str:
        """Why the engine stopped in the middle, as far as it said so. A whole archive ends in zeros."""
        _, mark, rest = self._tail.rstrip(b"\r\n ").rpartition(b'{"errorDetail"')
        return _told(mark + rest) if mark and rest.endswith(b"}") else ""


@dataclass(frozen=True)
class Api:
    """An engine by the path of its socket."""

    address: str

    def get(self, path: str, what: str) -> Any:
        return self.change("GET", path, what)

    def change(self, method: str, path: str, what: str, document: Any = None) -> Any:
        """Ask for one thing and return the document of the answer, `None` for an empty one."""
        body = None if document is None else json.dumps(document).encode()
        answer = self.send(method, path, what, body, {"Content-Type": "application/json"})
        try:
            return json.loads(answer) if answer.strip() else None
        except ValueError as error:
            raise EngineFailed(what, f"its answer is no JSON: {answer[:200]!r}") from error

    def send(
        self,
        method: str,
        path: str,
        what: str,
        body: bytes | Iterable[bytes] | None,
        headers: Mapping[str, str],
    ) -> bytes:
        """Send bytes, or a stream in pieces, and return the answer's."""
        connection = UnixConnection(self.address, _SILENCE)
        try:
            if body is None or isinstance(body, bytes):
                connection.request(method, path, body, dict(headers))
            else:
                chunked = {**headers, "Transfer-Encoding": "chunked"}
                connection.request(method, path, body, chunked, encode_chunked=True)
            answer = connection.getresponse()
            content = answer.read(_DOCUMENT_LIMIT + 1)
        except (OSError, http.client.HTTPException) as error:
            raise EngineFailed(what, _reason(error)) from error
        finally:
            connection.close()
        _require_good(answer.status, content, what)
        if len(content) > _DOCUMENT_LIMIT:
            raise EngineFailed(what, f"it answers with more than {_DOCUMENT_LIMIT >> 20} MiB")
        return content

    @contextmanager
    def stream(self, path: str, what: str) -> Iterator[Body]:
        connection = UnixConnection(self.address, _SILENCE)
        try:
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                content = b"" if answer.status == http.client.OK else answer.read(_LAST_WORDS)
            except (OSError, http.client.HTTPException) as error:
                raise EngineFailed(what, _reason(error)) from error
            _require_good(answer.status, content, what)
            yield Body(answer, what)
        finally:
            connection.close()


def quoted(name: str) -> str:
    """For one part of a path, or a value of a query."""
    return urllib.parse.quote(name, safe="")


def _require_good(status: int, content: bytes, what: str) -> None:
    if status >= http.client.MULTIPLE_CHOICES:
        raise EngineFailed(what, _told(content) or f"it answers {status}", status=status)


def _told(content: bytes) -> str:
    text = content.decode(errors="replace").strip()
    try:
        document = json.loads(text)
    except ValueError:
        return text
    if not isinstance(document, dict):
        return text
    return str(document.get("message") or document.get("error") or text)


def _reason(error: Exception) -> str:
    return f"the engine broke off: {str(error) or type(error).__name__}"
