"""
Runs in the guest: a list of doings from stdin, one after the other in one process.

    ["apply", ORDER] ["resume"] ["undo"]    answered with an outcome or an error, as JSON on a line
    ["sh", TEXT]                            has to succeed
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import outcomes, run, steps
from wharfinger.hosts.on_host.storage.facts import StorageFacts


def answer(word: str, *given: Any) -> dict[str, Any]:
    """These orders rest on nothing that would have to be read."""
    machine, read = Machine(), lambda _: StorageFacts("guest")
    try:
        if word == "apply":
            outcome = run.apply(steps.from_json(given[0]), machine, read=read)
        elif word == "resume":
            outcome = run.resume(machine, read=read)
        else:
            outcome = run.undo(machine, read=read)
    except WharfingerError as error:
        return {"error": error.code, "message": error.message}
    return outcomes.to_json(outcome)


for doing, *rest in json.load(sys.stdin):
    if doing == "sh":
        subprocess.run(["sh", "-euc", rest[0]], check=True, stdout=sys.stderr)
    else:
        print(json.dumps(answer(doing, *rest)), flush=True)
