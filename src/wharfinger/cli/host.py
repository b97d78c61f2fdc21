"""The host that a command is about: this one, a directory tree, or one whose facts were written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from wharfinger.cli import site_file
from wharfinger.cli.errors import UsageError
from wharfinger.hosts.on_host import facts as host_facts
from wharfinger.hosts.on_host import reading
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.on_host.machine import Machine

HERE: Final = Path("/")
FACTS_LIMIT: Final = 64 << 20

SiteOption = Annotated[Path, Parameter(show_default=True)]
RootOption = Annotated[Path, Parameter(show_default=False)]
FactsOption = Annotated[Path | None, Parameter(show_default=False)]


def machine(root: Path = HERE) -> Machine:
    if not root.is_dir():
        raise UsageError(f"cannot use {str(root)!r} as a root: it is no directory")
    return Machine(str(root))


def found(root: Path = HERE, facts: Path | None = None) -> Facts:
    """The facts of the host at `root`, or those that were written to a file."""
    return reading.read_facts(machine(root)) if facts is None else facts_of(facts)


def facts_of(path: Path) -> Facts:
    """What `wharf hosts facts -o json` wrote."""
    content = site_file.read(path, str(path), limit=FACTS_LIMIT).content
    try:
        return host_facts.from_json(json.loads(content))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UsageError(
            f"cannot read facts from {str(path)!r}: they are not what `wharf hosts facts` writes",
            remedy="write them with `wharf hosts facts -o json`",
        ) from None
