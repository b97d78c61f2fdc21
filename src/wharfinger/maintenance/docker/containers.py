"""
What becomes of the containers of a plain Docker host when it is emptied, and in which order.

Pure: the engine's words in, containers, verdicts and an order out. One that others need (by their
network, their volumes, a link, or what Compose has noted) is stopped after them and started before
them. Among those that do not need each other the newest is stopped first.

https://docs.docker.com/reference/api/engine/
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from wharfinger.maintenance.verdict import Outcome, Verdict

_TASK: Final = "com.docker.swarm.task.id"
_PROJECT: Final = "com.docker.compose.project"
_SERVICE: Final = "com.docker.compose.service"
_DEPENDS: Final = "com.docker.compose.depends_on"
_SHARED: Final = ("NetworkMode", "IpcMode", "PidMode")
_WITH: Final = "container:"


@dataclass(frozen=True, slots=True)
class Mount:
    """Of a volume `source` is its name, since the engine may keep it elsewhere one day."""

    kind: str
    source: str
    target: str
    writable: bool


@dataclass(frozen=True, slots=True)
class Container:
    id: str
    name: str
    image: str
    """The id of its image."""
    state: str
    """`running`, `paused`, `restarting`, `exited` and others, as the engine says."""
    started: str
    """When, in RFC 3339; another time means another start."""
    health: str
    """`healthy`, `starting` or `unhealthy`; "" where nothing checks it."""
    restart: str
    """The name of its restart policy."""
    removed: bool
    """It is removed once it ends (`--rm`)."""
    task: str
    """The id of the swarm's task that it is; "" for all others."""
    mounts: tuple[Mount, ...]
    lost: tuple[str, ...]
    """Where it keeps data in memory only."""
    needs: tuple[str, ...] = ()
    """The ids of the running containers that it needs."""


@dataclass(frozen=True, slots=True)
class ContainerPlan:
    container: Container
    verdict: Verdict


def read(documents: Sequence[Mapping[str, Any]]) -> tuple[Container, ...]:
    """All containers that run, from what the engine says of each; newest first."""
    found = {str(document["Id"]): read_one(document) for document in documents}
    names = _names(documents)
    whole = (
        replace(found[str(one["Id"])], needs=tuple(sorted(_needs(one, names)))) for one in documents
    )
    return tuple(sorted(whole, key=_age, reverse=True))


def read_one(document: Mapping[str, Any]) -> Container:
    """One container by itself, so without what it needs."""
    state, settings = document["State"], document["HostConfig"]
    mounts = [_mount(one) for one in document.get("Mounts") or ()]
    memory = {
        *(settings.get("Tmpfs") or ()),
        *(one.target for one in mounts if one.kind == "tmpfs"),
    }
    return Container(
        id=str(document["Id"]),
        name=_name(document),
        image=str(document["Image"]),
        state=str(state["Status"]),
        started=str(state["StartedAt"]),
        health=_health(state),
        restart=str((settings.get("RestartPolicy") or {}).get("Name") or "no"),
        removed=bool(settings.get("AutoRemove")),
        task=str(_labels(document).get(_TASK, "")),
        mounts=tuple(sorted(mounts, key=lambda one: one.target)),
        lost=tuple(sorted(memory)),
    )


def stopping_order(containers: Sequence[Container]) -> tuple[Container, ...]:
    """Who needs another comes before it. In a circle of links the newest comes first."""
    left = sorted(containers, key=_age, reverse=True)
    ordered = []
    while left:
        needed = {need for one in left for need in one.needs if need != one.id}
        following = next((one for one in left if one.id not in needed), left[0])
        ordered.append(following)
        left.remove(following)
    return tuple(ordered)


def plan(containers: Sequence[Container], *, force: bool = False) -> tuple[ContainerPlan, ...]:
    """What becomes of each, in the order of stopping."""
    known = {one.id: one for one in containers}
    return tuple(
        ContainerPlan(one, judge(one, known, force=force)) for one in stopping_order(containers)
    )


