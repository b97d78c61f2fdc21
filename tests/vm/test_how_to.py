"""The how-to page of S4, followed. Those of S2 and S3 are in `test_grow`."""

from __future__ import annotations

import pytest

from vm import guest_docker, pages
from vm.guest_docker import GuestDocker
from vm.laboratory import Laboratories
from vm.qemu import Disk

pytestmark = pytest.mark.e2e


def test_s4_from_devicemapper_to_overlay2(laboratory: Laboratories) -> None:
    lab = pages.host(laboratory, Disk("data-1", gib=8))
    lab.script(
        "pvcreate -q /dev/vda; vgcreate -q store /dev/vda\n"
        "lvcreate -q -y --type thin-pool --zero n -c 512K -L 3G -n docker-pool store"
    ).check()
    docker = GuestDocker(lab)
    docker.start(guest_docker.devicemapper("store", "docker-pool"))
    pages.with_images(lab, docker)
    docker.create("web", "shop/web:1", "--volume", "orders:/orders", "--env", "PORT=8080")
    docker.create("api", "shop/api:1", "--volume", "prices:/prices", "--restart", "always")
    docker.create("jobs", "shop/jobs:1", "--label", "team=shop")

    pages.follow(pages.S4, lab, {})
