"""
A registry that has one image under every name, on any number of ports. It is for a network of its own.

As a program it serves: `every_registry.py LOG PORT[,PEM]...`, with TLS where a port has a certificate.
Each request for a manifest is a line of LOG: the host that was asked, and the path.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import ssl
import sys
import tarfile
import threading
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

READY: Final = "ready"
MANIFEST_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@cache
def image() -> tuple[bytes, dict[str, bytes]]:
    """Its manifest, and its blobs by digest; the same bytes at each start."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("empty"))
    layer = gzip.compress(archive.getvalue(), mtime=0)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [digest_of(archive.getvalue())]},
        }
    ).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _descriptor("config.v1+json", config),
        "layers": [_descriptor("layer.v1.tar+gzip", layer)],
    }
    return json.dumps(manifest).encode(), {digest_of(each): each for each in (config, layer)}


def digest() -> str:
    return digest_of(image()[0])


def _descriptor(kind: str, content: bytes) -> dict[str, object]:
    return {
        "mediaType": f"application/vnd.oci.image.{kind}",
        "digest": digest_of(content),
        "size": len(content),
    }


def is_ready(log: Path) -> bool | None:
    """Does the one that writes `log` listen? For `eventually`."""
    return (log.exists() and log.read_text().startswith(READY)) or None


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    log: io.TextIOBase

    def do_GET(self) -> None:
        manifest, blobs = image()
        kind, _, name = self.path.rpartition("/")
        if self.path == "/v2/":
            self._send(200, b"{}", "application/json")
        elif kind.endswith("/manifests") and (":" not in name or name == digest()):
            self.log.write(f"{self.headers['Host']} {self.path}\n")
            self.log.flush()
            self._send(200, manifest, MANIFEST_TYPE)
        elif kind.endswith("/blobs") and name in blobs:
            self._send(200, blobs[name], "application/octet-stream")
        else:
            self._send(404, b"{}", "application/json")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _send(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        if kind == MANIFEST_TYPE:
            self.send_header("Docker-Content-Digest", digest())
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing on stderr."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    context: ssl.SSLContext | None = None

    def finish_request(self, request, client_address) -> None:
        with suppress(OSError):  # a client that does not trust us goes away
            if self.context is not None:
                request = self.context.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)


def main(log: str, *ports: str) -> None:
    Answer.log = Path(log).open("a")  # noqa: SIM115 - it is open as long as we run
    threads = []
    for entry in ports:
        port, _, pem = entry.partition(",")
        server = Server(("0.0.0.0", int(port)), Answer)
        if pem:
            server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.context.load_cert_chain(pem)
        threads.append(threading.Thread(target=server.serve_forever))
        threads[-1].start()
    Answer.log.write(f"{READY}\n")
    Answer.log.flush()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
