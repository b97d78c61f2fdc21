"""
The storage of a host as a person reads it: disk, partition, volume group, volume, filesystem, engine.

A tree, since each lies on the other. A volume group hangs below its first device and is named at the
others. What a name cannot hold (sizes, room, fill) stands in columns beside it. Names come from the host
and are shown with their control characters escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from wharfinger.cli.output import size
from wharfinger.cli.terminal import sanitized
from wharfinger.hosts.on_host.storage import fill as filling
from wharfinger.hosts.on_host.storage.facts import (
    Device,
    Engine,
    Mount,
    PhysicalVolume,
    StorageFacts,
    Volume,
)
from wharfinger.hosts.on_host.storage.fill import Fill
from wharfinger.hosts.on_host.storage.forecast import Forecast
from wharfinger.hosts.on_host.storage.troubles import Trouble, duration

_BAR: Final = 10
_UNTOLD: Final = ("LVM2_member", "gpt", "dos", "PMBR")
"""Signatures of what the tree shows anyway."""
_OF_DOCKER: Final = "docker-"
"""What devicemapper devices of containers are called."""
_VOLUMES: Final = {"linear": "volume", "thin-pool": "thin pool", "thin": "thin volume"}
_ENGINES: Final = {"containers": "Podman and CRI-O"}


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the tree. `beside` is what stands after the columns; more of it goes below."""

    name: str
    what: str = ""
    size: int | None = None
    free: int | None = None
    beside: tuple[str, ...] = ()
    inner: tuple[Node, ...] = field(default=())


def text(
    facts: StorageFacts,
    forecasts: Iterable[Forecast],
    troubles: Iterable[Trouble],
    *,
    as_root: bool = True,
) -> str:
    """`as_root` says that the facts are all that there is to know."""
    nodes = Tree(facts, forecasts, as_root=as_root).nodes()
    rows = [("NAME", "SIZE", "FREE", "FILL"), *(row for node in nodes for row in _rows(node))]
    lines = _aligned(rows) if nodes else ["no block devices here"]
    told = [line for one in troubles for line in _trouble(one)]
    return "\n".join([*lines, *([""] if told else []), *told])


def bar(ratio: float) -> str:
    """Ten characters; only what is empty looks empty, and only what is full looks full."""
    filled = min(max(round(ratio * _BAR), 1 if ratio > 0 else 0), _BAR if ratio >= 1 else _BAR - 1)
    return "█" * filled + "░" * (_BAR - filled)


class Tree:
    """What lies on what, of one host."""

    def __init__(
        self, facts: StorageFacts, forecasts: Iterable[Forecast], *, as_root: bool
    ) -> None:
        self._facts = facts
        self._as_root = as_root
        self._forecasts: Mapping[tuple[str, str], Forecast] = {
            (one.kind, one.name): one for one in forecasts
        }
        self._groups: dict[str, str] = {}
        """Where each group hangs already."""
        self._engines: set[str] = set()

    def nodes(self) -> list[Node]:
        """The devices that lie on nothing, then what lies on no device of this host."""
        roots = [self._device(one) for one in self._facts.devices if not one.parents]
        return roots + [self._missing(one) for one in self._lost()] + list(self._elsewhere())

    # Devices

    def _device(self, device: Device) -> Node:
        facts = self._facts
        physical = next((one for one in facts.physical if _is(facts, one, device)), None)
        inner = [self._device(one) for one in self._on(device)]
        if physical is not None:
            inner.append(self._group(physical, device))
        inner += self._mounted(device)
        words = [_kind(device), *_content(device)]
        return Node(
            _short(device.path),
            ", ".join(words),
            device.size,
            self._free(device) if physical is None else physical.free,
            tuple(one for one in (self._fill_of(device),) if one),
            tuple(inner),
        )

    def _on(self, device: Device) -> list[Device]:
        """What lies on it and is not told by LVM: partitions, what is encrypted, arrays. What lies on
        several hangs below the first."""
        volumes = {one.device for one in self._facts.volumes}
        return [
            one
            for one in self._facts.devices
            if one.parents[:1] == (device.path,)
            and not (one.kind == "dm" and _short(one.path).startswith(_OF_DOCKER))
            and (one.kind != "lvm" or not volumes)
        ]

    # LVM

    def _group(self, physical: PhysicalVolume, device: Device) -> Node:
        name = physical.group
        if not name:
            return Node("physical volume", "in no group")
        if name in self._groups:
            return Node(name, f"see {self._groups[name]}")
        self._groups[name] = _short(device.path)
        found = self._facts.group(name)
        devices = [_short(one.path) for one in self._facts.physical_of(name)]
        where = f" on {', '.join(devices)}" if len(devices) > 1 else ""
        volumes = [one for one in self._facts.volumes if one.group == name and not one.pool]
        return Node(
            name,
            f"group{where}",
            None if found is None else found.size,
            None if found is None else found.free,
            inner=tuple(map(self._volume, volumes)),
        )

    def _volume(self, volume: Volume) -> Node:
        device = self._facts.device(volume.device)
        thin = [
            one
            for one in self._facts.volumes
            if one.pool and (one.group, one.pool) == (volume.group, volume.name)
        ]
        inner = [self._volume(one) for one in thin]
        words = [_VOLUMES.get(volume.kind, volume.kind)]
        if not volume.active:
            words.append("not active")
        beside = [self._shown(one) for one in filling.pool_fills(volume)]
        if device is not None:
            words += _content(device)
            inner += [self._device(one) for one in self._on(device)]
            inner += self._mounted(device)
            beside += [one for one in (self._fill_of(device),) if one]
        pool = volume.device.rpartition("/")[2]
        inner += [self._engine(one) for one in self._facts.engines if one.pool == pool]
        free = None if device is None else self._free(device)
        return Node(volume.name, ", ".join(words), volume.size, free, tuple(beside), tuple(inner))

    def _lost(self) -> list[PhysicalVolume]:
        return [one for one in self._facts.physical if one.missing]

    def _missing(self, physical: PhysicalVolume) -> Node:
        return Node("missing device", f"of {physical.group}", physical.size)

    # Filesystems and engines

    def _mounted(self, device: Device) -> list[Node]:
        mounts = [one for one in self._facts.mounts if one.source == device.path]
        return [self._mount(one) for one in mounts]

    def _mount(self, mount: Mount) -> Node:
        engines = [one for one in self._facts.engines if self._lies_in(one, mount)]
        what = "" if mount.root == "/" else f"from {mount.root}"
        return Node(mount.target, what, inner=tuple(map(self._engine, engines)))

    def _lies_in(self, engine: Engine, mount: Mount) -> bool:
        """The same data root is told once, and below its pool where it has one."""
        return (
            not engine.pool and self._facts.mount_of(engine.data_root) == mount and _lives(engine)
        )

    def _elsewhere(self) -> Iterator[Node]:
        """Engines whose data lies on no device that we know: on another machine, or in memory."""
        for engine in self._facts.engines:
            if _lives(engine) and engine.name not in self._engines:
                yield self._engine(engine)

    def _engine(self, engine: Engine) -> Node:
        self._engines.add(engine.name)
        name = _ENGINES.get(engine.name, engine.name)
        words = [engine.driver, engine.data_root]
        if engine.name == "docker" and not engine.version and self._as_root:
            words.insert(0, "not running" if engine.pid is None else "does not answer")
        version = engine.version.partition("+")[0]
        if engine.version:
            words += _counted(engine)
        return Node(f"{name} {version}".strip(), ", ".join(one for one in words if one))

    # Fill

    def _first_mount(self, device: Device) -> Mount | None:
        return next((one for one in self._facts.mounts if one.source == device.path), None)

    def _free(self, device: Device) -> int | None:
        mount = self._first_mount(device)
        return None if mount is None or not mount.size else mount.free

    def _fill_of(self, device: Device) -> str:
        mount = self._first_mount(device)
        if mount is None or not mount.size:
            return ""
        found = next(filling.mount_fills(mount))
        return self._shown(found) if found.size > 0 else ""

    def _shown(self, fill: Fill) -> str:
        word = "" if fill.kind == filling.FILESYSTEM else f"{fill.kind:8} "
        forecast = self._forecasts.get((fill.kind, fill.name))
        soon = "" if forecast is None else f", full in {duration(forecast.seconds)}"
        return f"{word}{bar(fill.ratio)} {fill.ratio:4.0%}{soon}"


