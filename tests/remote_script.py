"""A registry that answers as a test tells it to, over real sockets, without TLS."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Scripted:
    """`answers` maps a path (or a path with its query) to a reply, or to what makes one."""

    answers: dict[str, Reply | Callable[[str], Reply]] = field(default_factory=dict)
    seen: list[tuple[str, str | None]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def logins(self) -> list[str | None]:
        return [login for _, login in self.seen]


def found(document, **headers: str) -> Reply:
    return 200, headers, json.dumps(document).encode()


def challenged(challenge: str, then: Reply, *, accepts: str) -> Callable[[str], Reply]:
    """401 with `challenge` to all but who is authorized as `accepts`."""
    refused: Reply = (401, {"WWW-Authenticate": challenge}, b"{}")
    return lambda login: then if login == accepts else refused


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        script: Scripted = self.server.script
        login = self.headers.get("Authorization")
        script.seen.append((self.path, login))
        script.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        path = self.path.partition("?")[0]
        reply = script.answers.get(self.path) or script.answers.get(path) or (404, {}, b"")
        status, headers, body = reply(login) if callable(reply) else reply
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    script: Scripted

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is no news."""
