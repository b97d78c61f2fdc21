"""
What can go wrong with another registry. Each error is about one registry or token service, named in
`place`; none of them repeats what that server said, other than its status.
"""

from __future__ import annotations

from wharfinger.errors import (
    BadInput,
    Forbidden,
    NotFound,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    Unsupported,
    WharfingerError,
)


class RemoteError(WharfingerError):
    """Something about a registry; `reason` alone is for a line that names the registry already."""

    code = "remote"

    def __init__(self, place: str, reason: str, *, remedy: str | None = None) -> None:
        super().__init__(f"cannot ask {place}: {reason}", remedy=remedy)
        self.place, self.reason = place, reason


class NoAnswer(RemoteError, Unavailable):
    """No connection, none in time, or one that broke."""

    code = "remote-unavailable"


class ServerFailed(NoAnswer):
    """It says that something of its own is broken (5xx). `retry_after` is in seconds, where it has
    said it.
    """

    code = "remote-failed"

    def __init__(self, place: str, status: int, retry_after: float | None = None) -> None:
        super().__init__(place, f"it fails ({status})")
        self.status, self.retry_after = status, retry_after


class HttpOnly(NoAnswer):
    """What answers there does not speak TLS, and nobody has said that this may be so."""

    code = "remote-http-only"


class TooBusy(RemoteError, TooManyRequests):
    """It has had enough of us (429). `retry_after` is in seconds, where it has said it."""

    code = "remote-too-busy"

    def __init__(self, place: str, retry_after: float | None = None) -> None:
        again = "" if retry_after is None else f", until in {retry_after:g} s"
        super().__init__(place, f"it takes no more requests of ours (429){again}")
        self.retry_after = retry_after


class Untrusted(RemoteError):
    """Its certificate does not hold."""

    code = "remote-untrusted"


class OutOfReach(RemoteError, Forbidden):
    """It is at an address that nobody may have us connect to."""

    code = "remote-out-of-reach"


class NotUnderstood(RemoteError, BadInput):
    """What came is not what a registry says, or more than one may say."""

    code = "remote-not-understood"


class WrongContent(NotUnderstood):
    """The bytes are not those of the digest or the size that was asked for."""

    code = "remote-wrong-content"


class NotOffered(RemoteError, Unsupported):
    """A registry need not do this, and this one does not."""

    code = "remote-not-offered"


class LoginNeeded(RemoteError, Unauthenticated):
    """It wants a login, and there is none that may be shown to it."""

    code = "remote-login-needed"


class WrongLogin(LoginNeeded):
    """A login was shown, and it was not taken."""

    code = "remote-wrong-login"


class NotAllowed(RemoteError, Forbidden):
    code = "remote-not-allowed"


class ManifestAbsent(RemoteError, NotFound):
    """The repository has no such manifest, or is not there."""

    code = "remote-manifest-absent"


class BlobAbsent(RemoteError, NotFound):
    code = "remote-blob-absent"
