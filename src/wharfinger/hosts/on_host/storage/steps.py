"""
What can be done to the storage of a host, as values: the closed list of steps, and the order of them.

An order is done from its first step to its last, each noted in the journal before and after. A step
can be begun again where it was killed. What kind of way back it has is part of what it is:

    TAKEN_BACK   its undo brings back what stood before, byte for byte where bytes matter
    STAYS        something has grown. Nothing is lost by it and nothing shrinks again: going back ends here
    FINAL        what it removes is gone. Plans have it last, after the proof

Sizes are bytes. Devices are paths as the plan saw them; `StorageOrder.expects` has what they were then,
and an order whose facts have changed since is refused before its first step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Union

from wharfinger.hosts.on_host import tagged


class Back(str, Enum):
    TAKEN_BACK = "taken back"
    STAYS = "stays"
    FINAL = "final"


# Disks and LVM


@dataclass(frozen=True)
class WipeSignatures:
    """Take every signature off a device. Their bytes are kept in the journal. Only where the site says
    `wipeSignatures`."""

    device: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class MakePartition:
    """A table ("gpt" or "dos") with one partition over the whole disk, from sector 2048, for LVM."""

    disk: str
    table: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class MakePhysicalVolume:
    """On a device, or with `partitioned` on the first partition of it, which a step before made."""

    device: str
    partitioned: bool = False
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class MakeGroup:
    """`devices` as in `MakePhysicalVolume`; `partitioned` are those whose first partition is meant."""

    group: str
    devices: tuple[str, ...]
    partitioned: tuple[str, ...] = ()
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class ExtendGroup:
    group: str
    devices: tuple[str, ...]
    partitioned: tuple[str, ...] = ()
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class MakePool:
    """A thin pool that does not zero new blocks. `chunk` is `None` for LVM's own choice."""

    group: str
    name: str
    size: int
    metadata: int
    chunk: int | None = None
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class SetAutoExtend:
    """Let dmeventd extend a pool by `percent` once it is `threshold` percent full, by a profile of its
    own; `None` for neither: the profile goes."""

    group: str
    pool: str
    threshold: int | None
    percent: int | None
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class MakeVolume:
    group: str
    name: str
    size: int
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class MakeFilesystem:
    """`type` is "xfs" (always with ftype=1) or "ext4"."""

    device: str
    type: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class MountFilesystem:
    """Mount it now and at each boot: by a mount unit under systemd, by a line of /etc/fstab without.
    The directory is made if it is not there, and has to be empty."""

    device: str
    target: str
    type: str
    options: tuple[str, ...] = ()
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class GrowPartition:
    """To the end of its disk; the last partition only."""

    disk: str
    number: int
    back: ClassVar[Back] = Back.STAYS


@dataclass(frozen=True)
class GrowPhysicalVolume:
    """To the size of what it lies on."""

    device: str
    back: ClassVar[Back] = Back.STAYS


@dataclass(frozen=True)
class ExtendVolume:
    """To at least `size`; a thin pool's data, too."""

    group: str
    name: str
    size: int
    back: ClassVar[Back] = Back.STAYS


@dataclass(frozen=True)
class ExtendMetadata:
    """The metadata of a thin pool, to at least `size`."""

    group: str
    pool: str
    size: int
    back: ClassVar[Back] = Back.STAYS


@dataclass(frozen=True)
class GrowFilesystem:
    """To the size of its device, while it is mounted at `target`."""

    device: str
    target: str
    type: str
    back: ClassVar[Back] = Back.STAYS


# What docker-storage-setup keeps itself: its files, and volumes that it mounts after a boot


@dataclass(frozen=True)
class KeepFile:
    """A file of this content, readable for all, or none where that is `None`. Directories on the way are
    made."""

    path: str
    content: str | None
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class SetUnit:
    """Have systemd read its units again, and start this one at boot, or no longer."""

    unit: str
    enabled: bool
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class SetActive:
    """Give a volume to the kernel, also one that is left out at boot, or take it away again."""

    group: str
    name: str
    active: bool
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class SkipActivation:
    """Leave a volume out at boot, until somebody asks for it by `SetActive`."""

    group: str
    name: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class SetMounted:
    """Mount a filesystem now or unmount it now, and leave what happens at boot as it is. The directory
    is made if it is not there, and has to be empty."""

    device: str
    target: str
    type: str
    options: tuple[str, ...]
    mounted: bool
    back: ClassVar[Back] = Back.TAKEN_BACK


