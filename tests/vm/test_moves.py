"""
What Docker keeps moves to another driver, another volume or both, and nothing of it is lost.

The orders are those that `wharf storage` plans. One guest is three hosts, one after the other: as
docker-storage-setup leaves it, as the how-to page of S4 has it, and one on overlay2.
"""

from __future__ import annotations

import json

import pytest

from e2e import machine
from vm import guest_docker, pages
from vm.guest_docker import GuestDocker
from vm.laboratory import Laboratories, Laboratory
from vm.moves import (
    DYING,
    ODD,
    SITE,
    applied,
    by_content,
    clear,
    fill,
    fill_oddly,
    lives,
    look,
    require_same,
)
from vm.qemu import Disk

pytestmark = pytest.mark.e2e

ROOT = "/var/lib/docker"
OTHER_ROOT = "/srv/docker"
NEWER = machine.ROOT / ".cache" / "tools" / "docker-26"
PUSHED = "127.0.0.1:5000/app-1"
LONG = ("export images", "export containers", "import images", "import containers")


@pytest.fixture(scope="module")
def lab(laboratory: Laboratories) -> Laboratory:
    """A host as docker-storage-setup leaves it: a pool for devicemapper, some room beside it."""
    lab = laboratory(Disk("root", gib=2), Disk("group", gib=4), memory=1536)
    lab.script(
        f"""
        mkfs.xfs -q /dev/vda; mkdir -p {ROOT}
        echo "/dev/vda {ROOT} xfs defaults 0 0" > /etc/fstab; mount {ROOT}
        pvcreate -q /dev/vdb; vgcreate -q docker /dev/vdb
        lvcreate -q -y --type thin-pool --zero n -c 512K -L 2G -n docker-pool docker
        """
    ).check()
    return lab


@pytest.fixture(scope="module")
def docker(lab: Laboratory) -> GuestDocker:
    docker = GuestDocker(lab)
    docker.start(guest_docker.devicemapper("docker", "docker-pool"))
    fill(lab, docker, ROOT)
    return docker


def surroundings(lab: Laboratory) -> str:
    """Volumes, mounts and files beside what the engine holds."""
    return lab.script(
        "lvs --noheadings -o vg_name,lv_name,lv_size,lv_uuid; findmnt -rn -o TARGET,SOURCE -t xfs;"
        " cat /etc/fstab /etc/docker/daemon.json;"
        f" ls -A -I wharfinger-host /var/lib {ROOT} {ROOT}/image"
    ).check()


def test_devicemapper_becomes_overlay2_and_back_killed_at_every_step(
    lab: Laboratory, docker: GuestDocker
) -> None:
    """S4 onto a volume of its own: the site says what the guide's `CONTAINER_ROOT_LV_…` say."""
    lab.write(
        SITE,
        "storage:\n  driver: overlay2\n  volumeGroup: docker\n"
        f"  rootVolume: {{name: data, mountPath: {ROOT}, size: 1500M}}\n",
    )
    planned = json.loads(lab.wharf("storage", "plan", SITE, "-o", "json").check())
    lab.write("/order.json", json.dumps(planned["order"]))
    steps = {f"{one['step']} {one['subject']}" for one in planned["steps"]}
    docker.run("busy", "app-0:v1")
    refused = lab.python(DYING, "apply", "/order.json")
    docker.docker("rm", "--force", "busy").check()
    assert "while containers run: busy" in refused.err
    before, around = look(lab), surroundings(lab)
    assert (before["driver"], len(before["images"])) == ("devicemapper", 5)
    assert (len(before["containers"]), len(before["volumes"])) == (3, 6)

    ending, points = lives(lab, "apply", "/order.json")

    after = look(lab)
    assert ending == "applied"
    assert points >= {f"{when}: {step}" for when in ("before", "after") for step in steps}
    assert {f"in: {step} docker" for step in LONG} <= points
    assert after["driver"] == "overlay2"
    require_same(after, before)
    assert lab.read("/etc/fstab").count(ROOT) == 1
    archives = next(one for one in planned["forecasts"] if one["why"] == "archives")
    written = int(lab.run("du", "-s", "-B1", "--apparent-size", f"{ROOT}.archives").out.split()[0])
    assert written <= archives["needed"] <= written * 1.1

    docker.docker("rm", "c0").check()
    refused = lab.wharf("storage", "undo", "--yes")
    assert "it would lose what has come since" in refused.err
    assert "container c0 is missing" in refused.err

    ending, points = lives(lab, "undo")

    assert ending == "undone"
    assert points >= {f"{when}: {step}" for when in ("before", "after") for step in steps}
    assert {**look(lab), "pid": 0} == {**before, "pid": 0}
    lab.run("rm", "-r", f"{ROOT}.archives").check()
    assert surroundings(lab) == around


