"""Keys of signers: which are taken, and what each has signed."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519

from wharfinger.images.signatures import public_keys
from wharfinger.images.signatures.public_keys import InvalidPublicKey
from wharfinger.policy.imagepolicy.model import SignatureKey

MESSAGE = b"about an image"
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 (what is to be refused)


def public(
    private: ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | ed25519.Ed25519PrivateKey
    | x25519.X25519PrivateKey,
) -> bytes:
    return private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.mark.parametrize(
    ("curve", "algorithm"),
    [
        (ec.SECP256R1(), hashes.SHA256()),
        (ec.SECP384R1(), hashes.SHA384()),
        (ec.SECP521R1(), hashes.SHA512()),
    ],
)
def test_each_curve_signs_with_the_hash_of_its_size(
    curve: ec.EllipticCurve, algorithm: hashes.HashAlgorithm
) -> None:
    private = ec.generate_private_key(curve)
    key = public_keys.load(SignatureKey("release", public(private)))
    signature = private.sign(MESSAGE, ec.ECDSA(algorithm))

    assert public_keys.has_signed(key, signature, MESSAGE)
    assert not public_keys.has_signed(key, signature, b"about another image")
    assert not public_keys.has_signed(key, b"no signature at all", MESSAGE)


def test_rsa_and_ed25519_sign_too() -> None:
    large = rsa.generate_private_key(65537, 2048)
    edwards = ed25519.Ed25519PrivateKey.generate()
    signed = {
        public(large): large.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256()),
        public(edwards): edwards.sign(MESSAGE),
    }

    for pem, signature in signed.items():
        key = public_keys.load(SignatureKey("release", pem))
        assert public_keys.has_signed(key, signature, MESSAGE)
        assert not public_keys.has_signed(key, signature[:-1] + b"!", MESSAGE)


def private_pem() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (private_pem(), "private key"),
        (b"", "no public key"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no public key"),
        (public(WEAK), "2048 bits"),
        (public(ec.generate_private_key(ec.SECP256K1())), "secp256k1"),
        (public(x25519.X25519PrivateKey.generate()), "neither ECDSA nor RSA"),
    ],
)
def test_what_is_no_key_of_a_signer_is_refused_by_its_name(pem: bytes, reason: str) -> None:
    with pytest.raises(InvalidPublicKey) as refused:
        public_keys.load(SignatureKey("release", pem))

    assert "'release'" in refused.value.message
    assert reason in refused.value.message
    assert pem.decode(errors="replace")[:40] not in refused.value.message or not pem
