"""
Where the logins of a user stand, in the order in which Podman looks, and which of them serves a
registry. containers-auth.json(5)

The files are read and never written. The first one with a login for the registry decides. What a
credential helper keeps is not asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from wharfinger.oci import credentials
from wharfinger.oci.credentials import Credential, Credentials, Keyring
from wharfinger.oci.registry_host import RegistryHost


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


def parse(content: bytes, path: Path) -> Credentials:
    """Read a file; raise `InvalidCredentials`."""
    if path.name == ".dockercfg":
        return credentials.parse_dockercfg(content)
    return credentials.parse_dockerconfigjson(content)


def login(files: Sequence[Credentials], registry: RegistryHost) -> Credential | None:
    """The login for a registry as a whole. An entry without a password is one of a helper."""
    for file in files:
        known = {key: one for key, one in file.items() if one.password or one.identity_token}
        found = Keyring([known]).lookup(f"{registry}/any")
        if found:
            return found[0]
    return None
