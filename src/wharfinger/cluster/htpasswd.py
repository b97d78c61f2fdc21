"""
The password file: one `user:hash` a line, as `htpasswd -B` writes it.

Hashes are bcrypt or argon2; older ones (MD5, SHA-1, crypt) are refused when the file is read,
since they are broken. The file is read again whenever its stamp changes, so a line that is
removed or changed counts from the next request on; a file that cannot be read then lets nobody in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import argon2
import bcrypt

from wharfinger.errors import BadInput, Unavailable

LONGEST_FILE = 16 * 1024 * 1024
LONGEST_BCRYPT_PASSWORD = 72  # bytes; bcrypt sees no more, so a longer one would match too easily
_USER = re.compile(r"[^\s:/%\x00-\x1f\x7f]{1,256}")
_BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|1[0-7])\$[./A-Za-z0-9]{53}")  # a cost that ends in time
_ARGON2 = re.compile(r"\$argon2(id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")


class BadPasswordFile(BadInput):
    code = "bad-password-file"


class PasswordFileUnreadable(Unavailable):
    code = "password-file-unreadable"


@dataclass(frozen=True, slots=True)
class Entry:
    """One user's hash."""

    hash: str

    @property
    def fingerprint(self) -> str:
        """Names this state of the line: sessions end when it changes."""
        return hashlib.sha256(self.hash.encode()).hexdigest()[:32]

    def matches(self, password: str) -> bool:
        """Compare; slow on purpose, so call it off the event loop."""
        secret = password.encode(errors="surrogatepass")
        if self.hash.startswith("$argon2"):
            try:
                return argon2.PasswordHasher().verify(self.hash, secret)
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                return False
        return len(secret) <= LONGEST_BCRYPT_PASSWORD and bcrypt.checkpw(secret, self.hash.encode())


def parse(text: str) -> dict[str, Entry]:
    """Read the lines of a password file; raise `BadPasswordFile`, naming the line, at a bad one."""
    entries: dict[str, Entry] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        user, _, hashed = line.strip().partition(":")
        if _USER.fullmatch(user) is None or user in (".", "..", "~"):
            raise _bad(number, "the user name has characters that no user name has")
        if user in entries:
            raise _bad(number, f"the user {user!r} is there twice")
        if _BCRYPT.fullmatch(hashed) is None and _ARGON2.fullmatch(hashed) is None:
            raise _bad(number, f"the hash of {user!r} is neither bcrypt nor argon2")
        entries[user] = Entry(hashed)
    return entries


class HtpasswdFile:
    """The entries of a file, as they are now."""

    def __init__(self, path: Path) -> None:
        """Read the file; raise `BadPasswordFile` if it is not one that we can use."""
        self._path = path
        self._stamp: tuple[int, ...] = ()
        self._entries: Mapping[str, Entry] = {}
        self.entries()

    def entries(self) -> Mapping[str, Entry]:
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self._stamp:
                self._entries = self._read(found.st_size)
                self._stamp = stamp
        except OSError as error:
            raise PasswordFileUnreadable(
                f"cannot read the password file {self._path}: {error.strerror}"
            ) from error
        return self._entries

    def _read(self, size: int) -> dict[str, Entry]:
        if size > LONGEST_FILE:
            raise BadPasswordFile(f"cannot use the password file: over {LONGEST_FILE} bytes")
        try:
            return parse(self._path.read_text())
        except UnicodeDecodeError as error:
            raise BadPasswordFile("cannot use the password file: it is not UTF-8") from error


def _bad(number: int, why: str) -> BadPasswordFile:
    return BadPasswordFile(
        f"cannot use line {number} of the password file: {why}",
        remedy="write the line with `htpasswd -B`",
    )
