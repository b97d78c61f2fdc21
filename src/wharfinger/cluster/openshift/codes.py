"""
Codes by which `oc login` comes to its session: good for a minute, and once.

A code travels in an address, where others may read it, so it is worth nothing without the verifier
that only its asker has (https://www.rfc-editor.org/rfc/rfc7636). Codes are kept in memory: a login
that a restart cuts short is begun again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from typing import Final

from wharfinger.cluster.proofs import NotProven, PasswordProof
from wharfinger.cluster.tokens import Clock

LIFETIME: Final = 60
METHOD: Final = "S256"
"""How a challenge is made of a verifier; the other way of RFC 7636 hides nothing."""

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class _Login:
    proof: PasswordProof
    challenge: str
    expires: float


class Codes:
    """The logins that have proven a password and not yet fetched their session."""

    def __init__(self, *, clock: Clock = time.time) -> None:
        self._clock = clock
        self._logins: dict[str, _Login] = {}  # the oldest first

    def __len__(self) -> int:
        return len(self._logins)

    def issue(self, proof: PasswordProof, challenge: str) -> str:
        """Make a code for who knows the verifier of `challenge`."""
        self._forget_old()
        code = secrets.token_urlsafe(32)
        self._logins[code] = _Login(proof, challenge, self._clock() + LIFETIME)
        return code

    def redeem(self, code: str, verifier: str) -> PasswordProof:
        """Say who has logged in; raise `NotProven` if it does not hold. The code is used up."""
        login = self._logins.pop(code, None)
        if (
            login is None
            or login.expires <= self._clock()
            or not hmac.compare_digest(challenge_of(verifier), login.challenge)
        ):
            raise NotProven("cannot redeem the code: it is not good", remedy="log in again")
        return login.proof

    def _forget_old(self) -> None:
        now = self._clock()
        for code in list(self._logins):
            if self._logins[code].expires > now:
                return
            del self._logins[code]


def looks_like_challenge(text: str) -> bool:
    return _CHALLENGE.fullmatch(text) is not None


def challenge_of(verifier: str) -> str:
    hashed = hashlib.sha256(verifier.encode(errors="surrogatepass")).digest()
    return base64.urlsafe_b64encode(hashed).decode().rstrip("=")
