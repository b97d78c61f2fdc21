"""
Sign what a credential proves, and read it back only if we signed it.

Tokens are JWTs under ES256 with one key of our own. The header of a token chooses nothing: a
token whose header names another algorithm, another key, carries a key (`jwk`, `x5c`) or points to
one (`jku`, `x5u`), or has any member that we do not write (`crit`, `b64`), is refused before its
signature is looked at. Time comes from an injected clock, without leeway: we check on the machine
that we sign on.

Whether the proof still holds is not asked here (`authenticate.py`).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from wharfinger.cluster import proofs
from wharfinger.cluster.proofs import AdministratorProof, NotProven, Proof

ALGORITHM = "ES256"
ISSUER = "https://wharfinger"
REGISTRY_AUDIENCE = "registry"
LONGEST_TOKEN = 16 * 1024
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

Clock = Callable[[], float]
"""Seconds since 1970."""

RegistryAccess = Mapping[str, Any]
"""One entry of a registry token's `access`: type, class, name and actions."""


class SigningKey:
    """The private key of this state directory, and the name (`kid`) that its tokens carry."""

    def __init__(self, key: ECKey) -> None:
        self.key = key
        self.id = key.thumbprint()

    @classmethod
    def generate(cls) -> Self:
        return cls(ECKey.generate_key("P-256"))

    @classmethod
    def load(cls, pem: bytes) -> Self:
        return cls(ECKey.import_key(pem))

    def pem(self) -> bytes:
        return self.key.as_pem(private=True)


@dataclass(frozen=True, slots=True)
class Issued:
    token: str
    issued: int
    expires: int | None  # None: it lives until its proof fails


@dataclass(frozen=True, slots=True)
class Statement:
    """What a genuine token says; `access` is the upper bound that a registry token puts."""

    proof: Proof
    audiences: tuple[str, ...]
    not_before: int
    expires: int | None
    access: tuple[RegistryAccess, ...] | None = None


class Tokens:
    """Issues and reads the tokens of one signing key."""

    def __init__(self, key: SigningKey, *, issuer: str = ISSUER, clock: Clock = time.time) -> None:
        self.issuer = issuer
        self._key = key
        self._clock = clock

    @property
    def api_audience(self) -> str:
        """Whom a token is for when nothing else was asked: our object API."""
        return self.issuer

    def issue(
        self,
        proof: Proof,
        *,
        audiences: Sequence[str] = (),
        lifetime: int | None,
        not_after: int | None = None,
        access: Sequence[RegistryAccess] | None = None,
    ) -> Issued:
        """Sign a token that ends after `lifetime`, or at `not_after` if that is sooner.

        Without both it has no end of its own.
        """
        now = int(self._clock())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": list(audiences) or [self.api_audience],
            "iat": now,
            "nbf": now,
            "jti": secrets.token_hex(16),
            **proofs.encode(proof),
        }
        ends = [now + lifetime] if lifetime is not None else []
        if not_after is not None:
            ends.append(not_after)
        if ends:
            claims["exp"] = min(ends)
        if access is not None:
            claims["access"] = list(access)
        header = {"alg": ALGORITHM, "kid": self._key.id, "typ": "JWT"}
        token = jwt.encode(header, claims, self._key.key, algorithms=[ALGORITHM])
        return Issued(token, now, claims.get("exp"))

    def read(self, token: str) -> Statement:
        """Verify a token and its times; raise `NotProven` for anything that we did not sign."""
        self._check_header(token)
        try:
            claims = jwt.decode(token, self._key.key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError) as error:
            raise _refused("its signature does not hold") from error
        if claims.get("iss") != self.issuer:
            raise _refused("somebody else issued it")
        access = claims.get("access")
        statement = Statement(
            proof=proofs.decode(claims),
            audiences=tuple(claims["aud"]),
            not_before=claims["nbf"],
            expires=claims.get("exp"),
            access=tuple(access) if access is not None else None,
        )
        self.check_time(statement)
        return statement

    def check_time(self, statement: Statement) -> None:
        now = self._clock()
        if statement.expires is not None and now >= statement.expires:
            raise _refused("it has expired", remedy="log in again, or ask for a new token")
        if now < statement.not_before:
            raise _refused("it is not valid yet", remedy="check the clock of this machine")

    def _check_header(self, token: str) -> None:
        if len(token) > LONGEST_TOKEN or _COMPACT.fullmatch(token) is None:
            raise _refused("it is not a token of ours")
        header = _header(token)
        if header != {"alg": ALGORITHM, "kid": self._key.id, "typ": "JWT"}:
            raise _refused("its header is not one that we write")


def administrator_token(tokens: Tokens) -> str:
    """Sign the token for the first kubeconfig: group system:masters, until the key is replaced."""
    return tokens.issue(AdministratorProof(), lifetime=None).token


def looks_signed(token: str) -> bool:
    """Whether a text has the form of a token, so that it need not be tried as a password."""
    return len(token) <= LONGEST_TOKEN and _COMPACT.fullmatch(token) is not None


def _header(token: str) -> Any:
    encoded = token.partition(".")[0]
    try:
        text = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        return json.loads(text, object_pairs_hook=_members)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _refused("it is not a token of ours") from error


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a header names a member twice")
    return members


def _refused(why: str, *, remedy: str | None = None) -> NotProven:
    return NotProven(f"cannot use the token: {why}", remedy=remedy)
