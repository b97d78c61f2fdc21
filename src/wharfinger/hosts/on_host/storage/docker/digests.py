"""
Carry the names and repository digests of images from one driver's store to another's.

A copy of an image knows its layers and its names, and not the digests that registries have for it: no
API takes these. The engine has them in one file per driver,

    <data root>/image/<driver>/repositories.json      names and digests, each with the id of its image
    <data root>/image/<driver>/distribution/          which layer has which digest at registries

It reads the file when it starts and writes it whole when a name changes, and what it says of images
that come later counts once they are there. So it is written while the engine stands still, before it
starts with the new driver. Going back removes the store of the new driver if there was none: with two
of them, an engine that is not told its driver refuses to start.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final

from wharfinger.hosts.on_host import daemons, states
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import tree_copy, tree_entries
from wharfinger.hosts.on_host.storage.docker import engine
from wharfinger.hosts.on_host.storage.steps import CarryDigests
from wharfinger.hosts.on_host.storage.work import Notes, Setting, StepFailed
from wharfinger.hosts.on_host.tree import Tree

_NAMES: Final = "repositories.json"
_DISTRIBUTION: Final = "distribution"
_LIMIT: Final = 256 << 20
_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700

Names = dict[str, dict[str, str]]


def carry(step: CarryDigests, setting: Setting) -> Notes:
    machine = setting.machine
    _require_still(machine)
    tree = machine.files
    source, target = _store(step.source, step.from_driver), _store(step.target, step.to_driver)
    notes = setting.notes or _before(step, tree)
    setting.remember(notes)
    for folder in (f"{step.target}/image", target):
        if tree.look(folder) is None:
            states.put(
                tree,
                [states.State(folder, "directory", _FOLDER_MODE, os.geteuid(), os.getegid())],
                setting.order_id,
            )
    merged = {"Repositories": _merged(_names(tree, source), _names(tree, target))}
    content = json.dumps(merged, separators=(",", ":")).encode()
    found = states.capture(tree, f"{target}/{_NAMES}")
    wanted = states.file(
        found.path,
        content,
        mode=found.mode or _MODE,
        uid=found.uid if found.mode else os.geteuid(),
        gid=found.gid if found.mode else os.getegid(),
    )
    states.put(tree, [wanted], setting.order_id)
    if notes["distribution"]:
        _copy(tree, f"{source}/{_DISTRIBUTION}", f"{target}/{_DISTRIBUTION}")
    return notes


def take_back(step: CarryDigests, setting: Setting) -> None:
    notes = setting.notes
    if not notes:
        return
    _require_still(setting.machine)
    tree = setting.machine.files
    target = _store(step.target, step.to_driver)
    if notes["distribution"]:
        _remove(tree, f"{target}/{_DISTRIBUTION}")
    before = states.from_json(notes["names"])
    if tree.look(target) is not None:
        states.clear(tree, [before], setting.order_id)
        states.put(tree, [before], setting.order_id)
    for path in notes["made"]:
        _remove(tree, path)


def _before(step: CarryDigests, tree: Tree) -> dict[str, Any]:
    target = _store(step.target, step.to_driver)
    found = (
        states.absent(f"{target}/{_NAMES}")
        if tree.look(target) is None
        else states.capture(tree, f"{target}/{_NAMES}")
    )
    stores = (target, f"{step.target}/{step.to_driver}")
    has_distribution = tree.look(f"{target}/{_DISTRIBUTION}") is not None
    same = step.source == step.target and step.from_driver == step.to_driver
    return {
        "names": states.to_json(found),
        "distribution": not has_distribution and not same,
        "made": [path for path in stores if tree.look(path) is None],
    }


def _require_still(machine: Machine) -> None:
    if daemons.find(machine, engine.NAME) is not None:
        raise StepFailed(
            "carry the digests of images", f"{engine.NAME} runs, and would write over them"
        )


def _store(root: str, driver: str) -> str:
    return f"{root}/image/{driver}"


def _names(tree: Tree, store: str) -> Names:
    path = f"{store}/{_NAMES}"
    content = tree.read(path, limit=_LIMIT)
    if content is None:
        return {}
    try:
        found = json.loads(content)["Repositories"] or {}
        return {name: dict(references) for name, references in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StepFailed(f"read {path}", "it is not as Docker writes it") from error


def _merged(carried: Mapping[str, Mapping[str, str]], held: Names) -> Names:
    """What the new store says already counts."""
    return {
        name: {**carried.get(name, {}), **held.get(name, {})} for name in sorted({*carried, *held})
    }


def _copy(tree: Tree, source: str, target: str) -> None:
    if tree.look(source) is None:
        return
    tree.make_private(target)
    with tree.directory(source) as one, tree.directory(target) as other:
        tree_copy.copy(one, other, (), lambda _: None)


def _remove(tree: Tree, path: str) -> None:
    """With all below it, on its own file system only."""
    if tree.look(path) is None:
        return
    with tree.directory(path) as directory:
        tree_entries.remove(directory)
    with tree.parent(path) as (above, name):
        tree.disk.remove_directory(above, name)
