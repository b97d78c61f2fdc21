"""
Raw calls to the Docker API: every way in for an image, plain and disguised.

A disguise is what CVE-2024-41110 and CVE-2026-34040 used (a body that the daemon reads and does not
pass on), and each way of writing an address or a JSON key that a router or decoder in Go folds.
"""

from __future__ import annotations

import io
import itertools
import json
import socket
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from e2e.guarded_docker import ALLOWED, BLOCKED
from wharfinger.hosts.on_host.docker_authz.call import Call

JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
TAR = ("Content-Type", "application/x-tar")
PASSED_BELOW = 1 << 20
HIJACK = (("Connection", "Upgrade"), ("Upgrade", "h2c"))


@dataclass(frozen=True)
class RawCall:
    """`length` is what Content-Length says, `None` for the body's; `chunked` sends none."""

    what: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    chunked: bool = False
    length: int | None = None

    def bytes(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: docker"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif self.body or self.method == "POST":
            lines.append(
                f"Content-Length: {len(self.body) if self.length is None else self.length}"
            )
        if not self.is_hijack:
            lines.append("Connection: close")
        head = "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")
        return head + (
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(self.body), self.body) if self.chunked else self.body
        )

    @property
    def is_hijack(self) -> bool:
        return any(name == "Upgrade" for name, _ in self.headers)

    def as_passed(self) -> Call:
        """What the daemon passes to a plugin of this call: 20.10 with its fix for CVE-2024-41110."""
        passed = {name.lower(): value for name, value in self.headers}
        if not self.chunked and (self.body or self.method == "POST"):
            passed["content-length"] = str(len(self.body) if self.length is None else self.length)
        types = [value for name, value in self.headers if name.lower() == "content-type"]
        is_json = bool(types) and types[0].partition(";")[0].strip().lower() == "application/json"
        declared = self.body if self.length is None else self.body[: self.length]
        shown = is_json and len(declared) < PASSED_BELOW and not self.target.endswith("/auth")
        return Call(self.method, self.target, passed, declared if shown and declared else None)


@dataclass(frozen=True)
class Answer:
    status: int
    text: str = field(repr=False)

    @property
    def refused(self) -> bool:
        return "authorization denied by plugin wharfinger" in self.text

    @property
    def unrouted(self) -> bool:
        """The daemon's router or HTTP server has answered before anybody was asked."""
        moved = self.status == 301
        unknown = self.status in (404, 405) and "page not found" in self.text
        return moved or unknown or self.text.rstrip().endswith("\n400 Bad Request")


