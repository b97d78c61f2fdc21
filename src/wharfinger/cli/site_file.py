"""Reading the site file, and the files that it names beside it, from disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from wharfinger.errors import NotFound, TooLarge, WharfingerError
from wharfinger.hosts.site import document, file
from wharfinger.hosts.site.file import GivenFile, NoFile
from wharfinger.hosts.site.model import Site

DEFAULT: Final = Path("site.yaml")
MAX_BYTES: Final = 8 << 20
"""Of a file that the site file names; the bundles of distributions have a quarter of a MiB."""


class CannotRead(WharfingerError):
    """A file that is there and cannot be read."""

    code = "cannot-read-file"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot read {path!r}: {reason}")


class NoSiteFile(NotFound):
    code = "no-site-file"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"cannot read {str(path)!r}: there is no such file",
            remedy="name the site file, or write one from what is there with `wharf site adopt`",
        )


class FileTooLarge(TooLarge):
    code = "file-too-large"

    def __init__(self, path: str, limit: int) -> None:
        super().__init__(f"cannot read {path!r}: it has more than {limit >> 20} MiB")


def load(path: Path = DEFAULT) -> Site:
    """The site that a file describes; raise `InvalidSite` with all its faults.

    Paths in it are relative to the folder of the file.
    """
    try:
        content = read(path, str(path), limit=document.MAX_BYTES).content
    except NoFile:
        raise NoSiteFile(path) from None
    return file.parse(content, name=str(path), files=lambda named: read(path.parent / named, named))


def read(path: Path, shown: str, *, limit: int = MAX_BYTES) -> GivenFile:
    """A regular file within `limit`; a pipe or device is refused before it is waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NoFile(shown) from None
    except (OSError, ValueError) as error:
        raise CannotRead(shown, _reason(error)) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise CannotRead(shown, "it is no regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as opened:
            content = opened.read(limit + 1)
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise FileTooLarge(shown, limit)
    return GivenFile(content, stat.S_IMODE(status.st_mode))


def _reason(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or "it is no path"
