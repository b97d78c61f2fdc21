"""
Take the inventory before, take it again after, and say what is not the same.

An engine that has come up starts containers that are to run always. What these write into volumes that
were moved is not compared here, and was while the engine stood still (`copy_tree`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from wharfinger.hosts.on_host.storage.docker import (
    comparison,
    containers,
    engine,
    inventory,
    life,
)
from wharfinger.hosts.on_host.storage.docker.api import EngineFailed
from wharfinger.hosts.on_host.storage.docker.inventory import Inventory
from wharfinger.hosts.on_host.storage.steps import ProveInventory, TakeInventory
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting, StepFailed

_BEFORE: Final = "before"
_AFTER: Final = "after"
_NOW: Final = "now"
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


class WouldBeLost(Refused):
    """The engine holds what it got after the proof; `details` has it line by line."""

    code = "storage-would-be-lost"

    def __init__(self, order_id: str, lines: list[str]) -> None:
        super().__init__(
            f"cannot undo {order_id}: it would lose what has come since: "
            + "; ".join(engine.lines(lines, _SHOWN)),
            remedy="save that first, then undo with --force, which loses it here",
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
    running = {*found.running()}
    after = inventory.take(found, setting, contents=step.contents, folder=folder)
    running |= {*found.running()}
    given = containers.given_images(setting)
    lines = [
        *comparison.compare(before, after, digests=step.digests, given=given, running=running),
        *_contents(step, setting, before, after, running),
    ]
    if lines:
        raise NotProven(lines)
    said = list(proven(before, given, running))
    life.settle(setting)
    return {"proven": said}


def check_undo(step: ProveInventory, setting: Setting) -> None:
    """What stood before comes back as it was then, so nothing may have come since."""
    try:
        found = engine.connect(setting.machine)
        engine.require_quiet(found)
    except EngineFailed as error:
        raise WouldBeLost(setting.order_id, [f"nobody can say what: {error.message}"]) from error
    proven, now = f"{setting.folder}/{_AFTER}", f"{setting.folder}/{_NOW}"
    then = inventory.read(setting, proven)
    held = inventory.take(found, setting, contents=step.contents, folder=now)
    lines = [
        *comparison.additions(then, held),
        *comparison.compare(then, held, digests=True, given={}),
    ]
    if step.contents:
        lines += comparison.contents(setting.machine.files, then, held, (proven, now))
    if lines:
        raise WouldBeLost(setting.order_id, lines)


def proven(before: Inventory, given: comparison.Given, running: Collection[str]) -> Iterator[str]:
    counts = (
        _counted(len(before.images), "image"),
        _counted(len(before.volumes), "volume"),
        _counted(len(before.containers), "container"),
    )
    yield f"{', '.join(counts)} are as before"
    for name in sorted(given):
        yield f"container {name} has an image of its own now, with what it had written and deleted"
    for name in sorted(running):
        yield f"container {name} runs again: what it has written since is not compared"


def _contents(
    step: ProveInventory,
    setting: Setting,
    before: Inventory,
    after: Inventory,
    running: Collection[str],
) -> Iterator[str]:
    if step.contents:
        folders = f"{setting.folder}/{_BEFORE}", f"{setting.folder}/{_AFTER}"
        tree = setting.machine.files
        yield from comparison.contents(tree, before, after, folders, running)


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
