"""
The one way from a command to a server: small requests, one at a time, JSON in and out.

It speaks HTTP through the standard library. A command asks a few things in sequence, and of the
asynchronous clients the import alone takes longer than such a command may (`make bench` has the
numbers). Nothing is retried: the person decides. Redirects are not followed, so that a token goes
to the server of the context and nowhere else.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from wharfinger import __version__
from wharfinger.cli.errors import (
    FromServer,
    InvalidKubeconfig,
    NoContext,
    TimedOut,
    Unreachable,
    UsageError,
    from_server,
)
from wharfinger.cli.kubeconfig import Context, Identity

Object = dict[str, Any]

ANSWER_LIMIT: Final = 64 << 20
MOST_SECONDS: Final = 24 * 3600
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes = field(repr=False)

    def json(self) -> Object:
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise Unreachable(
                "cannot understand the server's answer: it is not a JSON object",
                remedy="check that the address is that of a Wharfinger server",
            )
        return document


class Client:
    """A connection to the server of a context; opens when first used."""

    def __init__(self, context: Context, *, timeout: float = 30.0) -> None:
        if not 0 < timeout <= MOST_SECONDS:
            raise UsageError(f"cannot wait {timeout:g} s for an answer")
        host, port, parts = address(context.server)
        self.server = context.server.rstrip("/")
        self.registry = parts.netloc.rpartition("@")[2]
        self.timeout = timeout
        self._prefix = parts.path.rstrip("/")
        self._authorization = authorization(context.identity)
        if parts.scheme == "https":
            trust = trust_of(context)
            self._connection: http.client.HTTPConnection = _NamedHTTPSConnection(
                host, port, timeout=timeout, context=trust, name=context.tls_name
            )
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def get(self, path: str, **query: str) -> Object:
        return self.ask("GET", path, query=query).json()

    def create(self, path: str, body: Object) -> Object:
        return self.ask("POST", path, body=body).json()

    def replace(self, path: str, body: Object) -> Object:
        return self.ask("PUT", path, body=body).json()

    def delete(self, path: str) -> Object:
        return self.ask("DELETE", path).json()

    def find(self, path: str) -> Object | None:
        """As `get`, with None for an object that is not there."""
        answer = self.send("GET", path)
        if answer.status == http.HTTPStatus.NOT_FOUND:
            return None
        return accepted(answer).json()

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send, and raise what the server says unless it is a success."""
        return accepted(self.send(method, path, query=query, body=body, headers=headers))

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send, and return whatever comes back. `path` may carry a query of its own."""
        target = self._prefix + path + (f"?{urlencode(query)}" if query else "")
        content = None if body is None else json.dumps(body).encode()
        try:
            self._connection.request(method, target, content, self._headers(content, headers))
            answer = self._connection.getresponse()
            data = answer.read(ANSWER_LIMIT + 1)
        except TimeoutError as error:
            self._connection.close()
            raise TimedOut(
                f"an answer of {self.server}",
                self.timeout,
                remedy="give a longer --request-timeout",
            ) from error
        except ssl.SSLCertVerificationError as error:
            self._connection.close()
            raise _untrusted(self.server, error) from error
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            self._connection.close()
            raise _unreachable(self.server, error) from error
        if len(data) > ANSWER_LIMIT:
            self._connection.close()
            raise Unreachable(f"cannot take an answer of more than {ANSWER_LIMIT} bytes")
        return Answer(
            answer.status, {name.lower(): value for name, value in answer.getheaders()}, data
        )

    def _headers(self, content: bytes | None, extra: Mapping[str, str] | None) -> dict[str, str]:
        headers = {"Accept": JSON, "User-Agent": f"wharf/{__version__}"}
        if content is not None:
            headers["Content-Type"] = JSON
        if self._authorization:
            headers["Authorization"] = self._authorization
        return headers | dict(extra or {})


class _NamedHTTPSConnection(http.client.HTTPSConnection):
    """Checks the certificate for `name` where that differs from the host (`tls-server-name`)."""

    def __init__(
        self,
        host: str,
        port: int | None,
        *,
        timeout: float,
        context: ssl.SSLContext,
        name: str | None,
    ) -> None:
        super().__init__(host, port, timeout=timeout, context=context)
        self._trust, self._name = context, name or host

    def connect(self) -> None:
        raw = socket.create_connection((self.host, self.port), self.timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self._trust.wrap_socket(raw, server_hostname=self._name)


def address(server: str) -> tuple[str, int | None, SplitResult]:
    try:
        parts = urlsplit(server)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise NoContext(
            f"cannot use server address {server!r}", remedy="write it as https://HOST[:PORT]"
        )
    return host, port, parts


def path_of(*segments: str) -> str:
    """A path whose segments hold whatever they hold."""
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


def authorization(identity: Identity) -> str:
    if identity.token:
        if not identity.token.isascii() or not identity.token.isprintable():
            raise InvalidKubeconfig("cannot send the token: it has characters that no token has")
        return f"Bearer {identity.token}"
    if identity.username:
        pair = f"{identity.username}:{identity.password}".encode()
        return "Basic " + base64.b64encode(pair).decode()
    return ""


def trust_of(context: Context) -> ssl.SSLContext:
    try:
        authority = context.authority.decode() if context.authority is not None else None
        trust = ssl.create_default_context(cadata=authority)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidKubeconfig(
            "cannot read the certificate authority: it is not PEM",
            remedy="give the server's ca.crt with `wharf login --ca-file`",
        ) from error
    if context.insecure:
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
    if context.identity.certificate:
        _show_certificate(trust, context.identity)
    return trust


def _show_certificate(trust: ssl.SSLContext, identity: Identity) -> None:
    """OpenSSL wants a file; this one lives in memory, and its name leads nobody else to it."""
    descriptor = os.memfd_create("client-certificate")
    try:
        os.write(descriptor, identity.certificate + b"\n" + identity.key)
        trust.load_cert_chain(f"/proc/self/fd/{descriptor}")
    except ssl.SSLError as error:
        raise InvalidKubeconfig("cannot use the client certificate of the kubeconfig") from error
    finally:
        os.close(descriptor)


def accepted(answer: Answer) -> Answer:
    """Pass a success on, and raise anything else as what the server said."""
    if 200 <= answer.status < 300:
        return answer
    raise _said(answer)


def _said(answer: Answer) -> FromServer:
    """The error in an answer: a `Status` of the API, the first error of the registry, or neither."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        document = None
    reason, message = "", ""
    if isinstance(document, dict):
        errors = document.get("errors")
        first = errors[0] if isinstance(errors, list) and errors else None
        said = first if isinstance(first, dict) else document
        reason = str(said.get("reason") or said.get("code") or said.get("error") or "")
        message = str(said.get("message") or said.get("error_description") or "")
    known = http.client.responses.get(answer.status, "")
    return from_server(
        answer.status,
        reason or known.replace(" ", "") or str(answer.status),
        message or known,
        _warning(answer.headers.get("warning", "")),
    )


def _warning(header: str) -> str:
    """The text of the last warning beside an answer: https://www.rfc-editor.org/rfc/rfc7234#section-5.5"""
    found = re.fullmatch(r'299 \S+ "((?:[^"\\]|\\.)*)"', header)
    return re.sub(r"\\(.)", r"\1", found[1]) if found is not None else ""


def _untrusted(server: str, error: ssl.SSLCertVerificationError) -> Unreachable:
    return Unreachable(
        f"cannot trust {server}: {error.verify_message or error.reason}",
        remedy="give its authority with `wharf login SERVER --ca-file FILE`; a server that `wharf up` "
        "started has it as ca.crt in its state directory",
    )


def _unreachable(server: str, error: Exception) -> Unreachable:
    if isinstance(error, OSError) and error.strerror:
        why = error.strerror
    elif isinstance(error, UnicodeError):
        why = "its name is none that the network knows"
    else:
        why = "it does not speak HTTP here, or broke off"
    return Unreachable(
        f"cannot reach {server}: {why}",
        remedy="check the address, and that the server runs (`wharf status`)",
    )
