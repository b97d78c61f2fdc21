"""
What is measured: a few suites, each run on one contender and returning its samples.

Both contenders get the same bytes in the same order within a round, and new bytes in each round,
so that nothing is answered from what an earlier round left behind.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import layers, wire
from bench.contenders import PROJECT, Contender
from bench.report import Measure
from bench.wire import Connection
from e2e import images, machine
from e2e.clients import Docker

MANIFEST_GET = Measure("manifest GET, 16 connections", "1/s", "higher")
BLOB_PUT = Measure("blob PUT, 500 MB, synced", "MB/s", "higher")
BLOB_GET = Measure("blob GET, 500 MB", "MB/s", "higher")
SMALL_PUT = Measure("1,000 blobs of 4 KiB up, 8 connections", "s", "lower")
SMALL_GET = Measure("1,000 blobs of 4 KiB down, 8 connections", "s", "lower")
DOCKER_PUSH = Measure("docker push, ten layers of 5 MB", "s", "lower")
DOCKER_PULL = Measure("docker pull, ten layers of 5 MB", "s", "lower")

LARGE = 500_000_000

Taken = Mapping[Measure, float]


@dataclass(slots=True)
class Material:
    """The bytes of one round; the same for both contenders but for the images (see `layers`)."""

    folder: Path
    docker: Docker
    repository: str
    large: Path = field(init=False)
    large_digest: str = field(init=False)
    small: dict[str, bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.large = self.folder / "large"
        self.large_digest = layers.write_random(self.large, LARGE)
        contents = (secrets.token_bytes(4096) for _ in range(1000))
        self.small = {images.digest_of(content): content for content in contents}


@dataclass(slots=True)
class Run:
    """One contender in one round."""

    contender: Contender
    material: Material
    authorization: str | None

    def head(self, method: str, rest: str, **headers: str) -> bytes:
        path = rest if rest.startswith("/") else f"/v2/{self.material.repository}/{rest}"
        return wire.request(
            self.contender, method, path, {"Authorization": self.authorization, **headers}
        )

    def large_blob(self) -> Taken:
        empty = {"Content-Length": "0"}
        os.sync()
        with _clock() as up:
            started = wire.exchange(self.contender, self.head("POST", "blobs/uploads/", **empty))
            place = wire.closing(started.expect(202).location, self.material.large_digest)
            put = self.head("PUT", place, **_body(LARGE))
            wire.exchange(self.contender, put, self.material.large).expect(201)
        with _clock() as down:
            get = self.head("GET", f"blobs/{self.material.large_digest}")
            answer = wire.exchange(self.contender, get).expect(200)
        assert answer.length == LARGE
        return {BLOB_PUT: LARGE / 1e6 / up(), BLOB_GET: LARGE / 1e6 / down()}

    def small_blobs(self) -> Taken:
        async def get(connection: Connection, digest: str) -> None:
            (await connection.ask(self.head("GET", f"blobs/{digest}"))).expect(200)

        os.sync()
        with _clock() as up:
            self._put_small(self.material.small)
        with _clock() as down:
            asyncio.run(wire.spread(self.contender, self.material.small, get, connections=8))
        return {SMALL_PUT: up(), SMALL_GET: down()}

    def manifest(self) -> Taken:
        """Push a manifest of three small blobs, and ask for it as fast as can be."""
        config, *rest = list(self.material.small)[:3]
        self._put_small({digest: self.material.small[digest] for digest in (config, *rest)})
        manifest = json.dumps(_manifest(config, rest)).encode()
        put = self.head("PUT", "manifests/1", **_body(len(manifest), images.OCI_MANIFEST))
        source = self.material.folder / "manifest"
        source.write_bytes(manifest)
        wire.exchange(self.contender, put, source).expect(201)
        headers = ["-H", f"Accept: {images.OCI_MANIFEST}"]
        if self.authorization is not None:
            headers += ["-H", f"Authorization: {self.authorization}"]
        url = f"{self.contender.url}/v2/{self.material.repository}/manifests/1"
        wrk = (machine.need("wrk"), "-t1", "-c16", "-d4s", *headers, url)
        said = machine.run(*wrk).check()
        found = re.search(r"Requests/sec: *([\d.]+)", said)
        if found is None or "Non-2xx" in said:
            raise wire.UnexpectedAnswer(said)
        return {MANIFEST_GET: float(found[1])}

    def docker(self) -> Taken:
        docker = self.material.docker
        image = f"{self.contender.host}/{self.material.repository}:1"
        layers.load(docker, image, self.material.folder)
        if self.contender.password is not None:
            docker.login(self.contender.host, self.contender.password).check()
        os.sync()
        with _clock() as push:
            docker("push", image).check()
        docker.forget(image)
        os.sync()
        with _clock() as pull:
            docker("pull", image).check()
        docker.forget(image)
        return {DOCKER_PUSH: push(), DOCKER_PULL: pull()}

    def _put_small(self, blobs: Mapping[str, bytes]) -> None:
        async def put(connection: Connection, blob: tuple[str, bytes]) -> None:
            digest, content = blob
            post = self.head("POST", "blobs/uploads/", **{"Content-Length": "0"})
            place = wire.closing((await connection.ask(post)).expect(202).location, digest)
            head = self.head("PUT", place, **_body(len(content)))
            (await connection.ask(head, content)).expect(201)

        asyncio.run(wire.spread(self.contender, blobs.items(), put, connections=8))


SUITES: dict[str, Callable[[Run], Taken]] = {
    "large": Run.large_blob,
    "small": Run.small_blobs,
    "manifest": Run.manifest,
    "docker": Run.docker,
}


def repository(round_number: int) -> str:
    return f"{PROJECT}/round{round_number}"


def _body(length: int, media_type: str = "application/octet-stream") -> dict[str, str]:
    return {"Content-Type": media_type, "Content-Length": str(length)}


def _manifest(config: str, layer_digests: list[str]) -> dict[str, object]:
    return {
        "schemaVersion": 2,
        "mediaType": images.OCI_MANIFEST,
        "config": {"mediaType": images.OCI_CONFIG, "digest": config, "size": 4096},
        "layers": [
            {"mediaType": images.OCI_LAYER, "digest": digest, "size": 4096}
            for digest in layer_digests
        ],
    }


@contextmanager
def _clock() -> Iterator[Callable[[], float]]:
    """Time the block; the function that is given tells how long it took."""
    start = time.perf_counter()
    end: list[float] = []
    yield lambda: end[0] - start
    end.append(time.perf_counter())
