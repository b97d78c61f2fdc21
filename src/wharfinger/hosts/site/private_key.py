"""The private key of a client certificate, as a file of a site holds it. It is never quoted."""

from __future__ import annotations

import re
from typing import Final

from wharfinger.errors import BadInput

BEGIN: Final = "-----BEGIN "
_KEY: Final = re.compile(
    rb"-----BEGIN (?P<kind>(?:[A-Z0-9]{1,16} )?PRIVATE KEY)-----[^-]*-----END (?P=kind)-----"
)


class InvalidKey(BadInput):
    """What is given as a private key is none, or none that a daemon could use."""

    code = "invalid-private-key"


def read(content: bytes) -> bytes:
    """The one private key of a file, as PEM that needs no passphrase; raise `InvalidKey`."""
    match = _KEY.search(content)
    if match is None:
        raise InvalidKey(
            "cannot find a private key: there is no whole PRIVATE KEY block",
            remedy="give the key in PEM (`openssl pkey -in KEY -out KEY.pem`)",
        )
    if match["kind"] == b"ENCRYPTED PRIVATE KEY" or b"ENCRYPTED" in match[0]:
        raise InvalidKey(
            "cannot use an encrypted private key: no daemon asks for its passphrase",
            remedy="decrypt it with `openssl pkey -in KEY -out KEY.pem`",
        )
    return match[0].replace(b"\r\n", b"\n") + b"\n"
