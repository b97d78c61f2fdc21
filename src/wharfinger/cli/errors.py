"""
What can go wrong in a command: what the server said, what never reached it, and what was typed.

An answer of the server keeps its `reason` and its words, and is printed the way `kubectl` does:
`Error from server (NotFound): …`. Everything else is `error: cannot …`. A remedy follows as `hint:`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from wharfinger import errors
from wharfinger.errors import BadInput, Unavailable, WharfingerError


class UsageError(BadInput):
    """The command line makes no sense, in a way that its grammar cannot see."""

    code = "usage"


class Blocked(WharfingerError):
    """Stopped before the end by something that a person must decide."""

    code = "blocked"


class PartlyDone(WharfingerError):
    """Some of what was named could not be done; each failure has been reported."""

    code = "partly-done"

    def __init__(self, failed: int, total: int) -> None:
        super().__init__(f"cannot do {failed} of {total}: see the errors above")
        self.failed, self.total = failed, total


class TimedOut(Unavailable):
    code = "timed-out"

    def __init__(self, what: str, seconds: float, *, remedy: str | None = None) -> None:
        message = f"cannot wait any longer for {what}: {seconds:g} s are over"
        super().__init__(message, remedy=remedy)


class Unreachable(Unavailable):
    """No connection, or one that broke or spoke another protocol."""

    code = "unreachable"


class NoContext(BadInput):
    """The kubeconfig does not say which server to talk to, or as whom."""

    code = "no-context"


class InvalidKubeconfig(BadInput):
    code = "invalid-kubeconfig"


class CannotWriteKubeconfig(WharfingerError):
    code = "cannot-write-kubeconfig"

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"cannot write kubeconfig {str(path)!r}: {error.strerror}",
            remedy="name one that you may write with --kubeconfig",
        )
        self.path = path


class FromServer(WharfingerError):
    """An answer other than success; `reason` is the API's or the registry's code."""

    def __init__(self, reason: str, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.reason = reason


class ServerRefusedInput(FromServer, errors.BadInput): ...


class ServerUnauthenticated(FromServer, errors.Unauthenticated): ...


class ServerForbade(FromServer, errors.Forbidden): ...


class ServerHasNot(FromServer, errors.NotFound): ...


class ServerHasAlready(FromServer, errors.AlreadyExists): ...


class ServerConflict(FromServer, errors.Conflict): ...


class ServerGone(FromServer, errors.Gone): ...


class ServerTooLarge(FromServer, errors.TooLarge): ...


class ServerUnsupported(FromServer, errors.Unsupported): ...


class ServerBusy(FromServer, errors.TooManyRequests): ...


class ServerFull(FromServer, errors.StorageFull): ...


class ServerUnavailable(FromServer, errors.Unavailable): ...


class ServerFailed(FromServer): ...


_OF_STATUS: Final[dict[int, type[FromServer]]] = {
    400: ServerRefusedInput,
    401: ServerUnauthenticated,
    403: ServerForbade,
    404: ServerHasNot,
    405: ServerUnsupported,
    409: ServerConflict,
    410: ServerGone,
    413: ServerTooLarge,
    415: ServerRefusedInput,
    416: ServerRefusedInput,
    422: ServerRefusedInput,
    429: ServerBusy,
    503: ServerUnavailable,
    504: ServerUnavailable,
    507: ServerFull,
}
_REMEDIES: Final[dict[type[FromServer], str]] = {
    ServerUnauthenticated: "log in again with `wharf login`",
    ServerForbade: "ask an administrator of the project for a role (`wharf grant`)",
    ServerConflict: "it changed in between: try again",
    ServerBusy: "try again in a moment",
}


def from_server(status: int, reason: str, message: str, hint: str = "") -> FromServer:
    """`hint`: what the server says besides, which is more to the point than what we know."""
    kind = _OF_STATUS.get(status, ServerFailed)
    if reason == "AlreadyExists":
        kind = ServerHasAlready
    return kind(reason, message, remedy=hint or _REMEDIES.get(kind))
