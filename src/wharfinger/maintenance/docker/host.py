"""
Stop the containers of a plain Docker host, and start and prove the same set after the work.

Every request may be made again: what is stopped or started already is left alone, so a run that was
killed is gone on with by the next. What came back is believed once it has run for a while without
another start, and is healthy if it was so before.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol
from urllib.parse import quote

from wharfinger.hosts.on_host.storage.docker.api import EngineFailed
from wharfinger.maintenance.docker import containers
from wharfinger.maintenance.docker.containers import Container
from wharfinger.maintenance.docker.record import Record, Stage

SETTLED: Final = 2.0
"""Seconds of running without another start after which a container counts as back."""
_PAUSE: Final = 0.2
_LINES: Final = 5
_FRAME: Final = 8
_RETRIED: Final = frozenset({"always", "unless-stopped", "on-failure"})

Told = Callable[[str], None]
Keep = Callable[[Record], None]
"""Write the record, and return once it is on the disk."""


class Engine(Protocol):
    """What is asked of `hosts.on_host.storage.docker.api.Api`; raises `EngineFailed`."""

    def get(self, path: str, what: str) -> Any: ...

    def change(self, method: str, path: str, what: str, document: Any = None) -> Any: ...

    def send(
        self, method: str, path: str, what: str, body: bytes | None, headers: Mapping[str, str]
    ) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Time:
    """A clock that only goes forward, and how to let time pass."""

    seconds: Callable[[], float]
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Lost:
    """A container that did not come back; `words` are the last lines that it wrote."""

    container: Container
    why: str
    words: tuple[str, ...] = ()


def name_of(engine: Engine) -> str:
    """The name of its host. The engine's own id may be another after its data has moved."""
    return str(engine.get("/info", "ask the engine what it is")["Name"])


def running(engine: Engine) -> tuple[Container, ...]:
    """All that runs, is paused or starts anew all the time."""
    listed = engine.get("/containers/json", "list what runs") or []
    documents = [_looked_up(engine, str(one["Id"])) for one in listed]
    return containers.read([one for one in documents if one is not None])


def stop(engine: Engine, record: Record, *, grace: int, told: Told, keep: Keep) -> Record:
    """Stop what the record names, in its order; `grace` below 0 is each container's own."""
    keep(record)
    for one in containers.stopping_order((*record.containers, *record.removed)):
        _stop_one(engine, one, grace=grace, told=told)
    stopped = replace(record, stage=Stage.STOPPED)
    keep(stopped)
    return stopped


def _stop_one(engine: Engine, one: Container, *, grace: int, told: Told) -> None:
    found = _looked_up(engine, one.id)
    if found is None or not found["State"]["Running"]:
        return
    limit = f"?t={grace}" if grace >= 0 else ""
    try:
        engine.change("POST", f"/containers/{one.id}/stop{limit}", f"stop container {one.name}")
    except EngineFailed as error:
        # It has ended by itself in between, and with --rm is gone.
        if error.status not in (http.client.NOT_MODIFIED, http.client.NOT_FOUND):
            raise
    told(f"container {one.name} stopped")


def start(
    engine: Engine, record: Record, *, time: Time, limit: float, told: Told, keep: Keep
) -> tuple[Lost, ...]:
    """Start what the record names, from its end, and prove it within `limit` seconds."""
    keep(replace(record, stage=Stage.STARTING))
    run = _Restoring(engine, time, time.seconds() + limit, told)
    for one in reversed(record.containers):
        run.begin(one)
    run.prove()
    lost = tuple(run.lost)
    if not lost:
        keep(replace(record, stage=Stage.RESTORED))
    return lost


