"""
Who does which step of what Docker keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wharfinger.hosts.on_host.storage import steps
from wharfinger.hosts.on_host.storage.docker import (
    containers,
    digests,
    images,
    life,
    proof,
    settings,
    volumes,
)
from wharfinger.hosts.on_host.storage.work import Setting, Worker


def _nothing(_step: object, _setting: Setting) -> None:
    """Nothing but the order's own folder was written."""


WORKERS: Final[Mapping[type, Worker[Any]]] = {
    steps.TakeInventory: Worker(proof.take, _nothing, proof.check_take),
    steps.ExportImages: Worker(images.export, _nothing, images.check_export),
    steps.ExportContainers: Worker(containers.export, _nothing, containers.check_export),
    steps.ExportVolumes: Worker(volumes.export, _nothing, volumes.check_export),
    steps.StopEngine: Worker(life.stop, life.start_again, life.check_stop),
    steps.StartEngine: Worker(life.start, life.stop_again, life.check_start),
    steps.ConfigureEngine: Worker(settings.configure, settings.put_back, settings.check),
    steps.CarryDigests: Worker(digests.carry, digests.take_back),
    steps.ImportImages: Worker(images.bring_back, images.take_out, images.check_import),
    steps.ImportVolumes: Worker(volumes.bring_back, volumes.take_out, volumes.check_import),
    steps.ImportContainers: Worker(
        containers.bring_back, containers.take_out, containers.check_import
    ),
    steps.ProveInventory: Worker(proof.prove, _nothing, proof.check_prove, proof.check_undo),
}
