"""
Who sends this request? From a credential to a subject, exactly as things stand now.

Two questions, kept apart. Is the token genuine: a signature, whose answer is remembered by the
hash of the token. Does what it proves still hold: the account with that uid, the bound secret, the
session, the line in the password file; asked of memory each time, so what was deleted a moment ago
proves nothing any more.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharfinger.cluster.groups import Memberships
from wharfinger.cluster.kind import GroupResource
from wharfinger.cluster.passwords import Passwords
from wharfinger.cluster.proofs import (
    ADMINISTRATOR,
    AccountProof,
    AdministratorProof,
    AnonymousProof,
    NotProven,
    PasswordProof,
    Proof,
    SessionProof,
)
from wharfinger.cluster.sessions import Sessions, looks_like_session
from wharfinger.cluster.subject import ANONYMOUS, AUTHENTICATED, OAUTH, Subject, service_account
from wharfinger.cluster.tokens import (
    REGISTRY_AUDIENCE,
    RegistryAccess,
    Statement,
    Tokens,
    looks_signed,
)

if TYPE_CHECKING:
    from wharfinger.cluster.cache import Cache

ACCOUNTS = GroupResource("", "serviceaccounts")
SECRETS = GroupResource("", "secrets")
MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Identity:
    """A subject and what proved it; `expires` is the end of the credential, if it has one."""

    subject: Subject
    proof: Proof
    expires: int | None
    audiences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """Who talks to the registry; `access` bounds what the token is good for (None: no bound)."""

    subject: Subject
    access: tuple[RegistryAccess, ...] | None


class Authenticator:
    """Turns bearer tokens and passwords into subjects; raises `NotProven`."""

    def __init__(
        self,
        cache: Cache,
        *,
        tokens: Tokens,
        sessions: Sessions,
        passwords: Passwords,
    ) -> None:
        self._cache = cache
        self._tokens = tokens
        self.sessions = sessions
        self._memberships = Memberships(cache)
        self._passwords = passwords
        self._read: OrderedDict[bytes, Statement] = OrderedDict()

    def bearer(self, token: str) -> Subject:
        """The subject of a token for the object API."""
        return self.identify(token, (self._tokens.api_audience,)).subject

    async def basic(self, user: str, password: str, address: str = "") -> Subject:
        """The subject of user name and password, or of any user name with a token as password."""
        return (await self.credentials(user, password, address)).subject

    async def credentials(self, user: str, password: str, address: str = "") -> Identity:
        """As `basic`, for somebody who logs in to the registry: tokens for it are taken too."""
        if looks_like_session(password) or looks_signed(password):
            return self.identify(password, (self._tokens.api_audience, REGISTRY_AUDIENCE))
        return await self.log_in(user, password, address)

    async def log_in(self, user: str, password: str, address: str = "") -> Identity:
        """Prove a user by password alone; `TooManyRequests` if the address guesses too much."""
        proof = await self._passwords.check(user, password, address)
        return Identity(self.subject(proof), proof, None)

    def registry_bearer(self, token: str) -> Grant:
        """Who sends a bearer token to the registry: one of its own, or any of the platform."""
        audiences = (self._tokens.api_audience, REGISTRY_AUDIENCE)
        if looks_like_session(token):
            return Grant(self.identify(token, audiences).subject, None)
        statement = self._statement(token)
        _check_audience(statement.audiences, audiences)
        return Grant(self.subject(statement.proof), statement.access)

    def identify(self, token: str, audiences: tuple[str, ...]) -> Identity:
        """Identify the holder of a platform token meant for one of `audiences`."""
        if looks_like_session(token):
            api = (self._tokens.api_audience,)
            _check_audience(api, audiences)
            proof, session = self.sessions.prove(token)
            return Identity(self.subject(proof), proof, session.expires, api)
        statement = self._statement(token)
        _check_audience(statement.audiences, audiences)
        if statement.access is not None:
            raise NotProven("cannot use the token: it is good for the registry only")
        proven = self.subject(statement.proof)
        return Identity(proven, statement.proof, statement.expires, statement.audiences)

    def subject(self, proof: Proof) -> Subject:
        """The subject that a genuine proof stands for; `NotProven` if it does not hold now."""
        match proof:
            case AccountProof():
                return self._account(proof)
            case SessionProof():
                return self._session(proof)
            case PasswordProof():
                if not self._passwords.holds(proof):
                    raise _over("the password was changed")
                return self._user(proof.user)
            case AdministratorProof():
                return ADMINISTRATOR
            case AnonymousProof():
                return ANONYMOUS

    def _account(self, proof: AccountProof) -> Subject:
        account = self._cache.get(ACCOUNTS, proof.namespace, proof.name)
        if account is None or account["metadata"]["uid"] != proof.uid:
            raise _over("the service account was deleted")
        if proof.secret is not None:
            secret = self._cache.get(SECRETS, proof.namespace, proof.secret.name)
            if secret is None or secret["metadata"]["uid"] != proof.secret.uid:
                raise _over("the secret that it is bound to was deleted")
        return service_account(proof.namespace, proof.name, proof.uid)

    def _session(self, proof: SessionProof) -> Subject:
        session = self.sessions.get(proof.session)
        if session is None or session.user != proof.user:
            raise _over("its session is over")
        if not self._passwords.holds(PasswordProof(session.user, session.entry)):
            raise _over("the password was changed")
        return self._user(session.user)

    def _user(self, name: str) -> Subject:
        return Subject(name, groups=(*self._memberships.of(name), OAUTH, AUTHENTICATED))

    def _statement(self, token: str) -> Statement:
        key = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        statement = self._read.get(key)
        if statement is None:
            statement = self._tokens.read(token)
            self._read[key] = statement
            if len(self._read) > MOST_REMEMBERED:
                self._read.popitem(last=False)
        else:
            self._read.move_to_end(key)
            self._tokens.check_time(statement)
        return statement


def _check_audience(stated: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    if not set(stated) & set(wanted):
        raise NotProven("cannot use the token: it is meant for another audience")


def _over(why: str) -> NotProven:
    return NotProven(f"cannot use the token: {why}", remedy="log in again, or ask for a new token")