def require_usable(lab: Laboratory, docker: GuestDocker) -> None:
    """What was carried does what it did: it is pulled by its digest, read, and run."""
    digest = docker.docker("images", "--digests", "--format", "{{.Digest}}", PUSHED).check()
    assert digest.startswith("sha256:")
    docker.docker("pull", "-q", f"{PUSHED}@{digest.strip()}").check()
    docker.docker("start", "c1", "deleted").check()
    assert docker.docker("exec", "c1", "/bin/busybox", "cat", "/data/two").check() == "one\n"
    lab.script(
        f"""
        docker={guest_docker.CLIENT}
        $docker cp wrote:/var/new - | tar -C /tmp --numeric-owner -xpf -
        test "$(cat /tmp/new/some)" = some
        test "$(stat -c '%a' /tmp/new)" = 751
        test "$(stat -c '%h %u:%g' /tmp/new/other)" = '2 12:34'
        test -p /tmp/new/pipe; test -L /tmp/new/link
        $docker cp deleted:/etc /tmp/of-deleted; test ! -e /tmp/of-deleted/passwd
        """
    ).check()
    assert "/etc/passwd" not in docker.docker("diff", "deleted").check()
    docker.docker("kill", "c1").check()


def test_without_room_nothing_is_changed_and_the_destructive_way_has_its_copies_first(
    lab: Laboratory, docker: GuestDocker
) -> None:
    """Of a volume that is as large as the group; the pool goes, and the volume takes its room."""
    fill_oddly(lab, ROOT)
    before, around = look(lab), surroundings(lab)
    lab.write(
        SITE,
        "storage:\n  driver: overlay2\n  volumeGroup: docker\n"
        f"  rootVolume: {{name: data, mountPath: {ROOT}, size: 90%VG}}\n",
    )

    done = lab.wharf("storage", "apply", SITE, "--yes", "--disruption", "drain")

    assert done.code != 0
    assert "are free" in done.out + done.err
    assert "--rebuild" in done.out + done.err
    assert look(lab) == before
    assert surroundings(lab) == around

    applied(lab, "--rebuild")

    after = look(lab)
    assert after["driver"] == "overlay2"
    for found in (before, after):
        for name in ODD:
            found["containers"][name] |= {"config": {}, "host": {}}
    # What a container has deleted cannot be put into it, so it has an image of its own.
    own = after["containers"]["/deleted"]["image"]
    assert own not in before["images"]
    after["containers"]["/deleted"]["image"] = before["containers"]["/deleted"]["image"]
    del after["images"][own]
    require_same(after, before)
    volumes = lab.run("lvs", "--noheadings", "-o", "lv_name", "docker").check().split()
    assert volumes == ["data"]
    assert "is final: what it removed is gone" in lab.wharf("storage", "undo", "--yes").err
    require_usable(lab, docker)


# The host of the how-to page of S4


def test_the_page_of_s4_is_followed(lab: Laboratory) -> None:
    clear(lab, "root", "group")
    lab.attach(Disk("data-1", gib=8))
    pages.be_the_host(lab)
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


# A host on overlay2, whose data root is a directory within a filesystem


@pytest.fixture(scope="module")
def on_overlay2(lab: Laboratory) -> GuestDocker:
    clear(lab)
    lab.attach(Disk("small", gib=1))
    lab.attach(Disk("big", gib=3))
    small = lab.disk("small").by_id
    lab.script(
        f"mkfs.xfs -q {small}; mkdir -p /srv; mount {small} /srv; mkdir {OTHER_ROOT}"
    ).check()
    docker = GuestDocker(lab)
    docker.start(guest_docker.overlay2(**{"data-root": OTHER_ROOT}))
    fill(lab, docker, OTHER_ROOT)
    return docker


def test_overlay2_goes_to_a_bigger_disk(lab: Laboratory, on_overlay2: GuestDocker) -> None:
    before = look(lab)
    lab.write(
        SITE,
        "storage:\n  driver: overlay2\n  devices: [/dev/disk/by-id/virtio-big]\n"
        f"  volumeGroup: data\n  rootVolume: {{name: docker, mountPath: {OTHER_ROOT}, size: 90%FREE}}\n",
    )

    applied(lab)

    # Nothing is made anew here: even the containers have their ids.
    assert {**look(lab), "pid": 0} == {**before, "pid": 0}
    assert (
        lab.run("findmnt", "-n", "-o", "SOURCE", OTHER_ROOT).check().strip().endswith("data-docker")
    )
    assert (
        lab.script(f"ls {OTHER_ROOT}.before").check().split()
        == lab.script(f"ls {OTHER_ROOT}").check().split()
    )
    again = lab.wharf("storage", "plan", SITE).check()
    assert "already so" in again

    lab.wharf("storage", "release", "1", "--yes").check()
    assert lab.script("ls -A /srv").check().split() == ["docker"]


def test_overlay2_goes_into_the_store_of_containerd_and_back(
    lab: Laboratory, on_overlay2: GuestDocker
) -> None:
    if not NEWER.exists():
        raise machine.missing("Docker 26: tools/prepare.py machine")
    on_overlay2.stop()
    lab.script(
        f"export PATH={NEWER}:$PATH; setsid dockerd --bridge=none --iptables=false"
        " < /dev/null > /run/dockerd.log 2>&1 &"
        " until curl -sf --unix-socket /var/run/docker.sock http://docker/_ping; do sleep 0.2; done",
    ).check()
    before = look(lab)
    lab.write(SITE, "storage: {driver: containerd}\n")

    applied(lab)

    after = look(lab)
    assert after["driver"] == "overlayfs"
    assert by_content(after) == by_content(before)

    lab.wharf("storage", "undo", "--yes").check()
    assert {**look(lab), "pid": 0} == {**before, "pid": 0}
