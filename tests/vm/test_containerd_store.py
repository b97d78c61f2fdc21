"""
overlay2 goes to a bigger disk, and from there, with a newer engine, into the image store of containerd.

The data root is a directory within a filesystem, so it is renamed where `test_moves` has a mount.
"""

from __future__ import annotations

from typing import Any

import pytest

from e2e import machine
from vm import guest_docker, test_moves
from vm.guest_docker import GuestDocker
from vm.laboratory import Laboratories, Laboratory
from vm.qemu import Disk
from vm.test_moves import applied, kept, look

pytestmark = pytest.mark.e2e

NEWER = machine.ROOT / ".cache" / "tools" / "docker-26"
ROOT = "/srv/docker"


@pytest.fixture(scope="module")
def lab(laboratory: Laboratories) -> Laboratory:
    lab = laboratory(Disk("small", gib=1), Disk("big", gib=3), memory=1536)
    lab.script(
        "mkfs.xfs -q /dev/vda; mkdir -p /srv; mount /dev/vda /srv; mkdir /srv/docker"
    ).check()
    return lab


@pytest.fixture(scope="module")
def docker(lab: Laboratory) -> GuestDocker:
    docker = GuestDocker(lab)
    docker.start(guest_docker.overlay2(**{"data-root": ROOT}))
    test_moves.fill(lab, docker, ROOT)
    return docker


def by_content(found: dict[str, Any]) -> dict[str, Any]:
    """Ids and digests are computed otherwise in containerd; layers, labels and times are the same."""
    images = {name: {**one, "id": "", "digests": []} for name, one in found["images"].items()}
    containers = {name: {**one, "image": ""} for name, one in found["containers"].items()}
    return {**kept({**found, "containers": containers}), "images": images}


def test_overlay2_goes_to_a_bigger_disk(lab: Laboratory, docker: GuestDocker) -> None:
    before = look(lab)
    lab.write(
        test_moves.SITE,
        "storage:\n  driver: overlay2\n  devices: [/dev/disk/by-id/virtio-big]\n"
        f"  volumeGroup: data\n  rootVolume: {{name: docker, mountPath: {ROOT}, size: 90%FREE}}\n",
    )

    applied(lab)

    # Nothing is made anew here: even the containers have their ids.
    assert {**look(lab), "pid": 0} == {**before, "pid": 0}
    assert lab.run("findmnt", "-n", "-o", "SOURCE", ROOT).check().strip().endswith("data-docker")
    assert (
        lab.script(f"ls {ROOT}.before").check().split() == lab.script(f"ls {ROOT}").check().split()
    )
    again = lab.wharf("storage", "plan", test_moves.SITE).check()
    assert "already so" in again

    lab.wharf("storage", "release", "1", "--yes").check()
    assert lab.script("ls -A /srv").check().split() == ["docker"]


def test_overlay2_goes_into_the_store_of_containerd_and_back(
    lab: Laboratory, docker: GuestDocker
) -> None:
    if not NEWER.exists():
        raise machine.missing("Docker 26: tools/prepare.py machine")
    docker.stop()
    lab.script(
        f"export PATH={NEWER}:$PATH; setsid dockerd --bridge=none --iptables=false"
        " < /dev/null > /run/dockerd.log 2>&1 &"
        " until curl -sf --unix-socket /var/run/docker.sock http://docker/_ping; do sleep 0.2; done",
    ).check()
    before = look(lab)
    lab.write(test_moves.SITE, "storage: {driver: containerd}\n")

    applied(lab)

    after = look(lab)
    assert after["driver"] == "overlayfs"
    assert by_content(after) == by_content(before)

    lab.wharf("storage", "undo", "--yes").check()
    assert {**look(lab), "pid": 0} == {**before, "pid": 0}
