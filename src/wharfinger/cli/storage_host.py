"""The host whose storage a command is about, what its site says of it, and the plan between both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from wharfinger.cli import site_file
from wharfinger.cli.errors import Blocked, UsageError
from wharfinger.cli.host import FACTS_LIMIT
from wharfinger.errors import BadInput, Forbidden
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import facts as storage_facts
from wharfinger.hosts.on_host.storage import reading
from wharfinger.hosts.on_host.storage.facts import StorageFacts
from wharfinger.hosts.site.storage import Storage
from wharfinger.hosts.storage.planned import StoragePlan

StorageFactsOption = Annotated[Path | None, Parameter(show_default=False)]


class NoStorage(BadInput):
    """A site file that says nothing of storage."""

    code = "no-storage"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"cannot plan storage: {path} says nothing of it",
            remedy="add `storage:`; docs/reference/site.md lists its keys",
        )


class NeedsRoot(Forbidden):
    """Who is not root is told of no volume and of few signatures: a plan would rest on too little."""

    code = "storage-needs-root"

    def __init__(self) -> None:
        super().__init__(
            "cannot look at the storage of this host: only root is told of its volumes",
            remedy="call it as root, or name the facts of a host with --facts",
        )


class PlanRefused(Blocked):
    """A plan with a refusal: nothing of it may be done."""

    code = "storage-plan-refused"

    def __init__(self, plan: StoragePlan) -> None:
        one = len(plan.refusals) == 1
        super().__init__(
            f"cannot do it: {'one thing stands' if one else f'{len(plan.refusals)} things stand'}"
            " against it, and nothing was changed"
        )
        self.details = tuple(f"{one.subject}: {one.why} ({one.remedy})" for one in plan.refusals)


def wanted(site: Path) -> Storage:
    """What the site file says of storage; raise `NoStorage` where it says nothing."""
    storage = site_file.load(site).storage
    if storage is None:
        raise NoStorage(site)
    return storage


def found(facts: Path | None = None) -> StorageFacts:
    """The facts of this host, or those that were written to a file. Raise `NeedsRoot`."""
    return reading.read_storage(as_root(Machine())) if facts is None else facts_of(facts)


def as_root(machine: Machine) -> Machine:
    """Raise `NeedsRoot` where all of it cannot be read."""
    if not machine.kernel.is_root():
        raise NeedsRoot
    return machine


def facts_of(path: Path) -> StorageFacts:
    """What `wharf storage status -o json` wrote."""
    content = site_file.read(path, str(path), limit=FACTS_LIMIT).content
    try:
        document = json.loads(content)
        return storage_facts.from_json(document.get("facts", document))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UsageError(
            f"cannot read facts from {str(path)!r}: they are not of a host's storage",
            remedy="write them with `wharf storage status -o json`",
        ) from None
