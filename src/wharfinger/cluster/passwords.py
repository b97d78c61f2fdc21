"""
Check passwords without letting a flood of guesses take the machine or an account.

Hashing is slow on purpose, so it runs in threads, few at a time, and a queue that grows too long
refuses. Guesses are counted for each account and address together: whoever guesses is slowed
down, and the owner of the account at another address is not. A user who does not exist costs as
much time as one who does. A password that proved right is remembered for a minute under a keyed
hash, so that clients that send Basic with each request do not hash each time.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from wharfinger.cluster.htpasswd import Entry
from wharfinger.cluster.proofs import NotProven, PasswordProof
from wharfinger.cluster.tokens import Clock
from wharfinger.errors import TooManyRequests

LONGEST_PASSWORD = 1024
GUESSES = 10
WINDOW = 300  # seconds in which GUESSES may fail
REMEMBERED_SECONDS = 60
MOST_WAITING = 64
MOST_COUNTED = 10_000

# argon2id of 16 random bytes that nobody kept: what an empty password file is compared with
_DECOY = Entry(
    "$argon2id$v=19$m=65536,t=3,p=4$lJa1PxZ1pzg4M+8HdEplCw$4niSqBGHOi61o6c7x8YOa/adJaPBAG0cOm6zY4wqHTc"
)


class TooManyGuesses(TooManyRequests):
    code = "too-many-guesses"

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            "cannot check the password: too many wrong ones came from this address",
            remedy=f"wait {retry_after} seconds",
        )
        self.retry_after = retry_after


class TooBusy(TooManyRequests):
    code = "too-many-logins"
    retry_after = 1


class PasswordFile(Protocol):
    """Where the hashes come from."""

    def entries(self) -> Mapping[str, Entry]: ...


class NoPasswordFile:
    """No users with passwords: the default until a file is given."""

    def entries(self) -> Mapping[str, Entry]:
        return {}


@dataclass(slots=True)
class _Guesses:
    since: float
    count: int


class Passwords:
    """Proves users by password."""

    def __init__(self, file: PasswordFile | None = None, *, clock: Clock = time.time) -> None:
        self._file = file if file is not None else NoPasswordFile()
        self._clock = clock
        self._hashing = asyncio.Semaphore(max(1, (os.cpu_count() or 1) // 2))
        self._key = secrets.token_bytes(32)
        self._guesses: OrderedDict[tuple[str, str], _Guesses] = OrderedDict()
        self._remembered: OrderedDict[bytes, float] = OrderedDict()
        self._running: dict[bytes, asyncio.Task[bool]] = {}

    def holds(self, proof: PasswordProof) -> bool:
        """Whether the line that proved this user is still the same."""
        return self.entry(proof.user) == proof.entry

    def entry(self, user: str) -> str | None:
        """The fingerprint of a user's line, None if there is no such user."""
        entry = self._file.entries().get(user)
        return entry.fingerprint if entry is not None else None

    async def check(self, user: str, password: str, address: str = "") -> PasswordProof:
        """Prove the user; raise `NotProven`, or `TooManyRequests` without having looked."""
        entries = self._file.entries()
        entry = entries.get(user)
        usable = 0 < len(password.encode(errors="surrogatepass")) <= LONGEST_PASSWORD
        if not usable or not await self._compare(user, password, entry, entries, address):
            raise NotProven("cannot log in: the user name or the password is wrong")
        assert entry is not None
        return PasswordProof(user, entry.fingerprint)

    async def _compare(
        self,
        user: str,
        password: str,
        entry: Entry | None,
        entries: Mapping[str, Entry],
        address: str,
    ) -> bool:
        against = entry if entry is not None else self._decoy(user, entries)
        attempt = self._attempt(user, password, against)
        if self._remembered.get(attempt, 0) > self._clock():
            return entry is not None
        running = self._running.get(attempt)
        if running is None:
            self._count_guess(user, address)
            running = asyncio.create_task(self._hash(against, password))
            self._running[attempt] = running
            running.add_done_callback(lambda _: self._running.pop(attempt, None))
        matched = await asyncio.shield(running) and entry is not None
        if matched:
            self._guesses.pop((user, address), None)
            self._remember(attempt)
        return matched

    async def _hash(self, entry: Entry, password: str) -> bool:
        async with self._hashing:
            return await asyncio.to_thread(entry.matches, password)

    def _decoy(self, user: str, entries: Mapping[str, Entry]) -> Entry:
        """Some entry of the file, the same for the same unknown user: it takes as long."""
        hashes = list(entries.values()) or [_DECOY]
        digest = hmac.digest(self._key, user.encode(errors="surrogatepass"), "sha256")
        return hashes[int.from_bytes(digest[:8], "big") % len(hashes)]

    def _attempt(self, user: str, password: str, entry: Entry) -> bytes:
        """Name an attempt without keeping the password."""
        text = "\0".join((str(len(user)), user, entry.hash, password))
        return hmac.digest(self._key, text.encode(errors="surrogatepass"), "sha256")

    def _remember(self, attempt: bytes) -> None:
        self._remembered[attempt] = self._clock() + REMEMBERED_SECONDS
        while len(self._remembered) > MOST_COUNTED:
            self._remembered.popitem(last=False)

    def _count_guess(self, user: str, address: str) -> None:
        if len(self._running) >= MOST_WAITING:
            raise TooBusy(
                "cannot check the password: too many logins are waiting", remedy="try again soon"
            )
        now = self._clock()
        guesses = self._guesses.setdefault((user, address), _Guesses(now, 0))
        if now - guesses.since >= WINDOW:
            guesses.since, guesses.count = now, 0
        if guesses.count >= GUESSES:
            raise TooManyGuesses(int(guesses.since + WINDOW - now) + 1)
        guesses.count += 1
        self._guesses.move_to_end((user, address))
        while len(self._guesses) > MOST_COUNTED:
            self._guesses.popitem(last=False)
