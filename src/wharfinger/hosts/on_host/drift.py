"""
What has become of the files that applies have set, and who may have changed them.
"""

from __future__ import annotations

from typing import Final

from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.journal import Journal, Phase
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.results import Drift
from wharfinger.hosts.on_host.states import State
from wharfinger.hosts.on_host.tree import Tree

_LEFT_BY_PACKAGES: Final = (
    ".rpmnew",
    ".rpmsave",
    ".rpmorig",
    ".dpkg-dist",
    ".dpkg-old",
    ".dpkg-new",
)


def drift(machine: Machine) -> list[Drift]:
    """The files that are not as the last apply of each left them."""
    left: dict[str, tuple[str, State]] = {}
    for entry in Journal(machine.files).entries():
        if entry.phase is Phase.APPLIED:
            left.update({state.path: (entry.id, state) for state in entry.after})
    seen = ((number, state, _difference(machine.files, state)) for number, state in left.values())
    return [
        Drift(state.path, what, number, _cause(machine.files, state.path))
        for number, state, what in seen
        if what
    ]


def _difference(tree: Tree, wanted: State) -> str:
    try:
        found = states.capture(tree, wanted.path)
    except WharfingerError:
        return "changed"
    if found.kind == "absent" != wanted.kind:
        return "missing"
    if (found.kind, found.identity) != (wanted.kind, wanted.identity):
        return "changed"
    if found.kind == "link" or found.mode == wanted.mode:
        return "" if found.is_as(wanted) else "owner"
    return "mode"


def _cause(tree: Tree, path: str) -> str:
    """What a package manager leaves beside a file that it has touched."""
    beside = [path + ending for ending in _LEFT_BY_PACKAGES]
    found = [other for other in beside if tree.look(other) is not None]
    return f"a package update, as {found[0]} beside it shows" if found else ""
