"""How a command reaches the Docker engine of this host, and lets time pass while it waits."""

from __future__ import annotations

import time
from typing import Annotated, Final

from cyclopts import Parameter

from wharfinger.cli.errors import UsageError
from wharfinger.hosts.on_host.storage.docker.api import Api
from wharfinger.maintenance.docker.host import Time

DEFAULT: Final = "unix:///var/run/docker.sock"
CLOCK: Final = Time(seconds=time.monotonic, sleep=time.sleep)
_UNIX: Final = "unix://"

DockerHost = Annotated[
    str, Parameter(name=["--docker-host"], env_var="DOCKER_HOST", show_default=True)
]


def engine(address: str) -> Api:
    address = address or DEFAULT  # an empty variable says nothing
    if not address.startswith(_UNIX):
        raise UsageError(
            f"cannot reach the engine at {address!r}: only Unix sockets are spoken to",
            remedy="run it on that host, with --docker-host unix:///var/run/docker.sock",
        )
    return Api(address.removeprefix(_UNIX))
