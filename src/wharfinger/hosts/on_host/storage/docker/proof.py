"""
Take the inventory before, take it again after, and say what is not the same.
"""

from __future__ import annotations

from itertools import chain
from typing import Final

from wharfinger.hosts.on_host.storage.docker import comparison, containers, engine, inventory
from wharfinger.hosts.on_host.storage.docker.inventory import Inventory
from wharfinger.hosts.on_host.storage.steps import ProveInventory, TakeInventory
from wharfinger.hosts.on_host.storage.work import Notes, Setting, StepFailed

_BEFORE: Final = "before"
_AFTER: Final = "after"
_SHOWN: Final = 20


class NotProven(StepFailed):
    """Something is not as it was; `details` has it line by line."""

    code = "storage-not-proven"

    def __init__(self, lines: list[str]) -> None:
        super().__init__(
            "prove that everything is there",
            "; ".join(engine.lines(lines, _SHOWN)),
            remedy="what stood before is kept: go back with `wharf storage undo`",
        )
        self.details = tuple(lines)


def check_take(step: TakeInventory, setting: Setting) -> None:
    engine.known(step.engine)
    found = engine.connect(setting.machine)
    if step.contents:
        engine.require_quiet(found)


def check_prove(step: ProveInventory, _: Setting) -> None:
    engine.known(step.engine)


def take(step: TakeInventory, setting: Setting) -> Notes:
    found = engine.connect(setting.machine)
    if step.contents:
        engine.require_quiet(found)
    inventory.take(found, setting, contents=step.contents, folder=f"{setting.folder}/{_BEFORE}")
    return {}


def prove(step: ProveInventory, setting: Setting) -> Notes:
    """The notes have a line for the person who asked, of what is as before."""
    before = inventory.read(setting, f"{setting.folder}/{_BEFORE}")
    found = engine.connect(setting.machine)
    folder = f"{setting.folder}/{_AFTER}"
    after = inventory.take(found, setting, contents=step.contents, folder=folder)
    given = containers.given_images(setting)
    lines = list(
        chain(
            comparison.compare(before, after, digests=step.digests, given=given),
            _contents(step, setting, before, after),
        )
    )
    if lines:
        raise NotProven(lines)
    return {"proven": proven(before, given)}


def proven(before: Inventory, given: comparison.Given) -> list[str]:
    counts = (
        _counted(len(before.images), "image"),
        _counted(len(before.volumes), "volume"),
        _counted(len(before.containers), "container"),
    )
    said = [f"{', '.join(counts)} are as before"]
    said += [
        f"container {name} has an image of its own now, with what it had written and deleted"
        for name in sorted(given)
    ]
    return said


def _contents(
    step: ProveInventory, setting: Setting, before: Inventory, after: Inventory
) -> list[str]:
    if not step.contents:
        return []
    folders = f"{setting.folder}/{_BEFORE}", f"{setting.folder}/{_AFTER}"
    return list(comparison.contents(setting.machine.files, before, after, *folders))


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
