"""
S2 and S3: a host gets another disk, and its disks grow, under an engine that goes on working.

Both of the field's layouts, one after the other in one guest: a thin pool with devicemapper, and a
volume with a filesystem for overlay2.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from vm import guest_docker
from vm.guest_docker import GuestDocker, Holdings
from vm.laboratory import Laboratories, Laboratory
from vm.qemu import GIB, Disk

pytestmark = [pytest.mark.e2e, pytest.mark.long]

SITE = "/site.yaml"
IMAGES = ("app-1:v1", "app-2:v1")


@pytest.fixture(scope="module")
def lab(laboratory: Laboratories) -> Laboratory:
    return laboratory(Disk("first", gib=6), memory=1536)


@dataclass(frozen=True)
class Kept:
    """What must be as before: the engine's things, the running container's process, a volume."""

    holdings: Holdings
    pid: int
    content: str


def fill(docker: GuestDocker) -> None:
    docker.load(*IMAGES)
    for name in ("data", "logs"):
        docker.volume(name, {"a/file": f"content of {name}"}, data_root="/var/lib/docker")
    docker.run("busy", "app-1:v1", "--volume", "data:/data")
    docker.create("idle", "app-2:v1", "--volume", "logs:/logs")


def kept(docker: GuestDocker) -> Kept:
    seen = docker.docker("exec", "busy", "/bin/busybox", "cat", "/data/a/file", "/own/app-1:v1")
    return Kept(docker.holdings(), docker.pid_of("busy"), seen.check())


def site(lab: Laboratory, layout: str, *disks: str, grows: bool = False) -> None:
    devices = json.dumps([lab.disk(name).by_id for name in disks])
    lab.write(
        SITE,
        f"storage:\n  volumeGroup: docker\n  devices: {devices}\n"
        f"  growPartition: {str(grows).lower()}\n  {layout}\n",
    )


def apply(lab: Laboratory) -> str:
    return lab.wharf("storage", "apply", SITE, "--yes").check()


def group(lab: Laboratory) -> tuple[int, int]:
    """How many physical volumes it has, and its size."""
    asked = ("vgs", "--reportformat=json", "--units=b", "--nosuffix", "docker")
    (report,) = _json(lab, *asked, "-opv_count,vg_size")["report"]
    (found,) = report["vg"]
    return int(found["pv_count"]), int(found["vg_size"])


def volume(lab: Laboratory, name: str) -> int:
    asked = ("lvs", "--reportformat=json", "--units=b", "--nosuffix", "-olv_size")
    (report,) = _json(lab, *asked, f"docker/{name}")["report"]
    return int(report["lv"][0]["lv_size"])


def filesystem(lab: Laboratory) -> int:
    asked = ("findmnt", "--json", "--bytes", "--output=size", "/var/lib/docker")
    return int(_json(lab, *asked)["filesystems"][0]["size"])


def _json(lab: Laboratory, *words: str) -> Any:
    return json.loads(lab.run(*words).check())


# A pool


POOL = "thinPool: {name: docker-pool, dataSize: 90%FREE, metadataSize: 16M}"


@pytest.fixture(scope="module")
def with_pool(lab: Laboratory) -> GuestDocker:
    site(lab, POOL, "first")
    apply(lab)
    docker = GuestDocker(lab)
    docker.start(guest_docker.devicemapper("docker", "docker-pool"))
    fill(docker)
    return docker


def test_a_pool_grows_by_a_second_disk(lab: Laboratory, with_pool: GuestDocker) -> None:
    before, size = kept(with_pool), volume(lab, "docker-pool")
    lab.attach(Disk("second", gib=4))
    site(lab, POOL, "first", "second")

    told = apply(lab)

    count, whole = group(lab)
    assert (count, whole > 9 * GIB) == (2, True)
    assert volume(lab, "docker-pool") > size + 3 * GIB
    assert kept(with_pool) == before
    assert "proven: " in told
    assert "already so" in apply(lab)


def test_a_pool_grows_with_its_disk(lab: Laboratory, with_pool: GuestDocker) -> None:
    before, size = kept(with_pool), volume(lab, "docker-pool")
    lab.grow("first", gib=9)
    site(lab, POOL, "first", "second", grows=True)

    apply(lab)

    assert group(lab)[1] > 12 * GIB
    assert volume(lab, "docker-pool") > size + 2 * GIB
    assert kept(with_pool) == before


# A volume with a filesystem, under systemd


VOLUME = "rootVolume: {name: images, mountPath: /var/lib/docker, size: 95%VG}"
SMALL = "rootVolume: {name: images, mountPath: /var/lib/docker, size: 3G}"


@pytest.fixture(scope="module")
def under_systemd(laboratory: Laboratories) -> Laboratory:
    return laboratory(Disk("first", gib=6), memory=1536, systemd=True)


@pytest.fixture(scope="module")
def with_volume(under_systemd: Laboratory) -> GuestDocker:
    site(under_systemd, SMALL, "first")
    apply(under_systemd)
    docker = GuestDocker(under_systemd)
    docker.start(guest_docker.overlay2())
    fill(docker)
    return docker


def test_a_volume_is_mounted_by_a_unit_at_each_boot(
    under_systemd: Laboratory, with_volume: GuestDocker
) -> None:
    asked = ("systemctl", "is-active", "is-enabled")
    for question in asked[1:]:
        under_systemd.run(asked[0], question, "var-lib-docker.mount").check()


def test_a_disk_that_only_joined_the_group_is_taken_out_of_it_again(
    under_systemd: Laboratory, with_volume: GuestDocker
) -> None:
    lab = under_systemd
    lab.attach(Disk("second", gib=4))
    second = lab.disk("second").by_id
    picture = f"head -c 4M {second} | sha256sum; tail -c 4M {second} | sha256sum"
    before = lab.script(picture).check()
    site(lab, SMALL, "first", "second")
    apply(lab)
    assert group(lab)[0] == 2

    lab.wharf("storage", "undo", "--yes").check()

    assert group(lab)[0] == 1
    assert lab.script(picture).check() == before


def test_a_volume_and_its_filesystem_grow_by_a_second_disk(
    under_systemd: Laboratory, with_volume: GuestDocker
) -> None:
    lab = under_systemd
    before = kept(with_volume)
    site(lab, VOLUME, "first", "second")

    told = apply(lab)

    assert group(lab)[0] == 2
    assert filesystem(lab) > 9 * GIB
    assert kept(with_volume) == before
    assert "proven: " in told
    assert "already so" in apply(lab)


def test_a_volume_and_its_filesystem_grow_with_their_disk(
    under_systemd: Laboratory, with_volume: GuestDocker
) -> None:
    lab = under_systemd
    before = kept(with_volume)
    lab.grow("second", gib=8)
    site(lab, VOLUME, "first", "second", grows=True)

    apply(lab)

    assert group(lab)[1] > 13 * GIB
    assert filesystem(lab) > 12 * GIB
    assert kept(with_volume) == before
    undone = lab.wharf("storage", "undo", "--yes")
    assert (undone.ok, filesystem(lab) > 12 * GIB) == (False, True)