def _is(facts: StorageFacts, physical: PhysicalVolume, device: Device) -> bool:
    return facts.device(physical.path) == device and not physical.missing


def _kind(device: Device) -> str:
    return "partition" if device.kind == "part" else device.kind


def _content(device: Device) -> Iterator[str]:
    """What is written on it, as far as the tree does not show it."""
    yield from (one.type for one in device.signatures if one.type not in _UNTOLD)
    if device.swap and all(one.type != "swap" for one in device.signatures):
        yield "swap"
    if device.read_only:
        yield "read-only"


def _short(path: str) -> str:
    return path.removeprefix("/dev/mapper/").removeprefix("/dev/")


def _lives(engine: Engine) -> bool:
    """Docker is told wherever it is installed, the others where they run or were given a place."""
    return engine.name == "docker" or engine.pid is not None or engine.told_by != ""


def _counted(engine: Engine) -> list[str]:
    running = f" ({len(engine.running)} running)" if engine.containers else ""
    return [
        f"{engine.images} {'image' if engine.images == 1 else 'images'}",
        f"{engine.containers} {'container' if engine.containers == 1 else 'containers'}{running}",
    ]


def _rows(node: Node, head: str = "", below: str = "") -> Iterator[tuple[str, str, str, str]]:
    """`head` is drawn before the node, `below` before what hangs on it."""
    name = f"{head}{sanitized(node.name)}{f'  {sanitized(node.what)}' if node.what else ''}"
    beside = node.beside or ("",)
    yield (name, _amount(node.size), _amount(node.free), beside[0])
    stem = f"{below}│" if node.inner else below
    for more in beside[1:]:
        yield (stem, "", "", more)
    for at, inner in enumerate(node.inner, 1):
        last = at == len(node.inner)
        yield from _rows(
            inner, f"{below}{'└─ ' if last else '├─ '}", f"{below}{'   ' if last else '│  '}"
        )


def _amount(amount: int | None) -> str:
    return "" if amount is None else size(amount)


def _aligned(rows: Sequence[tuple[str, str, str, str]]) -> list[str]:
    """Sizes stand at the right of their columns, so that one sees which is larger. A name with nothing
    beside it may be as long as it is."""
    columns = zip(*(row for row in rows if any(row[1:])), strict=True)
    first, second, third, _ = (max(map(len, column)) for column in columns)
    return [
        f"{name:{first}}  {amount:>{second}}  {free:>{third}}  {beside}".rstrip()
        for name, amount, free, beside in rows
    ]


def _trouble(trouble: Trouble) -> Iterator[str]:
    word = "note" if trouble.note else "warning"
    yield sanitized(f"{word}: {trouble.subject}: {trouble.what}")
    yield sanitized(f"   hint: {trouble.remedy}")
