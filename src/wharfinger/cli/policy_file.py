"""Reading an image policy from disk."""

from __future__ import annotations

from pathlib import Path

from wharfinger.cli import site_file
from wharfinger.errors import NotFound
from wharfinger.hosts.site import document as documents
from wharfinger.hosts.site.file import NoFile
from wharfinger.images import policy_text
from wharfinger.images.policy_text import PolicyText


class NoPolicyFile(NotFound):
    code = "no-policy-file"

    def __init__(self, path: Path) -> None:
        super().__init__(f"cannot read {str(path)!r}: there is no such file")


def load(path: Path) -> PolicyText:
    """The policy in a file of any of its forms; raise `UnusableImagePolicy` with all faults."""
    try:
        content = site_file.read(path, str(path), limit=documents.MAX_BYTES).content
    except NoFile:
        raise NoPolicyFile(path) from None
    return policy_text.parse(str(path), content)
