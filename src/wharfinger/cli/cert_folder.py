"""
Certificates for a registry, as containers-certs.d(5) has them in a folder: `*.crt` are authorities to
trust, `*.cert` with the `*.key` of the same name is what we show.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from wharfinger.cli.errors import UsageError
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote.trust import Trust

PLACES: Final = (
    Path("~/.config/containers/certs.d"),
    Path("/etc/containers/certs.d"),
    Path("/etc/docker/certs.d"),
)
SIZE_LIMIT: Final = 1 << 20


def usual(registry: RegistryHost) -> Trust:
    """What the first of the usual places has for a registry, and nothing if none has a folder."""
    for place in PLACES:
        folder = place.expanduser() / str(registry)
        if folder.is_dir():
            return read(folder)
    return Trust()


def read(folder: Path) -> Trust:
    """Raise `UsageError`."""
    try:
        names = sorted(folder.iterdir())
        authorities = [_content(path) for path in names if path.suffix == ".crt"]
        clients = [
            (_content(path), _content(path.with_suffix(".key")))
            for path in names
            if path.suffix == ".cert"
        ]
    except OSError as error:
        raise UsageError(f"cannot read certificates of {folder}: {error.strerror}") from None
    return Trust(tuple(authorities), clients[0] if clients else None)


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(SIZE_LIMIT + 1)
    if len(content) > SIZE_LIMIT:
        raise UsageError(f"cannot read {path}: it has more than {SIZE_LIMIT} bytes")
    return content
