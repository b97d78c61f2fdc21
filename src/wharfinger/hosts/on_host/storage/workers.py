"""
Who does which kind of step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wharfinger.hosts.on_host.storage import (
    activation,
    auto_extension,
    copy_tree,
    disks,
    filesystems,
    groups,
    kept_files,
    mounts,
    set_aside,
    trees,
    volumes,
)
from wharfinger.hosts.on_host.storage.docker import workers as docker
from wharfinger.hosts.on_host.storage.steps import CopyTree, SetAside
from wharfinger.hosts.on_host.storage.work import Worker

WORKERS: Final[Mapping[type, Worker[Any]]] = {
    **disks.WORKERS,
    **groups.WORKERS,
    **volumes.WORKERS,
    **auto_extension.WORKERS,
    **filesystems.WORKERS,
    **mounts.WORKERS,
    **trees.WORKERS,
    **activation.WORKERS,
    **kept_files.WORKERS,
    **docker.WORKERS,
    CopyTree: copy_tree.WORKER,
    SetAside: set_aside.WORKER,
}
