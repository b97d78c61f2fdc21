"""
Imports from real registries: a server of ours with a private authority and a login, docker-registry without
TLS, and one that does what it should not. What was imported is pulled through our registry.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import hostile_registry
from e2e import images, machine
from e2e.clients import Kubectl, Skopeo
from e2e.docker_registry import DockerRegistry
from e2e.registry_api import RegistryApi
from e2e.wharf import Wharf
from hostile_registry import Hostile, Reply, said

pytestmark = pytest.mark.e2e

STREAMS = "/apis/image.openshift.io/v1/namespaces/{}/{}"


@dataclass
class Harbour:
    """A server that imports; each place is `host:port` of a registry."""

    server: Wharf
    there: Wharf
    plain: DockerRegistry
    hostile: str
    """Where a test may serve what it likes; the list names it, and lets it have no TLS."""
    inside: str
    """Where the list lets imports go by a wildcard only."""


@pytest.fixture(scope="module")
def harbour(wharf: Wharf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    folder = tmp_path_factory.mktemp("imports")
    plain = DockerRegistry(folder / "plain")
    hostile = f"127.0.0.1:{machine.free_port()}"
    lines = [
        {"domainName": wharf.host},
        {"domainName": plain.host, "insecure": True},
        {"domainName": hostile, "insecure": True},
        {"domainName": "localhost:*"},
    ]
    policy = {
        "allowedRegistriesForImport": lines,
        "scheduledImageImportMinimumIntervalSeconds": 1,
        "maxScheduledImageImportsPerMinute": -1,
    }
    file = folder / "policy.yaml"
    file.write_text(json.dumps(policy))  # JSON is YAML
    server = Wharf(folder / "state", flags=("--import-policy", str(file)))
    server.start()
    yield Harbour(server, wharf, plain, hostile, f"localhost:{machine.free_port()}")
    server.stop()
    plain.stop()


class Api:
    """The objects of one project, as its administrator."""

    def __init__(self, session: aiohttp.ClientSession, server: Wharf, project: str) -> None:
        self._session, self._server, self._project = session, server, project
        self._headers = {"Authorization": f"Bearer {server.admin_token()}"}

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        url = self._server.url + path
        async with self._session.request(
            method, url, json=body, headers=self._headers, ssl=self._server.context() or True
        ) as answer:
            return answer.status, await answer.json()

    async def begin(self) -> None:
        status, _ = await self.ask(
            "POST", "/api/v1/namespaces", {"metadata": {"name": self._project}}
        )
        assert status == 201

    async def make(self, plural: str, body: Any) -> Any:
        status, made = await self.ask("POST", f"/api/v1/namespaces/{self._project}/{plural}", body)
        assert status == 201, made
        return made

    async def post(self, spec: Any, stream: str = "app") -> tuple[int, Any]:
        body = {"metadata": {"name": stream}, "spec": {"import": True, **spec}}
        return await self.ask("POST", STREAMS.format(self._project, "imagestreamimports"), body)

    async def take(self, *names: str, stream: str = "app", **policy: bool) -> list[Any]:
        """Import images; each one's part of the status."""
        entries = [
            {"from": {"kind": "DockerImage", "name": name}, "importPolicy": policy}
            for name in names
        ]
        status, answer = await self.post({"images": entries}, stream)
        assert status == 201, answer
        found: list[Any] = answer["status"]["images"]
        return found

    async def stream(self, name: str = "app") -> Any:
        _, found = await self.ask("GET", STREAMS.format(self._project, f"imagestreams/{name}"))
        return found

    async def layer(self, content: bytes) -> tuple[int, bytes]:
        """Pull a layer of the stream `app`: the status, and what came before the answer was cut."""
        came, path = b"", f"/v2/{self._project}/app/blobs/{images.digest_of(content)}"
        async with self._session.get(
            self._server.url + path, headers=self._headers, ssl=self._server.context() or True
        ) as answer:
            with suppress(aiohttp.ClientPayloadError):
                async for part in answer.content.iter_any():
                    came += part
            return answer.status, came

    async def begin_stream(self, body: Any) -> None:
        status, answer = await self.ask("POST", STREAMS.format(self._project, "imagestreams"), body)
        assert status == 201, answer


