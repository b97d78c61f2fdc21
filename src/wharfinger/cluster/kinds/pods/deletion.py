"""
How long the deletion of a pod waits: until who runs it has ended it.

A pod that is on a node and has not finished is given its grace; the node's agent asks for a deletion
without grace when it has ended. A pod that nobody can have started goes at once.
"""

from __future__ import annotations

from typing import Final

from wharfinger.cluster.kind import Object

DEFAULT: Final = 30
LONGEST: Final = 1 << 31
"""Seconds; what is longer has no time that could be written down."""


def grace(pod: Object, asked: int | None) -> int:
    """How many seconds to wait, for what a client asks for (None: nothing)."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    if not spec.get("nodeName") or status.get("phase") in ("Succeeded", "Failed"):
        return 0
    if asked is None:
        asked = spec.get("terminationGracePeriodSeconds")
    if asked is None:
        asked = DEFAULT
    return min(asked, LONGEST) if asked >= 0 else 1
