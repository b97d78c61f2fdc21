"""
What Docker keeps moves to another driver, another volume or both, and nothing of it is lost.

An independent look (`engine_look`) says before and after what there is. The orders are those that
`wharf storage` plans.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vm import guest_docker
from vm.guest_docker import GuestDocker
from vm.laboratory import Laboratories, Laboratory
from vm.qemu import Disk

pytestmark = pytest.mark.e2e

DYING = Path(__file__).with_name("dying_moves.py")
LOOK = Path(__file__).with_name("engine_look.py")
SITE = "/site.yaml"
ROOT = "/var/lib/docker"
IMAGES = tuple(f"app-{number}:v1" for number in range(5))
CONTAINERS = 3
LONG = ("export images", "export containers", "import images", "import containers")


def look(lab: Laboratory) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.python(LOOK).check())
    return found


def kept(found: dict[str, Any]) -> dict[str, Any]:
    """What may not change with the driver: all but the driver, the process and ids of containers."""
    containers = {name: {**one, "id": ""} for name, one in found["containers"].items()}
    return {**found, "driver": "", "pid": 0, "containers": containers}


def require_same(after: dict[str, Any], before: dict[str, Any]) -> None:
    found, wanted = kept(after), kept(before)
    for kind in ("images", "volumes", "containers"):
        assert found[kind].keys() == wanted[kind].keys()
        for name, one in wanted[kind].items():
            assert found[kind][name] == one, name
    assert found == wanted


def fill(lab: Laboratory, docker: GuestDocker, root: str) -> None:
    """Five images with a layer in common, two volumes, three containers that have written."""
    docker.load(*IMAGES)
    creations = "".join(
        f"docker create --name c{n} --hostname h{n} --network none --env N={n} --restart always"
        f" --volume data-{n % 2}:/data:ro {IMAGES[n]}\n"
        f"echo written by c{n} > /tmp/note; docker cp /tmp/note c{n}:/note\n"
        for n in range(CONTAINERS)
    )
    lab.script(
        f"""
        docker volume create data-0; docker volume create data-1
        cd {root}/volumes/data-0/_data; echo zero > file; mkdir -m 700 deep; echo 1 > deep/er
        chown 12:34 deep/er; ln -s file link; truncate -s 10M holes; echo end >> holes
        cd {root}/volumes/data-1/_data; echo one > file
        {creations}""",
    ).check()


def applied(lab: Laboratory, *words: str) -> None:
    lab.wharf(
        *("storage", "apply", SITE, "--yes", "--disruption", "drain", *words), seconds=400
    ).check()


def lives(lab: Laboratory, *words: str) -> tuple[str, set[str]]:
    """Kill it in each step; how it ended, and where it was killed."""
    ended = json.loads(lab.python(DYING, *words, seconds=900).check())
    return ended["ending"], set(ended["points"])


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
    before, around = look(lab), surroundings(lab)
    assert (before["driver"], len(before["images"])) == ("devicemapper", len(IMAGES))
    assert (len(before["containers"]), len(before["volumes"])) == (CONTAINERS, 6)
    lab.write(
        SITE,
        "storage:\n  driver: overlay2\n  volumeGroup: docker\n"
        f"  rootVolume: {{name: data, mountPath: {ROOT}, size: 1500M}}\n",
    )
    planned = json.loads(lab.wharf("storage", "plan", SITE, "-o", "json").check())
    lab.write("/order.json", json.dumps(planned["order"]))
    steps = {f"{one['step']} {one['subject']}" for one in planned["steps"]}

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

    ending, points = lives(lab, "undo")

    assert ending == "undone"
    assert points >= {f"{when}: {step}" for when in ("before", "after") for step in steps}
    assert {**look(lab), "pid": 0} == {**before, "pid": 0}
    lab.run("rm", "-r", f"{ROOT}.archives").check()
    assert surroundings(lab) == around


def test_where_there_is_no_room_nothing_is_changed(lab: Laboratory, docker: GuestDocker) -> None:
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


def test_the_destructive_way_has_its_copies_first(lab: Laboratory, docker: GuestDocker) -> None:
    """The pool goes, and a volume takes its room."""
    before = look(lab)

    applied(lab, "--rebuild")

    after = look(lab)
    assert after["driver"] == "overlay2"
    require_same(after, before)
    volumes = lab.run("lvs", "--noheadings", "-o", "lv_name", "docker").check().split()
    assert volumes == ["data"]
    assert "is final: what it removed is gone" in lab.wharf("storage", "undo", "--yes").err
