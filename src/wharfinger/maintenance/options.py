"""How to evacuate: the flags of `kubectl drain` with its defaults, and ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    ignore_daemon_sets: bool = False
    """Pods of DaemonSets stay, instead of keeping the node from being evacuated."""
    delete_empty_dir_data: bool = False
    """Pods with `emptyDir` volumes may go, and the content of these with them."""
    force: bool = False
    """Pods that nobody makes anew may go."""
    grace: int = -1
    """Seconds for each pod to end; below 0: what the pod says itself."""
    timeout: float = 0.0
    """Seconds after which to give up; 0: never."""
    pod_selector: Mapping[str, Any] | None = None
    """A LabelSelector: only these pods; None: all."""
    skip_wait_for_delete: float = 0.0
    """Pods that have been ending for longer than so many seconds are not waited for; 0: all are."""
    disable_eviction: bool = False
    """Delete pods, which no disruption budget can refuse."""
    wait_replacements: bool = False
    """Done only when what was evicted is ready elsewhere."""
    once: bool = False
    """Ask for each eviction once; what a budget refuses now is blocked, and not tried again."""
