"""
The compiled access policy of this host, read again whenever its file changes.

A file that is missing, is not root's alone to write, or does not hold a policy is an error each time
somebody needs it: nothing is decided by what it said before.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Final

from wharfinger.errors import Unavailable
from wharfinger.policy.access import AccessPolicy, InvalidAccessPolicy
from wharfinger.policy.patterns import InvalidPattern

PATH: Final = "/etc/wharfinger/access.json"
LIMIT: Final = 4 << 20


class PolicyUnreadable(Unavailable):
    """Nothing that needs the policy is allowed without it."""

    code = "access-policy-unreadable"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"cannot read the access policy {path}: {reason}",
            remedy="let `wharf hosts apply` write it again",
        )


class PolicyFile:
    """Keeps what it has read until the file is another or has changed."""

    def __init__(self, path: str = PATH) -> None:
        self.path = path
        self._file = Path(path)
        self._seen: tuple[int, ...] | None = None
        self._policy: AccessPolicy | None = None

    def current(self) -> AccessPolicy:
        """The policy as the file has it now; raises `PolicyUnreadable`."""
        try:
            seen = _identity(self._file.stat())
            if self._policy is None or seen != self._seen:
                self._policy = None
                self._seen, self._policy = _read(self.path)
        except OSError as error:
            raise PolicyUnreadable(self.path, error.strerror or "it cannot be opened") from None
        except _Unfit as error:
            raise PolicyUnreadable(self.path, str(error)) from None
        return self._policy


class _Unfit(Exception):
    """Why a file that can be opened holds no policy."""


def _read(path: str) -> tuple[tuple[int, ...], AccessPolicy]:
    # O_NONBLOCK: a FIFO in the file's place would keep us waiting for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - it is a descriptor
        status = os.fstat(descriptor)
        _require_trusted(status)
        return _identity(status), _parse(file.read(LIMIT + 1))


def _require_trusted(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _Unfit("it is no regular file")
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o022:
        raise _Unfit("others than root may write it")


def _parse(content: bytes) -> AccessPolicy:
    if len(content) > LIMIT:
        raise _Unfit(f"it has more than {LIMIT >> 20} MiB")
    try:
        return AccessPolicy.from_json(json.loads(content))
    except (InvalidAccessPolicy, InvalidPattern) as error:
        raise _Unfit(error.message) from None
    except (ValueError, RecursionError):
        raise _Unfit("it is not JSON") from None


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_mode,
        status.st_uid,
    )
