"""
Start a process of our own in the background, and end one by its pid.

The kernel's process descriptors (`pidfd`) are waited on instead of polling, so that a pid that
is given to somebody else in between is never mistaken for ours.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from wharfinger.system import files


def spawn(command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> int:
    """Start `command` in a session of its own, its words appended to `log`; return its pid."""
    descriptor = os.open(
        log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, files.PRIVATE_FILE
    )
    try:
        process = subprocess.Popen(
            tuple(command),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    process.returncode = 0  # it outlives us on purpose: nobody is to wait for it or warn
    return process.pid


def watch(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends; None if there is no such one."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def terminate(pid: int, *, seconds: float) -> bool:
    """Ask a process to end and wait; say whether it ended in time."""
    descriptor = watch(pid)
    if descriptor is None:
        return True
    try:
        signal.pidfd_send_signal(descriptor, signal.SIGTERM)
        ready, _, _ = select.select([descriptor], [], [], seconds)
    except ProcessLookupError:
        return True
    finally:
        os.close(descriptor)
    return bool(ready)
