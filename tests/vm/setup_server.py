"""
A process of the guest that has docker-storage-setup loaded, and does one call of it after the other.

Python takes some ten seconds to load it in the guest, and a test of it makes many calls. Each is done
by a child with a working directory, words, output and code of its own, as a program would be.

    setup_server.py FOLDER        FOLDER/call is a pipe that takes one line for each call
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.setup.command import Command


def main(folder: Path) -> None:
    folder.mkdir()
    calls, codes = folder / "call", folder / "code"
    os.mkfifo(codes)
    os.mkfifo(calls)
    while True:
        for line in calls.read_text().splitlines():
            request = json.loads(line)
            child = os.fork()
            if child == 0:
                _do(request["words"], request["environ"])
            _, status = os.waitpid(child, 0)
            codes.write_text(f"{os.waitstatus_to_exitcode(status)}\n")


def _do(words: list[str], environ: dict[str, str]) -> None:
    os.environ.update(environ)
    with open("/run/setup-out", "w") as out, open("/run/setup-err", "w") as err:  # noqa: PTH123
        code = Command(Machine(), words[0], out.write, err.write).run(words[1:])
    os._exit(code)


main(Path(sys.argv[1]))
