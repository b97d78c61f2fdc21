"""
Runs in the guest: a process that has our programs loaded, and is each of them in turn.

Python takes some ten seconds in the guest to load `wharf`, and tests call it many times. So what stands
as `wharf` in FOLDER is a script of the shell that tells its process id here; a child takes over its words,
environment, folder, input, output and errors, and is the program. One call at a time; `FOLDER/child` has its
process id, for who has to end it.

    warm.py FOLDER        make the scripts there, and print a line when they can be called
    warm.py               load them and end, so that their byte code is kept

`python` is one of them, which runs a file.
"""

from __future__ import annotations

import gc
import importlib
import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from wharfinger.cli import app, main, storage_setup
from wharfinger.hosts.on_host import command

LOADED: Final = (
    "wharfinger.cli.site_file",
    "wharfinger.cli.storage_apply",
    "wharfinger.cli.storage_plan",
    "wharfinger.cli.storage_status",
)


def python() -> None:
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")


PROGRAMS: Final[dict[str, Callable[[], None]]] = {
    "wharf": main.main,
    "docker-storage-setup": storage_setup.main,
    "container-storage-setup": storage_setup.main,
    "on-host": lambda: command.main(sys.argv[1:]),
    "python": python,
}

SCRIPT: Final = """\
#!/bin/sh
printf '%s\\0' "${{0##*/}}" "$@" > {folder}/words
echo $$ > {folder}/call
read -r code < {folder}/code
exit $code
"""


def load() -> None:
    for name in LOADED:
        importlib.import_module(name)
    app.build()


def serve(folder: Path) -> None:
    folder.mkdir()
    for pipe in ("call", "code"):
        os.mkfifo(folder / pipe)
    for name in PROGRAMS:
        script = folder / name
        script.write_text(SCRIPT.format(folder=folder))
        script.chmod(0o755)
    # A child that collects garbage would look through all that is loaded, and so copy it.
    gc.freeze()
    print("ready", flush=True)
    while True:
        caller = int((folder / "call").read_text())
        words = (folder / "words").read_bytes().decode(errors="surrogateescape").split("\0")[:-1]
        child = os.fork()
        if child == 0:
            (folder / "child").write_text(f"{os.getpid()}\n")
            be(words, Path("/proc") / str(caller))
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        (folder / "code").write_text(f"{code if code >= 0 else 128 - code}\n")


def be(words: list[str], caller: Path) -> None:
    """Be the program that the caller stands for, to its end."""
    said = (caller / "environ").read_bytes().decode(errors="surrogateescape")
    os.environ.clear()
    os.environ.update(one.split("=", 1) for one in said.split("\0") if "=" in one)
    os.chdir((caller / "cwd").readlink())
    # What a file has already is kept, as by a program that shares the caller's own file.
    for number, flags in enumerate((os.O_RDONLY, *2 * [os.O_WRONLY | os.O_APPEND])):
        os.dup2(os.open(caller / "fd" / str(number), flags), number)
    sys.argv = words
    code: object = 1
    try:
        PROGRAMS[words[0]]()
        code = 0
    except SystemExit as ending:
        code = ending.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else code is not None)


if __name__ == "__main__":
    load()
    if sys.argv[1:]:
        serve(Path(sys.argv[1]))
