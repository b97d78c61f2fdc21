"""The client of other registries against two real ones: our own, and docker-registry 2.8.2 without TLS."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from e2e import machine
from e2e.docker_registry import DockerRegistry
from e2e.wharf import WHARF, Wharf
from wharfinger.oci import media_types
from wharfinger.oci.credentials import Credential
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.errors import (
    BlobAbsent,
    HttpOnly,
    LoginNeeded,
    ManifestAbsent,
    NotOffered,
    OutOfReach,
    RemoteError,
    Untrusted,
    WrongLogin,
)
from wharfinger.remote.reach import Reach
from wharfinger.remote.registries import Registries
from wharfinger.remote.repository import RemoteManifest, Source, Target
from wharfinger.remote.trust import Trust

pytestmark = pytest.mark.e2e

CONFIG, LAYER = b"{}", os.urandom(3 << 20)
SECONDS = 30.0


def image(*layers: bytes) -> RemoteManifest:
    def described(kind: str, content: bytes) -> dict[str, object]:
        return {"mediaType": kind, "digest": str(Digest.of(content)), "size": len(content)}

    raw = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": media_types.OCI_IMAGE,
            "config": described("application/vnd.oci.image.config.v1+json", CONFIG),
            "layers": [described("application/vnd.oci.image.layer.v1.tar", one) for one in layers],
        }
    ).encode()
    return RemoteManifest(Digest.of(raw), media_types.OCI_IMAGE, raw)


async def pieces(content: bytes):
    for at in range(0, len(content), 1 << 20):
        yield content[at : at + (1 << 20)]


async def push_and_read(target: Target, other: Target) -> None:
    """What holds for every registry."""
    wanted, layer = image(LAYER), Digest.of(LAYER)
    assert not await target.has_blob(layer)
    for content in (CONFIG, LAYER):
        await target.put_blob(Digest.of(content), len(content), pieces(content))
    assert await target.has_blob(layer)
    assert await other.mount(layer, target.name)
    for tag in ("1", "2"):
        await target.put_manifest(Tag(tag), wanted)
    assert sorted(await target.tags()) == ["1", "2"]
    assert len(await target.tags(limit=1)) == 1
    assert await target.digest(Tag("1")) == wanted.digest
    assert await target.manifest(Tag("1")) == await target.manifest(wanted.digest) == wanted
    assert b"".join([piece async for piece in other.blob(layer, len(LAYER))]) == LAYER
    assert await target.referrers(wanted.digest) == []
    for error, question in (
        (ManifestAbsent, target.manifest(Tag("3"))),
        (ManifestAbsent, target.digest(Tag("3"))),
        (BlobAbsent, anext(target.blob(Digest.of(b"x"), 1))),
    ):
        with pytest.raises(error):
            await question


async def refusal(source: Source) -> type[RemoteError]:
    with pytest.raises(RemoteError) as caught:
        await source.manifest(Tag("1"))
    return type(caught.value)


async def test_a_registry_without_tls_and_ours_are_read_and_written(
    wharf: Wharf, project: str, tmp_path: Path
) -> None:
    machine.run(
        WHARF, "project", "create", project, environ={"KUBECONFIG": str(wharf.kubeconfig)}
    ).check()
    login = Credential("admin", wharf.admin_token())
    trusted = Trust((wharf.authority.read_bytes(),))
    debian = DockerRegistry(tmp_path / "debian")
    plain = ImageReference.parse(f"{debian.host}/{project}/buoy")
    ours = ImageReference.parse(f"{wharf.host}/{project}/buoy")
    try:
        async with Registries(reach=Reach.everywhere(), trust=lambda _: trusted) as opened:

            def target(name: ImageReference, rest: str = "", **more) -> Target:
                image = ImageReference.parse(f"{name}{rest}")
                return opened.target(image, seconds=SECONDS, **more)

            await push_and_read(target(plain, insecure=True), target(plain, "-2", insecure=True))
            await push_and_read(target(ours, logins=[login]), target(ours, "-2", logins=[login]))

            with pytest.raises(NotOffered):
                await target(plain, insecure=True).delete(Tag("1"))
            await target(ours, logins=[login]).delete(Tag("1"))
            assert await target(ours, logins=[login]).tags() == ["2"]

            wrong = Credential("admin", "wrong")
            assert await refusal(target(plain)) is HttpOnly
            assert await refusal(target(ours, logins=[wrong])) is WrongLogin
            assert await refusal(target(ours)) is LoginNeeded
            assert (await target(ours, logins=[wrong, login]).tags()) == ["2"]
        async with Registries(reach=Reach.outside(hosts=[debian.host])) as opened:
            assert len(await opened.source(plain, insecure=True, seconds=SECONDS).tags()) == 2
            assert await refusal(opened.source(ours, seconds=SECONDS)) is OutOfReach
        async with Registries(reach=Reach.everywhere()) as opened:
            assert await refusal(opened.source(ours, seconds=SECONDS)) is Untrusted
    finally:
        debian.stop()
