"""
Where containerd, and Podman and CRI-O, keep their data.

Both are told by their files, without a version: to start each program for it would take longer than all
else, what they have there is not counted, and no change of theirs is planned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from wharfinger.hosts.on_host import daemons
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage.docker_facts import containerd_root
from wharfinger.hosts.on_host.storage.facts import Engine
from wharfinger.hosts.on_host.storage.readable import found_in, text_of

_STORAGE_CONF: Final = ("/etc/containers/storage.conf", "/usr/share/containers/storage.conf")
_GRAPH_ROOT: Final = "/var/lib/containers/storage"


def read(machine: Machine) -> Iterator[Engine]:
    process = daemons.find(machine, "containerd")
    if process is not None or found_in(machine.files, "containerd"):
        yield Engine(
            name="containerd",
            version="",
            data_root=containerd_root(machine, process),
            socket="" if process is None else daemons.CONTAINERD_SOCKET,
            pid=None if process is None else process.pid,
            unit="" if process is None else process.unit or "",
            config=daemons.containerd_config(process),
        )
    if found_in(machine.files, "podman") or found_in(machine.files, "crio"):
        yield _containers(machine)


def _containers(machine: Machine) -> Engine:
    texts = {path: text_of(machine.files, path) for path in _STORAGE_CONF}
    path = next((path for path, text in texts.items() if text), "")
    text = texts.get(path, "")
    driver = _said(text, "driver")
    return Engine(
        name="containers",
        version="",
        data_root=_said(text, "graphroot") or _GRAPH_ROOT,
        driver=driver,
        told_by=path if driver else "",
        config=path or _STORAGE_CONF[0],
    )


def _said(text: str, key: str) -> str:
    match = re.search(rf"^\s*{key}\s*=\s*[\"']([^\"'\n]*)[\"']", text, re.MULTILINE)
    return "" if match is None else match[1]