# Engines and what they hold. `engine` is "docker" so far.


@dataclass(frozen=True)
class TakeInventory:
    """Write down what the engine holds: images with their digests and layers, volumes, definitions of
    containers. `contents` hashes what is in the volumes too, and what containers have written, which
    counts only while nobody writes. Nothing changes."""

    engine: str
    contents: bool
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class ExportImages:
    """All images into a folder, each layer once, by its digest. What is there already and whole is not
    written again. Going back leaves the folder, so that another attempt goes on with it."""

    engine: str
    folder: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class ExportContainers:
    """Definitions of all containers, and what each has written over its image."""

    engine: str
    folder: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class ExportVolumes:
    """The named and anonymous volumes of the local driver, as trees: for the destructive way."""

    engine: str
    folder: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class StopEngine:
    """With its socket, so that nobody starts it again. Refused while containers run."""

    engine: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class StartEngine:
    """As it was started before it was stopped, and wait until it answers."""

    engine: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class SetAside:
    """Keep the directory `path` as `kept` and put an empty one with the same mode and owner in its
    place. Where a filesystem is mounted there, it is mounted at `kept` instead."""

    path: str
    kept: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class CopyTree:
    """Copy `names` (all, if empty) of directory `source` into `target`, with owners, modes, times, hard
    links, holes, devices and extended attributes, and compare what was copied. The source is only
    read."""

    source: str
    target: str
    names: tuple[str, ...] = ()
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class ConfigureEngine:
    """Write the file that tells the engine its driver. `path` and `content` are planned; `expect` is
    the digest of what the plan saw there, `None` for no file."""

    engine: str
    path: str
    content: str
    expect: str | None
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class CarryDigests:
    """Give the store of `to_driver` the names and repository digests that the one of `from_driver` has.
    While the engine stands still. `source` and `target` are data roots, often the same one."""

    source: str
    target: str
    from_driver: str
    to_driver: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class ImportImages:
    engine: str
    folder: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class ImportVolumes:
    engine: str
    folder: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class ImportContainers:
    """Make each container again as it was defined, and write over its image what it had written.
    Those that are there already are left alone."""

    engine: str
    folder: str
    back: ClassVar[Back] = Back.TAKEN_BACK


@dataclass(frozen=True)
class ProveInventory:
    """Take the inventory again and compare it with the one of this order. `digests` says whether
    repository digests and image ids have to be the same, which an engine on the containerd image store
    computes otherwise."""

    engine: str
    contents: bool
    digests: bool = True
    back: ClassVar[Back] = Back.TAKEN_BACK


# What is not needed any more


@dataclass(frozen=True)
class Unmount:
    """And no longer at boot."""

    target: str
    back: ClassVar[Back] = Back.FINAL


@dataclass(frozen=True)
class RemoveVolume:
    """A volume or a pool with all that is in it, deactivated first."""

    group: str
    name: str
    back: ClassVar[Back] = Back.FINAL


@dataclass(frozen=True)
class RemoveGroup:
    """A group without volumes, and its physical volumes."""

    group: str
    back: ClassVar[Back] = Back.FINAL


@dataclass(frozen=True)
class RemovePartition:
    """A partition that nothing is on any more."""

    disk: str
    number: int
    back: ClassVar[Back] = Back.FINAL


@dataclass(frozen=True)
class RemoveTree:
    """A directory with all below it, on its own filesystem only: it does not go into what is mounted
    there."""

    path: str
    back: ClassVar[Back] = Back.FINAL


