"""
Whether a device may be given to a volume group: small rules, each with its reason.

What is in use is never taken: `wipeSignatures` allows to wipe what some program has left behind, not
what one works on now or would miss. A member of a RAID array, LUKS and ZFS are taken for in use even
while nothing has them open, for what lies in them cannot be seen then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.on_host.storage.facts import Device, Signature, StorageFacts
from wharfinger.hosts.site.sizes import readable
from wharfinger.hosts.storage.planned import Refusal

LEAST: Final = 64 << 20
_DISKS: Final = ("disk", "mpath", "loop")
_OF_SYSTEM: Final = ("/", "/boot", "/boot/efi", "/usr", "/var")
_UNREADABLE: Final = "unreadable"
_ANOTHER: Final = "name another device, or narrow the glob"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device for `group`, and all that lies on it, nearest first."""

    device: Device
    above: tuple[Device, ...]
    facts: StorageFacts
    group: str
    wipe: bool

    @property
    def whole(self) -> tuple[Device, ...]:
        return (self.device, *self.above)

    def refusal(self, code: str, why: str, remedy: str) -> Refusal:
        return Refusal(code, self.device.path, why, remedy)


Rule = Callable[[Candidate], Refusal | None]


def candidate(device: Device, facts: StorageFacts, group: str, *, wipe: bool) -> Candidate:
    return Candidate(device, tuple(above(device, facts)), facts, group, wipe)


def above(device: Device, facts: StorageFacts) -> Iterator[Device]:
    """What lies on a device, and what lies on that."""
    seen = {device.path}
    waiting = [device.path]
    while waiting:
        below = waiting.pop(0)
        for one in facts.devices:
            if below in one.parents and one.path not in seen:
                seen.add(one.path)
                waiting.append(one.path)
                yield one


def refusal(one: Candidate) -> Refusal | None:
    """Why it may not be taken, by the first rule that says so."""
    return next((found for rule in RULES if (found := rule(one)) is not None), None)


def multipath_leg(one: Candidate) -> Refusal | None:
    device = next((inner for inner in one.above if inner.kind == "mpath"), None)
    if device is None:
        return None
    return one.refusal(
        "multipath-leg",
        f"it is one of the paths to {device.path}",
        f"name {device.path} instead",
    )


def multipath_twin(one: Candidate) -> Refusal | None:
    """The same disk by two ways, and nobody has joined them."""
    if not one.device.identity or one.device.kind != "disk":
        return None
    twins = [
        other.path
        for other in one.facts.devices
        if other.kind == "disk"
        and (other.identity, other.size) == (one.device.identity, one.device.size)
        and other.path != one.device.path
    ]
    if not twins:
        return None
    return one.refusal(
        "multipath-twin",
        f"{twins[0]} is the same disk ({one.device.identity}) by another way",
        "have multipathd join them, and name the device below /dev/mapper",
    )


def partition(one: Candidate) -> Refusal | None:
    if one.device.kind != "part":
        return None
    disk = next(iter(one.device.parents), "its disk")
    return one.refusal(
        "partition",
        "it is a partition, and only whole disks are taken",
        f"name a disk that is free as a whole; {disk} has this one and perhaps others",
    )


def no_disk(one: Candidate) -> Refusal | None:
    if one.device.kind in _DISKS:
        return None
    return one.refusal("not-a-disk", f"it is no disk ({one.device.kind})", _ANOTHER)


def mounted(one: Candidate) -> Refusal | None:
    for device in one.whole:
        for target in device.mounts:
            if target == "[SWAP]":
                continue
            if target in _OF_SYSTEM:
                return one.refusal(
                    "system-disk", f"{device.path} holds {target} of this host", _ANOTHER
                )
            return one.refusal(
                "mounted",
                f"{device.path} is mounted at {target}",
                f"{_ANOTHER}; or save what is there, and `umount {target}`",
            )
    return None


