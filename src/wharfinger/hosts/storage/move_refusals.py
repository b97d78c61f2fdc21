"""
What stands against a move, each with its reason and what a person can do about it.

Rules look at the facts only, and all of them are told at once. Nothing is changed while one stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wharfinger.hosts.on_host.storage import pool_health
from wharfinger.hosts.site.sizes import spelled
from wharfinger.hosts.site.storage import Driver
from wharfinger.hosts.storage import daemon_settings, pools, room
from wharfinger.hosts.storage.move_parts import Situation, pool_of
from wharfinger.hosts.storage.planned import Forecast, Refusal

_LAST_WITH_DEVICEMAPPER: Final = 24


def refusals(move: Situation, needs: tuple[Forecast, ...]) -> tuple[Refusal, ...]:
    found = (rule(move) for rule in _RULES)
    return (*(one for one in found if one is not None), *_no_space(needs), *_too_few_inodes(move))


def stopped(move: Situation) -> Refusal | None:
    """Only the engine itself can say what it holds."""
    if move.engine.driver and move.engine.usage is not None:
        return None
    return Refusal(
        "engine-stopped",
        move.engine.name,
        f"{move.engine.name} does not run, so nobody can say what {move.root} holds",
        f"start {move.engine.name}, then plan again",
    )


def unknown_driver(move: Situation) -> Refusal | None:
    if move.source is not None or not move.engine.driver:
        return None
    return Refusal(
        "unknown-driver",
        move.engine.name,
        f"it keeps images with {move.engine.driver}, which we cannot carry from",
        "pull or load the images anew on a host set up with the wanted driver",
    )


def containers_run(move: Situation) -> Refusal | None:
    if not move.engine.running:
        return None
    return Refusal(
        "containers-running",
        move.engine.name,
        f"containers run: {', '.join(move.engine.running)}",
        "evacuate the host, or stop them: docker stop " + " ".join(move.engine.running),
    )


def rootless(move: Situation) -> Refusal | None:
    if not move.engine.rootless:
        return None
    return Refusal(
        "rootless",
        move.engine.name,
        "it runs as a user other than root, whose files we would give another owner",
        "carry its images with docker save and docker load as that user",
    )


def swarm(move: Situation) -> Refusal | None:
    if not move.engine.swarm:
        return None
    return Refusal(
        "swarm",
        move.engine.name,
        "it is part of a swarm, which would start services on it while it moves",
        "let it leave the swarm, and join again afterwards",
    )


def told_elsewhere(move: Situation) -> Refusal | None:
    if not move.carried or daemon_settings.can_tell(move.engine):
        return None
    return Refusal(
        "driver-told-elsewhere",
        move.engine.name,
        f"its driver is said on its {move.engine.told_by}, where we cannot say another one"
        if move.engine.told_by == "command line"
        else f"its driver is said in {move.engine.told_by}, which we do not know how to edit",
        f"take it out there and say it in {move.engine.config}",
    )


def no_devicemapper(move: Situation) -> Refusal | None:
    if move.target is not Driver.DEVICEMAPPER or not move.carried:
        return None
    major = move.engine.version.partition(".")[0]
    if not major.isdecimal() or int(major) <= _LAST_WITH_DEVICEMAPPER:
        return None
    return Refusal(
        "no-devicemapper",
        move.engine.name,
        f"Docker {move.engine.version} has no devicemapper any more",
        "ask for overlay2 or containerd",
    )


def no_image_store(move: Situation) -> Refusal | None:
    if move.target is not Driver.CONTAINERD or move.engine.snapshots:
        return None
    return Refusal(
        "no-image-store",
        move.engine.name,
        f"Docker {move.engine.version} cannot keep images in containerd",
        "bring Docker to version 24 or newer first",
    )


def without_types(move: Situation) -> Refusal | None:
    """overlay2 needs what `mkfs.xfs -n ftype=1` makes, which is the default since xfsprogs 3.2.3."""
    place = move.root
    if move.target is Driver.CONTAINERD:
        place = move.engine.containerd_root or move.root
    new = move.made.root is not None and place == move.root
    if new or not move.carried or move.target is Driver.DEVICEMAPPER:
        return None
    mount = move.facts.mount_of(place)
    if mount is None or mount.type_in_directories is not False:
        return None
    return Refusal(
        "no-ftype",
        mount.target,
        f"its XFS was made without ftype, on which {move.target} does not work",
        "give the data root a volume of its own (rootVolume)",
    )


def not_executable(move: Situation) -> Refusal | None:
    mount = move.root_mount
    if mount is None or "noexec" not in mount.options or move.made.root is not None:
        return None
    return Refusal(
        "noexec",
        mount.target,
        "it is mounted noexec, so nothing in a container could be run",
        f"mount {mount.target} without noexec",
    )


def mount_above(move: Situation) -> Refusal | None:
    """A filesystem that is mounted above the data root would hide it instead of taking it."""
    new = move.made.root
    if new is None or new.target == move.root:
        return None
    return Refusal(
        "mount-above-data-root",
        new.target,
        f"{move.engine.name} keeps its data in {move.root}, and the new volume would hide it",
        f"say mountPath: {move.root}",
    )


def mounted_below(move: Situation) -> Refusal | None:
    """A disk of its own for the volumes, say: set aside with the rest, it would be mounted at boot
    where it is not any more."""
    if not move.fresh:
        return None
    own = move.root_mount
    found = [
        one.target
        for one in move.facts.mounts
        if one.target.startswith(f"{move.root}/")
        and one.source.startswith("/dev/")
        and (own is None or one.source != own.source)
    ]
    if not found:
        return None
    return Refusal(
        "mounted-below",
        found[0],
        f"it is mounted within {move.root}, which has to move as a whole",
        f"unmount {', '.join(found)}, and mount it again afterwards",
    )


def archives_in_the_way(move: Situation) -> Refusal | None:
    if not move.carried:
        return None
    inside = move.fresh and f"{move.archives}/".startswith(f"{move.root}/")
    if not inside and not move.goes(move.facts.mount_of(move.archives)):
        return None
    return Refusal(
        "archives-in-the-way",
        move.archives,
        f"archives cannot lie in {move.root}, which is set aside or removed while they are needed",
        "name a directory on another filesystem (archives)",
    )


def removed_in_use(move: Situation) -> Refusal | None:
    """What else lies on a volume that a rebuild would remove is not ours."""
    found = [one.target for one in move.facts.mounts if move.goes(one) and one.target != move.root]
    if not found:
        return None
    return Refusal(
        "mounted",
        found[0],
        f"it lies on a volume that the rebuild removes: {', '.join(found)}",
        f"move what is there, and unmount {', '.join(found)}",
    )


def pool_unhealthy(move: Situation) -> Refusal | None:
    """To read an image the engine writes to its pool. Steps that come before may heal that, and the
    plan of the pool may have refused already."""
    pool = pool_of(move.facts, move.engine)
    if pool is None or not pool.health:
        return None
    name = f"{pool.group}/{pool.name}"
    told = any(one.subject == name for one in move.made.refusals)
    if told or any(pools.helps(one.step, pool) for one in move.made.steps):
        return None
    return Refusal("pool-unhealthy", name, pool_health.what(pool), pool_health.remedy(pool))


_RULES: Final = (
    stopped,
    unknown_driver,
    containers_run,
    rootless,
    swarm,
    told_elsewhere,
    no_devicemapper,
    no_image_store,
    without_types,
    not_executable,
    mount_above,
    mounted_below,
    archives_in_the_way,
    removed_in_use,
    pool_unhealthy,
)


def _no_space(needs: tuple[Forecast, ...]) -> Iterator[Refusal]:
    for need in needs:
        if not need.fits:
            yield Refusal(
                "no-space",
                need.place,
                f"{need.why} need {spelled(need.needed)}, and {spelled(need.free)} are free",
                "add a device, or name another directory for the copies (archives)",
            )


def _too_few_inodes(move: Situation) -> Iterator[Refusal]:
    """Where their number is fixed; XFS makes them as it goes, and a new filesystem has its share."""
    mount = move.root_mount
    if mount is None or not move.carried or move.made.root is not None or mount.type == "xfs":
        return
    needed = room.files(move)
    if mount.inodes and mount.inodes_free < needed:
        yield Refusal(
            "no-inodes",
            mount.target,
            f"about {needed} files would come there, and {mount.inodes_free} inodes are free",
            "give the data root a volume of its own (rootVolume)",
        )
