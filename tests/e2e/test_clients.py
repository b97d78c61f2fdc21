"""Podman and Skopeo against a real server, and a blob larger than the server may hold in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from e2e import images
from e2e.clients import Kubectl, Podman, Skopeo
from e2e.registry_api import RegistryApi
from e2e.wharf import Wharf

pytestmark = pytest.mark.e2e

MEBIBYTE = 1 << 20


@pytest.fixture
def editor(admin: Kubectl, project: str) -> str:
    """A token that pushes to and pulls from the project, which this makes."""
    admin("create", "namespace", project).check()
    admin("-n", project, "create", "serviceaccount", "editor").check()
    grant = ("--clusterrole=registry-editor", f"--serviceaccount={project}:editor")
    admin("-n", project, "create", "rolebinding", "editor", *grant).check()
    return admin.token(project, "editor")


@pytest.fixture
def skopeo(wharf: Wharf, editor: str, tmp_path: Path) -> Skopeo:
    return Skopeo(tmp_path / "skopeo", wharf, editor)


def test_skopeo_copies_a_multi_arch_index_in_and_out_unchanged(
    wharf: Wharf, skopeo: Skopeo, project: str, tmp_path: Path
) -> None:
    digest = images.multi_arch_layout(tmp_path / "in", ("amd64", "arm64", "s390x"))
    target = f"docker://{wharf.host}/{project}/many:1"

    skopeo.copy(f"oci:{tmp_path / 'in'}", target, "--all").check()

    raw = skopeo.inspect(target, "--raw").check()
    assert images.digest_of(raw.encode()) == digest
    assert len(json.loads(raw)["manifests"]) == 3
    skopeo.copy(
        f"docker://{wharf.host}/{project}/many@{digest}", f"oci:{tmp_path / 'out'}", "--all"
    ).check()
    (entry,) = json.loads((tmp_path / "out" / "index.json").read_text())["manifests"]
    assert entry["digest"] == digest
    assert blobs(tmp_path / "in") == blobs(tmp_path / "out")


def test_skopeo_copies_between_repositories_of_the_server(
    wharf: Wharf, skopeo: Skopeo, project: str, tmp_path: Path
) -> None:
    digest = images.multi_arch_layout(tmp_path / "in", ("amd64",))
    first, second = (f"docker://{wharf.host}/{project}/{name}:1" for name in ("one", "two/deep"))
    skopeo.copy(f"oci:{tmp_path / 'in'}", first, "--all").check()

    skopeo.copy(first, second, "--all").check()

    assert images.digest_of(skopeo.inspect(second, "--raw").check().encode()) == digest


def test_podman_pushes_and_pulls(wharf: Wharf, podman: Podman, editor: str, project: str) -> None:
    image = f"{wharf.host}/{project}/app:1"
    podman("import", "-", image, given=images.root_file_system()).check()
    podman.login(editor).check()

    podman.push(image).check()

    podman("rmi", "--force", image).check()
    podman.pull(image).check()
    assert image in podman("images", "--format", "{{.Repository}}:{{.Tag}}").check()


async def test_a_blob_of_two_gibibytes_passes_through_little_memory(
    wharf: Wharf, editor: str, project: str
) -> None:
    before = wharf.peak_memory()

    digest = await upload(wharf, editor, f"{project}/large", 2048)

    assert await download(wharf, editor, f"{project}/large", digest) == digest
    assert wharf.peak_memory() - before < 64 * MEBIBYTE


async def upload(wharf: Wharf, token: str, repository: str, mebibytes: int) -> str:
    """Send bytes in one PUT, as they are made; return their digest."""
    digest = hashlib.sha256()
    for part in parts(mebibytes):
        digest.update(part)
    async with RegistryApi.connect(wharf.url, token, wharf.context()) as registry:
        name = f"sha256:{digest.hexdigest()}"
        assert await registry.put_blob(repository, name, stream(mebibytes)) == 201
    return name


async def download(wharf: Wharf, token: str, repository: str, digest: str) -> str:
    """Fetch a blob piece by piece; return the digest of what came."""
    found = hashlib.sha256()
    async with RegistryApi.connect(wharf.url, token, wharf.context()) as registry:
        async for part in registry.stream_blob(repository, digest):
            found.update(part)
    return f"sha256:{found.hexdigest()}"


def parts(mebibytes: int) -> Iterator[bytes]:
    """The same bytes at each call, no two mebibytes alike: a PUT has to name its digest first."""
    filling = hashlib.shake_256(b"cargo").digest(MEBIBYTE - 8)
    return (number.to_bytes(8, "big") + filling for number in range(mebibytes))


async def stream(mebibytes: int) -> AsyncIterator[bytes]:
    for part in parts(mebibytes):
        yield part


def blobs(layout: Path) -> set[str]:
    return {path.name for path in (layout / "blobs" / "sha256").iterdir()}