def judge(one: Container, known: Mapping[str, Container], *, force: bool = False) -> Verdict:
    if one.task:
        return Verdict(
            Outcome.BLOCKS,
            "swarm-task",
            "it is a task of a swarm, which would start another",
            "drain the node on a manager first: `wharf swarm evacuate NODE`",
        )
    if one.state != "running":
        return Verdict(
            Outcome.BLOCKS,
            "not-running",
            f"it is {one.state}, so nobody could prove that it came back",
            f"let it run, or stop it: `docker stop {one.name}`",
        )
    if one.removed:
        return _removed(force=force)
    for need in one.needs:
        if known[need].removed:
            return Verdict(
                Outcome.BLOCKS,
                "needs-removed",
                f"it needs {known[need].name}, which is removed when it stops (--rm)",
                f"make {known[need].name} anew without --rm",
            )
    warnings = (
        f"what it keeps in memory is lost: {', '.join(one.lost)}" if one.lost else "",
        "it comes back when the engine is restarted: its restart policy is always"
        if one.restart == "always"
        else "",
    )
    return Verdict(
        Outcome.GOES,
        "stops",
        "it is stopped, and started again",
        warning="; ".join(filter(None, warnings)),
    )


def came_back(was: Container, now: Container) -> str:
    """Why this is not what ran before, for good; "" if it may be."""
    if now.image != was.image:
        return f"its image is {now.image}, and was {was.image}"
    if now.mounts != was.mounts:
        changed = sorted({one.target for one in {*was.mounts} ^ {*now.mounts}})
        return f"its mounts are others at {', '.join(changed)}"
    return ""


def _removed(*, force: bool) -> Verdict:
    if force:
        return Verdict(
            Outcome.GOES,
            "removed",
            "it is stopped, and with that removed (--rm)",
            warning="all that it has written is lost, and it is not started again",
        )
    return Verdict(
        Outcome.BLOCKS,
        "removed",
        "stopping it removes it (--rm), with all that it has written",
        "stop it yourself, or let it go with --force",
    )


def _age(one: Container) -> tuple[str, str]:
    return one.started.rstrip("Z"), one.name  # the engine cuts zeros at the end of a fraction


def _name(document: Mapping[str, Any]) -> str:
    return str(document["Name"]).removeprefix("/")


def _health(state: Mapping[str, Any]) -> str:
    told = str((state.get("Health") or {}).get("Status") or "")
    return "" if told == "none" else told


def _mount(document: Mapping[str, Any]) -> Mount:
    kind = str(document.get("Type", ""))
    source = document.get("Name" if kind == "volume" else "Source") or ""
    return Mount(kind, str(source), str(document["Destination"]), bool(document.get("RW")))


def _labels(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return (document.get("Config") or {}).get("Labels") or {}


def _service(document: Mapping[str, Any], name: str = "") -> str:
    """How Compose calls a service of the project that this container is of; "" if it is of none."""
    labels = _labels(document)
    project, service = labels.get(_PROJECT), name or labels.get(_SERVICE)
    return f"{project}\0{service}" if project and service else ""


def _names(documents: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The ids of the containers that a word may mean: a name, an id, a service of Compose."""
    names: dict[str, list[str]] = {}
    for one in documents:
        for word in filter(None, (str(one["Id"]), _name(one), _service(one))):
            names.setdefault(word, []).append(str(one["Id"]))
    return names


def _needs(document: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> set[str]:
    ids = itertools.chain.from_iterable(names.get(word, ()) for word in _words(document))
    return {each for each in ids if each != document["Id"]}


def _words(document: Mapping[str, Any]) -> Iterator[str]:
    settings = document["HostConfig"]
    modes = (str(settings.get(key) or "") for key in _SHARED)
    yield from (mode.removeprefix(_WITH) for mode in modes if mode.startswith(_WITH))
    yield from (str(one).partition(":")[0] for one in settings.get("VolumesFrom") or ())
    networks = ((document.get("NetworkSettings") or {}).get("Networks") or {}).values()
    links = [settings.get("Links"), *((one or {}).get("Links") for one in networks)]
    for link in itertools.chain.from_iterable(filter(None, links)):
        yield str(link).partition(":")[0].removeprefix("/")
    for entry in filter(None, str(_labels(document).get(_DEPENDS, "")).split(",")):
        yield _service(document, entry.partition(":")[0].strip())