@pytest.fixture
async def api(harbour: Harbour, project: str) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as session:
        made = Api(session, harbour.server, project)
        await made.begin()
        yield made


async def push(server: Wharf, name: str, tag: str, token: str) -> str:
    """Push an image that shares nothing with another; return its digest."""
    manifest, blobs = images.random_image(limit=4096)
    async with RegistryApi.connect(server.url, token, server.context()) as registry:
        for digest, content in blobs.items():
            assert await registry.put_blob(name, digest, content) == 201
        assert await registry.put_manifest(name, tag, manifest) == 201
    return images.digest_of(manifest)


async def push_plain(registry: DockerRegistry, name: str, tag: str) -> str:
    manifest, blobs = images.random_image(limit=4096)
    async with RegistryApi.connect(f"http://{registry.host}", "none") as plain:
        for digest, content in blobs.items():
            assert await plain.put_blob(name, digest, content) == 201
        assert await plain.put_manifest(name, tag, manifest) == 201
    return images.digest_of(manifest)


def pull_secret(host: str, password: str, name: str = "pull") -> Any:
    auths = {"auths": {host: {"username": "anyone", "password": password}}}
    data = base64.b64encode(json.dumps(auths).encode()).decode()
    return {
        "metadata": {"name": name},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": data},
    }


async def eventually(what: str, find: Any) -> Any:
    """As `machine.eventually`, while servers of this event loop go on."""
    deadline = asyncio.get_running_loop().time() + 30
    while (found := await find()) is None:
        assert asyncio.get_running_loop().time() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.05)
    return found


def heads(stream: Any) -> dict[str, str]:
    """What each tag means."""
    tags = stream.get("status", {}).get("tags", ())
    return {one["tag"]: one["items"][0]["image"] for one in tags if one["items"]}


def failures(stream: Any) -> dict[str, str]:
    tags = stream.get("status", {}).get("tags", ())
    return {one["tag"]: one["conditions"][0]["reason"] for one in tags if "conditions" in one}


async def test_from_a_server_with_a_private_authority_and_a_login(
    harbour: Harbour, api: Api, admin: Kubectl, project: str, tmp_path: Path
) -> None:
    there = harbour.there
    token = there.admin_token()
    upstream = f"{project}-up"
    admin("create", "namespace", upstream).check()
    first = await push(there, f"{upstream}/app", "1", token)
    name = f"{there.host}/{upstream}/app"

    (untrusted,) = await api.take(f"{name}:1", stream="strange")
    assert "certificate" in untrusted["status"]["message"]
    authority = {"data": {"ca.crt": there.authority.read_text()}}
    await api.make("configmaps", {"metadata": {"name": "site-ca"}, **authority})
    annotated = {"name": "app", "annotations": {"wharfinger.dev/ca-bundle": "site-ca"}}
    await api.begin_stream({"metadata": annotated})

    (nobody,) = await api.take(f"{name}:1")
    assert nobody["status"]["reason"] == "Unauthorized"
    assert "did not have credentials" in nobody["status"]["message"]
    await api.make("secrets", pull_secret(there.host, "wrong"))
    (wrong,) = await api.take(f"{name}:1")
    assert wrong["status"]["reason"] == "Unauthorized"
    assert "wrong" not in json.dumps(wrong)
    await api.make("secrets", pull_secret(f"{there.host}/{upstream}", token, "right"))
    good, broken, same = await api.take(f"{name}:1", f"{name}:none", f"{name}@{first}")

    assert (good["status"]["status"], same["status"]["status"]) == ("Success", "Success")
    assert broken["status"]["reason"] == "NotFound"
    stream = await api.stream()
    assert heads(stream) == {"1": first}
    assert failures(stream) == {"none": "NotFound"}
    assert token not in harbour.server.log.read_text()

    await push(there, f"{upstream}/app", "2", token)
    status, answer = await api.post({"repository": {"from": {"kind": "DockerImage", "name": name}}})
    assert status == 201
    assert [one["tag"] for one in answer["status"]["repository"]["images"]] == ["1", "2"]

    skopeo = Skopeo(tmp_path, harbour.server, harbour.server.admin_token())
    await pulled(skopeo, f"{harbour.server.host}/{project}/app:1", first)
    admin("-n", upstream, "delete", "imagestream", "app").check()
    await pulled(skopeo, f"{harbour.server.host}/{project}/app:1", first)


