"""
Small files of a host that may be missing, be links or be closed to us: then they say nothing.
"""

from __future__ import annotations

from typing import Final

from wharfinger.hosts.on_host.tree import LinkInPath, NotADirectory, Tree, UnsafePath

PLACES: Final = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin")

_LIMIT: Final = 1 << 20
_CLOSED: Final = (OSError, LinkInPath, NotADirectory, UnsafePath)


def text_of(tree: Tree, path: str) -> str:
    try:
        return (tree.read(path, limit=_LIMIT) or b"").decode("utf-8", "replace")
    except _CLOSED:
        return ""


def names_in(tree: Tree, folder: str) -> list[str]:
    try:
        return tree.names(folder)
    except _CLOSED:
        return []


def target_of(tree: Tree, path: str) -> str:
    """Where a symbolic link points, empty for what is none."""
    try:
        return tree.target(path)
    except _CLOSED:
        return ""


def found_in(tree: Tree, program: str) -> str:
    """The path of a program, empty where there is none."""
    return next((path for path in _paths(program) if _stands(tree, path)), "")


def _paths(program: str) -> list[str]:
    return [f"{place}/{program}" for place in PLACES]


def _stands(tree: Tree, path: str) -> bool:
    try:
        return tree.look(path) is not None
    except _CLOSED:
        return False  # /bin is a link to /usr/bin, which is looked at too
