"""
The watch over the fill of a host: look, remember, foretell, tell, and extend what runs full.

What has been told is remembered on the host (`watch.json` beside the samples), so that a trouble is told
when it comes and when it goes, also where each look is a process of its own. Pools are extended by an
order like any other: with the same lock, in the same history. Where somebody else is at work we leave
it for the next look, and an extension that failed is not tried again before something has changed.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from wharfinger.errors import Forbidden, StorageFull, Unavailable, WharfingerError
from wharfinger.hosts.on_host import journal as files_journal
from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.journal import HostLocked
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import extending, run, samples, textfile
from wharfinger.hosts.on_host.storage.errors import FactsChanged, Unfinished
from wharfinger.hosts.on_host.storage.extending import Extension, Rule
from wharfinger.hosts.on_host.storage.facts import StorageFacts
from wharfinger.hosts.on_host.storage.fill import Fill, fills
from wharfinger.hosts.on_host.storage.forecast import Forecast
from wharfinger.hosts.on_host.storage.journal import DIRECTORY
from wharfinger.hosts.on_host.storage.outcomes import Ending, StorageOutcome
from wharfinger.hosts.on_host.storage.reading import read_storage
from wharfinger.hosts.on_host.storage.troubles import Trouble, troubles
from wharfinger.hosts.on_host.tree import Tree

NAME: Final = "watch.json"
_LIMIT: Final = 1 << 20
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

Read = Callable[[Machine], StorageFacts]


class NotRoot(Forbidden):
    code = "watch-needs-root"

    def __init__(self) -> None:
        super().__init__(
            "cannot watch the storage of this host: only root may ask LVM", remedy="do it as root"
        )


@dataclass(frozen=True)
class Watch:
    """What to do at each look. `rule` is `None` where nothing is to be extended."""

    rule: Rule | None = None
    metrics: str = ""


@dataclass(frozen=True)
class Look:
    """What one look has shown. `began` are the troubles that were not there the last time, `ended` the
    keys of those that have gone since; `extended` is the order that was carried out."""

    time: float
    fills: tuple[Fill, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    began: tuple[Trouble, ...] = ()
    ended: tuple[str, ...] = ()
    extended: StorageOutcome | None = None


@dataclass(frozen=True)
class _Memory:
    """`told` are the keys of troubles; `failed` is what the extension that failed rested on, and
    `begun` says that it got so far as to stand in the history."""

    told: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    begun: bool = False


def read_fill(machine: Machine) -> StorageFacts:
    """The facts without what takes long to count."""
    return read_storage(machine, usage=False)


def look(machine: Machine, watch: Watch, *, read: Read = read_fill) -> Look:
    """Raise `NotRoot`, or what reading the facts and writing the metrics raises."""
    if not machine.kernel.is_root():
        raise NotRoot
    before = _remembered(machine.files)
    found = read(machine)
    wanted = Extension() if watch.rule is None else extending.extension(found, watch.rule)
    outcome, memory = _extend(machine, wanted, before, read)
    if outcome is not None:
        found = read(machine)
    now = machine.now()
    full = fills(found)
    seen, unwritten = _noted(machine.files, samples.sample(now, full))
    told = samples.forecasts(full, seen, now)
    known = (*troubles(found, full, told), *wanted.troubles, *_failure(memory), *unwritten)
    if watch.metrics:
        content = textfile.text(found, full, told, known, now)
        textfile.write(machine.files, watch.metrics, content)
    keys = tuple(one.key for one in known if not one.note)
    if not unwritten:
        _remember(machine.files, replace(memory, told=keys), before)
    return Look(
        now,
        full,
        told,
        known,
        tuple(one for one in known if not one.note and one.key not in before.told),
        tuple(key for key in before.told if key not in keys),
        outcome,
    )


def keep_looking(
    machine: Machine,
    watch: Watch,
    every: float,
    tell: Callable[[Look], None],
    fail: Callable[[WharfingerError], None],
    *,
    stop: threading.Event,
    read: Read = read_fill,
) -> None:
    """Look again and again until `stop` is set, with `every` seconds between. A look that does not
    succeed is told to `fail`, and the next one may."""
    while not stop.is_set():
        try:
            tell(look(machine, watch, read=read))
        except NotRoot:
            raise
        except WharfingerError as error:
            fail(error)
        stop.wait(every)


@contextmanager
def until_signalled() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set. Only for the main thread."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def to_json(one: Look) -> dict[str, Any]:
    outcome = one.extended
    return {
        "time": one.time,
        "fills": [{**asdict(fill), "ratio": round(fill.ratio, 4)} for fill in one.fills],
        "forecasts": [asdict(forecast) for forecast in one.forecasts],
        "troubles": [asdict(trouble) for trouble in one.troubles],
        "began": [trouble.key for trouble in one.began],
        "ended": list(one.ended),
        "extended": None
        if outcome is None
        else {"id": outcome.id, "ending": outcome.ending.value, "steps": list(outcome.steps)},
    }


def _extend(
    machine: Machine, wanted: Extension, memory: _Memory, read: Read
) -> tuple[StorageOutcome | None, _Memory]:
    order = wanted.order
    if not order.steps:
        return None, _Memory()
    if memory.begun and memory.failed == order.expects:
        return None, memory
    try:
        outcome = _undisturbed(lambda: run.apply(order, machine, read=read))
    except (HostLocked, FactsChanged, Unfinished):
        return None, _Memory()  # an apply, dmeventd or another order: it is for the next look
    except WharfingerError as error:
        return None, _Memory((), order.expects, error.message)
    if outcome.ending is Ending.APPLIED:
        return outcome, _Memory()
    return outcome, _Memory((), order.expects, outcome.trouble, begun=True)


def _undisturbed(act: Callable[[], StorageOutcome]) -> StorageOutcome:
    """Beside the main thread, since only that one gets signals: they are for the watch, which ends once
    the extension is done. To block them would leave them blocked in the daemons that LVM starts."""
    with ThreadPoolExecutor(max_workers=1) as aside:
        return aside.submit(act).result()


def _noted(tree: Tree, new: samples.Sample) -> tuple[list[samples.Sample], tuple[Trouble, ...]]:
    """All samples. A disk that takes no more is what we are here to tell of, and no reason to stop."""
    try:
        return samples.add(tree, new), ()
    except (StorageFull, Unavailable) as error:
        trouble = Trouble("not-noted", DIRECTORY, error.message, error.remedy or "put it right")
        return [*samples.read(tree), new], (trouble,)


def _failure(memory: _Memory) -> Iterator[Trouble]:
    if memory.failed:
        yield Trouble(
            "extension-failed",
            ", ".join(name for name in memory.failed if not name.startswith("volume group")),
            f"it should have been extended: {memory.why}",
            "see `wharf storage history`; it is tried again once something has changed",
        )


def _remembered(tree: Tree) -> _Memory:
    """What is not as we write it is as good as nothing."""
    try:
        document = json.loads(tree.read(f"{DIRECTORY}/{NAME}", limit=_LIMIT) or b"{}")
        failed = {str(name): str(value) for name, value in document.get("failed", {}).items()}
        told = tuple(map(str, document.get("told", ())))
        return _Memory(told, failed, str(document.get("why", "")), bool(document.get("begun")))
    except (ValueError, TypeError, AttributeError):
        return _Memory()


def _remember(tree: Tree, memory: _Memory, before: _Memory) -> None:
    if memory == before:
        return
    try:
        files_journal.write(tree, DIRECTORY, NAME, asdict(memory))
    except OSError as error:
        raise states.cannot_write(f"{DIRECTORY}/{NAME}", error) from error
