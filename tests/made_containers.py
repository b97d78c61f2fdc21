"""What a Docker engine says of containers and of a swarm, and an engine that says it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wharfinger.hosts.on_host.storage.docker.api import EngineFailed

Document = dict[str, Any]


def container(
    name: str,
    *,
    started: int = 0,
    status: str = "running",
    health: str = "",
    labels: Mapping[str, str] | None = None,
    mounts: tuple[Document, ...] = (),
    networks: Mapping[str, Document] | None = None,
    **settings: Any,
) -> Document:
    """One that was started at a second of the clock; `settings` go into its HostConfig."""
    return {
        "Id": f"id-{name}",
        "Name": f"/{name}",
        "Image": "sha256:one",
        "State": {
            "Status": status,
            "Running": status in ("running", "paused", "restarting"),
            "StartedAt": f"2027-01-15T08:00:{started:02}.5Z",
            "ExitCode": 0,
            **({"Health": {"Status": health}} if health else {}),
        },
        "HostConfig": {"RestartPolicy": {"Name": "no"}, "AutoRemove": False, **settings},
        "Config": {"Labels": dict(labels or {})},
        "Mounts": list(mounts),
        "NetworkSettings": {"Networks": dict(networks or {})},
    }


def composed(service: str, depends: str = "") -> dict[str, str]:
    return {
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": service,
        "com.docker.compose.depends_on": depends,
    }


@dataclass
class Time:
    """A clock that moves while somebody sleeps; `then` is called after each pause."""

    now: float = 0.0
    then: Callable[[], None] = lambda: None

    def seconds(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.then()


@dataclass
class Engine:
    """Containers that stop and start at once. `starting` may change what a start does."""

    containers: list[Document] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    starting: Callable[[Document], None] = lambda _: None
    stopping: Callable[[Document], None] = lambda _: None
    log: bytes = b""

    def get(self, path: str, what: str) -> Any:
        if path == "/info":
            return {"Name": "pier"}
        if path == "/containers/json":
            return [{"Id": one["Id"]} for one in self.containers if one["State"]["Running"]]
        return self._named(path.split("/")[2], what)

    def change(self, method: str, path: str, what: str, document: Any = None) -> Any:
        assert (method, document) == ("POST", None)
        found = re.fullmatch(r"/containers/([^/]+)/(start|stop)(\?t=\d+)?", path)
        assert found is not None, path
        one, verb = self._named(found[1], what), found[2]
        if one["State"]["Running"] is (verb == "start"):
            raise EngineFailed(what, "", status=304)
        self.calls.append(f"{verb} {one['Name'][1:]}{found[3] or ''}")
        if verb == "stop":
            self.stopping(one)
            one["State"].update(Status="exited", Running=False)
            if one["HostConfig"]["AutoRemove"]:
                self.containers.remove(one)
        else:
            one["State"].update(Status="running", Running=True)
            self.starting(one)

    def send(
        self, method: str, path: str, what: str, body: bytes | None, headers: Mapping[str, str]
    ) -> bytes:
        assert (method, body, dict(headers)) == ("GET", None, {}), what
        assert path.endswith("/logs?stdout=1&stderr=1&tail=5")
        return self.log

    def _named(self, word: str, what: str) -> Document:
        for one in self.containers:
            if word in (one["Id"], one["Name"][1:]):
                return one
        raise EngineFailed(what, f"No such container: {word}", status=404)
