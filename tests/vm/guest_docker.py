"""
Docker 20.10 in the guest: an engine, and what is kept in it.

It is found where every engine is (`/var/run/docker.sock`, `/etc/docker/daemon.json`), and its
storage is said in daemon.json, so that our own code may stop it, configure it otherwise and
start it again. Under systemd it is `docker.service`, else a process of its own. The data of
overlay2 needs a disk: the guest's root in memory does not do.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from e2e.machine import Done
from vm import docker_images
from vm.laboratory import PATIENCE, Laboratory

CLIENT = "/usr/bin/docker"
WORDS = ("/usr/sbin/dockerd", "--bridge=none", "--iptables=false")
LOG = "/run/dockerd.log"
API = """\
api() {
    curl -sSf --unix-socket /var/run/docker.sock -X "$1" -H 'Content-Type: application/json' \\
        -H 'X-Registry-Auth: e30=' --data-binary "${3:-}" "http://docker/$2" > /dev/null
}
"""
"""What a script may ask the engine by (`api METHOD PATH BODY`), as a client costs a second each time."""

_NO_NETWORK = {"bridge": "none", "iptables": False}

_ANSWERS = (
    # An engine listens long before it answers, and what asks it then waits: one client is enough.
    "test -S /var/run/docker.sock && "
    "curl -sf --unix-socket /var/run/docker.sock http://docker/_ping > /dev/null"
)


def overlay2(**more: Any) -> dict[str, Any]:
    return {"storage-driver": "overlay2", **more}


def devicemapper(group: str, pool: str, **more: Any) -> dict[str, Any]:
    """As docker-storage-setup tells an engine to use its pool."""
    device = "-".join(name.replace("-", "--") for name in (group, pool))
    return {
        "storage-driver": "devicemapper",
        "storage-opts": [
            "dm.fs=xfs",
            f"dm.thinpooldev=/dev/mapper/{device}",
            "dm.use_deferred_removal=true",
            "dm.use_deferred_deletion=true",
        ],
        **more,
    }


@dataclass(frozen=True)
class Holdings:
    """What an engine has, to be compared: image ids by tag, containers' ids and states by name, and
    the names of volumes."""

    images: Mapping[str, str]
    containers: Mapping[str, tuple[str, str]]
    volumes: tuple[str, ...]


class GuestDocker:
    """One engine. `start` may be called again after `stop`, with another configuration."""

    def __init__(self, lab: Laboratory) -> None:
        self._lab = lab

    # The daemon

    def start(self, config: Mapping[str, Any], *words: str, seconds: float = PATIENCE) -> None:
        """Start with this daemon.json (`overlay2()`, `devicemapper("docker", "pool")`)."""
        told = {**config, **_NO_NETWORK} if self._lab.systemd else config
        self._lab.write("/etc/docker/daemon.json", json.dumps(told, indent=4) + "\n")
        self.start_again(*words, seconds=seconds)

    def start_again(self, *words: str, seconds: float = PATIENCE) -> None:
        if self._lab.systemd:
            self._lab.run("systemctl", "start", "docker", seconds=seconds).check()
            return
        daemon = shlex.join((*WORDS, *words))
        start = f"setsid {daemon} < /dev/null > {LOG} 2>&1 & daemon=$!"
        # It gives its containerd 15 s to begin, which an emulated processor may miss.
        self._lab.script(
            f"{start}\nuntil {_ANSWERS}; do\n"
            "    if ! kill -0 $daemon; then\n"
            f"        grep -q 'timeout waiting for containerd' {LOG} || {{ cat {LOG} >&2; exit 1; }}\n"
            f"        {start}\n"
            "    fi\n"
            "    sleep 0.2\n"
            "done",
            seconds=seconds,
        ).check()

    def stop(self, *, seconds: float = PATIENCE) -> None:
        """Ask it to end, whoever started it; its containers end with it."""
        if self._lab.systemd:
            units = ("docker.socket", "docker.service", "containerd.service")
            self._lab.run("systemctl", "stop", *units, seconds=seconds).check()
            return
        self._lab.script(
            "pid=$(cat /var/run/docker.pid); kill $pid\nwhile test -d /proc/$pid; do sleep 0.1; done",
            seconds=seconds,
        ).check()

    def log(self) -> str:
        return self._lab.read(LOG)

    def docker(self, *words: str, given: str | bytes = b"", seconds: float = PATIENCE) -> Done:
        return self._lab.run(CLIENT, *words, given=given, seconds=seconds)

    # What it keeps

    def load(self, *names: str, kib: int = 64) -> None:
        """Images of these names (`app-1:v1`): a layer in common, one of their own (`kib` KiB)."""
        self.docker("load", given=docker_images.archive(names, kib=kib)).check()

    def volume(self, name: str, files: Mapping[str, str], *, data_root: str) -> None:
        """A named volume with these files, written where the engine keeps it."""
        self._lab.script(f"{API}api POST volumes/create '{json.dumps({'Name': name})}'").check()
        for path, content in files.items():
            self._lab.write(f"{data_root}/volumes/{name}/_data/{path}", content)

    def create(self, name: str, image: str, *words: str) -> None:
        """A container that does not run; `words` are options of `docker create`."""
        self.docker("create", "--name", name, "--network=none", *words, image).check()

    def run(self, name: str, image: str, *words: str) -> None:
        """A container that runs for as long as it is let."""
        started = ("run", "--detach", "--name", name, "--network=none")
        self.docker(*started, *words, image).check()

    def holdings(self) -> Holdings:
        """In one go, over the engine's API: a client would cost a second a question."""
        paths = ("images/json", "containers/json?all=1", "volumes")
        images, containers, volumes = (self._asked(path) for path in paths)
        return Holdings(
            {tag: one["Id"] for one in images for tag in one["RepoTags"] or ()},
            {one["Names"][0].lstrip("/"): (one["Id"], one["State"]) for one in containers},
            tuple(sorted(one["Name"] for one in volumes["Volumes"] or ())),
        )

    def pid_of(self, container: str) -> int:
        """It stays for as long as the container is not stopped."""
        return int(self._asked(f"containers/{container}/json")["State"]["Pid"])

    def _asked(self, path: str) -> Any:
        socket: Sequence[str] = ("--unix-socket", "/var/run/docker.sock")
        return json.loads(self._lab.run("curl", "-sf", *socket, f"http://docker/{path}").check())