def send(path: Path, call: RawCall) -> Answer:
    """The whole answer, or of a connection that stays open its head."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(path))
        with suppress(BrokenPipeError):  # refused before the body was read
            connection.sendall(call.bytes())
        received = b""
        while not (call.is_hijack and b"\r\n\r\n" in received):
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                break
            if not piece:
                break
            received += piece
    text = received.decode(errors="replace")
    return Answer(int(text.split(" ", 2)[1]) if text.startswith("HTTP/") else 0, text)


def context(*bases: str) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        text = "".join(f"FROM {base}\nLABEL by={base}\n" for base in bases).encode()
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return archive.getvalue()


def matrix(saved: bytes) -> list[RawCall]:
    """All calls; `saved` is an archive of `docker save` with an image of the blocked registry."""
    return [*_pulls(), *_paths(), *_queries(), *_bodies(), *_other_ways(saved), *_harmless()]


def _pulls() -> Iterator[RawCall]:
    names = (
        ALLOWED,
        BLOCKED,
        "docker.io",
        "elsewhere.test",
        f"{ALLOWED}.blocked.test",
        "blocked.test",
    )
    digest = "sha256:" + "ab" * 32
    for registry, (suffix, tag) in itertools.product(
        names, (("", "1"), (":1", ""), ("", digest), (f"@{digest}", ""), (":", "1"))
    ):
        image = quote(f"{registry}/app{suffix}", safe="")
        yield _create(
            f"pull {registry}/app{suffix} {tag}", f"fromImage={image}&tag={quote(tag, safe='')}"
        )
    for name in (
        "busybox",
        "library/busybox",
        "quay.io",
        "localhost:5001",
        "Blocked/app",
        "BLOCKED.test:5001/app",
        "blocked.test:05001/app",
        "blocked.test.:5001/app",
        "[::1]:5001/app",
        "app@@x",
        "ALLOWED.TEST:5000/app",
    ):
        yield _create(f"pull {name}", f"fromImage={quote(name, safe='')}&tag=1")


def _paths() -> Iterator[RawCall]:
    query = f"?fromImage={BLOCKED}/app&tag=1"
    paths = (
        "/v1.41/images/create",
        "/v1.24/images/create",
        "/v.../images/create",
        "/v1.24/../images/create",
        "//images/create",
        "/./images/create",
        "/%69mages/create",
        "/images/%63reate",
        "/images%2Fcreate",
        "/v1.41%2Fimages/create",
        "/%2e%2e/images/create",
        "/v1.24/%2e%2e/images/create",
        "/images/create/",
        "/IMAGES/create",
        "/images/create%00",
        "/images/create%0a",
        "/images/create;x",
        "/v1.41/v1.41/images/create",
        "http://docker/images/create",
        "http://docker/v1.41/images/create",
        "images/create",
        "/images/create%zz",
        "/images\\create",
        "/images/x/../create",
    )
    for path in paths:
        yield RawCall(f"path {path}", "POST", path + query)
    for method in ("post", "PUT", "PATCH", "GET", "POST"):
        yield RawCall(f"method {method}", method, "/images/create" + query)


def _queries() -> Iterator[RawCall]:
    good, bad = f"{ALLOWED}/app", f"{BLOCKED}/app"
    for query in (
        f"fromImage={good}&fromImage={bad}&tag=1", f"fromImage={bad}&fromImage={good}&tag=1",
        f"fromImage={good}&repo={bad}&tag=1", f"fromImage={bad};fromImage={good}&tag=1",
        f"fromImage={good}&tag=1;fromImage={bad}", f"fromimage={good}&fromImage={bad}&tag=1", f"fromImage={bad}&tag=1#{good}",
        f"from%49mage={bad}&tag=1", f"fromImage={bad}%00&tag=1", f"fromImage=%20{bad}&tag=1", f"fromImage={good}%zz",
        f"fromImage={good}&tag=1&x=/auth", f"fromImage=&fromSrc=http://{BLOCKED}/rootfs.tar&repo={good}",
        f"fromSrc=http://{BLOCKED}/rootfs.tar", f"fromSrc={BLOCKED}/rootfs.tar", f"fromSrc=http://{ALLOWED}%40{BLOCKED}/x",
        f"fromSrc=-&repo={bad}", f"fromSrc=-&repo={good}", "fromSrc=-", f"fromSrc=-&fromImage={bad}&tag=1",
        f"?fromImage={bad}&tag=1", f"fromImage={good}&tag={bad}", f"fromImage={good}&tag=1&platform=linux/amd64", "",
    ):  # fmt: skip
        yield _create(f"query {query}", query)
    fields = f"fromImage={bad}&tag=1".encode()
    hidden = f"/images/create?fromImage={good}&tag=1"
    for types in ((FORM,), (FORM, JSON), (FORM, ("Content-Type", "text/plain")), (JSON, FORM)):
        yield RawCall(f"form {types}", "POST", hidden, types, fields)
        yield RawCall(f"form in chunks {types}", "POST", hidden, types, fields, chunked=True)
        yield RawCall(
            f"import form {types}", "POST", f"/images/create?fromSrc=-&repo={good}", types, fields
        )


def _bodies() -> Iterator[RawCall]:
    good, bad = f"{ALLOWED}/app:1", f"{BLOCKED}/app:1"
    documents = (
        {"Image": good}, {"Image": bad}, {"image": bad}, {"IMAGE": bad}, {"Image": "busybox"}, {"Image": None}, {"Image": 1},
        {"Image": good, "HostConfig": {"Image": bad}}, {"Image": "sha256:" + "ab" * 32}, {"Image": "abcdef012345"}, {"Image": [bad]},
    )  # fmt: skip
    texts = [json.dumps(document).encode() for document in documents]
    texts += [
        b'{"Image": "%s", "Image": "%s"}' % (good.encode(), bad.encode()),
        b'{"Image": "%s", "iMAGE": "%s"}' % (good.encode(), bad.encode()),
        b'{"Image": "%s"} {"Image": "%s"}' % (good.encode(), bad.encode()),
        b'{"\\u0049mage": "%s"}' % bad.encode(), b'{"Image": "%s\\u0000"}' % bad.encode(), b'{"Image": "%s", "x": "\xff"}' % good.encode(),
        b'\xef\xbb\xbf{"Image": "%s"}' % bad.encode(), b"[" * 9000 + b"]" * 9000, b'{"Image":"%s","x":%s}' % (good.encode(), b"[" * 5000 + b"]" * 5000),
        b"", b"null", b"[]", b'"x"', b"{", b'{"Image": "%s", "x": NaN}' % good.encode(),
    ]  # fmt: skip
    for text in texts:
        yield RawCall(f"container {text[:60]!r}", "POST", "/containers/create", (JSON,), text)
    bad_text, good_text = texts[1], texts[0]
    large = good_text[:-1] + b', "Labels": {"x": "' + b"x" * PASSED_BELOW + b'"}}'
    yield RawCall("container, body over 1 MiB", "POST", "/containers/create", (JSON,), large)
    yield RawCall(
        "container, large in chunks", "POST", "/containers/create", (JSON,), large, chunked=True
    )
    for text, kind in itertools.product(
        (good_text, bad_text),
        (
            "application/json; charset=utf-8",
            "APPLICATION/JSON",
            "text/json",
            "application/json+x",
            "",
        ),
    ):
        headers = (("Content-Type", kind),) if kind else ()
        yield RawCall(
            f"container as {kind!r} {text[:40]!r}", "POST", "/containers/create", headers, text
        )
        yield RawCall(
            f"container in chunks as {kind!r} {text[:40]!r}",
            "POST",
            "/containers/create",
            headers,
            text,
            chunked=True,
        )
    yield RawCall(
        "container, length 0 and a body", "POST", "/containers/create", (JSON,), bad_text, length=0
    )
    yield RawCall(
        "container, no body for /auth", "POST", "/containers/create?x=/auth", (JSON,), bad_text
    )
    yield RawCall(
        "container, two types",
        "POST",
        "/containers/create",
        (("Content-Type", "text/plain"), JSON),
        bad_text,
    )
    yield RawCall(
        "container, packed",
        "POST",
        "/containers/create",
        (JSON, ("Content-Encoding", "gzip")),
        bad_text,
    )
    yield RawCall("container, other address", "POST", "/%63ontainers/cre%61te", (JSON,), bad_text)


def _other_ways(saved: bytes) -> Iterator[RawCall]:
    good, bad = f"{ALLOWED}/app", f"{BLOCKED}/app"
    yield RawCall("push", "POST", f"/images/{bad}/push?tag=1", (("X-Registry-Auth", "e30="),))
    yield RawCall(
        "push, escaped",
        "POST",
        f"/images/{quote(bad, safe='')}/push?tag=1",
        (("X-Registry-Auth", "e30="),),
    )
    yield RawCall(
        "push of what is allowed",
        "POST",
        f"/images/{good}/push?tag=1",
        (("X-Registry-Auth", "e30="),),
    )
    for source, repo in ((good, bad), (bad, good), (good, good), ("quay.io", good)):
        yield RawCall(
            f"tag {source} {repo}",
            "POST",
            f"/images/{source}:1/tag?repo={quote(repo, safe='')}&tag=2",
        )
    for headers in (
        (TAR,),
        (),
        (JSON,),
        (("X-Wharfinger-Load", "../../etc/passwd"), TAR),
        (("X-Wharfinger-Load", "0" * 32), TAR),
    ):
        yield RawCall(f"load {headers}", "POST", "/images/load?quiet=1", headers, saved)
    for base in (bad, f"{bad}:1", "busybox", "quay.io/app", "scratch", f"{good}:1"):
        yield RawCall(f"build from {base}", "POST", f"/build?t={good}:built", (TAR,), context(base))
        yield RawCall(f"build from {base}, pulling", "POST", "/build?pull=1", (TAR,), context(base))
    yield RawCall("build in stages", "POST", "/build", (TAR,), context(f"{good}:1", f"{bad}:1"))
    yield RawCall(
        "build for a blocked name", "POST", f"/build?t={bad}:1", (TAR,), context("scratch")
    )
    yield RawCall(
        "build for two names", "POST", f"/build?t={good}:2&t={bad}:2", (TAR,), context("scratch")
    )
    yield RawCall("build of a remote context", "POST", f"/build?remote=http://{BLOCKED}/Dockerfile")
    yield RawCall(
        "build with a form",
        "POST",
        f"/build?t={good}:3",
        (FORM,),
        f"remote=http://{BLOCKED}/x".encode(),
    )
    yield RawCall("session", "POST", "/session", HIJACK)
    yield RawCall("grpc", "POST", "/grpc", HIJACK)
    for query in (f"repo={bad}", f"repo={good}", "", f"repo={good}&repo={bad}"):
        yield RawCall(f"commit {query}", "POST", f"/commit?container=none&{query}", (JSON,), b"{}")
    for image in (good, bad, "busybox"):
        spec = {"Name": "x", "TaskTemplate": {"ContainerSpec": {"Image": image}}}
        plugin = {"Name": "x", "tasktemplate": {"PLUGINSPEC": {"remote": image}}}
        for document, path in itertools.product(
            (spec, plugin), ("/services/create", "/services/x/update?version=1")
        ):
            yield RawCall(
                f"service {document} {path}", "POST", path, (JSON,), json.dumps(document).encode()
            )
        yield RawCall(f"plugin {image}", "POST", f"/plugins/pull?remote={image}", (JSON,), b"[]")
        yield RawCall(
            f"plugin upgrade {image}", "POST", f"/plugins/x/upgrade?remote={image}", (JSON,), b"[]"
        )
        yield RawCall(f"plugin privileges {image}", "GET", f"/plugins/privileges?remote={image}")
        yield RawCall(
            f"plugin named {image}",
            "POST",
            f"/plugins/create?name={image}",
            (TAR,),
            context("scratch"),
        )
        yield RawCall(f"plugin push {image}", "POST", f"/plugins/{image}/push")
        yield RawCall(f"distribution {image}", "GET", f"/distribution/{image}/json")
        yield RawCall(f"search {image}", "GET", f"/images/search?term={quote(image, safe='')}")
    yield RawCall(
        "service, Kelvin's K",
        "POST",
        "/services/create",
        (JSON,),
        json.dumps({"Tas\u212aTemplate": {"Container\u017fpec": {"Image": bad}}}).encode(),
    )
    yield RawCall(
        "swarm join",
        "POST",
        "/swarm/join",
        (JSON,),
        b'{"RemoteAddrs": ["blocked.test:2377"], "JoinToken": "x"}',
    )
    yield RawCall("unknown", "POST", "/images/pull-from-elsewhere")
    yield RawCall("unknown put", "PUT", "/images/x")


def _harmless() -> Iterator[RawCall]:
    for path in (
        "/_ping",
        "/version",
        "/info",
        "/containers/json",
        "/images/json",
        "/v1.41/images/json?all=1",
        "/events?until=1",
        "/containers/json?filters=%7B%7D;",
    ):
        yield RawCall(f"get {path}", "GET", path)
    for path in (
        "/containers/none/start",
        "/containers/none/kill",
        "/images/prune",
        "/networks/prune",
        "/build/prune",
        "/containers/none/attach",
    ):
        yield RawCall(f"post {path}", "POST", path)
    yield RawCall("login", "POST", "/auth", (JSON,), b'{"serveraddress": "allowed.test:5000"}')
    yield RawCall("delete", "DELETE", "/images/none")


def _create(what: str, query: str) -> RawCall:
    return RawCall(what, "POST", f"/images/create?{query}")