async def pulled(skopeo: Skopeo, name: str, digest: str) -> None:
    """Pull an image, which has to have the digest and all of its blobs."""
    folder = skopeo.folder / "pulled"
    copy = await asyncio.to_thread(
        skopeo.copy, f"docker://{name}", f"dir:{folder}", "--preserve-digests"
    )
    copy.check()
    manifest = (folder / "manifest.json").read_bytes()
    assert images.digest_of(manifest) == digest
    document = json.loads(manifest)
    for one in (document["config"], *document["layers"]):
        content = (folder / one["digest"].removeprefix("sha256:")).read_bytes()
        assert images.digest_of(content) == one["digest"]
    shutil.rmtree(folder)


async def test_from_a_registry_without_tls_moved_by_the_clock(
    harbour: Harbour, api: Api, project: str
) -> None:
    first = await push_plain(harbour.plain, "up/app", "1")
    name = f"{harbour.plain.host}/up/app"

    (secure,) = await api.take(f"{name}:1")
    assert secure["status"]["reason"] == "BadRequest"
    assert "is HTTP only and requires the insecure flag" in secure["status"]["message"]
    (insecure,) = await api.take(f"{name}:1", insecure=True, scheduled=True)
    assert insecure["status"]["status"] == "Success"
    stream = await api.stream()
    assert heads(stream) == {"1": first}
    version = stream["metadata"]["resourceVersion"]

    second = await push_plain(harbour.plain, "up/app", "1")
    assert (await api.stream())["metadata"]["resourceVersion"] == version

    async def moved() -> Any:
        found = await api.stream()
        return found if heads(found) == {"1": second} else None

    stream = await eventually("the tag to move", moved)
    assert [one["image"] for one in stream["status"]["tags"][0]["items"]] == [second, first]

    async def told() -> Any:
        _, events = await api.ask("GET", f"/api/v1/namespaces/{project}/events")
        return [one["message"] for one in events["items"] if one["reason"] == "TagMoved"] or None

    assert await eventually("the event", told) == [f"Tag '1' moved from {first} to {second}"]


async def test_what_no_rule_allows_is_refused(harbour: Harbour, api: Api) -> None:
    async def refused(name: str, **policy: bool) -> str:
        entry = {"from": {"kind": "DockerImage", "name": name}, "importPolicy": policy}
        status, answer = await api.post({"images": [entry]})
        assert status == 422, answer
        return str(answer["message"])

    # The administrator may import from everywhere, but nothing insecurely that no line names.
    assert "insecurely is forbidden" in await refused(f"{harbour.there.host}/a/b", insecure=True)
    (inside,) = await api.take(f"{harbour.inside}/a/b:1")
    assert inside["status"]["reason"] == "Forbidden"
    assert "blocked" in inside["status"]["message"]
    (metadata,) = await api.take("169.254.169.254/latest/meta-data:1")
    assert metadata["status"]["reason"] == "Forbidden"


@pytest.fixture
async def hostile(harbour: Harbour) -> AsyncIterator[Hostile]:
    port = int(harbour.hostile.rpartition(":")[2])
    async with hostile_registry.serving(port=port) as made:
        yield made


