"""A registry of the old kind: it answers to searches, wants a name and password for them, and no more."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "ann", "open sesame"
IMAGES = {
    "rhel7/tide": "Tells the tide\x1b[31m in red",
    "rhel7/pier": "Stands in the tide",
    "rhel7/gull": "Flies",
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if asked.path != "/v1/search":
            self._answer(404, {})
        elif self.headers.get("Authorization") != wanted:
            self._answer(401, {})
        else:
            (term,) = parse_qs(asked.query)["q"]
            results = [
                {"name": name, "description": text, "star_count": 3, "is_official": True}
                for name, text in IMAGES.items()
                if term in f"{name} {text}"
            ]
            self._answer(200, {"query": term, "num_results": len(results), "results": results})

    def _answer(self, status: int, document: dict[str, object]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="old"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[str]:
    """`host:port` of the registry, which speaks plain HTTP."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
