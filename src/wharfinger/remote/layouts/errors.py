"""What can be wrong with images in files. Absence is told as registries tell it, by `remote.errors`."""

from __future__ import annotations

import errno
from pathlib import Path

from wharfinger.errors import (
    AlreadyExists,
    BadInput,
    Conflict,
    StorageFull,
    Unsupported,
    WharfingerError,
)


class InvalidLayout(BadInput):
    """Files that are not what they should be; nothing of them may be used."""

    code = "invalid-layout"

    def __init__(self, place: str, reason: str, *, remedy: str | None = None) -> None:
        super().__init__(f"cannot read images in {place}: {reason}", remedy=remedy)
        self.place, self.reason = place, reason


class NotInThisForm(Unsupported):
    """Something that this kind of file cannot hold."""

    code = "not-in-this-form"

    def __init__(self, place: str, reason: str, *, remedy: str | None = None) -> None:
        super().__init__(f"cannot keep this in {place}: {reason}", remedy=remedy)
        self.place, self.reason = place, reason


class FileExists(AlreadyExists):
    code = "file-exists"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"cannot write {path}: it is there already, and an archive is written once",
            remedy="remove it, or name another file",
        )
        self.path = path


class AtWork(Conflict):
    """Another process writes the same thing now."""

    code = "at-work"

    def __init__(self, path: Path) -> None:
        super().__init__(f"cannot write {path}: another process writes it now")
        self.path = path


class CannotUseFile(WharfingerError):
    code = "cannot-use-file"

    def __init__(self, verb: str, path: Path, reason: str) -> None:
        super().__init__(f"cannot {verb} {path}: {reason}")
        self.path, self.reason = path, reason


class DiskFull(CannotUseFile, StorageFull):
    code = "disk-full"


def of(error: OSError, verb: str, path: Path) -> CannotUseFile:
    kind = DiskFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else CannotUseFile
    return kind(verb, path, error.strerror or type(error).__name__)
