"""What the settings say of imports: the file with the policy, and the certificates that it names."""

from __future__ import annotations

from pathlib import Path

from wharfinger.errors import BadInput
from wharfinger.hosts.site import document as documents
from wharfinger.images.importing.trust import Bundle
from wharfinger.policy import import_policy
from wharfinger.policy.import_policy import ImportPolicy

_EVERYWHERE = "ca-bundle.crt"


class ImportFileUnreadable(BadInput):
    code = "import-file-unreadable"

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"cannot read {path}, which is for imports: {error.strerror}")


def policy(path: Path | None) -> ImportPolicy:
    """Raise `ImportFileUnreadable`, or what is wrong with the text of it."""
    if path is None:
        return ImportPolicy()
    return import_policy.read(documents.read_foreign(str(path), _content(path)).plain())


def authorities(path: Path | None, named: str) -> Bundle | str:
    """What `additionalTrustedCA` means: a file, found from where the policy is, or a config map."""
    if not named:
        return Bundle()
    file = (path.parent if path is not None else Path()) / named
    if "/" not in named and not file.exists():
        return named
    return Bundle.read({_EVERYWHERE: _content(file).decode(errors="replace")}, str(file))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImportFileUnreadable(path, error) from error
