"""How a command reaches the Docker engine of this host, and lets time pass while it waits."""

from __future__ import annotations

import socket
import time
from typing import Annotated, Final

from cyclopts import Parameter

from wharfinger.cli.errors import UsageError
from wharfinger.errors import Unavailable
from wharfinger.hosts.on_host.storage.docker.api import Api
from wharfinger.maintenance.docker.host import Time

DEFAULT: Final = "unix:///var/run/docker.sock"
CLOCK: Final = Time(seconds=time.monotonic, sleep=time.sleep)
_UNIX: Final = "unix://"

DockerHost = Annotated[
    str, Parameter(name=["--docker-host"], env_var="DOCKER_HOST", show_default=True)
]


class NoEngine(Unavailable):
    code = "no-engine"

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(
            f"cannot reach a Docker engine at {path}: {error.strerror or error}",
            remedy="start Docker, or name the socket of its engine with --docker-host unix://PATH",
        )
        self.path = path


def engine(address: str) -> Api:
    address = address or DEFAULT  # an empty variable says nothing
    if not address.startswith(_UNIX):
        raise UsageError(
            f"cannot reach the engine at {address!r}: only Unix sockets are spoken to",
            remedy="run it on that host, with --docker-host unix:///var/run/docker.sock",
        )
    path = address.removeprefix(_UNIX)
    _require_answering(path)
    return Api(path)


def _require_answering(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError as error:
            raise NoEngine(path, error) from error
