"""What the end of a run means for whoever started it: a code, and what to do now."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence

from wharfinger.cli import exit_codes
from wharfinger.cli.errors import Blocked, PartlyDone
from wharfinger.cli.terminal import note
from wharfinger.errors import Conflict, WharfingerError
from wharfinger.maintenance.fleet.host_states import HostState, Step
from wharfinger.maintenance.fleet.lease import LeaseHeld


class ClusterTaken(Blocked):
    code = "maintenance-held"

    def __init__(self, error: LeaseHeld) -> None:
        super().__init__(error.message, remedy=error.remedy)


class RunBlocked(Blocked):
    code = "maintenance-blocked"

    def __init__(self, run: str, reason: str) -> None:
        super().__init__(
            f"cannot finish run {run}: {reason}", remedy=f"then `wharf maintain --resume {run}`"
        )


class RunFailed(WharfingerError):
    code = "maintenance-failed"

    def __init__(self, run: str, bad: Sequence[HostState]) -> None:
        super().__init__(f"cannot maintain {len(bad)} hosts", remedy=_remedy(run))
        self.details = _details(bad)


class RunPartlyDone(PartlyDone):
    code = "maintenance-partly-done"

    def __init__(self, run: str, bad: Sequence[HostState], total: int) -> None:
        super().__init__(len(bad), total)
        self.message = f"cannot do {len(bad)} of {total} hosts"
        self.details = _details(bad)
        self.remedy = _remedy(run)


class LeaseLost(Conflict):
    code = "maintenance-lease-lost"


def conclude(
    run: str, states: Mapping[str, HostState], reason: str, *, lost: bool, stopped: bool
) -> int | None:
    bad = [one for one in states.values() if one.step in (Step.FAILED, Step.SKIPPED)]
    if lost:
        raise LeaseLost(f"cannot go on with run {run}: {reason}", remedy=_remedy(run))
    if bad and len(bad) < len(states):
        raise RunPartlyDone(run, bad, len(states))
    if bad:
        raise RunFailed(run, bad)
    if stopped:
        note(f"stopped; `wharf maintain --resume {run}` goes on")
        return exit_codes.of_signal(signal.SIGINT)
    if reason:
        raise RunBlocked(run, reason)
    return None


def _details(bad: Sequence[HostState]) -> tuple[str, ...]:
    return tuple(f"  {one.host}: {one.step}: {one.message}" for one in bad)


def _remedy(run: str) -> str:
    return f"mend what is wrong, then `wharf maintain --resume {run}`"
