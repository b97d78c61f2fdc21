"""A registry with one image of two layers, of which the second breaks off halfway until a test lets it come."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import made_images

LAYERS = (b"x" * 100_000, b"y" * 100_000)


class StallingRegistry:
    """`asked` counts the requests for blobs; `stalled` is set when the second layer is under way."""

    def __init__(self) -> None:
        image = made_images.image(*LAYERS, compressed=False)
        self.manifest, self.blobs = image.manifest, image.blobs
        self.slow = str(list(image.blobs)[-1])
        self.asked = Counter[str]()
        self.stalled, self.released = threading.Event(), threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.host = f"127.0.0.1:{self.server.server_port}"

    def answer(self, path: str) -> tuple[int, str, bytes]:
        if "/manifests/" in path:
            return 200, self.manifest.media_type, self.manifest.raw
        held = {f"/{digest}": blob for digest, blob in self.blobs.items()}
        found = held.get(path[path.rfind("/") :])
        return (404, "text/plain", b"") if found is None else (200, "text/plain", found)


@contextmanager
def serving() -> Iterator[StallingRegistry]:
    registry = StallingRegistry()
    thread = threading.Thread(target=registry.server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield registry
    finally:
        registry.released.set()
        registry.server.shutdown()
        registry.server.server_close()
        thread.join()


def _handler(registry: StallingRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, kind, body = registry.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "HEAD":
                return
            if "/blobs/" in self.path:
                registry.asked[self.path.rpartition("/")[2]] += 1
            if self.path.endswith(registry.slow) and not registry.released.is_set():
                self.wfile.write(body[: len(body) // 2])
                registry.stalled.set()
                registry.released.wait(60)
                self.close_connection = True
                return
            self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    return Handler