Step = Union[
    WipeSignatures,
    MakePartition,
    MakePhysicalVolume,
    MakeGroup,
    ExtendGroup,
    MakePool,
    SetAutoExtend,
    MakeVolume,
    MakeFilesystem,
    MountFilesystem,
    GrowPartition,
    GrowPhysicalVolume,
    ExtendVolume,
    ExtendMetadata,
    GrowFilesystem,
    KeepFile,
    SetUnit,
    SetActive,
    SkipActivation,
    SetMounted,
    TakeInventory,
    ExportImages,
    ExportContainers,
    ExportVolumes,
    StopEngine,
    StartEngine,
    SetAside,
    CopyTree,
    ConfigureEngine,
    CarryDigests,
    ImportImages,
    ImportVolumes,
    ImportContainers,
    ProveInventory,
    Unmount,
    RemoveVolume,
    RemoveGroup,
    RemovePartition,
    RemoveTree,
]

KINDS = {
    "wipe signatures": WipeSignatures,
    "make partition": MakePartition,
    "make physical volume": MakePhysicalVolume,
    "make volume group": MakeGroup,
    "extend volume group": ExtendGroup,
    "make thin pool": MakePool,
    "set auto-extension": SetAutoExtend,
    "make volume": MakeVolume,
    "make filesystem": MakeFilesystem,
    "mount filesystem": MountFilesystem,
    "grow partition": GrowPartition,
    "grow physical volume": GrowPhysicalVolume,
    "extend volume": ExtendVolume,
    "extend metadata": ExtendMetadata,
    "grow filesystem": GrowFilesystem,
    "keep file": KeepFile,
    "set unit": SetUnit,
    "set active": SetActive,
    "skip activation": SkipActivation,
    "set mounted": SetMounted,
    "take inventory": TakeInventory,
    "export images": ExportImages,
    "export containers": ExportContainers,
    "export volumes": ExportVolumes,
    "stop engine": StopEngine,
    "start engine": StartEngine,
    "set aside": SetAside,
    "copy tree": CopyTree,
    "configure engine": ConfigureEngine,
    "carry digests": CarryDigests,
    "import images": ImportImages,
    "import volumes": ImportVolumes,
    "import containers": ImportContainers,
    "prove inventory": ProveInventory,
    "unmount": Unmount,
    "remove volume": RemoveVolume,
    "remove volume group": RemoveGroup,
    "remove partition": RemovePartition,
    "remove tree": RemoveTree,
}


_SUBJECTS = ("disk", "device", "path", "target", "engine", "unit")


@dataclass(frozen=True)
class StorageOrder:
    """`expects` are those `facts.fingerprints` that the plan rests on, by name; an empty fingerprint
    means that there was no such thing. `keeps` is what stands untouched after the last step for
    the way back, until it is released: paths, and volumes as `group/name`. `summary` says in a
    sentence what the order is for.
    """

    steps: tuple[Step, ...] = ()
    expects: Mapping[str, str] = field(default_factory=dict)
    keeps: tuple[str, ...] = ()
    summary: str = ""


def name(step: Step) -> str:
    """The word for this kind of step."""
    return next(word for word, kind in KINDS.items() if type(step) is kind)


def subject(step: Step) -> str:
    """What a step is done to, for a person: `docker/docker-pool`, `/dev/vdb`."""
    said = vars(step)
    if "source" in said:
        return f"{said['source']} to {said['target']}"
    if "group" in said:
        inner = said.get("name") or said.get("pool")
        return f"{said['group']}/{inner}" if inner else str(said["group"])
    return str(next(said[one] for one in _SUBJECTS if one in said))


def to_json(order: StorageOrder) -> dict[str, Any]:
    return {
        "steps": [tagged.to_json(KINDS, step) for step in order.steps],
        "expects": dict(order.expects),
        "keeps": list(order.keeps),
        "summary": order.summary,
    }


def from_json(document: Mapping[str, Any]) -> StorageOrder:
    """Read what `to_json` gave; raise `KeyError`, `TypeError` or `AttributeError` for what is no order."""
    return StorageOrder(
        tuple(tagged.from_json(KINDS, item) for item in document["steps"]),
        {str(name): str(value) for name, value in document["expects"].items()},
        tuple(map(str, document["keeps"])),
        str(document["summary"]),
    )
