"""
How a daemon ends and comes back: asked to end, started as it was before, waited for until it answers.

Who asks gives what goes wrong a name of its own (`actions`, steps of storage).
"""

from __future__ import annotations

from typing import Final

from wharfinger.errors import Unavailable
from wharfinger.hosts.on_host.machine import Machine

STOP_SECONDS: Final = 60
START_SECONDS: Final = 60


class DaemonFailed(Unavailable):
    """It did not end, or did not come back."""

    code = "daemon-failed"

    def __init__(self, words: str) -> None:
        super().__init__(f"cannot go on: {words}")
        self.words = words


def end(machine: Machine, pid: int) -> None:
    """Raise `DaemonFailed` if it has not ended in time."""
    if not machine.stop(pid, seconds=STOP_SECONDS):
        raise DaemonFailed(f"process {pid} did not end in {STOP_SECONDS} s")


def wait_for(machine: Machine, pid: int, address: str | None) -> None:
    """Wait until somebody answers at the address, and no longer than the process lives.

    Raise `DaemonFailed`.
    """
    if address is None:
        return
    for _ in machine.pauses(START_SECONDS):
        if machine.listener(address) is not None:
            return
        if not machine.lives(pid):
            raise DaemonFailed(f"it ended at once; {address} does not answer")
    raise DaemonFailed(f"{address} does not answer after {START_SECONDS} s")


def under_systemd(machine: Machine) -> bool:
    """As sd_booted(3)."""
    return machine.files.look("/run/systemd/system") is not None
