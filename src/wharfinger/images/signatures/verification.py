"""
Has one of these keys signed this image? Asked of the repository that the image is in.

cosign 2 keeps signatures under a tag made of the digest (`sha256-….sig`), cosign 3 as referrers. Both
are looked at; one that holds suffices. It must be about exactly the digest that is to run: that of an
index does not stand for its images, nor theirs for it. Where a signature names a repository, that is
the one of the image, so that a signature of another one cannot be carried over.

It fails closed: whatever cannot be fetched, read or checked does not count, and the reason says so. A
registry may send what it likes, so what is looked at of one image is bounded in number and size.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from wharfinger.errors import NotFound, WharfingerError
from wharfinger.images.signatures import public_keys, signed_claims
from wharfinger.images.signatures.public_keys import InvalidPublicKey, PublicKey
from wharfinger.images.signatures.signed_claims import Claim, NoClaim
from wharfinger.oci import manifest as manifests
from wharfinger.oci import strict_json
from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import InvalidJson, InvalidManifest, UnsupportedManifest
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference, InvalidReference
from wharfinger.policy.imagepolicy.model import SignatureKey, SignatureVerdict
from wharfinger.remote.repository import Source

MOST_SIGNATURES: Final = 32
"""Of each form, of one image."""


async def verify(
    source: Source, digest: Digest, keys: Sequence[SignatureKey], name: ImageReference
) -> SignatureVerdict:
    """`name` is the repository by which the image is known; `source` may be a mirror of it."""
    try:
        loaded = [(key.name, public_keys.load(key)) for key in keys]
    except InvalidPublicKey as error:
        return _unsigned(error.message)
    if not loaded:
        return _unsigned("the rule has no key")
    faults: list[str] = []
    for form in (_simple, _bundles):
        try:
            async for claim in form(source, digest, faults.append):
                verdict = _judge(claim, digest, loaded, name)
                if verdict.signed:
                    return verdict
                faults.append(verdict.reason)
        except NotFound:
            continue
        except WharfingerError as error:
            faults.append(error.message)
    return _unsigned(_told(faults) if faults else "there is no signature of it")


def _judge(
    claim: Claim, digest: Digest, keys: Sequence[tuple[str, PublicKey]], name: ImageReference
) -> SignatureVerdict:
    signer = next(
        (key for key, one in keys if public_keys.has_signed(one, claim.signature, claim.message)),
        None,
    )
    if signer is None:
        return _unsigned("a signature is of none of the keys")
    # What is not signed by a key that counts is not worth reading; so this comes after.
    if str(digest) not in claim.digests:
        return _unsigned(f"a signature by key {signer!r} is about another image")
    if claim.repository and not _same(claim.repository, name):
        return _unsigned(f"a signature by key {signer!r} is about another repository")
    return SignatureVerdict(signed=True, key=signer, reason=f"signed by key {signer!r}")


def _same(text: str, name: ImageReference) -> bool:
    """Whether a signature is about this repository; it may name a tag too, which moves."""
    try:
        said = ImageReference.parse(text)
    except InvalidReference:
        return False
    return _plain(said) == _plain(name)


def _plain(name: ImageReference) -> ImageReference:
    return replace(name.with_client_defaults().as_v2().as_repository(), tag="")


async def _simple(
    source: Source, digest: Digest, fault: Callable[[str], None]
) -> AsyncIterator[Claim]:
    found = await source.manifest(Tag.parse(f"{digest.algorithm}-{digest.hex}.sig"))
    for layer, beside in _layers(found.raw, fault)[:MOST_SIGNATURES]:
        if layer.media_type != signed_claims.SIMPLE_SIGNING:
            continue
        try:
            payload = await _fetch(source, layer)
            yield signed_claims.simple(payload, beside.get(signed_claims.SIMPLE_SIGNATURE, ""))
        except NoClaim as reason:
            fault(f"a signature does not count: {reason}")


async def _bundles(
    source: Source, digest: Digest, fault: Callable[[str], None]
) -> AsyncIterator[Claim]:
    for referrer in (await source.referrers(digest))[:MOST_SIGNATURES]:
        found = await source.manifest(referrer.digest)
        for layer, _ in _layers(found.raw, fault)[:1]:
            if layer.media_type != signed_claims.BUNDLE:
                continue
            try:
                yield signed_claims.bundled(await _fetch(source, layer))
            except NoClaim as reason:
                fault(f"a signature does not count: {reason}")


def _layers(raw: bytes, fault: Callable[[str], None]) -> list[tuple[Descriptor, dict[str, Any]]]:
    """The layers of an image manifest with their annotations, as its config is none of them."""
    try:
        manifest = manifests.parse(raw, None)
        listed = strict_json.decode(raw).get("layers") or []
    except (InvalidManifest, UnsupportedManifest, InvalidJson) as error:
        fault(f"a signature does not count: {error.message}")
        return []
    beside = [one.get("annotations") or {} for one in listed]
    return list(zip(manifest.blobs[1:], beside, strict=False))


async def _fetch(source: Source, layer: Descriptor) -> bytes:
    if layer.size > signed_claims.CLAIM_LIMIT:
        raise NoClaim(f"it has more than {signed_claims.CLAIM_LIMIT >> 10} KiB")
    return b"".join([chunk async for chunk in source.blob(layer.digest, layer.size)])


def _told(faults: Sequence[str]) -> str:
    first, more = faults[0], len(faults) - 1
    return f"{first}, and so on {more} times" if more else first


def _unsigned(reason: str) -> SignatureVerdict:
    return SignatureVerdict(signed=False, key="", reason=reason)
