"""
What a move of an engine's data is made of, as values.

A move takes what Docker keeps to another driver or onto another volume. Who plans the volumes (`plan`)
gives `moves` a function that says how they are made, since a rebuild makes them only after others were
removed: it is called with the facts as they will be then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.on_host.storage.facts import Engine, Mount, StorageFacts, Volume
from wharfinger.hosts.site.storage import Driver
from wharfinger.hosts.storage.planned import Forecast, PlannedStep, Refusal

CALLED: Final = {
    Driver.OVERLAY2: "overlay2",
    Driver.DEVICEMAPPER: "devicemapper",
    Driver.CONTAINERD: "overlayfs",
}
"""What Docker itself calls each driver."""


@dataclass(frozen=True, slots=True)
class NewRoot:
    """A filesystem that will be there and not mounted yet, meant for `target`."""

    device: str
    target: str
    type: str
    size: int
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """How the wanted volumes come about: groups, pool, volume and filesystem, but no mount of `root`.

    `root` is the filesystem that is yet to be mounted, `None` where there is nothing to mount; `pool`
    the group and name of the wanted thin pool, whether it is there already or not.
    """

    steps: tuple[PlannedStep, ...] = ()
    root: NewRoot | None = None
    pool: tuple[str, str] | None = None
    refusals: tuple[Refusal, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    notes: tuple[str, ...] = ()


Make = Callable[[StorageFacts], Made]


@dataclass(frozen=True, slots=True)
class Move:
    """All that is to be done, the steps of `Made` among them; its refusals, forecasts and notes too.

    `keeps` is as in `StorageOrder`, and `rests_on` are the names of the fingerprints that the move
    counts on, beside those of the volumes.
    """

    steps: tuple[PlannedStep, ...]
    refusals: tuple[Refusal, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    notes: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """One move, with all that its parts have to know.

    `source` is `None` for a driver that we do not know. `carried` says that images and containers go
    through archives, since the driver or its pool is another one. `removed` are the volumes that go
    before the new ones are made (the destructive way), and `fresh` says that the engine starts on an
    empty data root. `kept` is where the old one is set aside.
    """

    facts: StorageFacts
    engine: Engine
    source: Driver | None
    target: Driver
    made: Made
    archives: str
    archives_named: bool
    kept: str
    carried: bool
    fresh: bool
    removed: tuple[Volume, ...] = ()

    @property
    def root(self) -> str:
        return self.engine.data_root

    @property
    def root_mount(self) -> Mount | None:
        """The filesystem of the data root as it is now."""
        return self.facts.mount_of(self.root)

    @property
    def root_is_removed(self) -> bool:
        """Is the data root on a volume that goes?"""
        return self.goes(self.root_mount)

    def goes(self, mount: Mount | None) -> bool:
        """Is this filesystem on a volume that goes?"""
        return mount is not None and any(is_of(mount, one) for one in self.removed)

    @property
    def saved(self) -> str:
        """Where that of the old data root stands which the new one is given."""
        return f"{self.archives}/root" if self.root_is_removed else self.kept


def mapped(group: str, name: str) -> str:
    """The name of a volume in the device mapper, which doubles the hyphens within either part."""
    return f"{group.replace('-', '--')}-{name.replace('-', '--')}"


def pool_of(facts: StorageFacts, engine: Engine) -> Volume | None:
    """The thin pool that the engine works on, if LVM has it."""
    pools = (one for one in facts.volumes if one.kind == "thin-pool")
    return next((one for one in pools if mapped(one.group, one.name) == engine.pool), None)


def volume_of(facts: StorageFacts, mount: Mount) -> Volume | None:
    return next((one for one in facts.volumes if is_of(mount, one)), None)


def is_of(mount: Mount, volume: Volume) -> bool:
    """Is this what is mounted there, under either of its names?"""
    return mount.source in (
        volume.path,
        f"/dev/{volume.group}/{volume.name}",
        f"/dev/mapper/{mapped(volume.group, volume.name)}",
    )
