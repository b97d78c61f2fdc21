"""`wharf docker-load`: load an archive of images whose names the site allows."""

from __future__ import annotations

from pathlib import Path

from wharfinger.cli.errors import UsageError
from wharfinger.cli.terminal import sanitized, say
from wharfinger.hosts.on_host.docker_authz import load, policy_file, ticket
from wharfinger.hosts.on_host.docker_authz.policy_file import PolicyFile


def docker_load(
    archive: Path,
    /,
    *,
    policy: Path = Path(policy_file.PATH),
    docker: Path = Path(load.DOCKER),
) -> None:
    """Load images into Docker from an archive of `docker save`, if the site allows their names.

    `docker load` is refused where site rules are in force, since the plugin is not shown the archive.

    Parameters
    ----------
    archive
        The file, compressed or not.
    policy
        The compiled access policy.
    docker
        The daemon's socket.
    """
    rules = PolicyFile(str(policy)).current()
    try:
        file = archive.open("rb")
    except OSError as error:
        raise UsageError(f"cannot open {sanitized(str(archive))}: {error.strerror}") from None
    with file:
        for name in load.load(file, rules, str(docker), ticket.FOLDER):
            say(f"{sanitized(name)} loaded")
