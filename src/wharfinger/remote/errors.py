"""
What can go wrong with another registry. Each error is about one registry or token service, named in
`place`; none of them repeats what that server said, other than its status.
"""

from __future__ import annotations

from wharfinger.errors import BadInput, Forbidden, Unauthenticated, Unavailable, WharfingerError


class RemoteError(WharfingerError):
    """Something about a registry; `reason` alone is for a line that names the registry already."""

    code = "remote"

    def __init__(self, place: str, reason: str, *, remedy: str | None = None) -> None:
        super().__init__(f"cannot ask {place}: {reason}", remedy=remedy)
        self.place, self.reason = place, reason


class NoAnswer(RemoteError, Unavailable):
    """No connection, none in time, or one that broke."""

    code = "remote-unavailable"


class Untrusted(RemoteError):
    """Its certificate does not hold."""

    code = "remote-untrusted"


class NotUnderstood(RemoteError, BadInput):
    """What came is not what a registry says, or more than one may say."""

    code = "remote-not-understood"


class LoginNeeded(RemoteError, Unauthenticated):
    code = "remote-login-needed"


class NotAllowed(RemoteError, Forbidden):
    code = "remote-not-allowed"
