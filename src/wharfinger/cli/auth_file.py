"""
The file with logins that docker, podman and others read: `config.json`.

Logins are added to what the file has. Its other settings stay, and so do logins for other registries.
A login that stands under the same name is replaced, since a client reads only one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wharfinger.cli.errors import UsageError
from wharfinger.oci import credentials
from wharfinger.oci.credentials import Credential


def default(environment: Mapping[str, str]) -> Path:
    """The file that `docker` of this person reads."""
    if given := environment.get("REGISTRY_AUTH_FILE"):
        return Path(given)
    directory = environment.get("DOCKER_CONFIG")
    return Path(directory or Path.home() / ".docker") / "config.json"


def add(path: Path, logins: Mapping[str, Credential]) -> None:
    """Put the logins into the file, which nobody else may read."""
    from wharfinger.system import files  # only who writes waits for what it imports

    # Somebody may keep the real file elsewhere: write through a link, never in place of it.
    path = path.resolve()
    document = added(_read(path), logins)
    try:
        path.parent.mkdir(mode=files.PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        files.write(path, (json.dumps(document, indent=2) + "\n").encode())
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def added(document: Mapping[str, Any], logins: Mapping[str, Credential]) -> dict[str, Any]:
    """The content of the file with the logins in it."""
    auths = document.get("auths") or {}
    if not isinstance(auths, dict):
        raise credentials.InvalidCredentials("'auths' is not an object")
    entries = {registry: login.entry() for registry, login in logins.items()}
    return {**document, "auths": {**auths, **entries}}


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UsageError(
            f"cannot add to {path}: it is not a JSON object", remedy="move it away, or repair it"
        )
    return document
