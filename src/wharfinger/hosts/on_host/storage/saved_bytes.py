"""
Bytes of a device as they were before a step wrote there, kept in the order's folder.

They are saved once, whole and synced, before the first write; a step that is begun again finds them and
does not save what it has written itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Final

from wharfinger.hosts.on_host import journal as files_journal
from wharfinger.hosts.on_host.storage.work import Setting, StepFailed

MIB: Final = 1 << 20
_LIMIT: Final = 64 * MIB


def save(setting: Setting, device: str, purpose: str, regions: Iterable[tuple[int, int]]) -> None:
    """Keep these regions (offset, length). `purpose` tells savings of one device apart."""
    if _document(setting, device, purpose) is not None:
        return
    found = [
        (offset, setting.machine.kernel.read_device(device, offset, length))
        for offset, length in regions
    ]
    document = {
        "device": device,
        "regions": [
            {"offset": offset, "bytes": base64.b64encode(content).decode()}
            for offset, content in found
        ],
    }
    name = _name(device, purpose)
    files_journal.write(setting.machine.files, setting.folder, name, document)


def put_back(setting: Setting, device: str, purpose: str) -> None:
    """Write what was saved, and read it again. Nothing where nothing was saved."""
    document = _document(setting, device, purpose)
    if document is None:
        return
    kernel = setting.machine.kernel
    for region in document["regions"]:
        offset, content = int(region["offset"]), base64.b64decode(region["bytes"])
        if kernel.read_device(device, offset, len(content)) == content:
            continue
        kernel.write_device(device, offset, content)
        if kernel.read_device(device, offset, len(content)) != content:
            raise StepFailed(f"put back what stood on {device}", "it reads otherwise")


def ends(size: int) -> list[tuple[int, int]]:
    """The first and the last MiB of a device, where tables and signatures are."""
    return [(0, min(MIB, size)), (max(size - MIB, 0), min(MIB, size))]


def _document(
    setting: Setting, device: str, purpose: str
) -> dict[str, list[dict[str, str]]] | None:
    path = f"{setting.folder}/{_name(device, purpose)}"
    content = setting.machine.files.read(path, limit=_LIMIT)
    found: dict[str, list[dict[str, str]]] | None = None if content is None else json.loads(content)
    return found


def _name(device: str, purpose: str) -> str:
    return f"{purpose}-{hashlib.sha256(device.encode()).hexdigest()[:12]}.json"
