"""
Which devices the site means: paths, other names and globs, held against those that the host has.

Each comes out as one of three: a member of the group already, a new disk for it, or a refusal.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from wharfinger.hosts.on_host.storage.facts import Device, StorageFacts
from wharfinger.hosts.site.storage import Storage
from wharfinger.hosts.storage import device_rules, parts
from wharfinger.hosts.storage.parts import Part
from wharfinger.hosts.storage.planned import Refusal

_GLOB: Final = re.compile(r"[*?\[]")
_NOT_BY_GLOB: Final = ("part", "lvm", "dm", "crypt", "rom")
"""What a glob for disks means only by accident: their names begin alike."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """`new` are disks that the group does not have yet; `told` has refusals and notes."""

    new: tuple[Device, ...]
    told: Part


def choose(wanted: Storage, facts: StorageFacts) -> Chosen:
    group = wanted.volume_group
    if group is None:
        return Chosen((), Part())
    new: dict[str, Device] = {}
    told: list[Part] = []
    for name in wanted.devices:
        found = list(_meant(name, facts))
        if not found:
            told.append(_nothing(name))
        for device in found:
            if device.path in new or is_member(device, facts, group):
                continue
            judged = device_rules.candidate(device, facts, group, wipe=wanted.wipe_signatures)
            refusal = device_rules.refusal(judged)
            if refusal is not None:
                told.append(parts.refused(refusal))
            else:
                new[device.path] = device
    disks = tuple(new[path] for path in sorted(new, key=_natural))
    return Chosen(disks, parts.joined(told))


def is_member(device: Device, facts: StorageFacts, group: str) -> bool:
    """Is it, or a partition of it, a physical volume of the group?"""
    own = {one.path for one in facts.physical_of(group)}
    partitions = (one for one in facts.devices if device.path in one.parents and one.partition)
    return any(own & {one.path, *one.links} for one in (device, *partitions))


def _meant(name: str, facts: StorageFacts) -> Iterator[Device]:
    if not _GLOB.search(name):
        device = facts.device(name)
        return iter(() if device is None else (device,))
    return (
        one
        for one in facts.devices
        if one.kind not in _NOT_BY_GLOB
        and any(_matches(called, name) for called in (one.path, *one.links))
        and not _is_leg(one, facts)
    )


def _matches(path: str, glob: str) -> bool:
    """Part by part: a glob does not reach over a slash."""
    return all(
        name is not None and pattern is not None and fnmatch.fnmatchcase(name, pattern)
        for name, pattern in zip_longest(path.split("/"), glob.split("/"))
    )


def _is_leg(device: Device, facts: StorageFacts) -> bool:
    return any(one.kind == "mpath" and device.path in one.parents for one in facts.devices)


def _nothing(name: str) -> Part:
    if _GLOB.search(name):
        return parts.noted(f"no disk is called {name} now")
    return parts.refused(
        Refusal(
            "vanished",
            name,
            "there is no such device on this host now",
            "attach it, or take it out of devices; names below /dev/disk/by-id stay after a boot",
        )
    )


def _natural(path: str) -> tuple[tuple[int, str], ...]:
    """sdb before sdaa, and vd2 before vd10."""
    return tuple((len(part), part) for part in re.findall(r"\d+|\D+", path))
