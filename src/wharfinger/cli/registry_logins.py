"""The logins of the user for registries: those of Podman and Docker, with their credential helpers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from wharfinger.cli import credential_helper
from wharfinger.cli.terminal import note, sanitized
from wharfinger.oci.credentials import SIZE_LIMIT, Credential, InvalidCredentials
from wharfinger.oci.reference import ImageReference
from wharfinger.remote import logins
from wharfinger.remote.logins import HelperFailed, LoginFile


def files() -> list[LoginFile]:
    """Those that are there. One that cannot be read is told and passed over."""
    found = []
    for path in logins.paths(os.environ, Path.home(), os.getuid()):
        try:
            found.append(read(path))
        except FileNotFoundError:
            continue
        except (OSError, InvalidCredentials) as error:
            why = error.message if isinstance(error, InvalidCredentials) else error.strerror
            note(f"note: the logins in {sanitized(str(path))} are not used: {why}")
    return found


def read(path: Path) -> LoginFile:
    """Raise `OSError` or `InvalidCredentials`."""
    with path.open("rb") as opened:
        return logins.parse(opened.read(SIZE_LIMIT + 1), path)


def login(found: Sequence[LoginFile], image: ImageReference) -> Credential | None:
    """The login for an image, or for a registry. A helper that fails is told, and has none."""
    try:
        return logins.login(found, image, credential_helper.ask)
    except HelperFailed as error:
        note(f"note: {error.message}")
        return logins.login(found, image)
