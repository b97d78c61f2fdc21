"""
`/livez`, `/readyz` and `/healthz`, as Kubernetes answers them.

Alive means that the event loop turns. Ready means that we can do what we promise: the state
directory takes writes, the background is at work, and nobody has asked us to end. Other people's
servers are never part of the answer. Everybody may ask; the reason of a failure stands in the
log, since these answers need no credentials.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wharfinger.errors import NotFound
from wharfinger.server.drain import Drain
from wharfinger.server.tasks import Tasks

Check = Callable[[], str | None]
"""None: all is well; else what is wrong."""

_FREE_BYTES = 16 * 1024 * 1024  # below this a commit of metadata may fail

logger = logging.getLogger(__name__)


class Health:
    """The named checks behind the three addresses; `ready` is asked anew each time.

    What `told` says is wrong stands in the long answer and makes nobody unready: we go on with what
    we had. It fails who asks for that check alone.
    """

    def __init__(
        self,
        live: Mapping[str, Check],
        ready: Callable[[], Mapping[str, Check]],
        told: Mapping[str, Check] = MappingProxyType({}),
    ) -> None:
        self._live = live
        self._ready = ready
        self._told = told

    def checks(self, address: str) -> dict[str, Check]:
        return dict(self._live) if address == "livez" else {**self._live, **self._ready()}

    def faults(self, address: str = "readyz") -> dict[str, str]:
        """What is wrong, by check."""
        answers = {name: check() for name, check in self.checks(address).items()}
        return {name: fault for name, fault in answers.items() if fault is not None}

    async def handle(self, request: Request) -> Response:
        address, _, only = request.url.path.strip("/").partition("/")
        checks = self.checks(address)
        excluded = request.query_params.getlist("exclude")
        if only:
            checks |= self._told
            if only not in checks:
                raise NotFound(f"cannot check {only!r}: there is no such check")
            names = [only]
        else:
            names = [name for name in checks if name not in excluded]
        faults = {name: fault for name in names if (fault := checks[name]()) is not None}
        for name, fault in faults.items():
            logger.warning("check %s of %s failed: %s", name, address, fault)
        verbose = "verbose" in request.query_params or bool(faults)
        old = [] if only else [name for name, check in self._told.items() if check() is not None]
        text = _report(address, names, faults, old) if verbose else "ok"
        return PlainTextResponse(text, 500 if faults else 200, {"cache-control": "no-store"})


def health_of(*, state: Path, tasks: Tasks, drain: Drain) -> Health:
    """The checks of a server; tasks that start later are checked too."""

    def ready() -> Mapping[str, Check]:
        return {
            "storage": lambda: writable(state),
            "shutdown": lambda: "we are asked to end" if drain.draining else None,
            **{f"task-{name}": partial(tasks.fault, name) for name in tasks.names},
        }

    return Health({"ping": lambda: None}, ready)


def writable(directory: Path) -> str | None:
    """Ask the filesystem whether it would take a write, without making one."""
    try:
        facts = os.statvfs(directory)
    except OSError as error:
        return f"the state directory cannot be reached: {error.strerror}"
    if facts.f_flag & os.ST_RDONLY:
        return "the state directory is on a filesystem that is mounted read-only"
    if facts.f_bavail * facts.f_frsize < _FREE_BYTES:
        return "the filesystem of the state directory is full"
    return None


def _report(address: str, names: list[str], faults: Mapping[str, str], old: Sequence[str]) -> str:
    lines = [
        f"[-]{name} failed: reason withheld" if name in faults else f"[+]{name} ok"
        for name in names
    ]
    lines += [f"[!]{name} out of date: see the log" for name in old]
    return "\n".join((*lines, f"{address} check {'failed' if faults else 'passed'}", ""))
