"""Which of the containers tools a host has, and which of them are too old for what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from wharfinger.hosts.on_host.facts import Facts

TOOLS: Final = ("podman", "crio", "buildah", "skopeo")

Versions = Mapping[str, tuple[int, ...]]
_DROP_INS: Final[Versions] = {
    "podman": (1, 9),
    "crio": (1, 18),
    "buildah": (1, 15),
    "skopeo": (1, 0),
}
_WILDCARDS: Final[Versions] = {
    "podman": (3, 2),
    "crio": (1, 22),
    "buildah": (1, 21),
    "skopeo": (1, 3),
}


def without_drop_ins(facts: Facts) -> list[str]:
    """The tools of a host that read no `registries.conf.d`, with their versions."""
    return _older(facts, _DROP_INS)


def without_wildcards(facts: Facts) -> list[str]:
    """Those that do not know `*.a.test`."""
    return _older(facts, _WILDCARDS)


def _older(facts: Facts, since: Versions) -> list[str]:
    return [
        f"{tool} {facts.runtimes[tool].version}"
        for tool in TOOLS
        if tool in facts.runtimes and _version(facts.runtimes[tool].version) < since[tool]
    ]


def _version(text: str) -> tuple[int, ...]:
    """Numbers of a version; one that cannot be read counts as new."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (10**6,) if found is None else (int(found[1]), int(found[2]))
