"""
Workers for tests of the engine: each volume, pool or tree of a step is a file below /made.

What they do goes through the disk of the fake host, so that tests can kill or fail it at any call.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from wharfinger.hosts.on_host.storage.facts import Device, StorageFacts, VolumeGroup
from wharfinger.hosts.on_host.storage.steps import (
    ExtendVolume,
    MakeVolume,
    RemoveVolume,
    StorageOrder,
)
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting, StepFailed, Worker

MADE = "/made"

FACTS = StorageFacts(
    "quay1",
    devices=(Device("/dev/vdb", "disk", 8 << 30, "254:16", identity="serial-1"),),
    groups=(VolumeGroup("docker", "uuid-1", 8 << 30, 4 << 30, 4 << 20),),
)


class Bench:
    """The workers, and what shall go wrong with them: by the name of the volume, forward or back."""

    def __init__(self) -> None:
        self.fails: set[str] = set()
        self.fails_back: set[str] = set()
        self.refuses: set[str] = set()
        self.signals: dict[str, signal.Signals] = {}
        self.did: list[str] = []

    def workers(self) -> Mapping[type, Worker[Any]]:
        return {
            MakeVolume: Worker(self._make, self._unmake, self._check),
            ExtendVolume: Worker(self._grow, check=self._check),
            RemoveVolume: Worker(self._remove, check=self._check),
        }

    def _check(self, step: Any, setting: Setting) -> None:
        if step.name in self.refuses:
            raise Refused(f"cannot touch {step.name}")

    def _make(self, step: MakeVolume, setting: Setting) -> Notes:
        setting.remember({"before": "nothing"})
        self._begin(step, setting)
        _create(setting, step.name)
        return {"before": "nothing", "proven": [f"{step.name} is there"]}

    def _unmake(self, step: MakeVolume, setting: Setting) -> None:
        if step.name in self.fails_back:
            raise StepFailed(f"remove {step.name}", "it is in use")
        self.did.append(f"back {step.name}")
        _drop(setting, step.name)

    def _grow(self, step: ExtendVolume, setting: Setting) -> Notes:
        self._begin(step, setting)
        _create(setting, f"{step.name}.grown")
        return {}

    def _remove(self, step: RemoveVolume, setting: Setting) -> Notes:
        self._begin(step, setting)
        _drop(setting, step.name)
        return {}

    def _begin(self, step: Any, setting: Setting) -> None:
        setting.say("writing", 1, 2)
        self.did.append(step.name)
        if step.name in self.signals:
            os.kill(os.getpid(), self.signals[step.name])
        if step.name in self.fails:
            raise StepFailed(f"make {step.name}", "no room in the group")


def order(*steps: Any, keeps: tuple[str, ...] = ()) -> StorageOrder:
    return StorageOrder(
        steps,
        {"device /dev/vdb": "serial-1 8589934592  [] rw  ", "volume group other": ""},
        keeps,
        "a made-up order",
    )


def make(name: str) -> MakeVolume:
    return MakeVolume("docker", name, 1 << 30)


def grow(name: str) -> ExtendVolume:
    return ExtendVolume("docker", name, 2 << 30)


def remove(name: str) -> RemoveVolume:
    return RemoveVolume("docker", name)


def made(machine: Any) -> list[str]:
    found: list[str] = machine.files.names(MADE)
    return found


def _create(setting: Setting, name: str) -> None:
    files = setting.machine.files
    with suppress(FileExistsError), files.directory(MADE) as directory:
        os.close(files.disk.create(directory, name))


def _drop(setting: Setting, name: str) -> None:
    files = setting.machine.files
    with suppress(FileNotFoundError), files.directory(MADE) as directory:
        files.disk.remove(directory, name)
