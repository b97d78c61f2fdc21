"""
What the scenarios of moves have in an engine, and how they compare what was with what is.

An independent look (`engine_look`) says before and after what there is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vm.guest_docker import GuestDocker
from vm.laboratory import Laboratory

DYING = Path(__file__).with_name("dying_moves.py")
LOOK = Path(__file__).with_name("engine_look.py")
SITE = "/site.yaml"
IMAGES = tuple(f"app-{number}:v1" for number in range(5))
CONTAINERS = 3


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


def by_content(found: dict[str, Any]) -> dict[str, Any]:
    """Ids and digests are computed otherwise in containerd; layers, labels and times are the same."""
    images = {name: {**one, "id": "", "digests": []} for name, one in found["images"].items()}
    containers = {name: {**one, "image": ""} for name, one in found["containers"].items()}
    return {**kept({**found, "containers": containers}), "images": images}


def clear(lab: Laboratory, *disks: str) -> None:
    """The host is as new, with other disks to come: no engine, no group, no order, nothing mounted."""
    lab.script(
        """
        if test -e /var/run/docker.pid; then
            pid=$(cat /var/run/docker.pid)
            kill $pid
            while test -d /proc/$pid; do sleep 0.1; done
        fi
        umount --all --types xfs
        vgs --noheadings -o vg_name | xargs -r vgremove -q -y
        rm -rf /etc/docker /var/lib/docker* /srv/docker* /var/lib/wharfinger-host
        : > /etc/fstab
        """
    ).check()
    for name in disks:
        lab.detach(name)
