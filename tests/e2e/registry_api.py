"""
A client that speaks the distribution API without any manners of its own.

The stock clients retry, cache and hide; the crash and disk tests have to know what was answered
to which request. Every method returns what the server said, or raises what the connection did.
"""

from __future__ import annotations

import hashlib
import io
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp
from yarl import URL

from e2e.images import OCI_MANIFEST


class RegistryApi:
    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session = session
        self._url = url
        self._token = token

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str, token: str, context: ssl.SSLContext | None = None
    ) -> AsyncIterator[Self]:
        headers = {"Authorization": aiohttp.encode_basic_auth("anyone", token)}
        timeout = aiohttp.ClientTimeout(total=300, sock_read=60)
        connector = aiohttp.TCPConnector(ssl=context or True)
        async with aiohttp.ClientSession(
            headers=headers, timeout=timeout, connector=connector
        ) as session:
            yield cls(session, url, token)

    async def put_blob(
        self, repository: str, digest: str, content: bytes | AsyncIterator[bytes]
    ) -> int:
        """Upload in one PUT; return the last status."""
        status, place = await self._open(repository)
        if status != 202:
            return status
        body = io.BytesIO(content) if isinstance(content, bytes) else content
        async with self._session.put(place.update_query(digest=digest), data=body) as answer:
            return answer.status

    async def put_blob_in_chunks(
        self, repository: str, digest: str, content: bytes, size: int
    ) -> int:
        """Upload in PATCHes of `size` bytes and an empty PUT; return the last status."""
        status, place = await self._open(repository)
        if status != 202:
            return status
        for start in range(0, len(content), size):
            part = content[start : start + size]
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Range": f"{start}-{start + len(part) - 1}",
            }
            async with self._session.patch(place, data=io.BytesIO(part), headers=headers) as answer:
                if answer.status != 202:
                    return answer.status
                place = self._place(answer)
        async with self._session.put(place.update_query(digest=digest)) as answer:
            return answer.status

    async def mount(self, repository: str, digest: str, source: str) -> int:
        url = self._at(repository, "blobs/uploads/").with_query({"mount": digest, "from": source})
        async with self._session.post(url) as answer:
            return answer.status

    async def put_manifest(self, repository: str, reference: str, manifest: bytes) -> int:
        url = self._at(repository, f"manifests/{reference}")
        headers = {"Content-Type": OCI_MANIFEST}
        async with self._session.put(url, data=manifest, headers=headers) as answer:
            return answer.status

    async def put_image(
        self, repository: str, tag: str, manifest: bytes, blobs: dict[str, bytes]
    ) -> int:
        """Push an image; return the first status that is not 201, or the last."""
        for digest, content in blobs.items():
            if (status := await self.put_blob(repository, digest, content)) != 201:
                return status
        return await self.put_manifest(repository, tag, manifest)

    async def delete_tag(self, repository: str, tag: str) -> int:
        async with self._session.delete(self._at(repository, f"manifests/{tag}")) as answer:
            return answer.status

    async def tags(self, repository: str) -> list[str]:
        """All tags; none where the repository does not exist."""
        async with self._session.get(self._at(repository, "tags/list")) as answer:
            return list((await answer.json())["tags"] or ()) if answer.status == 200 else []

    async def manifest(self, repository: str, reference: str) -> bytes | None:
        url = self._at(repository, f"manifests/{reference}")
        async with self._session.get(url, headers={"Accept": OCI_MANIFEST}) as answer:
            if answer.status == 404:
                return None
            answer.raise_for_status()
            content = await answer.read()
            assert answer.headers["Docker-Content-Digest"] == _sha256(content)
            return content

    async def blob(self, repository: str, digest: str) -> bytes | None:
        """The blob, if it is there; whatever comes has to be what its digest says."""
        async with self._session.get(self._at(repository, f"blobs/{digest}")) as answer:
            if answer.status == 404:
                return None
            answer.raise_for_status()
            content = await answer.read()
            assert _sha256(content) == digest
            return content

    async def stream_blob(self, repository: str, digest: str) -> AsyncIterator[bytes]:
        async with self._session.get(self._at(repository, f"blobs/{digest}")) as answer:
            answer.raise_for_status()
            async for part in answer.content.iter_chunked(1 << 20):
                yield part

    async def assert_whole(self, repository: str, reference: str) -> str:
        """Pull an image as a client does and check every byte; return the manifest's digest."""
        raw = await self.manifest(repository, reference)
        assert raw is not None, f"{repository}:{reference} does not resolve"
        manifest: dict[str, Any] = json.loads(raw)
        for descriptor in (manifest["config"], *manifest["layers"]):
            content = await self.blob(repository, descriptor["digest"])
            assert content is not None, f"{repository}:{reference} lacks {descriptor['digest']}"
            assert len(content) == descriptor["size"]
        return _sha256(raw)

    async def create(self, path: str, body: dict[str, Any]) -> int:
        """Create an object: the distribution API has no projects, so this is the object API."""
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._session.post(self._url + path, json=body, headers=headers) as answer:
            return answer.status

    async def holds(self, path: str) -> bool:
        """Whether the object API has something at `path`."""
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._session.get(self._url + path, headers=headers) as answer:
            return answer.status == 200

    async def _open(self, repository: str) -> tuple[int, URL]:
        async with self._session.post(self._at(repository, "blobs/uploads/")) as answer:
            return answer.status, self._place(answer) if answer.status == 202 else answer.url

    def _at(self, repository: str, rest: str) -> URL:
        return URL(f"{self._url}/v2/{repository}/{rest}")

    @staticmethod
    def _place(answer: aiohttp.ClientResponse) -> URL:
        return answer.url.join(URL(answer.headers["Location"], encoded=True))


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
