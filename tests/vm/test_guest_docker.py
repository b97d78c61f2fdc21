"""The engine of the laboratory: both drivers, and what the scenarios put into them."""

from __future__ import annotations

import pytest

from vm import guest_docker
from vm.guest_docker import GuestDocker
from vm.laboratory import Laboratories, Laboratory
from vm.qemu import Disk

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def lab(laboratory: Laboratories) -> Laboratory:
    lab = laboratory(Disk("first", gib=8), Disk("second", gib=4), memory=1536)
    lab.script(
        """
        pvcreate -q /dev/vda; vgcreate -q docker /dev/vda
        lvcreate -q -y --type thin-pool --zero n -c 512K -L 2G -n docker-pool docker
        mkfs.xfs -q /dev/vdb
        mkdir -p /var/lib/docker
        mount /dev/vdb /var/lib/docker
        """
    ).check()
    return lab


@pytest.mark.parametrize("driver", ["overlay2", "devicemapper"])
def test_an_engine_keeps_what_it_is_given_over_a_restart(lab: Laboratory, driver: str) -> None:
    configs = {
        "overlay2": guest_docker.overlay2(),
        "devicemapper": guest_docker.devicemapper("docker", "docker-pool"),
    }
    docker = GuestDocker(lab)
    docker.start(configs[driver])
    docker.load("app-1:v1", "app-2:v1")
    docker.volume(driver, {"a/file": "content"}, data_root="/var/lib/docker")
    docker.create("idle", "app-1:v1", "--volume", f"{driver}:/data")
    docker.run("busy", "app-2:v1", "--volume", f"{driver}:/data")
    seen = docker.docker("exec", "busy", "/bin/busybox", "cat", "/data/a/file", "/own/app-2:v1")
    before = docker.holdings()
    docker.stop()
    docker.start_again()
    after = docker.holdings()
    docker.stop()

    assert seen.check().startswith("contentapp-2:v1\n")
    assert sorted(before.images) == ["app-1:v1", "app-2:v1"]
    assert before.images == after.images
    assert driver in after.volumes
    assert [state for _, state in before.containers.values()] == ["running", "created"]
    assert [state for _, state in after.containers.values()] == ["exited", "created"]
