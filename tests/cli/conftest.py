"""A small server at the other end of real sockets, and a way to run a command line against it."""

import base64
import io
import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from wharfinger.cli import app

TOKEN = "token-of-alice"
PASSWORD = "hunter2-of-alice"
PLURALS = {
    "projects", "secrets", "serviceaccounts", "rolebindings", "clusterrolebindings", "buildconfigs",
}  # fmt: skip
TOKEN_TYPE = "kubernetes.io/service-account-token"


@dataclass
class FakeServer:
    """Keeps objects under their paths and answers as the API and the registry do."""

    objects: dict[str, dict] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)  # repository: tag: digest
    users: dict[str, str] = field(default_factory=lambda: {TOKEN: "alice"})
    forbidden: set[str] = field(default_factory=set)  # paths
    replies: dict[str, tuple[int, dict, bytes]] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    page_size: int = 2
    url: str = ""
    listener: ThreadingHTTPServer | None = None
    _serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, path: str, **content) -> dict:
        name = path.rpartition("/")[2]
        metadata = {"name": name, "uid": f"uid-{next(self._serial)}", **content.pop("metadata", {})}
        made = {**content, "metadata": {**metadata, "resourceVersion": str(next(self._serial))}}
        self.objects[path] = made
        return made

    def writes(self) -> list[tuple[str, str]]:
        reviews = ("/apis/authentication.k8s.io/", "/oauth/")
        return [
            (method, path)
            for method, path in self.seen
            if method not in {"GET", "HEAD"} and not path.startswith(reviews)
        ]

    def answer(self, method: str, target: str, headers, body: bytes) -> tuple[int, dict, bytes]:
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        self.seen.append((method, path))
        if path in self.replies:
            return self.replies[path]
        if path.startswith("/hang"):
            self.asked.set()
            self.released.wait(30)
        if path.startswith(("/oauth", "/.well-known")):
            return self._oauth(path, headers)
        user = self.users.get((headers["Authorization"] or "").removeprefix("Bearer "))
        if user is None:
            return status(401, "Unauthorized", "Unauthorized")
        if path in self.forbidden:
            return status(403, "Forbidden", f'User "{user}" cannot {method} {path}')
        if path.startswith("/v2/"):
            return self._registry(method, path, query)
        return self._api(method, path, json.loads(body) if body else {}, user)

    def _oauth(self, path: str, headers) -> tuple[int, dict, bytes]:
        if path == "/.well-known/oauth-authorization-server":
            return document(200, {"authorization_endpoint": f"{self.url}/oauth/authorize"})
        if path == "/oauth/logout":
            self.users.pop(headers["Authorization"].removeprefix("Bearer "), None)
            return document(200, {})
        expected = "Basic " + base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
        if headers["Authorization"] != expected or not headers["X-CSRF-Token"]:
            return status(401, "Unauthorized", "Unauthorized")
        location = f"{self.url}/oauth/token/implicit#access_token={TOKEN}&expires_in=86400"
        return 302, {"Location": location}, b""

    def _api(self, method: str, path: str, body: dict, user: str) -> tuple[int, dict, bytes]:
        if path.endswith("/selfsubjectreviews"):
            return document(201, {"status": {"userInfo": {"username": user}}})
        if path.endswith("/token") and method == "POST":
            return document(201, {"status": {"token": f"for-{json.dumps(body['spec'])}"}})
        if path.endswith("/projectrequests"):
            return self._make_project(body)
        if method == "POST":
            return self._create(path, body)
        if method == "GET" and path.rpartition("/")[2] in PLURALS:
            found = [
                kept for place, kept in self.objects.items() if place.rpartition("/")[0] == path
            ]
            return document(200, {"kind": "List", "items": found})
        if path not in self.objects:
            return status(404, "NotFound", f"{path.rpartition('/')[2]!r} not found")
        return self._one(method, path, body)

    def _one(self, method: str, path: str, body: dict) -> tuple[int, dict, bytes]:
        found = self.objects[path]
        if method == "DELETE":
            return document(200, self.objects.pop(path))
        if method == "PUT":
            if body["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"]:
                return status(409, "Conflict", "the object has been modified")
            found = self.add(path, **body)
        answer = document(200, found)
        self._fill_token(path, found)
        return answer

    def _create(self, path: str, body: dict) -> tuple[int, dict, bytes]:
        metadata = body["metadata"]
        name = metadata.get("name") or f"{metadata['generateName']}{next(self._serial)}"
        if f"{path}/{name}" in self.objects:
            return status(409, "AlreadyExists", f"{name!r} already exists")
        return document(
            201, self.add(f"{path}/{name}", **body | {"metadata": {**metadata, "name": name}})
        )

    def _fill_token(self, path: str, found: dict) -> None:
        """As a controller does it: some time after the secret was made."""
        if found.get("type") == TOKEN_TYPE:
            account = found["metadata"]["annotations"]["kubernetes.io/service-account.name"]
            project = path.rpartition("/secrets/")[0]
            uid = self.objects[f"{project}/serviceaccounts/{account}"]["metadata"]["uid"]
            found["metadata"]["annotations"]["kubernetes.io/service-account.uid"] = uid
            token = f"long-lived-of-{account}".encode()
            found["data"] = {"token": base64.b64encode(token).decode()}

    def _make_project(self, body: dict) -> tuple[int, dict, bytes]:
        name = body["metadata"]["name"]
        path = f"/apis/project.openshift.io/v1/projects/{name}"
        if path in self.objects:
            message = f'project.project.openshift.io "{name}" already exists'
            return status(409, "AlreadyExists", message)
        annotations = {"openshift.io/display-name": body["displayName"]}
        made = self.add(path, metadata={"annotations": annotations}, status={"phase": "Active"})
        return document(201, made)

    def _registry(self, method: str, path: str, query: dict) -> tuple[int, dict, bytes]:
        last = query.get("last", [""])[0]
        if path == "/v2/_catalog":
            return self._page(path, "repositories", sorted(self.tags), last)
        repository, _, rest = path.removeprefix("/v2/").rpartition("/manifests/")
        if not repository:
            repository, rest = path.removeprefix("/v2/").removesuffix("/tags/list"), ""
        tags = self.tags.get(repository)
        if tags is None:
            error = {"code": "NAME_UNKNOWN", "message": "repository name not known to registry"}
            return document(404, {"errors": [error]})
        if not rest:
            return self._page(path, "tags", sorted(tags), last)
        return self._manifest(method, tags, rest)

    def _manifest(self, method: str, tags: dict, reference: str) -> tuple[int, dict, bytes]:
        named = [tag for tag, digest in tags.items() if reference in {tag, digest}]
        if not named:
            return document(404, {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "unknown"}]})
        if method == "HEAD":
            return 200, {"Docker-Content-Digest": tags[named[0]]}, b""
        for tag in named:
            del tags[tag]
        return 202, {}, b""

    def _page(self, path: str, key: str, names: list, last: str) -> tuple[int, dict, bytes]:
        names = [name for name in names if name > last]
        page = names[: self.page_size]
        code, headers, body = document(200, {key: page})
        if len(page) < len(names):
            headers["Link"] = f'<https://elsewhere.test{path}?last={page[-1]}>; rel="next"'
        return code, headers, body


