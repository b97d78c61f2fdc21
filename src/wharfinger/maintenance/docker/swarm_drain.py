"""
Drain a node of a Docker Swarm by its manager, and follow its tasks until they run elsewhere.

What the node was before stands in a label on it, so that it can be given back by anybody; whoever runs
this again after a kill goes on with the drain that is there. A node that somebody else has drained is
waited for, and not given back.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from wharfinger.errors import BadInput, Conflict, NotFound, Unsupported
from wharfinger.hosts.on_host.storage.docker.api import EngineFailed
from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.docker import swarm
from wharfinger.maintenance.docker.host import Engine, Time, Told
from wharfinger.maintenance.docker.swarm import Mark, Missing, Node, Swarm, Task

SETTLED: Final = 5.0
"""Seconds after which the scheduler is believed that a task has no place."""
LONGEST: Final = 60.0
"""Seconds without an answer after which the manager counts as lost."""
_PAUSE: Final = 0.3
_TRIES: Final = 10
_OUT_OF_DATE: Final = "update out of sequence"


class NoManager(Unsupported):
    code = "no-swarm-manager"

    def __init__(self) -> None:
        super().__init__(
            "cannot ask for nodes: this engine is no manager of a swarm",
            remedy="run it on a manager; for a host without a swarm there is `wharf docker evacuate`",
        )


class UnknownNode(NotFound):
    code = "unknown-swarm-node"

    def __init__(self, word: str) -> None:
        super().__init__(
            f"cannot find node {word!r} in the swarm",
            remedy="`docker node ls` on a manager lists them",
        )


class AmbiguousNode(BadInput):
    code = "ambiguous-swarm-node"

    def __init__(self, word: str, found: tuple[Node, ...]) -> None:
        super().__init__(
            f"cannot tell which node is meant: {len(found)} are named {word!r}",
            remedy=f"give an id: {', '.join(one.id for one in found)}",
        )


class NotOurDrain(Conflict):
    code = "not-our-drain"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"cannot give node {name!r} back: it was drained by somebody else",
            remedy="find out who did it and why; --force makes it active all the same",
        )


@dataclass(frozen=True, slots=True)
class Drained:
    """How it ended. `left` are tasks that still run there, `missing` those that run nowhere yet."""

    node: str
    left: tuple[Task, ...]
    missing: Mapping[str, Missing]
    timed_out: bool


def look(engine: Engine) -> Swarm:
    """Raise `NoManager` where the engine cannot know."""
    try:
        nodes = engine.get("/nodes", "list the nodes of the swarm")
        services = engine.get("/services", "list the services of the swarm")
        tasks = engine.get("/tasks", "list the tasks of the swarm")
    except EngineFailed as error:
        if error.status == http.client.SERVICE_UNAVAILABLE:
            raise NoManager from None
        raise
    return swarm.read(nodes or (), services or (), tasks or ())


def chosen(found: Swarm, word: str) -> Node:
    """The node of this name or id."""
    nodes = found.named(word)
    if not nodes:
        raise UnknownNode(word)
    if len(nodes) > 1:
        raise AmbiguousNode(word, nodes)
    return nodes[0]


def drain(
    engine: Engine, node: Node, note: Note, *, force: bool, time: Time, limit: float, told: Told
) -> Drained:
    """Drain and wait for at most `limit` seconds, 0 for as long as it takes.

    With `force` the work may begin once the node is empty, whatever has found no other place.
    """
    follower = _Follower(look(engine), node, time, told)
    if _change(engine, node.id, lambda found: swarm.drained(found, note)):
        told(f"node {node.name} drained")
    end = time.seconds() + limit
    while not follower.done(force=force):
        if limit and time.seconds() >= end:
            return follower.outcome(timed_out=True)
        time.sleep(_PAUSE)
        follower.look(engine)
    return follower.outcome(timed_out=False)


def give_back(engine: Engine, node: Node, *, force: bool) -> Mark | None:
    """Make the node what it was before our drain; return who had drained it, if it was drained."""
    was = swarm.mark_of(node)
    changed = _change(engine, node.id, lambda found: swarm.returned(found, force=force))
    if not changed and node.availability == swarm.DRAIN:
        raise NotOurDrain(node.name)
    return was


def _change(engine: Engine, node: str, spec_of: Callable[[Node], Mapping[str, Any] | None]) -> bool:
    """Change the node as it is now, again if somebody else was faster; False: nothing to change."""
    for left in reversed(range(_TRIES)):
        found = chosen(look(engine), node)
        spec = spec_of(found)
        if spec is None:
            return False
        path = f"/nodes/{quote(node, safe='')}/update?version={found.version}"
        try:
            engine.change("POST", path, f"change node {found.name}", spec)
        except EngineFailed as error:
            if not left or _OUT_OF_DATE not in error.message:
                raise
        else:
            return True
    return False


class _Follower:
    """What was on the node, and where it is now. Of a drain that was begun before us, all counts that
    the swarm remembers of the node."""

    def __init__(self, found: Swarm, node: Node, time: Time, told: Told) -> None:
        self._node, self._time, self._told = node, time, told
        begun = node.availability == swarm.DRAIN
        self._gone = {one.id: one for one in found.ever_on(node)} if begun else {}
        self._left: tuple[Task, ...] = ()
        self._missing: dict[str, Missing] = {}
        self._since = time.seconds()
        self._silent: float | None = None
        self._see(found)

    def look(self, engine: Engine) -> None:
        """Look again. For a while managers may be without a leader, as when one of them is drained."""
        try:
            found = look(engine)
        except EngineFailed as error:
            if self._silent is None:
                self._silent = self._time.seconds()
                self._told(error.message)
            if self._time.seconds() - self._silent >= LONGEST:
                raise
        else:
            self._silent = None
            self._see(found)

    def _see(self, found: Swarm) -> None:
        """Take in what is there now, and tell what is new."""
        left = found.on(self._node)
        self._gone.update((task.id, task) for task in left)
        there = {one.id for one in left}
        for ended in (one for one in self._left if one.id not in there):
            self._told(f"task {ended.name} ended")
        missing = swarm.missing(found, tuple(self._gone.values()), self._node)
        for name in sorted({*self._missing} - {*missing}):
            self._told(f"task {name} runs elsewhere")
        for name, lacking in sorted(missing.items()):
            if lacking.why and self._missing.get(name) != lacking:
                self._told(f"task {name} waits: {lacking.why}")
        if missing != self._missing:
            self._since = self._time.seconds()
        self._left, self._missing = left, missing

    def done(self, *, force: bool) -> bool:
        if self._left:
            return False
        if any(one.placed for one in self._missing.values()):
            return False
        return not self._missing or force or self._time.seconds() - self._since >= SETTLED

    def outcome(self, *, timed_out: bool) -> Drained:
        return Drained(self._node.name, self._left, self._missing, timed_out)