class _Restoring:
    """One run of it: which containers are on their way, and which did not come back."""

    def __init__(self, engine: Engine, time: Time, end: float, told: Told) -> None:
        self._engine, self._time, self._end, self._told = engine, time, end, told
        self._started: dict[str, tuple[Container, str]] = {}
        self._seen: dict[str, tuple[str, float]] = {}
        self.lost: list[Lost] = []

    def begin(self, one: Container) -> None:
        for need in one.needs:
            self._await_health(need)
        found = _looked_up(self._engine, one.id) or _looked_up(self._engine, one.name)
        if found is None:
            return self._lose(one, "it is not there any more")
        now = containers.read_one(found)
        if why := containers.came_back(one, now):
            return self._lose(one, why)
        if now.id != one.id:
            self._told(f"container {one.name} was made anew, as {now.id[:12]}")
        try:
            self._engine.change(
                "POST", f"/containers/{now.id}/start", f"start container {one.name}"
            )
        except EngineFailed as error:
            if error.status != http.client.NOT_MODIFIED:  # it runs already
                return self._lose(one, error.message, now.id)
        self._started[one.id] = one, now.id
        self._told(f"container {one.name} started")
        return None

    def prove(self) -> None:
        while self._started:
            for was, now in list(self._started.values()):
                self._look(was, now)
            if self._started:
                self._time.sleep(_PAUSE)

    def _look(self, was: Container, now: str) -> None:
        why, final = self._missing(was, now)
        if not why:
            del self._started[was.id]
            health = f" and {was.health}" if was.health == "healthy" else ""
            self._told(f"container {was.name} runs{health}, with its image and mounts")
        elif final or self._time.seconds() >= self._end:
            del self._started[was.id]
            self._lose(was, why, now)

    def _missing(self, was: Container, now: str) -> tuple[str, bool]:
        """What it lacks yet, and whether waiting is in vain."""
        document = _looked_up(self._engine, now)
        if document is None:
            return "it is not there any more", True
        found = containers.read_one(document)
        if found.state != "running":
            code = document["State"].get("ExitCode")
            return f"it is {found.state} with code {code}", was.restart not in _RETRIED
        start, since = self._seen.get(was.id, ("", 0.0))
        if start != found.started:
            self._seen[was.id] = found.started, self._time.seconds()
            return "it does not run steadily", False
        if was.health in ("healthy", "starting") and found.health != "healthy":
            return f"it is {found.health or 'not checked'}, and was {was.health}", False
        return (
            "" if self._time.seconds() - since >= SETTLED else "it does not run steadily"
        ), False

    def _await_health(self, need: str) -> None:
        """What others need is healthy before they start, as Compose does it."""
        was, now = self._started.get(need, (None, ""))
        while was is not None and was.health == "healthy" and self._time.seconds() < self._end:
            document = _looked_up(self._engine, now)
            if document is None or not document["State"]["Running"]:
                return
            if containers.read_one(document).health == "healthy":
                return
            self._time.sleep(_PAUSE)

    def _lose(self, one: Container, why: str, now: str = "") -> None:
        self.lost.append(Lost(one, why, _last_words(self._engine, now) if now else ()))


def _looked_up(engine: Engine, name: str) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = engine.get(
            f"/containers/{quote(name, safe='')}/json", f"look at container {name}"
        )
    except EngineFailed as error:
        if error.status == http.client.NOT_FOUND:
            return None
        raise
    return found


def _last_words(engine: Engine, name: str) -> tuple[str, ...]:
    path = f"/containers/{name}/logs?stdout=1&stderr=1&tail={_LINES}"
    try:
        content = engine.send("GET", path, "read its log", None, {})
    except EngineFailed as error:  # a log driver that keeps nothing for us
        return (error.message,)
    return tuple(unframed(content).decode(errors="replace").splitlines())


def unframed(content: bytes) -> bytes:
    """A log without the heads of its frames; that of a terminal has none.

    https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
    """
    text, rest = b"", content
    while len(rest) >= _FRAME and rest[0] in (0, 1, 2) and rest[1:4] == bytes(3):
        size = int.from_bytes(rest[4:_FRAME])
        text, rest = text + rest[_FRAME : _FRAME + size], rest[_FRAME + size :]
    return text + rest
