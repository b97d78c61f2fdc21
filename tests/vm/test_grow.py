"""
S2 and S3: a host gets another disk, and its disks grow, under an engine that goes on working.

Both of the field's layouts: a thin pool with devicemapper; and a volume with a filesystem for overlay2,
under systemd, which is the host of the how-to pages.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from vm import guest_docker, pages
from vm.guest_docker import GuestDocker, Holdings
from vm.laboratory import Laboratories, Laboratory
from vm.qemu import GIB, Disk

pytestmark = pytest.mark.e2e

SITE = "/site.yaml"
IMAGES = ("app-1:v1", "app-2:v1")
BUSY = ("busy", "/data/a/file", "/own/app-1:v1")


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


def kept(docker: GuestDocker, container: str, *files: str) -> Kept:
    seen = docker.docker("exec", container, "/bin/busybox", "cat", *files)
    return Kept(docker.holdings(), docker.pid_of(container), seen.check())


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
    before, size = kept(with_pool, *BUSY), volume(lab, "docker-pool")
    lab.attach(Disk("second", gib=4))
    site(lab, POOL, "first", "second")

    told = apply(lab)

    count, whole = group(lab)
    assert (count, whole > 9 * GIB) == (2, True)
    assert volume(lab, "docker-pool") > size + 3 * GIB
    assert kept(with_pool, *BUSY) == before
    assert "proven: " in told
    assert "already so" in apply(lab)


def test_a_pool_grows_with_its_disk(lab: Laboratory, with_pool: GuestDocker) -> None:
    before, size = kept(with_pool, *BUSY), volume(lab, "docker-pool")
    lab.grow("first", gib=9)
    site(lab, POOL, "first", "second", grows=True)

    apply(lab)

    assert group(lab)[1] > 12 * GIB
    assert volume(lab, "docker-pool") > size + 2 * GIB
    assert kept(with_pool, *BUSY) == before


# A volume with a filesystem, under systemd


WEB = ("web", "/orders/table")


@pytest.fixture(scope="module")
def host(laboratory: Laboratories) -> Laboratory:
    lab = laboratory(Disk("data-1", gib=6), memory=1536, systemd=True)
    pages.be_the_host(lab)
    return lab


@pytest.fixture(scope="module")
def with_volume(host: Laboratory) -> GuestDocker:
    first = next(part.text for part in pages.parts(pages.S2) if part.kind == "yaml")
    host.write(SITE, first)
    apply(host)
    docker = GuestDocker(host)
    docker.start(guest_docker.overlay2())
    pages.with_images(host, docker)
    docker.run("web", "shop/web:1", "--volume", "orders:/orders")
    return docker


def test_a_volume_is_mounted_by_a_unit_at_each_boot(
    host: Laboratory, with_volume: GuestDocker
) -> None:
    for question in ("is-active", "is-enabled"):
        host.run("systemctl", question, "var-lib-docker.mount").check()


def test_s2_a_volume_and_its_filesystem_grow_by_a_second_disk(
    host: Laboratory, with_volume: GuestDocker
) -> None:
    before = kept(with_volume, *WEB)

    pages.follow(pages.S2, host, {"The second disk": lambda: host.attach(Disk("data-2", gib=4))})

    assert group(host)[0] == 2
    assert filesystem(host) > 9 * GIB
    assert kept(with_volume, *WEB) == before


def test_s3_a_volume_and_its_filesystem_grow_with_their_disk(
    host: Laboratory, with_volume: GuestDocker
) -> None:
    before = kept(with_volume, *WEB)

    def has_grown() -> None:
        assert group(host)[1] > 13 * GIB
        assert filesystem(host) > 12 * GIB
        assert kept(with_volume, *WEB) == before

    grow = {"The disk grows": lambda: host.grow("data-2", gib=8), "The destructive way": has_grown}
    pages.follow(pages.S3, host, grow)

    undone = host.wharf("storage", "undo", "--yes")
    assert (undone.ok, filesystem(host) > 12 * GIB) == (False, True)


def test_a_disk_that_only_joined_the_group_is_taken_out_of_it_again(
    host: Laboratory, with_volume: GuestDocker
) -> None:
    host.attach(Disk("third", gib=1))
    third = host.disk("third").by_id
    picture = f"head -c 4M {third} | sha256sum; tail -c 4M {third} | sha256sum"
    before = host.script(picture).check()
    site(host, "driver: overlay2", "data-1", "data-2", "third")
    apply(host)
    assert group(host)[0] == 3

    host.wharf("storage", "undo", "--yes").check()

    assert group(host)[0] == 2
    assert host.script(picture).check() == before