def document(code: int, content: dict) -> tuple[int, dict, bytes]:
    return code, {"Content-Type": "application/json"}, json.dumps(content).encode()


def status(code: int, reason: str, message: str) -> tuple[int, dict, bytes]:
    found = {
        "kind": "Status",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
    return document(code, found)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers["Content-Length"] or 0)
        body = self.rfile.read(length)
        code, headers, answer = self.server.fake.answer(self.command, self.path, self.headers, body)
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *args) -> None:
        pass


class Listener(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request, client_address) -> None:
        """A client that broke off is part of some tests."""


@pytest.fixture
def server() -> Iterator[FakeServer]:
    listener = Listener(("127.0.0.1", 0), Handler)
    fake = FakeServer()
    fake.url = f"http://127.0.0.1:{listener.server_port}"
    listener.fake, fake.listener = fake, listener
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield fake
    fake.released.set()
    listener.shutdown()
    listener.server_close()
    thread.join()


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A person's home without any trace of the one who runs the tests."""
    for name in ("KUBECONFIG", "NO_COLOR", "FORCE_COLOR", "WHARF_TOKEN", "WHARF_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def kubeconfig(home, server) -> Path:
    """Alice is logged in and works in project `team`."""
    return write_kubeconfig(home / ".kube" / "config", server.url)


def write_kubeconfig(path: Path, url: str, token: str = TOKEN) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"""\
# kept by hand
apiVersion: v1
kind: Config
current-context: here
clusters:
- name: here
  cluster: {{server: "{url}"}}
users:
- name: alice
  user:
    token: {token}
contexts:
- name: here
  context: {{cluster: here, user: alice, namespace: team}}  # my project
preferences: {{colors: true}}
"""
    )
    path.chmod(0o600)
    return path


@pytest.fixture
def wharf(home, capsys, monkeypatch):
    """Run a command line; returns its exit code and what it wrote."""

    def run(*arguments: str, stdin: str = ""):
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = app.run(arguments)
        written = capsys.readouterr()
        return SimpleNamespace(code=code, out=written.out, err=written.err)

    return run
