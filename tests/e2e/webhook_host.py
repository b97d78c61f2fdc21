"""A real `wharf webhook` as an API server meets it, and a registry whose manners the test sets."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import made_certificates
from e2e import machine
from e2e.machine import Process
from e2e.wharf import WHARF
from made_certificates import Made

Document = dict[str, Any]

POLICY = """
apiVersion: wharfinger.dev/v1
kind: ImagePolicyConfig
resolveImages: RequiredRewrite
executionRules:
- name: known
  matchRegistries: ["{host}"]
"""


@dataclass(slots=True)
class Webhook:
    """`flags` come behind those that every one of these has."""

    folder: Path
    policy: str
    flags: tuple[str | Path, ...] = ("--no-cluster",)
    port: int = field(default_factory=machine.free_port)
    status_port: int = field(default_factory=machine.free_port)
    environ: dict[str, str] = field(default_factory=dict)
    process: Process | None = None
    authority: Made = field(default_factory=made_certificates.authority)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_policy(self.policy)
        self.renew()

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def write_policy(self, text: str) -> None:
        (self.folder / "policy.yaml").write_text(text)

    def renew(self) -> int:
        """Put a new certificate in place, half by half; return its number."""
        made = self.issue()
        (self.folder / "tls.crt").write_bytes(made.pem)
        (self.folder / "tls.key").write_bytes(made.key_pem)
        return made.certificate.serial_number

    def issue(self) -> Made:
        return made_certificates.server(self.authority, "127.0.0.1")

    def start(self) -> None:
        command = (
            *(WHARF, "webhook", "--policy", self.folder / "policy.yaml"),
            *("--listen", f"127.0.0.1:{self.port}"),
            *("--status-listen", f"127.0.0.1:{self.status_port}"),
            *("--tls-cert", self.folder / "tls.crt", "--tls-key", self.folder / "tls.key"),
        )
        self.process = Process(*command, *self.flags, log=self.log, environ=self.environ)
        machine.eventually(self.process.output, self._ready)

    def _ready(self) -> bool | None:
        try:
            return True if self.status("/readyz")[0] == 200 else None
        except OSError:
            return None

    def status(self, path: str) -> tuple[int, str]:
        """What the other listener shows, which has no TLS."""
        connection = http.client.HTTPConnection("127.0.0.1", self.status_port, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found

    def stop(self) -> int:
        return self.process.stop() if self.process is not None else 0

    def context(self, client: Made | None = None) -> ssl.SSLContext:
        made = ssl.create_default_context(cadata=self.authority.pem.decode())
        if client is not None:
            file = self.folder / "client.pem"
            file.write_bytes(client.key_pem + client.pem)
            made.load_cert_chain(file)
        return made

    def connect(self, client: Made | None = None) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=20, context=self.context(client)
        )

    def post(
        self, path: str, body: Document | bytes, *, over: http.client.HTTPSConnection | None = None
    ) -> tuple[int, Document]:
        connection = over or self.connect()
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            connection.request("POST", path, content, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            if over is None:
                connection.close()

    def announce(self, path: str, size: int) -> int:
        """What is said to a body of that size, of which nothing is sent."""
        connection = self.connect()
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        status = connection.getresponse().status
        connection.close()
        return status

    def ask(self, path: str, body: Document) -> Document:
        """The response to a review, asked as API servers do: again if the connection broke."""
        for attempt in range(5):
            try:
                status, found = self.post(path, body)
            except (http.client.HTTPException, ConnectionError, ssl.SSLError):
                if attempt == 4:
                    raise
                time.sleep(0.2)
                continue
            assert status == 200, found
            response: Document = found["response"]
            return response
        raise AssertionError("the last attempt returns or raises")


def review(*images: str, namespace: str = "demo", uid: str = "u-1") -> Document:
    """The creation of a pod."""
    containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    return {
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": uid,
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "operation": "CREATE",
            "name": "web",
            "namespace": namespace,
            "userInfo": {"username": "ada"},
            "object": {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "web", "namespace": namespace},
                "spec": {"containers": containers},
            },
        },
    }


def patch_of(response: Document) -> list[Document]:
    assert response["allowed"], response
    found: list[Document] = json.loads(base64.b64decode(response["patch"]))
    return found


class ScriptedRegistry:
    """Has every tag of every repository; `slow` holds answers back until the test lets them go."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.slow: threading.Event | None = None
        self.waiting = self.most_waiting = 0
        self.gone = False
        self._lock = threading.Lock()
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                if registry.gone:
                    self.close_connection = True
                    return
                registry.hold(self.path)
                self.send_response(200)
                if self.path != "/v2/":
                    self.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
                    self.send_header("Docker-Content-Digest", registry.digest(self.path))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                self.do_HEAD()

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def hold(self, path: str) -> None:
        with self._lock:
            self.asked[path] += 1
            self.waiting += 1
            self.most_waiting = max(self.most_waiting, self.waiting)
        if self.slow is not None:
            self.slow.wait(60)
        with self._lock:
            self.waiting -= 1

    def digest(self, path: str) -> str:
        return f"sha256:{hashlib.sha256(path.encode()).hexdigest()}"

    def manifests_asked(self) -> Counter[str]:
        return Counter({path: n for path, n in self.asked.items() if "/manifests/" in path})

    def close(self) -> None:
        self.gone = True
        if self.slow is not None:
            self.slow.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def scripted_registry() -> Iterator[ScriptedRegistry]:
    made = ScriptedRegistry()
    try:
        yield made
    finally:
        made.close()
