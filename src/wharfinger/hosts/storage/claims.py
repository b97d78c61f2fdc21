"""
What has to hold of a host's storage for it to be as its site says, beside that a plan is empty.

A plan asks for sizes and places; a pool can have both and be about to fail all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wharfinger.hosts.on_host.results import Holds, Proven
from wharfinger.hosts.on_host.storage.facts import StorageFacts, Volume
from wharfinger.hosts.site.storage import Driver, Storage
from wharfinger.hosts.storage.move_parts import CALLED, is_of

_FULL: Final = 90
"""Percent of a pool's data or metadata from which it is not sound; less where it grows by itself later."""
_ENGINE: Final = "docker"


def claims(wanted: Storage, facts: StorageFacts) -> tuple[Proven, ...]:
    return (
        *_group(wanted, facts),
        *_pool(wanted, facts),
        *_volume(wanted, facts),
        *_driver(wanted, facts),
    )


def _group(wanted: Storage, facts: StorageFacts) -> Iterator[Proven]:
    name = wanted.volume_group
    if name is None:
        return
    what = f"volume group {name} has all its disks"
    missing = [one.uuid for one in facts.physical_of(name) if one.missing]
    if facts.group(name) is None:
        yield Proven(what, Holds.NO, "there is no such group")
    elif missing:
        yield Proven(what, Holds.NO, f"physical volume {missing[0]} is not there")
    else:
        yield Proven(what, Holds.YES)


def _pool(wanted: Storage, facts: StorageFacts) -> Iterator[Proven]:
    if wanted.thin_pool is None or wanted.volume_group is None:
        return
    name = f"{wanted.volume_group}/{wanted.thin_pool.name}"
    what = f"thin pool {name} is sound"
    found = facts.volume(wanted.volume_group, wanted.thin_pool.name)
    if found is None:
        yield Proven(what, Holds.NO, "there is no such pool")
        return
    troubles = list(_troubles(found))
    yield Proven(what, Holds.NO if troubles else Holds.YES, "; ".join(troubles))
    if wanted.thin_pool.auto_extend is not None:
        told = Proven(f"thin pool {name} grows by itself", Holds.YES)
        if not found.monitored:
            told = Proven(told.what, Holds.NO, "dmeventd does not look after it")
        yield told


def _troubles(pool: Volume) -> Iterator[str]:
    if not pool.active:
        yield "it is not active"
    if pool.health:
        yield f"LVM says of it: {pool.health}"
    for what, percent in (("data", pool.data_percent), ("metadata", pool.metadata_percent)):
        if percent is not None and percent >= _FULL:
            yield f"{percent:.0f}% of its {what} are full"


def _volume(wanted: Storage, facts: StorageFacts) -> Iterator[Proven]:
    asked = wanted.root_volume
    if asked is None or wanted.volume_group is None:
        return
    what = f"{wanted.volume_group}/{asked.name} is mounted at {asked.mount_path}"
    found = facts.volume(wanted.volume_group, asked.name)
    mount = facts.mount(asked.mount_path)
    if found is None:
        yield Proven(what, Holds.NO, "there is no such volume")
    elif mount is None:
        yield Proven(what, Holds.NO, "nothing is mounted there")
    elif not is_of(mount, found):
        yield Proven(what, Holds.NO, f"{mount.source} is mounted there")
    else:
        yield Proven(what, Holds.YES)


def _driver(wanted: Storage, facts: StorageFacts) -> Iterator[Proven]:
    engine = facts.engine(_ENGINE)
    if wanted.driver is None or engine is None:
        return
    what = f"{_ENGINE} uses {wanted.driver}"
    if not engine.driver:
        yield Proven(what, Holds.UNKNOWN, f"{_ENGINE} does not run")
    elif engine.driver != CALLED[Driver(wanted.driver)]:
        yield Proven(what, Holds.NO, f"it uses {engine.driver}")
    else:
        yield Proven(what, Holds.YES)
