"""
Where the logins of a user stand, in the order in which Podman looks, and which of them serves an image.

The files are read and never written. The first one with a login for the image decides: of its entries
the one for the longest part of the name (`registry/namespace` before `registry`), whole components of
it. Where a file leaves a registry, or all of them, to a credential helper, the helper is asked instead.

containers-auth.json(5); https://docs.docker.com/reference/cli/docker/login/#credential-stores
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from wharfinger.errors import Unavailable
from wharfinger.oci import credentials
from wharfinger.oci.credentials import Credential, Credentials, InvalidCredentials
from wharfinger.oci.reference import HUB, HUBS, ImageReference

HUB_SERVER: Final = "https://index.docker.io/v1/"
"""How helpers know Docker Hub."""
NAMELESS: Final = "<token>"
"""The name under which a helper keeps an identity token in place of a password."""

_PROGRAM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class HelperFailed(Unavailable):
    code = "credential-helper-failed"

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(f"cannot ask docker-credential-{program} for a login: {reason}")


class Helper(Protocol):
    def __call__(self, program: str, server: str) -> Credential | None:
        """What `docker-credential-PROGRAM get` has for a server. Raise `HelperFailed`."""
        ...


@dataclass(frozen=True, slots=True)
class LoginFile:
    """`helpers` are programs by registry; `store` is the one for all others, "" if there is none."""

    credentials: Credentials
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str = ""

    def helper(self, registry: str) -> str:
        return self.helpers.get(registry, self.store)


def paths(environ: Mapping[str, str], home: Path, user: int) -> list[Path]:
    """The files to look into, whether they are there or not."""
    if named := environ.get("REGISTRY_AUTH_FILE"):
        return [Path(named)]
    runtime = environ.get("XDG_RUNTIME_DIR")
    config = environ.get("XDG_CONFIG_HOME")
    docker = environ.get("DOCKER_CONFIG")
    return [
        Path(runtime or "/run", "containers", "" if runtime else str(user), "auth.json"),
        (Path(config) if config else home / ".config") / "containers/auth.json",
        (Path(docker) if docker else home / ".docker") / "config.json",
        home / ".dockercfg",
    ]


def parse(content: bytes, path: Path) -> LoginFile:
    """Read a file; raise `InvalidCredentials`."""
    if path.name == ".dockercfg":
        return LoginFile(credentials.parse_dockercfg(content))
    found = credentials.parse_dockerconfigjson(content)
    document: dict[str, Any] = json.loads(content)
    helpers = document.get("credHelpers") or {}
    store = document.get("credsStore") or ""
    if not isinstance(helpers, dict) or not all(
        map(_is_program, (*helpers.values(), store or "x"))
    ):
        raise InvalidCredentials("what it says of credential helpers is no name of a program")
    return LoginFile(found, {_plain(key): name for key, name in helpers.items()}, store)


def login(
    files: Sequence[LoginFile], image: ImageReference, helper: Helper | None = None
) -> Credential | None:
    """The login for an image, or for a registry as a whole where `image` names no more.

    Without `helper`, what helpers keep is not asked for. Raise `HelperFailed`.
    """
    registry = HUB if image.registry in HUBS else image.registry.lower()
    for file in files:
        program = file.helper(registry)
        if program and helper is not None:
            found = helper(program, HUB_SERVER if registry == HUB else registry)
            if found is not None:
                return found
        known = {
            _plain(key): one
            for key, one in file.credentials.items()
            if one.password or one.identity_token
        }
        for key in _keys(registry, image):
            if key in known:
                return known[key]
    return None


def parse_helped(content: bytes, program: str) -> Credential:
    """Read what a helper prints. Raise `HelperFailed`."""
    try:
        found = json.loads(content)
        name, secret = found["Username"], found["Secret"]
    except (ValueError, LookupError, TypeError, RecursionError):
        # The decoder's message may quote the document.
        raise HelperFailed(program, "it does not answer as a helper does") from None
    if not isinstance(name, str) or not isinstance(secret, str):
        raise HelperFailed(program, "it does not answer as a helper does")
    if name == NAMELESS:
        return Credential(identity_token=secret)
    return Credential(name, secret)


def _keys(registry: str, image: ImageReference) -> Iterator[str]:
    """From the whole name to the registry alone."""
    parts = image.repository.split("/") if image.name else []
    for count in range(len(parts), -1, -1):
        yield "/".join((registry, *parts[:count]))


def _plain(key: str) -> str:
    """A key of a file, with one spelling for all those of Docker Hub."""
    host, slash, path = credentials.location_of(key).partition("/")
    host = host.lower()
    return f"{HUB if host in HUBS else host}{slash}{path}".rstrip("/")


def _is_program(name: Any) -> bool:
    return isinstance(name, str) and _PROGRAM.fullmatch(name) is not None