async def test_one_that_lies_hangs_or_sends_us_inside(
    harbour: Harbour, api: Api, hostile: Hostile
) -> None:
    canary_port = int(harbour.inside.rpartition(":")[2])
    async with hostile_registry.serving(port=canary_port) as canary:
        config = b'{"architecture":"amd64","os":"linux","config":{"Labels":{"a":"b"}}}'
        layer = b"a layer that lies at first"
        manifest = image_of(config, layer)
        raw = json.dumps(manifest).encode()
        kind = {"Content-Type": manifest["mediaType"]}
        hostile.answers["/v2/"] = said({})
        for case in ("good", "lies", "short", "inside", "realm", "digest"):
            hostile.answers[f"/v2/up/{case}/manifests/1"] = Reply(200, kind, raw)
        blob = images.digest_of(config)
        hostile.has_blob("up/good", config)
        hostile.answers[f"/v2/up/lies/blobs/{blob}"] = Reply(body=b"x" * len(config))
        hostile.answers[f"/v2/up/short/blobs/{blob}"] = Reply(body=config, sent=5)
        inside = {"Location": f"http://{harbour.inside}/latest/meta-data"}
        hostile.answers[f"/v2/up/inside/blobs/{blob}"] = Reply(307, inside)
        realm = {"WWW-Authenticate": f'Bearer realm="http://{harbour.inside}/token",service="x"'}
        hostile.answers["/v2/up/realm/manifests/1"] = Reply(401, realm, b"{}")
        wrong = {**kind, "Docker-Content-Digest": f"sha256:{'0' * 64}"}
        hostile.answers["/v2/up/digest/manifests/1"] = Reply(200, wrong, raw)
        await api.make("secrets", pull_secret(harbour.hostile, "canary-password"))

        hostile.answers["/v2/up/hangs/manifests/1"] = Reply(200, kind, raw, sent=3, hangs=True)

        hanging = asyncio.create_task(
            api.take(f"{harbour.hostile}/up/hangs:1", stream="hangs", insecure=True)
        )
        await eventually("it to hang", lambda: asked(hostile, "/v2/up/hangs/manifests/1"))
        cases = ("good", "lies", "short", "inside", "realm", "digest")
        names = [f"{harbour.hostile}/up/{case}:1" for case in cases]
        found = await api.take(*names, insecure=True)
        assert not hanging.done()
        hostile.closed.set()
        (hung,) = await hanging
        assert hung["status"]["reason"] == "InternalError"

        results = {case: one["status"]["status"] for case, one in zip(cases, found, strict=True)}
        assert results == {"good": "Success", **dict.fromkeys(cases[1:], "Failure")}
        assert canary.seen == []
        assert "canary-password" not in json.dumps(found)
        assert "canary-password" not in harbour.server.log.read_text()
        _, kept = await api.ask("GET", "/apis/image.openshift.io/v1/images")
        assert images.digest_of(raw) in {one["metadata"]["name"] for one in kept["items"]}

        hostile.answers[f"/v2/up/good/manifests/{images.digest_of(raw)}"] = Reply(200, kind, raw)
        path = f"/v2/up/good/blobs/{images.digest_of(layer)}"
        hostile.answers[path] = Reply(body=b"x" * len(layer))
        assert await api.layer(layer) != (200, layer)
        hostile.answers[path] = Reply(body=layer)
        assert await api.layer(layer) == (200, layer)


async def asked(hostile: Hostile, target: str) -> bool | None:
    return target in hostile.targets or None


def image_of(config: bytes, layer: bytes) -> Any:
    return {
        "schemaVersion": 2,
        "mediaType": images.OCI_MANIFEST,
        "config": {
            "mediaType": images.OCI_CONFIG,
            "digest": images.digest_of(config),
            "size": len(config),
        },
        "layers": [
            {
                "mediaType": images.OCI_LAYER,
                "digest": images.digest_of(layer),
                "size": len(layer),
            }
        ],
    }
