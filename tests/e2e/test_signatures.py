"""P1: signatures in the forms of cosign 2 and 3, kept in a real registry beside their images."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from e2e import images
from e2e.clients import Kubectl
from e2e.wharf import Wharf
from images.made_signatures import Signer
from wharfinger.images.signatures import signed_claims, verification
from wharfinger.oci import media_types
from wharfinger.oci.credentials import Credential
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.reach import Reach
from wharfinger.remote.registries import Registries
from wharfinger.remote.repository import RemoteManifest, Target
from wharfinger.remote.trust import Trust

pytestmark = pytest.mark.e2e

EMPTY = "application/vnd.oci.empty.v1+json"


async def test_signatures_of_both_forms_count_for_their_image_and_no_other(
    wharf: Wharf, admin: Kubectl, project: str
) -> None:
    admin("create", "namespace", project).check()
    name = ImageReference.parse(f"{wharf.host}/{project}/web")
    login = Credential("admin", wharf.admin_token())
    trust = Trust((wharf.authority.read_bytes(),))
    signer = Signer()

    async with Registries(reach=Reach.everywhere(), trust=lambda _: trust) as registries:
        target = registries.target(name, logins=(login,), seconds=20)
        simple, bundled, unsigned = [await push_image(target, tag) for tag in "abc"]
        payload, signature = signer.simple(simple, str(name))
        await push_claim(
            target,
            Tag(f"sha256-{simple.hex}.sig"),
            signed_claims.SIMPLE_SIGNING,
            payload,
            annotations={signed_claims.SIMPLE_SIGNATURE: signature},
        )
        await push_claim(
            target, None, signed_claims.BUNDLE, signer.bundle(bundled), subject=bundled
        )
        source = registries.source(name, logins=(login,), seconds=20)
        verdicts = [
            await verification.verify(source, digest, (signer.key,), name)
            for digest in (simple, bundled, unsigned)
        ]

    assert [one.signed for one in verdicts] == [True, True, False]
    assert verdicts[2].reason == "there is no signature of it"


async def push_image(target: Target, tag: str) -> Digest:
    raw, blobs = images.random_image(limit=1000)
    for content in blobs.values():
        await push_blob(target, content)
    digest = Digest.of(raw)
    await target.put_manifest(Tag(tag), RemoteManifest(digest, media_types.OCI_IMAGE, raw))
    return digest


async def push_claim(
    target: Target,
    tag: Tag | None,
    media_type: str,
    claim: bytes,
    *,
    annotations: dict[str, str] | None = None,
    subject: Digest | None = None,
) -> None:
    """Under a tag, or as what refers to its subject."""
    descriptors = [
        {"mediaType": kind, "digest": str(await push_blob(target, content)), "size": len(content)}
        for kind, content in ((EMPTY, b"{}"), (media_type, claim))
    ]
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_IMAGE,
        "config": descriptors[0],
        "layers": [descriptors[1] | ({"annotations": annotations} if annotations else {})],
    }
    if subject is not None:
        size = len((await target.manifest(subject)).raw)
        about = {"mediaType": media_types.OCI_IMAGE, "digest": str(subject), "size": size}
        document |= {"artifactType": media_type, "subject": about}
    raw = json.dumps(document).encode()
    manifest = RemoteManifest(Digest.of(raw), media_types.OCI_IMAGE, raw)
    await target.put_manifest(tag or manifest.digest, manifest)


async def push_blob(target: Target, content: bytes) -> Digest:
    async def chunks() -> AsyncIterator[bytes]:
        yield content

    digest = Digest.of(content)
    await target.put_blob(digest, len(content), chunks())
    return digest
