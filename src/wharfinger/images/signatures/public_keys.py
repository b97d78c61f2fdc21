"""
Public keys of signers, and what they have signed.

The schemes are those of cosign: ECDSA with SHA-256 (a P-384 key with SHA-384, P-521 with SHA-512),
RSA with PKCS #1 v1.5 and SHA-256, and Ed25519.
https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#signature-schemes
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from wharfinger.errors import BadInput
from wharfinger.policy.imagepolicy.model import SignatureKey

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

LEAST_RSA_BITS: Final = 2048
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}


class InvalidPublicKey(BadInput):
    """`name` is what a policy calls the key."""

    code = "invalid-public-key"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"cannot use public key {name!r}: {reason}",
            remedy="give a public key in PEM, as `cosign public-key` prints it",
        )
        self.name, self.reason = name, reason


def load(key: SignatureKey) -> PublicKey:
    """Raise `InvalidPublicKey`."""
    if b"PRIVATE KEY" in key.pem:
        raise InvalidPublicKey(key.name, "it is a private key, which belongs to the signer alone")
    try:
        loaded = serialization.load_pem_public_key(key.pem)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidPublicKey(key.name, "it is no public key in PEM") from None
    if isinstance(loaded, rsa.RSAPublicKey) and loaded.key_size < LEAST_RSA_BITS:
        raise InvalidPublicKey(key.name, f"an RSA key needs at least {LEAST_RSA_BITS} bits")
    if isinstance(loaded, ec.EllipticCurvePublicKey) and loaded.curve.name not in _HASHES:
        raise InvalidPublicKey(key.name, f"its curve, {loaded.curve.name}, signs no images")
    if not isinstance(loaded, PublicKey):
        raise InvalidPublicKey(key.name, "it is neither ECDSA nor RSA nor Ed25519")
    return loaded


def has_signed(key: PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        match key:
            case ec.EllipticCurvePublicKey():
                key.verify(signature, message, ec.ECDSA(_HASHES[key.curve.name]))
            case rsa.RSAPublicKey():
                key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            case ed25519.Ed25519PublicKey():
                key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
