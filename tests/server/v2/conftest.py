"""The registry's ASGI app over stores of a test, and a client that speaks ASGI to it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wharfinger.cluster.authenticate import Grant
from wharfinger.cluster.authorize import Decision
from wharfinger.cluster.subject import ANONYMOUS, AUTHENTICATED, Subject
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.registry.registry import Registry
from wharfinger.registry.stores.disk import DiskBlobStore
from wharfinger.registry.stores.memory import MemoryBlobStore, MemoryMetadataStore
from wharfinger.registry.stores.sqlite import SqliteMetadataStore
from wharfinger.server import v2_errors
from wharfinger.server.errors import ErrorEdge
from wharfinger.server.v2 import V2
from wharfinger.server.v2_http import Content

REALM = "https://registry.test/oauth/token"


@dataclass
class Rights:
    """An authorizer by a list: everything is allowed until `only` says what is."""

    allowed: set[tuple[str, str, str, str]] | None = None
    asked: list = field(default_factory=list)

    def only(self, *rights: tuple[str, str, str, str]) -> None:
        """Allow (user, verb, resource/subresource, namespace) and nothing else."""
        self.allowed = set(rights)

    def decide(self, subject, access):
        self.asked.append(access)
        resource = f"{access.resource}/{access.subresource}".rstrip("/")
        right = (subject.name, access.verb, resource, access.namespace)
        return Decision(self.allowed is None or right in self.allowed, "")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    sent_file: str | None = None

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return self.json["errors"][0]["code"]


GONE = object()
"""In place of a chunk: the client goes away."""


class Client:
    def __init__(self, app, registry: Registry, user: str | None = "ada") -> None:
        self.app = app
        self.registry = registry
        self.user = user

    def as_user(self, user: str | None) -> "Client":
        return Client(self.app, self.registry, user)

    async def __call__(self, method, target, body=b"", headers=None, access=None) -> Answer:
        path, _, query = target.partition("?")
        chunks = [body] if isinstance(body, bytes) else body
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if isinstance(body, bytes):
            sent.setdefault("content-length", str(len(body)))
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(n.encode(), v.encode()) for n, v in sent.items()],
            "extensions": {"http.response.pathsend": {}},
            "test.user": self.user,
            "test.access": access,
        }
        incoming = _messages(chunks)

        async def receive():
            return await anext(incoming)

        answer = Answer(0, {}, b"")

        async def send(message):
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {n.decode(): v.decode() for n, v in message["headers"]}
            elif message["type"] == "http.response.pathsend":
                answer.sent_file = message["path"]
                answer.body = Path(message["path"]).read_bytes()  # noqa: ASYNC240
            else:
                answer.body += message["body"]

        await self.app(scope, receive, send)
        if method != "HEAD" and answer.status not in (204, 304):
            assert int(answer.headers["content-length"]) == len(answer.body)
        return answer

    async def push_blob(self, name: str, data: bytes) -> Digest:
        digest = Digest.of(data)
        answer = await self("POST", f"/v2/{name}/blobs/uploads/?digest={digest}", data)
        assert answer.status == 201, answer.body
        return digest

    async def begin(self, name: str) -> str:
        answer = await self("POST", f"/v2/{name}/blobs/uploads/")
        assert answer.status == 202, answer.body
        return answer.headers["location"]

    async def push_image(self, name: str, reference: str = "latest", note: str = "") -> Digest:
        raw = image(await self.push_blob(name, b"{}"), note=note)
        answer = await self.put_manifest(name, reference, raw)
        assert answer.status == 201, answer.body
        return Digest.of(raw)

    async def put_manifest(self, name, reference, raw, media_type=media_types.OCI_IMAGE) -> Answer:
        path = f"/v2/{name}/manifests/{reference}"
        return await self("PUT", path, raw, {"content-type": media_type})


async def _messages(chunks) -> AsyncIterator[dict]:
    for chunk in chunks:
        if chunk is GONE:
            break
        yield {"type": "http.request", "body": chunk, "more_body": True}
    else:
        yield {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.Event().wait()  # a client that waits for its answer
    while True:
        yield {"type": "http.disconnect"}


async def identify(connection) -> Grant:
    user, access = connection.scope["test.user"], connection.scope["test.access"]
    subject = ANONYMOUS if user is None else Subject(user, groups=(AUTHENTICATED,))
    return Grant(subject, access)


def image(config: Digest, *, layers=(), note="", **more) -> bytes:
    def descriptor(digest, size, kind):
        return {"mediaType": kind, "digest": str(digest), "size": size}

    document = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_IMAGE,
        "config": descriptor(config, 2, "application/vnd.oci.image.config.v1+json"),
        "layers": [descriptor(digest, size, "x/layer") for digest, size in layers],
        "annotations": {"note": note},
    }
    return json.dumps(document | more).encode()


STORES = {
    "memory": lambda _: (MemoryBlobStore(), MemoryMetadataStore()),
    "disk": lambda root: (
        DiskBlobStore(root / "registry"),
        SqliteMetadataStore(root / "metadata.sqlite"),
    ),
}


@pytest.fixture(params=STORES)
async def registry(request, tmp_path) -> AsyncIterator[Registry]:
    blobs, metadata = STORES[request.param](tmp_path)
    registry = Registry(blobs=blobs, metadata=metadata)
    yield registry
    await registry.close()


@pytest.fixture
def rights() -> Rights:
    return Rights()


@pytest.fixture
def absent_projects() -> set[str]:
    return set()


class Heard:
    """Who is told of what changes; `refusal` is raised at the next push."""

    def __init__(self) -> None:
        self.told: list[tuple] = []
        self.streams: set[str] = set()
        self.refusal: Exception | None = None

    def known(self, name):
        return str(name) in self.streams

    async def pushed(self, name, tag, digest):
        if self.refusal is not None:
            raise self.refusal
        self.told.append(("pushed", str(name), tag and tag.text, digest))

    async def moved(self, name, tag):
        self.told.append(("moved", str(name), tag.text))

    async def agree(self, name):
        self.told.append(("agree", str(name)))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def content() -> Content | None:
    """What stands over the registry, in tests of that."""
    return None


def serve(
    registry: Registry,
    rights: Rights,
    absent_projects: set[str],
    heard: Heard | None = None,
    content: Content | None = None,
) -> Client:
    app = V2(
        registry=registry,
        authorizer=rights,
        identify=identify,
        active=lambda project: project not in absent_projects,
        streams=heard or Heard(),
        content=content,
    )
    return Client(ErrorEdge(app, {"v2": v2_errors.answer(lambda _: REALM)}), registry)


@pytest.fixture
def client(registry, rights, absent_projects, heard, content) -> Client:
    return serve(registry, rights, absent_projects, heard, content)


@pytest.fixture
def open_on_disk(tmp_path, rights, absent_projects):
    """Start a server on one state directory, as often as you like."""

    def start() -> Client:
        blobs, metadata = STORES["disk"](tmp_path)
        return serve(Registry(blobs=blobs, metadata=metadata), rights, absent_projects)

    return start


@pytest.fixture
def gone():
    return GONE


@pytest.fixture
def make_image():
    return image
