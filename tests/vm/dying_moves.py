"""
Runs in the guest: an order whose process is killed three times in each step, and goes on each time.

    dying_moves.py apply ORDER      until it is complete
    dying_moves.py undo             until it is taken back, whatever has come since

A life ends by SIGKILL before the work of a step, in the midst of it where it tells how far it is, and
after it, before that is noted. `dying_orders` kills closer, at each command and file; here most of the
work is an engine's, which lives on. Told are the ending and where the lives ended, as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import outcomes, reading, run, steps
from wharfinger.hosts.on_host.storage.facts import StorageFacts
from wharfinger.hosts.on_host.storage.outcomes import StorageOutcome
from wharfinger.hosts.on_host.storage.work import Setting, Worker
from wharfinger.hosts.on_host.storage.workers import WORKERS

LIVES = 200
MIDST = 2
"""By then a step that tells how far it is has done something."""

ended_at = Path("/run/moves")


def point(name: str) -> None:
    """Die here, once."""
    known = ended_at.read_text().splitlines()
    if name not in known:
        with ended_at.open("a") as file:
            file.write(f"{name}\n")
        os.kill(os.getpid(), signal.SIGKILL)


def mortal(act: Callable[[Any, Setting], Any]) -> Callable[[Any, Setting], Any]:
    def acting(step: Any, setting: Setting) -> Any:
        said = f"{steps.name(step)} {steps.subject(step)}"
        told = 0

        def say(what: str, done: int, whole: int) -> None:
            nonlocal told
            told += 1
            setting.say(what, done, whole)
            if told == MIDST:
                point(f"in: {said}")

        point(f"before: {said}")
        given = act(step, replace(setting, say=say))
        point(f"after: {said}")
        return given

    return acting


def life(order: steps.StorageOrder | None, facts: StorageFacts) -> StorageOutcome | None:
    """`facts` are read once for all lives, which takes a host like this seconds each time."""
    machine = Machine()
    workers = {
        kind: Worker(mortal(one.do), one.undo and mortal(one.undo), one.check)
        for kind, one in WORKERS.items()
    }

    def read(_: Machine) -> StorageFacts:
        return facts

    if run.unfinished(machine) is not None:
        return run.resume(machine, workers=workers, read=read)
    if order is None:
        return run.undo(machine, force=True, workers=workers, read=read)
    return run.apply(order, machine, workers=workers, read=read)


def main() -> None:
    given = None if sys.argv[1] == "undo" else json.loads(Path(sys.argv[2]).read_text())
    order = None if given is None else steps.from_json(given)
    facts = reading.read_storage(Machine(), usage=False)
    ended_at.write_text("")
    for _ in range(LIVES):
        child = os.fork()
        if child == 0:
            outcome = life(order, facts)
            assert outcome is not None
            points = ended_at.read_text().splitlines()
            print(json.dumps({**outcomes.to_json(outcome), "points": points}), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            sys.exit(os.WEXITSTATUS(status))
    sys.exit("it never came to its end")


main()
