"""A full disk: refused clearly, nothing half written, and well again as soon as there is room."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e import images, machine
from e2e.registry_api import RegistryApi
from e2e.wharf import Wharf

pytestmark = pytest.mark.e2e

MEBIBYTE = 1 << 20
PROJECT = "harbour"
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PROJECT}}
CONFIG_MAPS = f"/api/v1/namespaces/{PROJECT}/configmaps"
FULL = 507


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Wharf]:
    """A server whose state directory is a file system of 48 MiB."""
    machine.need_root()
    state = tmp_path / "state"
    state.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=48m,mode=0700", "tmpfs", state)
    mounted = machine.run(*mount)
    if not mounted.ok:
        raise machine.missing(f"leave to mount: {mounted.err}")
    wharf = Wharf(state, tls=False)
    try:
        wharf.start()
        yield wharf
        wharf.stop()
    finally:
        machine.run("umount", "--lazy", state).check()


async def test_a_blob_that_does_not_fit_is_refused_and_leaves_nothing(small: Wharf) -> None:
    async with RegistryApi.connect(small.url, small.admin_token()) as registry:
        assert await registry.create("/api/v1/namespaces", NAMESPACE) == 201
        manifest, blobs = images.random_image(limit=MEBIBYTE)
        assert await registry.put_image(f"{PROJECT}/app", "1", manifest, blobs) == 201
        room = free(small)
        content = secrets.token_bytes(room + MEBIBYTE)
        digest = images.digest_of(content)

        assert await registry.put_blob(f"{PROJECT}/app", digest, content) == FULL
        chunk = 4 * MEBIBYTE
        chunked = await registry.put_blob_in_chunks(f"{PROJECT}/app", digest, content, chunk)
        assert chunked == FULL

        assert await registry.blob(f"{PROJECT}/app", digest) is None
        await registry.assert_whole(f"{PROJECT}/app", "1")
        assert free(small) > room - MEBIBYTE
        fitting = content[: room // 2]
        digest = images.digest_of(fitting)
        assert await registry.put_blob(f"{PROJECT}/app", digest, fitting) == 201


async def test_with_no_room_at_all_reads_go_on_and_writes_return_with_the_room(
    small: Wharf,
) -> None:
    async with RegistryApi.connect(small.url, small.admin_token()) as registry:
        assert await registry.create("/api/v1/namespaces", NAMESPACE) == 201
        manifest, blobs = images.random_image(limit=MEBIBYTE)
        assert await registry.put_image(f"{PROJECT}/app", "1", manifest, blobs) == 201
        ballast = fill(small)

        refused = [await registry.create(CONFIG_MAPS, config_map(n)) for n in range(20)]
        another, more = images.random_image(limit=MEBIBYTE)
        pushed = await registry.put_image(f"{PROJECT}/app", "2", another, more)

        assert refused[-1] == FULL
        assert pushed == FULL
        await registry.assert_whole(f"{PROJECT}/app", "1")
        assert await registry.tags(f"{PROJECT}/app") == ["1"]
        ballast.unlink()
        assert await registry.put_image(f"{PROJECT}/app", "2", another, more) == 201
        assert await registry.create(CONFIG_MAPS, config_map(100)) == 201
        accepted = [n for n, status in enumerate(refused) if status == 201]

    small.kill()
    small.start()
    async with RegistryApi.connect(small.url, small.admin_token()) as registry:
        await registry.assert_whole(f"{PROJECT}/app", "1")
        await registry.assert_whole(f"{PROJECT}/app", "2")
        for n in range(20):
            assert await registry.holds(f"{CONFIG_MAPS}/sample-{n}") is (n in accepted)


def config_map(number: int) -> dict[str, object]:
    """Large enough that a few of them need a new page of any file."""
    name = {"name": f"sample-{number}"}
    data = {"key": "x" * 64 * 1024}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": name, "data": data}


def fill(wharf: Wharf) -> Path:
    """Take all the room that is left."""
    ballast = wharf.state / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (MEBIBYTE, 4096, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return ballast


def free(wharf: Wharf) -> int:
    found = os.statvfs(wharf.state)
    return found.f_bavail * found.f_frsize
