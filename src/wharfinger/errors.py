"""
The one hierarchy of errors that Wharfinger raises on purpose.

A class says what kind of thing went wrong, and `server/errors.py` has one table from kind
to HTTP status. Packages subclass the kinds here and give each error its own stable `code`.
Anything else that escapes is a bug and keeps its traceback.
"""

from __future__ import annotations

from typing import ClassVar


class WharfingerError(Exception):
    """Something that we cannot do, said so that a person can act on it."""

    code: ClassVar[str] = "internal"
    details: tuple[str, ...] = ()
    """Where several things are wrong at once, each of them, as a line."""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class BadInput(WharfingerError):
    """What was given is outside the grammar, or contradicts itself."""

    code = "bad-input"


class Unauthenticated(WharfingerError):
    """We do not know who is asking, or the proof does not hold."""

    code = "unauthenticated"


class Forbidden(WharfingerError):
    """We know who is asking, and they may not."""

    code = "forbidden"


class NotFound(WharfingerError):
    code = "not-found"


class AlreadyExists(WharfingerError):
    code = "already-exists"


class Conflict(WharfingerError):
    """The thing changed in between, or its state does not allow this now."""

    code = "conflict"


class Gone(WharfingerError):
    """It was there once and is not kept any more (a compacted revision)."""

    code = "gone"


class TooLarge(WharfingerError):
    """Over a stated limit of size, depth, count or time."""

    code = "too-large"


class Unsupported(WharfingerError):
    """Well-formed, known, and not done here."""

    code = "unsupported"


class TooManyRequests(WharfingerError):
    code = "too-many-requests"


class StorageFull(WharfingerError):
    """The disk (or a quota on it) has no room; nothing half-written is kept."""

    code = "storage-full"


class Unavailable(WharfingerError):
    """We cannot now, and may be able to later."""

    code = "unavailable"
