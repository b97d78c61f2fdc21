"""
Which distribution a host has, by os-release(5): it decides where authorities are put.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.on_host.tree import LinkInPath, Tree

_PLACES: Final = (
    "/etc/os-release",
    "/usr/lib/os-release",
)  # the first is often a link to the second
_LIMIT: Final = 1 << 16
_FAMILIES: Final = {
    "debian": {"debian", "ubuntu"},
    "redhat": {"rhel", "fedora", "centos", "rocky", "almalinux", "ol", "amzn"},
}


@dataclass(frozen=True)
class Distribution:
    """`family` is "debian", "redhat" or "other"."""

    family: str
    name: str


def read(tree: Tree) -> Distribution:
    fields = parse(_content(tree).decode("utf-8", "replace"))
    names = {fields.get("ID", ""), *fields.get("ID_LIKE", "").split()}
    family = next((family for family, ids in _FAMILIES.items() if names & ids), "other")
    return Distribution(family, fields.get("PRETTY_NAME") or fields.get("NAME") or "Linux")


def parse(text: str) -> dict[str, str]:
    """`NAME=value` in lines, quoted as for a shell; lines that are not so are left out."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        try:
            words = shlex.split(value)
        except ValueError:
            continue
        if equals and not name.startswith("#"):
            fields[name.strip()] = " ".join(words)
    return fields


def _content(tree: Tree) -> bytes:
    for place in _PLACES:
        try:
            found = tree.read(place, limit=_LIMIT)
        except (OSError, LinkInPath):
            continue
        if found is not None:
            return found
    return b""
