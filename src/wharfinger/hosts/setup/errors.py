"""
Why a set-up is not begun. `docker-storage-setup` says these after `ERROR: ` and ends with 1.

Two texts are what scripts look for, and are the peer's word for word.
"""

from __future__ import annotations

from wharfinger.errors import AlreadyExists, BadInput, Conflict, NotFound, Unavailable


class InvalidSetting(BadInput):
    """A key of the configuration has a value that it may not have, or not beside the others."""

    code = "setup-invalid-setting"


class PoolNotNamed(BadInput):
    code = "setup-pool-not-named"

    def __init__(self) -> None:
        super().__init__(
            "CONTAINER_THINPOOL must be defined for the devicemapper storage driver.",
        )


class PartitionGiven(BadInput):
    """A disk of DEVS is a partition, or lies on another device."""

    code = "setup-partition"

    def __init__(self, device: str) -> None:
        super().__init__(
            "Partition specification unsupported at this time.",
            remedy=f"name the whole disk that {device} is on",
        )


class NoSuchDevice(NotFound):
    code = "setup-no-device"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"cannot use {name!r} of DEVS: it is no block device",
            remedy="lsblk shows the disks of this host",
        )


class DeviceInUse(Conflict):
    """A disk that somebody has written on, or uses."""

    code = "setup-device-in-use"


class CannotSetUp(Conflict):
    """The host is not as this configuration needs it."""

    code = "setup-impossible"


class NotManaged(Conflict):
    """The pool that the output file names is not one that this configuration made."""

    code = "setup-not-managed"


class NoRoom(Conflict):
    code = "setup-no-room"


class ConfigExists(AlreadyExists):
    code = "setup-config-exists"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"cannot create the storage configuration {name}: there is one of that name",
            remedy=f"container-storage-setup list {name}",
        )


class NoSuchConfig(NotFound):
    code = "setup-no-config"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"cannot find the storage configuration {name}",
            remedy="container-storage-setup list shows those that there are",
        )


class TookTooLong(Unavailable):
    """Something that should appear by itself did not."""

    code = "setup-took-too-long"


class SetUpFailed(Unavailable):
    """A step failed."""

    code = "setup-failed"
