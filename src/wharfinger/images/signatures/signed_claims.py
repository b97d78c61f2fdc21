"""
What a signature says, in the two forms that cosign writes: pure, from bytes to values.

- Simple signing, up to cosign 2: a JSON payload that names a digest and a repository, and beside it the
  signature over its bytes.
  https://github.com/containers/image/blob/main/docs/containers-signature.5.md
- A bundle of Sigstore, from cosign 3: an envelope (DSSE) around a statement of in-toto about a digest.
  https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md

A claim is worth nothing until somebody has checked `signature` over `message` with a key that counts.
What is not exactly one of the two forms is no claim: the reason is said, nothing is guessed. A
statement with another predicate (a bill of materials, how it was built) is about the image and no
word for it, so it does not count either.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.oci import strict_json
from wharfinger.oci.errors import InvalidJson

SIMPLE_SIGNING: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
SIMPLE_SIGNATURE: Final = "dev.cosignproject.cosign/signature"
"""The annotation of a layer of that type that has its signature, in base64."""
BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
CLAIM_LIMIT: Final = 128 * 1024
"""Octets of a payload or bundle; those of cosign have a few thousand."""

_SIMPLE_TYPE: Final = "cosign container image signature"
_STATEMENT: Final = "application/vnd.in-toto+json"
_STATEMENT_TYPES: Final = frozenset(
    {"https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"}
)
_SIGNED: Final = "https://sigstore.dev/cosign/sign/v1"
_DEPTH: Final = 32


class NoClaim(Exception):
    """The bytes are no signature of an image; the message says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Claim:
    """`digests` are what is signed; `repository` is "" where the form does not name one."""

    digests: frozenset[str]
    repository: str
    message: bytes
    signature: bytes


def simple(payload: bytes, signature: str) -> Claim:
    """Read a payload of simple signing, and the annotation beside it."""
    document = _object(payload)
    critical = _within(document, "critical")
    if critical.get("type") != _SIMPLE_TYPE:
        raise NoClaim("its type is not that of a signature of an image")
    digest = _within(critical, "image").get("docker-manifest-digest")
    repository = _within(critical, "identity").get("docker-reference")
    if not isinstance(digest, str) or not isinstance(repository, str):
        raise NoClaim("it does not name an image")
    return Claim(frozenset({digest}), repository, payload, _base64(signature))


def bundled(bundle: bytes) -> Claim:
    """Read a bundle, which has one signature."""
    document = _object(bundle)
    if document.get("mediaType") != BUNDLE:
        raise NoClaim("its mediaType is not that of a bundle")
    envelope = _within(document, "dsseEnvelope")
    signatures = envelope.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise NoClaim("it has not exactly one signature")
    if envelope.get("payloadType") != _STATEMENT:
        raise NoClaim("it is not about a statement of in-toto")
    payload = _base64(envelope.get("payload"))
    found = signatures[0].get("sig") if isinstance(signatures[0], dict) else None
    return Claim(_subjects(payload), "", _enveloped(payload), _base64(found))


def _subjects(payload: bytes) -> frozenset[str]:
    statement = _object(payload)
    if statement.get("_type") not in _STATEMENT_TYPES:
        raise NoClaim("its statement has a type that is not known")
    if statement.get("predicateType") != _SIGNED:
        raise NoClaim("its statement is about the image, and does not sign it")
    subjects = statement.get("subject")
    if not isinstance(subjects, list) or not subjects:
        raise NoClaim("its statement has no subject")
    digests: set[str] = set()
    for subject in subjects:
        named = subject.get("digest") if isinstance(subject, dict) else None
        if not isinstance(named, dict) or not named:
            raise NoClaim("a subject of its statement has no digest")
        digests |= {f"{algorithm}:{digits}" for algorithm, digits in named.items()}
    return frozenset(digests)


def _enveloped(payload: bytes) -> bytes:
    """What is signed of an envelope: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md"""
    kind = _STATEMENT.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _object(data: bytes) -> Mapping[str, Any]:
    if len(data) > CLAIM_LIMIT:
        raise NoClaim(f"it has more than {CLAIM_LIMIT >> 10} KiB")
    try:
        document = strict_json.decode(data, max_depth=_DEPTH)
    except InvalidJson:
        raise NoClaim("it is not JSON, or could be read in two ways") from None
    if not isinstance(document, dict):
        raise NoClaim("it is not a JSON object")
    return document


def _within(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    if not isinstance(found, dict):
        raise NoClaim(f"it has no {key}")
    return found


def _base64(text: object) -> bytes:
    if not isinstance(text, str) or not text or len(text) > CLAIM_LIMIT:
        raise NoClaim("its signature or payload is not there")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoClaim("its signature or payload is not base64") from None
