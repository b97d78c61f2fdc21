"""
Physical volumes, volume groups and logical volumes, as LVM reports them.

All of it is one report, so that LVM looks through the disks once. Hidden volumes (the halves of a thin
pool, the spare metadata) are left out. What extends a thin pool by itself is asked of LVM's own
configuration, with the profile of the pool merged in as dmeventd does it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import pool_health, reports
from wharfinger.hosts.on_host.storage.facts import PhysicalVolume, Volume, VolumeGroup
from wharfinger.hosts.on_host.storage.reports import Row, number, text, whole

PROFILES: Final = "/etc/lvm/profile"

_PARTS: Final = {
    "pv": "pv_name,pv_uuid,vg_name,pv_size,pv_free,dev_size,pv_missing",
    "vg": "vg_name,vg_uuid,vg_size,vg_free,vg_extent_size",
    "seg": (
        "vg_name,lv_name,lv_uuid,lv_size,segtype,lv_path,lv_active,pool_lv,data_percent,"
        "metadata_percent,lv_metadata_size,chunk_size,lv_profile,seg_monitor,lv_health_status,"
        "lv_check_needed"
    ),
    # A full report has these parts, too, and without a word on them all that LVM can say of each.
    "lv": "lv_name",
    "pvseg": "pv_name",
}
_REPORT: Final = (
    *("lvm", "fullreport", "--reportformat", "json", "--units", "b", "--nosuffix"),
    *(word for part in _PARTS for word in ("--configreport", part, "--options", _PARTS[part])),
)
_THRESHOLD: Final = "thin_pool_autoextend_threshold"
_PERCENT: Final = "thin_pool_autoextend_percent"
_SETTINGS: Final = (
    "--typeconfig",
    "full",
    f"activation/{_THRESHOLD}",
    f"activation/{_PERCENT}",
)
_SETTING: Final = re.compile(r"^\s*(?P<key>\w+)=\"?(?P<value>[^\"\n]*)\"?$", re.MULTILINE)
_NEVER: Final = 100
_CHECK_NEEDED: Final = "check needed"


@dataclass(frozen=True)
class Lvm:
    """What LVM knows of; nothing where there is no LVM."""

    physical: tuple[PhysicalVolume, ...] = ()
    groups: tuple[VolumeGroup, ...] = ()
    volumes: tuple[Volume, ...] = ()


def read(machine: Machine) -> Lvm:
    """Raise `ReportFailed` or `ReportUnreadable`."""
    (document,) = reports.ask(machine, _REPORT)
    volumes = tuple(_volumes(_rows(document, "seg")))
    profiles = sorted({one.profile for one in volumes if one.kind == "thin-pool"})
    settings = _settings(machine, profiles)
    return Lvm(
        tuple(map(_physical, _rows(document, "pv"))),
        tuple(map(_group, _rows(document, "vg"))),
        tuple(_extended(one, settings.get(one.profile, {})) for one in volumes),
    )


def _rows(document: Row, kind: str) -> list[Row]:
    """The report goes by groups as LVM finds them; here the rows stand by name, segments in their order."""
    parts = reports.rows(document.get("report"))
    found = (row for part in parts for row in reports.rows(part.get(kind)))
    names = ("pv_name",) if kind == "pv" else ("vg_name", "lv_name")
    return sorted(found, key=lambda row: [text(row, name) for name in names])


def _physical(row: Row) -> PhysicalVolume:
    return PhysicalVolume(
        path=text(row, "pv_name"),
        uuid=text(row, "pv_uuid"),
        group=text(row, "vg_name"),
        size=whole(row, "pv_size") or 0,
        free=whole(row, "pv_free") or 0,
        device_size=whole(row, "dev_size") or 0,
        missing=bool(text(row, "pv_missing")),
    )


def _group(row: Row) -> VolumeGroup:
    return VolumeGroup(
        name=text(row, "vg_name"),
        uuid=text(row, "vg_uuid"),
        size=whole(row, "vg_size") or 0,
        free=whole(row, "vg_free") or 0,
        extent=whole(row, "vg_extent_size") or 0,
    )


def _volumes(rows: Iterable[Row]) -> Iterator[Volume]:
    """There is a row for each segment; the first says what kind of volume it is."""
    seen: set[str] = set()
    for row in rows:
        uuid = text(row, "lv_uuid")
        if uuid not in seen:
            seen.add(uuid)
            yield _volume(row, uuid)


def _volume(row: Row, uuid: str) -> Volume:
    kind = text(row, "segtype")
    pool = kind == "thin-pool"
    bare = Volume(
        group=text(row, "vg_name"),
        name=text(row, "lv_name"),
        uuid=uuid,
        size=whole(row, "lv_size") or 0,
        kind=kind,
        path=text(row, "lv_path"),
        active=text(row, "lv_active").startswith("active"),
        pool=text(row, "pool_lv"),
        data_percent=number(row, "data_percent") if pool or kind == "thin" else None,
        metadata_percent=number(row, "metadata_percent") if pool else None,
        metadata_size=whole(row, "lv_metadata_size") if pool else None,
        chunk=whole(row, "chunk_size") if pool else None,
        profile=text(row, "lv_profile"),
        monitored=text(row, "seg_monitor") == "monitored",
        health=_health(row),
    )
    return bare if bare.path else replace(bare, path=bare.device)


def _health(row: Row) -> str:
    """A pool that needs a check is read-only as one with full metadata is, but cannot be extended."""
    if text(row, "lv_check_needed") == _CHECK_NEEDED:
        return pool_health.CHECK_NEEDED
    return text(row, "lv_health_status")


def _settings(machine: Machine, profiles: Sequence[str]) -> dict[str, dict[str, str]]:
    """LVM's settings by the profile that is merged in; "" for none. A profile whose file is gone sets
    nothing, and LVM does not extend its pools."""
    commands = [
        ("lvmconfig", *(("--metadataprofile", name) if name else ()), *_SETTINGS)
        for name in profiles
    ]
    answers = machine.report(*commands)
    return {
        name: {match["key"]: match["value"] for match in _SETTING.finditer(ran.output)}
        if ran.ok
        else {}
        for name, ran in zip(profiles, answers)
    }


def _extended(volume: Volume, settings: dict[str, str]) -> Volume:
    threshold, percent = settings.get(_THRESHOLD, ""), settings.get(_PERCENT, "")
    if volume.kind != "thin-pool" or not (threshold.isdecimal() and percent.isdecimal()):
        return volume
    if int(threshold) >= _NEVER:
        return volume
    return replace(volume, threshold=int(threshold), percent=int(percent))
