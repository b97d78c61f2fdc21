"""
The recap of a fleet, by host, and before it what its hosts would change: equal plans are shown once.

All of it is text from other hosts, and is shown with its control characters escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wharfinger.cli import output
from wharfinger.cli.options import Format
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import sanitized, say
from wharfinger.hosts import fleet
from wharfinger.hosts.fleet import HostReport

RECAP: Final = (
    Column("HOST", lambda item: item["host"]),
    Column("STATE", lambda item: item["state"]),
    Column("CHANGES", lambda item: str(len(item["changes"]))),
    Column("DISRUPTION", lambda item: item["disruption"] or "-"),
    Column("TROUBLE", lambda item: item["trouble"] or "-", wide=True),
)


def show(reports: Sequence[HostReport], form: Format, *, with_changes: bool) -> None:
    documents = [fleet.document(report) for report in reports]
    match form:
        case Format.JSON | Format.YAML:
            say(output.documents({"hosts": documents}, form))
        case Format.NAME:
            for report in reports:
                say(f"host/{sanitized(report.name)}")
        case _:
            for text in _plans(documents) if with_changes else ():
                say(f"{text}\n")
            columns = [one for one in RECAP if form is Format.WIDE or not one.wide]
            say(output.table(documents, columns))


def _plans(documents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Each plan under the names of the hosts that it is for."""
    hosts: dict[str, list[str]] = {}
    plans: dict[str, Mapping[str, Any]] = {}
    for document in documents:
        if document["changes"] or document["limits"]:
            key = json.dumps([document[part] for part in ("changes", "actions", "limits")])
            hosts.setdefault(key, []).append(document["host"])
            plans[key] = document
    for key, document in plans.items():
        yield "\n".join((f"{', '.join(map(sanitized, hosts[key]))}:", *_lines(document)))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    for change in document["changes"]:
        yield sanitized(f"{change['change']} {change['path']}   ({change['statement']})")
        yield from (f"    {sanitized(line)}" for line in change["diff"].splitlines())
    for effect in document["actions"]:
        yield sanitized(f"then {effect['action']} ({effect['disruption']}): {effect['why']}")
    for limit in document["limits"]:
        yield sanitized(
            f"not enforced by {limit['runtime']}: {limit['statement']}: {limit['instead']}"
        )
