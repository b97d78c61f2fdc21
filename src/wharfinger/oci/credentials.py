"""
Credentials for registries: the files that hold them, and which of them serve an image.

Two forms of one document are in use: `.dockercfg` (type `kubernetes.io/dockercfg`) is the bare map
from registry to entry, `config.json` (type `kubernetes.io/dockerconfigjson`) has that map under
`auths`. An entry says who in `username` and `password`, or in `auth`, the base64 of both.

The lookup is that of the kubelet, so that a secret serves here exactly the images that it serves
in a cluster: keys are host globs with an optional path; each `*` stays within one label of the
host; ports must be equal; a path is a prefix of the image's path. Of several matches the keys in
reverse order come first, which puts the more specific path before its parent. Unqualified names
go to Docker Hub.

Passwords appear in no message and in no `repr`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from wharfinger.errors import BadInput

DOCKERCFG_TYPE: Final = "kubernetes.io/dockercfg"
DOCKERCFG_KEY: Final = ".dockercfg"
DOCKERCONFIGJSON_TYPE: Final = "kubernetes.io/dockerconfigjson"
DOCKERCONFIGJSON_KEY: Final = ".dockerconfigjson"
SIZE_LIMIT: Final = 1 << 20  # what an object of the API may weigh
_HUB_KEY: Final = "index.docker.io"


class InvalidCredentials(BadInput):
    code = "invalid-credentials"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"cannot read registry credentials: {reason}",
            remedy='write them as {"auths": {"REGISTRY": {"username": …, "password": …}}}',
        )


@dataclass(frozen=True, slots=True)
class Credential:
    """Who we are to a registry. `identity_token` is an OAuth refresh token in place of a password."""

    username: str = ""
    password: str = field(default="", repr=False)
    email: str = ""
    identity_token: str = field(default="", repr=False)

    def entry(self) -> dict[str, str]:
        """The entry of both file forms, with `auth` for clients that read nothing else."""
        pair = f"{self.username}:{self.password}".encode()
        entry = {"username": self.username, "password": self.password}
        if self.email:
            entry["email"] = self.email
        if self.identity_token:
            entry["identitytoken"] = self.identity_token
        return {**entry, "auth": base64.b64encode(pair).decode()}


Credentials = dict[str, Credential]
"""From registry (as the file spells it) to credential."""


def parse_dockercfg(text: str | bytes) -> Credentials:
    return _entries(_object(text))


def parse_dockerconfigjson(text: str | bytes) -> Credentials:
    """Read the `auths` of a `config.json`; its other settings are no concern of ours."""
    auths = _object(text).get("auths", {})
    if not isinstance(auths, dict):
        raise InvalidCredentials("'auths' is not an object")
    return _entries(auths)


def dockercfg(credentials: Mapping[str, Credential]) -> str:
    return json.dumps({registry: found.entry() for registry, found in credentials.items()})


def dockerconfigjson(credentials: Mapping[str, Credential]) -> str:
    auths = {registry: found.entry() for registry, found in credentials.items()}
    return json.dumps({"auths": auths})


def _object(text: str | bytes) -> dict[str, Any]:
    if len(text) > SIZE_LIMIT:
        raise InvalidCredentials(f"over {SIZE_LIMIT} bytes")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        # The decoder's message and its chain may quote the document, and that holds passwords.
        raise InvalidCredentials(f"not JSON ({type(error).__name__})") from None
    if not isinstance(document, dict):
        raise InvalidCredentials("not a JSON object")
    return document


def _entries(document: Mapping[str, Any]) -> Credentials:
    return {registry: _credential(registry, entry) for registry, entry in document.items()}


def _credential(registry: str, entry: Any) -> Credential:
    if not isinstance(entry, dict):
        raise InvalidCredentials(f"the entry of {registry!r} is not an object")
    parts = {key: entry.get(key) or "" for key in ("username", "password", "email", "auth")}
    parts["identitytoken"] = entry.get("identitytoken") or ""
    if not all(isinstance(part, str) for part in parts.values()):
        raise InvalidCredentials(f"the entry of {registry!r} has a field that is not text")
    username, password = parts["username"], parts["password"]
    if parts["auth"]:
        username, password = _decode_auth(registry, parts["auth"])
    return Credential(username, password, parts["email"], parts["identitytoken"])


def _decode_auth(registry: str, auth: str) -> tuple[str, str]:
    try:
        pair = base64.b64decode(auth + "=" * (-len(auth) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidCredentials(f"'auth' of {registry!r} is not base64 text") from None
    username, colon, password = pair.partition(":")
    if not colon:
        raise InvalidCredentials(f"'auth' of {registry!r} has no ':'")
    # Some writers pad the password with NULs: see docker/cli's config/configfile.
    return username, password.rstrip("\0")


class _Location(NamedTuple):
    labels: list[str]
    port: str
    path: str


def matches(pattern: str, target: str) -> bool:
    """Does `pattern` (`*.corp.test:5000/team`) cover `target` (`hub.corp.test:5000/team/app`)?"""
    wanted, given = _location(pattern), _location(target)
    if wanted is None or given is None:
        return False
    return (
        wanted.port == given.port
        and len(wanted.labels) == len(given.labels)
        and given.path.startswith(wanted.path)
        and all(map(fnmatchcase, given.labels, wanted.labels))
    )


def _location(text: str) -> _Location | None:
    authority, slash, path = text.partition("/")
    found = re.fullmatch(r"([^:@\s]*)(?::([0-9]*))?", authority)
    if found is None:
        return None
    return _Location(found[1].split("."), found[2] or "", slash + path)


def is_hub_image(image: str) -> bool:
    """Would a Docker client pull `image` from Docker Hub?"""
    first, slash, _ = image.partition("/")
    if not slash or first in {"docker.io", "index.docker.io"}:
        return bool(first)
    return bool(first) and "." not in first and ":" not in first


class Keyring:
    """Many credential files seen as one. Several entries of one registry are all kept, in order:
    that is how a password is rotated without a gap."""

    def __init__(self, files: Iterable[Mapping[str, Credential]] = ()) -> None:
        self._found: dict[str, list[tuple[str, Credential]]] = {}
        for file in files:
            self.add(file)

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, file: Mapping[str, Credential]) -> None:
        for registry, credential in file.items():
            self._found.setdefault(location_of(registry), []).append((registry, credential))

    def lookup(self, image: str) -> list[Credential]:
        """The credentials to try for an image, most specific first."""
        return [credential for _, credential in self._lookup(image)]

    def registries(self, image: str) -> list[str]:
        """The keys that the credentials of `lookup` stand under, as their files spell them."""
        return [registry for registry, _ in self._lookup(image)]

    def _lookup(self, image: str) -> list[tuple[str, Credential]]:
        keys = [key for key in sorted(self._found, reverse=True) if matches(key, image)]
        if not keys and _HUB_KEY in self._found and is_hub_image(image):
            keys = [_HUB_KEY]
        return [entry for key in keys for entry in self._found[key]]


def location_of(registry: str) -> str:
    """The host and path that a key means: without scheme, `/v1/` or `/v2/`, or a bare "/"."""
    bare = registry.removeprefix("https://").removeprefix("http://")
    host, slash, path = bare.partition("/")
    path = slash + path
    if path.startswith(("/v1/", "/v2/")):
        path = path[len("/v1") :]
    return host if path == "/" else host + path
