"""Signatures of images: which count, and which do not whatever they look like."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from images.made_signatures import IMAGE, NAME, OTHER, SignedRepository, Signer, simple_payload
from wharfinger.images.signatures import signed_claims, verification
from wharfinger.oci.digest import Digest
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy.model import SignatureKey, SignatureVerdict

SIGNER, STRANGER = Signer(), Signer("stranger")


async def verified(repository: SignedRepository, *keys: SignatureKey) -> SignatureVerdict:
    return await verification.verify(repository, IMAGE, keys or (SIGNER.key,), NAME)


@pytest.mark.parametrize("repository", [str(NAME), f"{NAME}:1.2", ""])
async def test_a_signature_of_cosign_2_counts(repository: str) -> None:
    hub = SignedRepository()
    hub.add_simple(IMAGE, SIGNER.simple(IMAGE, repository))

    verdict = await verified(hub, STRANGER.key, SIGNER.key)

    assert (verdict.signed, verdict.key) == (True, "release")


async def test_a_bundle_of_cosign_3_counts() -> None:
    hub = SignedRepository()
    hub.add_bundle(IMAGE, SIGNER.bundle(IMAGE))

    assert (await verified(hub)).signed


async def test_one_that_holds_suffices_among_others() -> None:
    hub = SignedRepository()
    hub.add_simple(IMAGE, (b"{}", "AAAA"), STRANGER.simple(IMAGE), SIGNER.simple(OTHER))
    hub.add_bundle(IMAGE, b"[]")
    hub.add_bundle(IMAGE, SIGNER.bundle(IMAGE))

    assert (await verified(hub)).signed


async def test_a_mirror_has_the_signatures_of_the_name_that_is_mirrored() -> None:
    mirror = SignedRepository(name=ImageReference.parse("mirror.site.test/hub/shop/web"))
    mirror.add_simple(IMAGE, SIGNER.simple(IMAGE))

    assert (await verified(mirror)).signed


Added = Callable[[SignedRepository], None]


def _simple(*signed: tuple[bytes, str]) -> Added:
    return lambda hub: hub.add_simple(IMAGE, *signed)


def _bundle(bundle: bytes) -> Added:
    return lambda hub: hub.add_bundle(IMAGE, bundle)


_PAYLOAD, _SIGNATURE = SIGNER.simple(IMAGE)
_LONG = b" " * signed_claims.CLAIM_LIMIT + _PAYLOAD


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        pytest.param(lambda _: None, "no signature of it", id="nothing"),
        pytest.param(_simple(STRANGER.simple(IMAGE)), "none of the keys", id="another key"),
        pytest.param(_simple(SIGNER.simple(OTHER)), "another image", id="another digest"),
        pytest.param(
            _simple(SIGNER.simple(IMAGE, "hub.site.test/shop/other")),
            "another repository",
            id="another repository",
        ),
        pytest.param(
            _simple(SIGNER.simple(IMAGE, "hub.site.test.evil.test/shop/web")),
            "another repository",
            id="another registry",
        ),
        pytest.param(
            _simple(SIGNER.simple(IMAGE, "no name at all!")), "another repository", id="no name"
        ),
        pytest.param(
            _simple((simple_payload(IMAGE, "") + b" ", _SIGNATURE)),
            "none of the keys",
            id="changed",
        ),
        pytest.param(_simple((_PAYLOAD, "")), "not there", id="no annotation"),
        pytest.param(_simple((_PAYLOAD, "not base64!")), "not base64", id="not base64"),
        pytest.param(
            _simple((b"{}", SIGNER.sign(b"{}"))), "has no critical", id="an empty payload"
        ),
        pytest.param(
            _simple((b'{"critical":1,"critical":{}}', "AAAA")), "two ways", id="a key twice"
        ),
        pytest.param(_simple((_LONG, SIGNER.sign(_LONG))), "more than 128 KiB", id="large"),
        pytest.param(_bundle(STRANGER.bundle(IMAGE)), "none of the keys", id="bundle: another key"),
        pytest.param(_bundle(SIGNER.bundle(OTHER)), "another image", id="bundle: another digest"),
        pytest.param(
            _bundle(SIGNER.bundle(IMAGE, predicateType="https://slsa.dev/provenance/v1")),
            "does not sign it",
            id="how it was built",
        ),
        pytest.param(_bundle(SIGNER.bundle(IMAGE, subject=[])), "no subject", id="no subject"),
        pytest.param(
            _bundle(SIGNER.bundle(IMAGE, subject=[{"name": str(IMAGE)}])),
            "has no digest",
            id="a subject without a digest",
        ),
        pytest.param(
            _bundle(SIGNER.bundle(IMAGE, _type="of another kind")), "not known", id="no statement"
        ),
        pytest.param(_bundle(b"{}"), "mediaType", id="no bundle"),
    ],
)
async def test_others_do_not_count_and_it_is_said_why(added: Added, reason: str) -> None:
    hub = SignedRepository()
    added(hub)

    verdict = await verified(hub)

    assert (verdict.signed, verdict.key) == (False, "")
    assert reason in verdict.reason


async def test_a_bundle_about_several_images_is_about_each() -> None:
    hub = SignedRepository()
    both = [{"digest": {"sha256": one.hex}} for one in (OTHER, IMAGE)]
    hub.add_bundle(IMAGE, SIGNER.bundle(OTHER, subject=both))

    assert (await verified(hub)).signed


async def test_an_index_does_not_stand_for_its_images_nor_they_for_it() -> None:
    hub = SignedRepository()
    hub.add_simple(OTHER, SIGNER.simple(OTHER))

    assert not (await verified(hub)).signed


async def test_without_keys_or_with_a_bad_one_nothing_is_fetched() -> None:
    hub = SignedRepository()
    hub.add_simple(IMAGE, SIGNER.simple(IMAGE))

    none = await verification.verify(hub, IMAGE, (), NAME)
    bad = await verified(hub, SIGNER.key, SignatureKey("old", b"no key"))

    assert (none.signed, bad.signed) == (False, False)
    assert "'old'" in bad.reason
    assert hub.fetched == []


async def test_what_is_looked_at_of_one_image_is_bounded() -> None:
    """CVE-2023-42816: ten thousand signatures kept a verifier busy without end."""
    hub = SignedRepository()
    hub.add_simple(IMAGE, *(STRANGER.simple(Digest.of(b"%d" % n)) for n in range(50)))
    for number in range(50):
        hub.add_bundle(IMAGE, STRANGER.bundle(Digest.of(b"%d" % number)))

    verdict = await verified(hub)

    assert not verdict.signed
    assert len(hub.fetched) == 2 * verification.MOST_SIGNATURES
    assert "and so on" in verdict.reason