def swap(one: Candidate) -> Refusal | None:
    device = next((inner for inner in one.whole if inner.swap), None)
    if device is None:
        return None
    return one.refusal(
        "swap",
        f"this host swaps to {device.path}",
        f"`swapoff {device.path}`, and take it out of /etc/fstab",
    )


def raid_member(one: Candidate) -> Refusal | None:
    return _signed(one, "raid-member", "is a member of a RAID array", _is_raid)


def luks(one: Candidate) -> Refusal | None:
    return _signed(one, "luks", "is encrypted (LUKS)", lambda sign: sign.type == "crypto_LUKS")


def zfs(one: Candidate) -> Refusal | None:
    return _signed(one, "zfs", "belongs to a ZFS pool", lambda sign: sign.type == "zfs_member")


def lvm_member(one: Candidate) -> Refusal | None:
    for device in one.whole:
        for volume in one.facts.physical:
            if volume.group and volume.path in (device.path, *device.links):
                return one.refusal(
                    "lvm-member",
                    f"{device.path} belongs to volume group {volume.group}",
                    f"{_ANOTHER}; or take it out of the group: `vgreduce {volume.group} {volume.path}`",
                )
    return None


def in_use(one: Candidate) -> Refusal | None:
    """Something else lies on it, of whatever kind."""
    device = next((inner for inner in one.above if inner.kind != "part"), None)
    if device is None:
        return None
    return one.refusal("in-use", f"{device.path} ({device.kind}) lies on it", _ANOTHER)


def read_only(one: Candidate) -> Refusal | None:
    if not one.device.read_only:
        return None
    return one.refusal("read-only", "it is read-only", "look for its lock, or `blockdev --setrw`")


def too_small(one: Candidate) -> Refusal | None:
    if one.device.size >= LEAST:
        return None
    return one.refusal(
        "too-small",
        f"it has {readable(one.device.size)}, and {readable(LEAST)} is the least",
        _ANOTHER,
    )


def unreadable(one: Candidate) -> Refusal | None:
    found = next((inner for inner in one.whole if _UNREADABLE in _types(inner)), None)
    if found is None:
        return None
    return one.refusal(
        "unreadable",
        f"{found.path} cannot be read, so nobody can say what is on it",
        "plan as root; where that does not help, look into the kernel's messages",
    )


def partitioned(one: Candidate) -> Refusal | None:
    if one.wipe or not one.above:
        return None
    names = ", ".join(inner.path for inner in one.above)
    return one.refusal(
        "partitioned",
        f"it has partitions already: {names}",
        f"{_ANOTHER}; or say wipeSignatures: true, if nobody needs them",
    )


def foreign_signature(one: Candidate) -> Refusal | None:
    if one.wipe or not one.device.signatures:
        return None
    found = ", ".join(f"{sign.type} at {sign.offset:#x}" for sign in one.device.signatures)
    return one.refusal(
        "foreign-signature",
        f"something is on it: {found}",
        f"{_ANOTHER}; or say wipeSignatures: true, if nobody needs it",
    )


RULES: Final[tuple[Rule, ...]] = (
    multipath_leg,
    partition,
    no_disk,
    mounted,
    swap,
    raid_member,
    luks,
    zfs,
    lvm_member,
    in_use,
    multipath_twin,
    read_only,
    too_small,
    unreadable,
    partitioned,
    foreign_signature,
)


def _signed(
    one: Candidate, code: str, what: str, means: Callable[[Signature], bool]
) -> Refusal | None:
    for device in one.whole:
        for sign in device.signatures:
            if means(sign):
                return one.refusal(
                    code,
                    f"{device.path} {what}: {sign.type} at {sign.offset:#x}",
                    f"{_ANOTHER}; if nobody needs it, `wipefs --all {device.path}` yourself",
                )
    return None


def _is_raid(sign: Signature) -> bool:
    return sign.type.endswith("_raid_member") or sign.type == "drbd"


def _types(device: Device) -> set[str]:
    return {sign.type for sign in device.signatures}
