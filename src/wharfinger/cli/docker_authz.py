"""`wharf docker-authz`: the authorization plugin of a Docker daemon."""

from __future__ import annotations

import os
from pathlib import Path

from wharfinger.hosts.on_host.docker_authz import addresses, life, policy_file


def docker_authz(
    *,
    policy: Path = Path(policy_file.PATH),
    socket: Path = Path(addresses.SOCKET),
    gate: str = addresses.GATE,
) -> None:
    """Decide for a Docker daemon which images it may pull, run, push, build on and load.

    systemd starts it; the daemon asks it once `wharfinger` is one of its authorization-plugins.

    Parameters
    ----------
    policy
        The compiled access policy, as `wharf hosts apply` writes it.
    socket
        Where the daemon asks, if systemd passes no socket.
    gate
        HOST:PORT of the proxy through which the daemon fetches, or "none".
    """
    places = life.Places(
        socket=str(socket), policy=str(policy), gate=None if gate == "none" else gate
    )
    life.run(places, os.environ)
