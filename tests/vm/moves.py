"""
What the scenarios of moves have in an engine, and how they compare what was with what is.

An independent look (`engine_look`) says before and after what there is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vm import guest_docker
from vm.guest_docker import GuestDocker
from vm.laboratory import PYTHON, Laboratory

DYING = Path(__file__).with_name("dying_moves.py")
LOOK = Path(__file__).with_name("engine_look.py")
SITE = "/site.yaml"
IMAGES = tuple(f"app-{number}:v1" for number in range(5))
CONTAINERS = 3

_REGISTRY = """\
version: 0.1
storage: {filesystem: {rootdirectory: /var/registry}}
http: {addr: "127.0.0.1:5000"}
"""
_WRITES = (
    "mkdir -p /var/new; echo some > /var/new/some; chmod 751 /var/new; chown 12:34 /var/new/some; "
    "ln /var/new/some /var/new/other; ln -s some /var/new/link; mkfifo /var/new/pipe; "
    "echo more >> /etc/passwd; echo in > /anonymous/in; echo wrote > /note"
)
_WROTE = {
    "Image": "app-2:stable",
    "Cmd": ["/bin/busybox", "sh", "-euc", _WRITES],
    "Volumes": {"/anonymous": {}},
    "HostConfig": {"NetworkMode": "none"},
}
_DELETED = {
    "Image": "app-2:v1",
    "Cmd": ["/bin/busybox", "sh", "-c", "busybox rm /etc/passwd; busybox mkdir /kept"],
    "HostConfig": {"NetworkMode": "none"},
}
_BESIDE = {
    "Image": "app-1:v1",
    "HostConfig": {"NetworkMode": "container:c0", "ReadonlyRootfs": True},
}

ODD = ("/wrote", "/deleted", "/beside")
"""Their definitions have what an engine makes up, or sets when they start: ids, what is masked."""


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
    for name in ("data-0", "data-1"):
        docker.volume(name, {}, data_root=root)
    creations = "".join(_creation(n) for n in range(CONTAINERS))
    lab.script(
        f"""{guest_docker.API}
        cd {root}/volumes/data-0/_data; echo zero > file; mkdir -m 700 deep; echo 1 > deep/er
        chown 12:34 deep/er; ln -s file link; truncate -s 10M holes; echo end >> holes
        cd {root}/volumes/data-1/_data; echo one > file
        {creations}""",
    ).check()


def _creation(number: int) -> str:
    wanted = {
        "Hostname": f"h{number}",
        "Env": [f"N={number}"],
        "Image": IMAGES[number],
        "HostConfig": {
            "NetworkMode": "none",
            "RestartPolicy": {"Name": "always"},
            "Binds": [f"data-{number % 2}:/data:ro"],
        },
    }
    return (
        f"api POST containers/create?name=c{number} '{json.dumps(wanted)}'\n"
        f"echo written by c{number} > /tmp/note; tar -C /tmp -cf /tmp/note.tar note\n"
        f"api PUT containers/c{number}/archive?path=/ @/tmp/note.tar\n"
    )


def fill_oddly(lab: Laboratory, root: str) -> None:
    """What a driver, a copy or an engine may lose.

    Images with two names, with none, with the digest of a registry, made from a container; containers
    that wrote, that deleted, that share a network; files that are more than their bytes.
    """
    lab.write("/etc/registry.yml", _REGISTRY)
    lab.start("docker-registry", "serve", "/etc/registry.yml")
    wrote, deleted, beside = map(json.dumps, (_WROTE, _DELETED, _BESIDE))
    lab.script(
        f"""{guest_docker.API}
        until curl -sf http://127.0.0.1:5000/v2/; do sleep 0.2; done
        api POST 'images/app-1:v1/tag?repo=127.0.0.1:5000/app-1&tag=v1'
        api POST 'images/127.0.0.1:5000/app-1/push?tag=v1'
        api POST 'images/app-2:v1/tag?repo=app-2&tag=stable'
        api POST 'images/app-4:v1/tag?repo=app-3&tag=v1'    # app-3 has no name now
        api POST containers/create?name=wrote '{wrote}'
        api POST containers/create?name=deleted '{deleted}'
        api POST containers/create?name=beside '{beside}'
        for name in wrote deleted; do
            api POST containers/$name/start; api POST containers/$name/wait
        done
        api POST 'commit?container=wrote&repo=committed&tag=v1' '{{}}'
        cd {root}/volumes/data-1/_data
        echo one > one; ln one two; ln -s one three; mkfifo pipe; mknod device c 1 3
        chmod 4750 two; chown 5:6 three -h
        {PYTHON} -c 'import os; os.setxattr("one", "user.who", b"me")'
        mkdir -p deep/er; printf 'x' > "$(printf 'deep/er/\\377odd name')"
        """,
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
