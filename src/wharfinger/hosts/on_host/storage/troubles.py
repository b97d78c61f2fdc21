"""
What a person should know of the storage of a host before it hurts, each with what to do.

Pure. A trouble is known again by its code and its subject, so that whoever watches tells it once. A note
is nothing wrong, and is told where somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.on_host.storage import fill as filling
from wharfinger.hosts.on_host.storage import pool_health
from wharfinger.hosts.on_host.storage.facts import Engine, StorageFacts, Volume
from wharfinger.hosts.on_host.storage.fill import Fill
from wharfinger.hosts.on_host.storage.forecast import DAY, HOUR, Forecast

_HIGH: Final = {
    filling.DATA: 0.90,
    filling.METADATA: 0.80,
    filling.FILESYSTEM: 0.90,
    filling.INODES: 0.90,
}
_MORE: Final = {
    filling.DATA: "extend the pool, or remove images and containers that nobody needs",
    filling.METADATA: "extend the pool's metadata: when it is full the pool goes read-only",
    filling.FILESYSTEM: "extend it, or remove what nobody needs",
    filling.INODES: "remove small files that nobody needs, or move to a filesystem with more inodes",
}


@dataclass(frozen=True)
class Trouble:
    code: str
    subject: str
    what: str
    remedy: str
    note: bool = False

    @property
    def key(self) -> str:
        return f"{self.code} {self.subject}"


def troubles(
    facts: StorageFacts, fills: Sequence[Fill], forecasts: Sequence[Forecast]
) -> tuple[Trouble, ...]:
    """Warnings first, then notes."""
    found = [
        *_missing(facts),
        *_filled(fills),
        *_filling(forecasts),
        *(one for volume in facts.volumes for one in _of_volume(volume)),
        *(one for engine in facts.engines for one in _of_engine(engine, facts)),
        *_orders(facts),
        *_grown(facts),
    ]
    return tuple(sorted(found, key=lambda one: one.note))


def _missing(facts: StorageFacts) -> Iterator[Trouble]:
    for group in facts.groups:
        gone = sum(one.missing for one in facts.physical_of(group.name))
        if gone:
            yield Trouble(
                "device-missing",
                group.name,
                f"{gone} of its physical volumes {'is' if gone == 1 else 'are'} not there",
                "attach the device again; LVM changes nothing in the group until then",
            )


def _filled(fills: Iterable[Fill]) -> Iterator[Trouble]:
    for one in fills:
        if one.ratio >= _HIGH[one.kind]:
            what = f"{_words(one.kind)}{one.ratio:.0%} full"
            yield Trouble(f"{one.kind}-high", one.name, what, _MORE[one.kind])


def _filling(forecasts: Iterable[Forecast]) -> Iterator[Trouble]:
    for one in forecasts:
        if one.seconds < DAY:
            yield Trouble(f"{one.kind}-soon-full", one.name, said(one), _MORE[one.kind])


def _of_volume(volume: Volume) -> Iterator[Trouble]:
    name = f"{volume.group}/{volume.name}"
    if volume.health and volume.kind == "thin-pool":
        yield Trouble("unhealthy", name, pool_health.what(volume), pool_health.remedy(volume))
    elif volume.health:
        yield Trouble(
            "unhealthy",
            name,
            f"LVM says of its health: {volume.health}",
            f"look at it: lvs -a -o +lv_health_status {volume.group}",
        )
    if volume.kind != "thin-pool" or not volume.active:
        return
    if volume.threshold is None:
        gone = f", since its profile {volume.profile} is gone" if volume.profile else ""
        yield Trouble(
            "no-auto-extension",
            name,
            f"nothing extends it when it fills{gone}",
            "state autoExtend for the thin pool in the site file, then: wharf storage apply",
        )
    elif not volume.monitored:
        yield Trouble(
            "not-monitored",
            name,
            "dmeventd does not look after it, so that LVM will not extend it",
            f"lvchange --monitor y {name}, or run: wharf storage watch --extend",
        )


def _of_engine(engine: Engine, facts: StorageFacts) -> Iterator[Trouble]:
    mount = facts.mount_of(engine.data_root)
    if mount is not None and mount.type_in_directories is False:
        yield Trouble(
            "no-ftype",
            engine.name,
            f"its data lies on {mount.target}, an XFS without ftype: overlay2 cannot use it",
            "move the data root to a filesystem made with ftype=1; this one cannot be changed",
        )
    if engine.pid is not None and engine.name == "docker" and not engine.version:
        yield Trouble(
            "no-answer",
            engine.name,
            f"it runs as process {engine.pid} and does not answer at {engine.socket}",
            "look at its log: journalctl -u docker",
        )
    if engine.pool and _on_loop(engine.pool, facts):
        yield Trouble(
            "loop-backed",
            engine.name,
            "its devicemapper pool lies in files, by loop devices: slow, and easily lost",
            "give it a thin pool of LVM, or move to overlay2: see `wharf storage plan`",
        )


def _on_loop(pool: str, facts: StorageFacts) -> bool:
    device = facts.device(f"/dev/mapper/{pool}")
    below = () if device is None else (facts.device(path) for path in device.parents)
    return any(one is not None and one.kind == "loop" for one in below)


def _orders(facts: StorageFacts) -> Iterator[Trouble]:
    if facts.unfinished:
        yield Trouble(
            "order-unfinished",
            f"order {facts.unfinished}",
            "it was begun and did not end",
            "`wharf storage apply` goes on with it, `wharf storage undo` takes it back",
        )
    for order, things in facts.kept.items():
        yield Trouble(
            "kept",
            f"order {order}",
            f"it keeps {', '.join(things)} for the way back",
            f"`wharf storage release {order}` gives the room free once nobody needs that",
            note=True,
        )


def _grown(facts: StorageFacts) -> Iterator[Trouble]:
    for one in facts.physical:
        group = facts.group(one.group)
        if group is not None and one.device_size - one.size >= 4 * group.extent:
            yield Trouble(
                "device-larger",
                one.path,
                "the device has grown, its physical volume has not",
                "`wharf storage plan` shows how to use the room",
                note=True,
            )


def said(one: Forecast) -> str:
    """A forecast in words: `metadata full in 9 h at today's rate`."""
    rate = "today's rate" if one.window > HOUR else "the rate of the last hour"
    return f"{_words(one.kind)}full in {duration(one.seconds)} at {rate}"


def duration(seconds: float) -> str:
    for size, unit in ((DAY, "d"), (HOUR, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _words(kind: str) -> str:
    return "" if kind == filling.FILESYSTEM else f"{kind} "
