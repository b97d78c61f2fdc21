"""
Sessions of users who logged in with a password: 24 hours each, and over at once on logout.

A session token is random and says nothing. The object store keeps its hash with the user, the end,
and the fingerprint of the password it began with, under a resource that no API serves: whoever
reads the store learns no token, a restart loses no session, and a changed password ends them all.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharfinger.cluster.kind import GroupResource, Object
from wharfinger.cluster.proofs import NotProven, PasswordProof, SessionProof
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.tokens import Clock, Issued

if TYPE_CHECKING:
    from wharfinger.cluster.cache import Cache

SESSIONS = GroupResource("internal.wharfinger", "sessions")
LIFETIME = 24 * 3600
PREFIX = "sha256~"
"""As OpenShift's tokens begin: `oc` names them by it, and scanners for leaked secrets know it."""

_TOKEN = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Session:
    user: str
    entry: str  # fingerprint of the password's line
    expires: int


class Sessions:
    """The sessions there are, kept in the object store."""

    def __init__(self, cache: Cache, *, clock: Clock = time.time, lifetime: int = LIFETIME) -> None:
        self._cache = cache
        self._clock = clock
        self.lifetime = lifetime

    async def start(self, proof: PasswordProof) -> Issued:
        """Begin a session; the token is told once and kept by nobody but the caller."""
        token = f"{PREFIX}{secrets.token_urlsafe(32)}"
        now = int(self._clock())
        session = Session(proof.user, proof.entry, now + self.lifetime)
        await self._cache.commit(Write(_key(digest(token)), _encode(digest(token), session), 0))
        return Issued(token, now, session.expires)

    def prove(self, token: str) -> tuple[SessionProof, Session]:
        """Find the session of a token; raise `NotProven` if there is none."""
        name = digest(token)
        session = self.get(name)
        if session is None:
            raise NotProven("cannot use the token: its session is over", remedy="log in again")
        return SessionProof(session.user, name), session

    def get(self, name: str) -> Session | None:
        """The live session under this hash."""
        found = self._cache.get(SESSIONS, "", name)
        if found is None:
            return None
        session = session_of(found)
        return session if self._clock() < session.expires else None

    async def end(self, token: str) -> None:
        """End the session of a token; raise `NotProven` if it is over already."""
        proof, _ = self.prove(token)
        await self.forget(proof.session)

    async def forget(self, name: str) -> None:
        """End the session under this hash, if there is one."""
        await self._remove(self._cache.get(SESSIONS, "", name))

    async def sweep(self) -> None:
        """Remove what has expired."""
        now = self._clock()
        for found in self._cache.list(SESSIONS):
            if session_of(found).expires <= now:
                await self._remove(found)

    async def _remove(self, found: Object | None) -> None:
        if found is not None:
            metadata = found["metadata"]
            revision = int(metadata["resourceVersion"])
            await self._cache.commit(Write(_key(metadata["name"]), None, revision))


def looks_like_session(token: str) -> bool:
    return _TOKEN.fullmatch(token) is not None


def digest(token: str) -> str:
    """What a session is kept under: the hash of what is secret in its token."""
    secret = token.removeprefix(PREFIX)
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def _key(name: str) -> Key:
    return Key(SESSIONS, "", name)


def _encode(name: str, session: Session) -> bytes:
    spec = {"user": session.user, "entry": session.entry, "expires": session.expires}
    return json.dumps({"metadata": {"name": name}, "spec": spec}).encode()


def session_of(found: Object) -> Session:
    """The session in a stored object."""
    spec = found["spec"]
    return Session(spec["user"], spec["entry"], spec["expires"])
