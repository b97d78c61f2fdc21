"""
Runs in the guest: an order whose process is killed again and again, each time where it was not yet.

    dying_orders.py apply ORDER      until it is complete
    dying_orders.py undo             until it is taken back

A life ends by SIGKILL before a step, after each command that changes something, each file put in its
place and each write to a device, and so after a step before that is noted. The next life goes on. Told is how it ended, and where
the lives did.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wharfinger.hosts.on_host.kernel import Kernel
from wharfinger.hosts.on_host.machine import Machine, Ran
from wharfinger.hosts.on_host.storage import outcomes, reading, run, steps
from wharfinger.hosts.on_host.storage.outcomes import StorageOutcome
from wharfinger.hosts.on_host.storage.work import Setting, Worker
from wharfinger.hosts.on_host.storage.workers import WORKERS
from wharfinger.hosts.on_host.tree import Disk

LIVES = 200
CHANGES_NOTHING = ("udevadm",)

ended_at = Path("/run/lives")


def last() -> str:
    return ended_at.read_text().splitlines()[-1]


def point(name: str) -> None:
    """Die here, once."""
    known = ended_at.read_text().splitlines() if ended_at.exists() else []
    if name not in known:
        with ended_at.open("a") as file:
            file.write(f"{name}\n")
        os.kill(os.getpid(), signal.SIGKILL)


class MortalKernel(Kernel):
    def write_device(self, path: str, offset: int, content: bytes) -> None:
        super().write_device(path, offset, content)
        point(f"wrote {len(content)} bytes at {offset} of {path}")


class MortalDisk(Disk):
    def rename(self, directory: int, name: str, to: str) -> None:
        super().rename(directory, name, to)
        if not to.endswith(".json"):  # the journal's own
            point(f"put {to} in its place")


class MortalMachine(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.kernel = MortalKernel()
        self.files.disk = MortalDisk()

    def run(
        self, *commands: tuple[str, ...], seconds: float = 120, given: str | None = None
    ) -> list[Ran]:
        ran = super().run(*commands, seconds=seconds, given=given)
        if commands[0][0] not in CHANGES_NOTHING:
            point(f"ran {' '.join(word for word in commands[0] if not word.startswith('uuid='))}")
        return ran


def mortal(worker: Worker[Any]) -> Worker[Any]:
    def around(what: str, act: Callable[[Any, Setting], Any]) -> Callable[[Any, Setting], Any]:
        def acting(step: Any, setting: Setting) -> Any:
            said = f"{what} {steps.name(step)} {steps.subject(step)}"
            point(f"before: {said}")
            given = act(step, setting)
            if last().startswith("before"):
                point(f"after: {said}")
            return given

        return acting

    undo = None if worker.undo is None else around("undo", worker.undo)
    return Worker(around("do", worker.do), undo, worker.check)


def main() -> None:
    facts = reading.read_storage(Machine())
    machine = MortalMachine()
    means: dict[str, Any] = {
        "workers": {kind: mortal(worker) for kind, worker in WORKERS.items()},
        "read": lambda _: facts,
    }
    for life in range(LIVES):
        child = os.fork()
        if child == 0:
            print(json.dumps(outcomes.to_json(_go_on(machine, means))), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            print(json.dumps({"lives": life + 1, "code": os.WEXITSTATUS(status)}))
            print(ended_at.read_text())
            return


def _go_on(machine: Machine, means: dict[str, Any]) -> StorageOutcome:
    """What a person does after a kill: the same command again."""
    went_on = run.resume(machine, **means)
    if went_on is not None:
        return went_on
    if sys.argv[1] == "undo":
        return run.undo(machine, **means)
    order = steps.from_json(json.loads(Path(sys.argv[2]).read_text()))
    return run.apply(order, machine, **means)


main()
