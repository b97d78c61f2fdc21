"""
What stores data on a host, as values: block devices, volume groups, filesystems, engines.

Facts are read (`reading`) and never remembered. Sizes are bytes. Devices are named by the path that
the kernel gives them now, and that may be another one after the next boot: `Device.identity` is what
stays. A plan carries the fingerprints of what it saw, and is refused where one of them has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Signature:
    """What some program has left on a device to know it by, as `wipefs` and `blkid -p` tell it.

    `type` is their word ("xfs", "LVM2_member", "crypto_LUKS", "linux_raid_member", "gpt", …);
    `offset` is bytes from the start of the device.
    """

    type: str
    offset: int
    uuid: str = ""
    label: str = ""


@dataclass(frozen=True)
class PartitionFacts:
    """`start` and `sectors` are in units of 512 bytes; `uuid` is the PARTUUID."""

    number: int
    start: int
    sectors: int
    type: str = ""
    uuid: str = ""


@dataclass(frozen=True)
class Device:
    """A block device. `kind` is lsblk's TYPE ("disk", "part", "lvm", "crypt", "raid1", "mpath", "loop",
    "rom", …); `parents` are the paths of the devices that it lies on; `links` are its other names
    below /dev, sorted.

    `identity` stays when the kernel names it otherwise: WWN, serial number, PARTUUID, or UUID of the
    logical volume; it is empty where the device has nothing of the kind. `table` is "gpt", "dos" or
    empty. `mounts` are where it is mounted now.
    """

    path: str
    kind: str
    size: int
    number: str
    parents: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    identity: str = ""
    model: str = ""
    table: str = ""
    partition: PartitionFacts | None = None
    signatures: tuple[Signature, ...] = ()
    read_only: bool = False
    swap: bool = False
    mounts: tuple[str, ...] = ()


@dataclass(frozen=True)
class PhysicalVolume:
    """`group` is empty for one in no group. `device_size` is that of what it lies on: where it is
    larger than `size`, the volume can grow. `missing` is a device of a group that is not there."""

    path: str
    uuid: str
    group: str
    size: int
    free: int
    device_size: int
    missing: bool = False


@dataclass(frozen=True)
class VolumeGroup:
    name: str
    uuid: str
    size: int
    free: int
    extent: int


@dataclass(frozen=True)
class Volume:
    """A logical volume, hidden ones left out. `kind` is lvs' segment type: "linear", "thin-pool",
    "thin", …. The percentages and what follows are those of a thin pool (`data_percent` of a thin
    volume too), else `None`. `threshold` and `percent` are what LVM is told for extending it (by its
    profile, or for all), `None` where it is told nothing; it does so while `monitored`. `health` is
    empty for a sound one, else lvs' word (`pool_health`).
    """

    group: str
    name: str
    uuid: str
    size: int
    kind: str
    path: str
    active: bool
    pool: str = ""
    data_percent: float | None = None
    metadata_percent: float | None = None
    metadata_size: int | None = None
    chunk: int | None = None
    profile: str = ""
    threshold: int | None = None
    percent: int | None = None
    monitored: bool = False
    health: str = ""

    @property
    def device(self) -> str:
        """Its path as the device mapper has it, which `Device.path` is; a thin pool has no other."""
        group, name = (one.replace("-", "--") for one in (self.group, self.name))
        return f"/dev/mapper/{group}-{name}"


@dataclass(frozen=True)
class Mount:
    """A mounted filesystem. `source` is the device's canonical path, or what the kernel calls it where
    it is no device. `type_in_directories` is `False` for XFS without ftype (overlay2 cannot use it),
    `None` where it does not matter. `root` is the part of the filesystem that is mounted ("/" but
    for bind mounts)."""

    target: str
    source: str
    type: str
    options: tuple[str, ...] = ()
    size: int = 0
    used: int = 0
    free: int = 0
    inodes: int = 0
    inodes_free: int = 0
    root: str = "/"
    type_in_directories: bool | None = None


@dataclass(frozen=True)
class Usage:
    """What an engine keeps, in bytes as its files have them: `images` counts each layer once,
    `containers` what they have written over their images, `volumes` those of the local driver."""

    images: int = 0
    containers: int = 0
    volumes: int = 0


@dataclass(frozen=True)
class Engine:
    """A container engine and where it keeps its data. `name` is "docker", "containerd" or "containers"
    (Podman and CRI-O).

    `driver` is as the engine itself says ("overlay2", "devicemapper", "overlayfs" for Docker on the
    containerd image store), empty where it does not run; `pool` is the device-mapper name of its thin
    pool. `told_by` is where the driver is said: a path of a file, "command line", or empty for
    nowhere. `running` are the names of containers that run; `images` and `containers` count all.
    `snapshots` says that it can keep images in containerd.

    `config` is the path of its daemon.json, and `texts` has that file and the one at `told_by`, each
    if it is there. `stores` are the drivers that have left something in the data root.
    `container_ids` are the full ids of all containers, and `foreign_volumes` the names of volumes of
    other drivers than local. `usage` is `None` where the engine does not run.
    """

    name: str
    version: str
    data_root: str
    driver: str = ""
    pool: str = ""
    told_by: str = ""
    socket: str = ""
    pid: int | None = None
    unit: str = ""
    running: tuple[str, ...] = ()
    containers: int = 0
    images: int = 0
    snapshots: bool = False
    containerd_root: str = ""
    config: str = "/etc/docker/daemon.json"
    texts: Mapping[str, str] = field(default_factory=dict)
    stores: tuple[str, ...] = ()
    container_ids: tuple[str, ...] = ()
    foreign_volumes: tuple[str, ...] = ()
    swarm: bool = False
    rootless: bool = False
    usage: Usage | None = None


@dataclass(frozen=True)
class StorageFacts:
    """`tools` are the programs that are there, of those that steps may need; `unfinished` is the id of
    an order that was begun and did not end, empty for none. `kept` maps the id of an order to what it
    has kept of the time before (paths, and volumes as `group/name`), until that is released.
    """

    hostname: str
    systemd: bool = False
    devices: tuple[Device, ...] = ()
    physical: tuple[PhysicalVolume, ...] = ()
    groups: tuple[VolumeGroup, ...] = ()
    volumes: tuple[Volume, ...] = ()
    mounts: tuple[Mount, ...] = ()
    engines: tuple[Engine, ...] = ()
    tools: tuple[str, ...] = ()
    unfinished: str = ""
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def device(self, name: str) -> Device | None:
        """By its path or any of its other names."""
        found = (one for one in self.devices if name == one.path or name in one.links)
        return next(found, None)

    def group(self, name: str) -> VolumeGroup | None:
        return next((one for one in self.groups if one.name == name), None)

    def volume(self, group: str, name: str) -> Volume | None:
        found = (one for one in self.volumes if (one.group, one.name) == (group, name))
        return next(found, None)

    def physical_of(self, group: str) -> tuple[PhysicalVolume, ...]:
        return tuple(one for one in self.physical if one.group == group)

    def mount(self, target: str) -> Mount | None:
        """What one sees at this mount point: of several on top of each other the last."""
        return next((one for one in reversed(self.mounts) if one.target == target), None)

    def mount_of(self, path: str) -> Mount | None:
        """The mount that a path lies in."""
        inside = [one for one in self.mounts if _is_in(path, one.target)]
        longest = max((len(one.target) for one in inside), default=0)
        return next((one for one in reversed(inside) if len(one.target) == longest), None)

    def engine(self, name: str) -> Engine | None:
        return next((one for one in self.engines if one.name == name), None)


def fingerprints(facts: StorageFacts) -> dict[str, str]:
    """What each thing is that a plan may rest on, by its name for a person, in a word that changes when
    a plan made of it no longer counts. Fill is not part of it; what has grown or moved is."""
    told: dict[str, str] = {}
    for device in facts.devices:
        signs = ",".join(f"{one.type}@{one.offset}:{one.uuid}" for one in device.signatures)
        told[f"device {device.path}"] = (
            f"{device.identity} {device.size} {device.table} [{signs}] "
            f"{'ro' if device.read_only else 'rw'} {'swap' if device.swap else ''} "
            f"{','.join(sorted(device.mounts))}"
        )
    for one in facts.physical:
        told[f"physical volume {one.path}"] = f"{one.uuid} {one.group} {one.size} {one.missing}"
    for group in facts.groups:
        told[f"volume group {group.name}"] = f"{group.uuid} {group.size} {group.free}"
    for volume in facts.volumes:
        told[f"volume {volume.group}/{volume.name}"] = f"{volume.uuid} {volume.size} {volume.kind}"
    for mount in facts.mounts:
        told[f"mount {mount.target}"] = f"{mount.source} {mount.type} {mount.root}"
    for engine in facts.engines:
        told[f"engine {engine.name}"] = f"{engine.data_root} {engine.driver} {engine.told_by}"
    return told


def to_json(facts: StorageFacts) -> dict[str, Any]:
    return asdict(facts)


def from_json(document: Mapping[str, Any]) -> StorageFacts:
    """Read what `to_json` gave."""
    return StorageFacts(
        **{
            **document,
            "devices": tuple(map(_device, document["devices"])),
            "physical": tuple(PhysicalVolume(**one) for one in document["physical"]),
            "groups": tuple(VolumeGroup(**one) for one in document["groups"]),
            "volumes": tuple(Volume(**one) for one in document["volumes"]),
            "mounts": tuple(
                Mount(**{**one, "options": tuple(one["options"])}) for one in document["mounts"]
            ),
            "engines": tuple(map(_engine, document["engines"])),
            "tools": tuple(document["tools"]),
            "kept": {name: tuple(what) for name, what in document["kept"].items()},
        }
    )


def _device(document: Mapping[str, Any]) -> Device:
    partition = document["partition"]
    return Device(
        **{
            **document,
            "parents": tuple(document["parents"]),
            "links": tuple(document["links"]),
            "mounts": tuple(document["mounts"]),
            "partition": None if partition is None else PartitionFacts(**partition),
            "signatures": tuple(Signature(**one) for one in document["signatures"]),
        }
    )


def _engine(document: Mapping[str, Any]) -> Engine:
    lists = ("running", "stores", "container_ids", "foreign_volumes")
    usage = document["usage"]
    return Engine(
        **{
            **document,
            **{name: tuple(document[name]) for name in lists},
            "usage": None if usage is None else Usage(**usage),
        }
    )


def _is_in(path: str, folder: str) -> bool:
    return folder == "/" or path == folder or path.startswith(f"{folder}/")
