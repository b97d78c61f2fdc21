"""
Certificates and keys as the files of a site hold them: single certificates, each in one spelling.

A file may be a bundle, may have text between its certificates (as those of distributions do), or may
be one certificate in DER. Whether a certificate is one to trust is not judged here.

https://www.rfc-editor.org/rfc/rfc7468
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from wharfinger.errors import BadInput

BEGIN: Final = "-----BEGIN "
_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN (?:X509 )?CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END (?:X509 )?CERTIFICATE-----"
)
_BEGINNING: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{0,64})-----")
_KEY: Final = re.compile(
    rb"-----BEGIN (?P<kind>(?:[A-Z0-9]{1,16} )?PRIVATE KEY)-----[^-]*-----END (?P=kind)-----"
)
_CERTIFICATES: Final = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE"})


class InvalidPem(BadInput):
    """What is given as a certificate or key is none."""

    code = "invalid-pem"


def certificates(content: bytes) -> tuple[bytes, ...]:
    """Each certificate once, as PEM, in the order of the file; raise `InvalidPem`."""
    labels = [match[1] for match in _BEGINNING.finditer(content)]
    if any(label.endswith(b"PRIVATE KEY") for label in labels):
        raise InvalidPem(
            "cannot take certificates beside a private key: it would be handed to every host",
            remedy="leave only the CERTIFICATE blocks in the file, and replace the key if it was shared",
        )
    if b"TRUSTED CERTIFICATE" in labels:
        raise InvalidPem(
            "cannot take a TRUSTED CERTIFICATE: only OpenSSL knows this form",
            remedy="convert it with `openssl x509 -in FILE -out FILE.crt`",
        )
    if not labels and content[:1] == b"\x30":
        return (_pem(_require_der(content)),)
    found = [_der(match[1]) for match in _CERTIFICATE.finditer(content)]
    if len(found) != sum(label in _CERTIFICATES for label in labels):
        raise InvalidPem("cannot read a certificate: a block is cut off or is no base64")
    if not found:
        raise InvalidPem(
            "cannot find a certificate: it is neither PEM nor DER",
            remedy="give a file with -----BEGIN CERTIFICATE-----",
        )
    return tuple(_pem(der) for der in dict.fromkeys(found))


def chain(content: bytes) -> bytes:
    """The certificates of a client, its own first, without what stands between them."""
    return b"".join(certificates(content))


def private_key(content: bytes) -> bytes:
    """The one private key of a file, as PEM that needs no passphrase; raise `InvalidPem`."""
    match = _KEY.search(content)
    if match is None:
        raise InvalidPem(
            "cannot find a private key: there is no whole PRIVATE KEY block",
            remedy="give the key in PEM (`openssl pkey -in KEY -out KEY.pem`)",
        )
    if match["kind"] == b"ENCRYPTED PRIVATE KEY" or b"ENCRYPTED" in match[0]:
        raise InvalidPem(
            "cannot use an encrypted private key: no daemon asks for its passphrase",
            remedy="decrypt it with `openssl pkey -in KEY -out KEY.pem`",
        )
    return match[0].replace(b"\r\n", b"\n") + b"\n"


def _der(encoded: bytes) -> bytes:
    try:
        return _require_der(base64.b64decode(b"".join(encoded.split()), validate=True))
    except binascii.Error:
        raise InvalidPem("cannot read a certificate: a block is no base64") from None


def _require_der(content: bytes) -> bytes:
    """Is it one ASN.1 sequence and nothing behind it?"""
    head, length = 2, content[1] if len(content) > 1 else 0
    if length & 0x80:
        head = 2 + (length & 0x7F)
        length = int.from_bytes(content[2:head], "big")
    if content[:1] != b"\x30" or head > 6 or head + length != len(content):
        raise InvalidPem("cannot read a certificate: it is cut off, or is no DER")
    return content


def _pem(der: bytes) -> bytes:
    text = base64.b64encode(der)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join((b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""))
