"""Signatures as cosign 2 and cosign 3 make them, and a repository in memory that has them."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from wharfinger.errors import NotFound
from wharfinger.images.signatures import signed_claims
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy.model import SignatureKey
from wharfinger.remote.errors import RemoteError
from wharfinger.remote.repository import RemoteManifest

NAME = ImageReference.parse("hub.site.test/shop/web")
IMAGE = Digest.of(b"the manifest of an image")
OTHER = Digest.of(b"the manifest of another")


class Absent(RemoteError, NotFound):
    """The repository has no such manifest."""


class Signer:
    def __init__(self, name: str = "release") -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        pem = self._private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key = SignatureKey(name, pem)

    def sign(self, message: bytes) -> str:
        return base64.b64encode(self._private.sign(message, ec.ECDSA(hashes.SHA256()))).decode()

    def simple(self, digest: Digest, repository: str = str(NAME)) -> tuple[bytes, str]:
        """The payload and the annotation beside it."""
        payload = simple_payload(digest, repository)
        return payload, self.sign(payload)

    def bundle(self, digest: Digest, **statement: Any) -> bytes:
        payload = json.dumps(
            {
                "_type": "https://in-toto.io/Statement/v1",
                "subject": [{"digest": {digest.algorithm: digest.hex}}],
                "predicateType": "https://sigstore.dev/cosign/sign/v1",
                "predicate": {},
                **statement,
            }
        ).encode()
        kind = b"application/vnd.in-toto+json"
        message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
        return json.dumps(
            {
                "mediaType": signed_claims.BUNDLE,
                "verificationMaterial": {"publicKey": {"hint": "any"}},
                "dsseEnvelope": {
                    "payload": base64.b64encode(payload).decode(),
                    "payloadType": kind.decode(),
                    "signatures": [{"sig": self.sign(message)}],
                },
            }
        ).encode()


def simple_payload(digest: Digest, repository: str) -> bytes:
    critical = {
        "identity": {"docker-reference": repository},
        "image": {"docker-manifest-digest": str(digest)},
        "type": "cosign container image signature",
    }
    return json.dumps({"critical": critical, "optional": None}).encode()


@dataclass
class SignedRepository:
    """A `Source` with what it was given; `fetched` are the blobs that were asked for."""

    name: ImageReference = NAME
    manifests: dict[str, RemoteManifest] = field(default_factory=dict)
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    about: dict[Digest, list[Descriptor]] = field(default_factory=dict)
    fetched: list[Digest] = field(default_factory=list)

    def add_simple(self, digest: Digest, *signed: tuple[bytes, str]) -> None:
        layers = [
            self._layer(signed_claims.SIMPLE_SIGNING, payload)
            | {"annotations": {signed_claims.SIMPLE_SIGNATURE: signature}}
            for payload, signature in signed
        ]
        tag = f"{digest.algorithm}-{digest.hex}.sig"
        self.manifests[tag] = self._manifest(layers)

    def add_bundle(self, digest: Digest, bundle: bytes) -> None:
        found = self._manifest([self._layer(signed_claims.BUNDLE, bundle)])
        self.manifests[str(found.digest)] = found
        descriptor = Descriptor(found.media_type, found.digest, len(found.raw))
        self.about.setdefault(digest, []).append(descriptor)

    def _layer(self, media_type: str, content: bytes) -> dict[str, Any]:
        digest = Digest.of(content)
        self.blobs[digest] = content
        return {"mediaType": media_type, "digest": str(digest), "size": len(content)}

    def _manifest(self, layers: list[dict[str, Any]]) -> RemoteManifest:
        config = self._layer("application/vnd.oci.empty.v1+json", b"{}")
        document = {
            "schemaVersion": 2,
            "mediaType": media_types.OCI_IMAGE,
            "config": config,
            "layers": layers,
        }
        raw = json.dumps(document).encode()
        return RemoteManifest(Digest.of(raw), media_types.OCI_IMAGE, raw)

    async def manifest(self, reference: Digest | Tag) -> RemoteManifest:
        if str(reference) not in self.manifests:
            raise Absent("hub.site.test", "there is no such manifest")
        return self.manifests[str(reference)]

    async def digest(self, tag: Tag) -> Digest:
        return (await self.manifest(tag)).digest

    async def tags(self, *, limit: int | None = None) -> list[str]:
        return list(self.manifests)[:limit]

    async def referrers(self, subject: Digest) -> list[Descriptor]:
        return self.about.get(subject, [])

    async def blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        self.fetched.append(digest)
        yield self.blobs[digest]
