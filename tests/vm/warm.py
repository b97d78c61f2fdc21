"""
A process of the guest that has our programs loaded, and does one call after the other.

Python takes some ten seconds in the guest to load `wharf`, and tests call it many times. Each call is
done by a child with words, environment, input, output, errors and code of its own, as the program would be.

    warm.py FOLDER        FOLDER/call is a pipe that takes one line for each call, FOLDER/code tells
                          how it ended
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from wharfinger.cli import app, main, storage_setup

LOADED: Final = (
    "wharfinger.cli.site_file",
    "wharfinger.cli.storage_apply",
    "wharfinger.cli.storage_plan",
    "wharfinger.cli.storage_status",
)
PROGRAMS: Final[dict[str, Callable[[], None]]] = {
    "wharf": main.main,
    "docker-storage-setup": storage_setup.main,
    "container-storage-setup": storage_setup.main,
}


def serve(folder: Path) -> None:
    for name in LOADED:
        importlib.import_module(name)
    app.build()
    while True:
        for line in (folder / "call").read_text().splitlines():
            child = os.fork()
            if child == 0:
                be(json.loads(line))
            _, status = os.waitpid(child, 0)
            (folder / "code").write_text(f"{os.waitstatus_to_exitcode(status)}\n")


def be(call: dict[str, Any]) -> None:
    """Be the program of this call, to its end."""
    os.environ.update(call["environ"])
    for number, (name, flags) in enumerate(
        (("given", os.O_RDONLY), ("out", os.O_WRONLY), ("err", os.O_WRONLY))
    ):
        os.dup2(os.open(f"{call['folder']}/{name}", flags), number)
    sys.argv = call["words"]
    code: object = 1
    try:
        PROGRAMS[sys.argv[0]]()
        code = 0
    except SystemExit as ending:
        code = ending.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else code is not None)


serve(Path(sys.argv[1]))
