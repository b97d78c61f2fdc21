"""
The entries of `metadata.managedFields`: who owns which fields, by which kind of write.

What is stored was written here and is trusted; what a client says is read with care, and taken
as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from wharfinger.cluster.apply import fieldset
from wharfinger.cluster.apply.fieldset import EMPTY, InvalidSet, Set

APPLY: Final = "Apply"
UPDATE: Final = "Update"

MAX_UPDATERS: Final = 10
"""Of one object; the oldest are put together when there are more."""

MAX_NAME: Final = 128
_ANCIENT: Final = "ancient-changes"
_FORMAT: Final = "FieldsV1"

Entry = dict[str, Any]


class InvalidEntries(ValueError):
    """A client's word on managedFields that cannot be taken."""


class Manager(NamedTuple):
    """Who writes, and how: one client has an entry for each way in which it writes."""

    name: str
    operation: str
    api_version: str = ""  # of updates only: an applier is one in all versions
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Owned:
    """What one manager owns."""

    fields: Set
    api_version: str
    time: str


Managed = dict[Manager, Owned]


def stored(entries: Iterable[Mapping[str, Any]]) -> Managed:
    """Read the entries of an object of ours."""
    return {_manager(one): _owned(one, one.get("fieldsV1") or EMPTY) for one in entries}


def parse(entries: Iterable[Mapping[str, Any]]) -> Managed:
    """Read the entries that a client sends; raise `InvalidEntries`."""
    result: Managed = {}
    for entry in entries:
        if entry.get("operation") not in (APPLY, UPDATE):
            raise InvalidEntries("operation must be `Apply` or `Update`")
        if not entry.get("apiVersion") or entry.get("fieldsType") != _FORMAT:
            raise InvalidEntries("apiVersion and fieldsType must be there")
        if name_error(entry.get("manager") or "") or len(entry.get("subresource") or "") > 256:
            raise InvalidEntries("the manager cannot have this name")
        try:
            fields = fieldset.parse(entry.get("fieldsV1") or EMPTY)
        except InvalidSet as error:
            raise InvalidEntries(str(error)) from None
        result[_manager(entry)] = _owned(entry, fields)
    return result


def entries(managed: Managed) -> list[Entry]:
    """The entries in the order in which Kubernetes has them."""
    ordered = sorted(
        managed.items(),
        key=lambda one: (one[0].operation, one[1].time, one[0].name, one[1].api_version, one[0]),
    )
    return [_entry(manager, owned) for manager, owned in ordered]


def capped(managed: Managed) -> Managed:
    """The same ownership with no more updaters than there may be; the oldest become one."""
    updaters = [manager for manager in managed if manager.operation == UPDATE]
    if len(updaters) <= MAX_UPDATERS:
        return managed
    updaters.sort(key=lambda manager: (managed[manager].time, manager))
    result = dict(managed)
    oldest = updaters[: len(updaters) - MAX_UPDATERS + 1]
    fields: Set = EMPTY
    for manager in oldest:
        fields = fieldset.union(fields, result.pop(manager).fields)
    last = managed[oldest[-1]]
    bucket = Manager(_ANCIENT, UPDATE, last.api_version)
    if bucket in result:
        fields = fieldset.union(fields, result[bucket].fields)
    result[bucket] = replace(last, fields=fields)
    return result


def same(one: Managed, other: Managed) -> bool:
    """Whether the ownership is the same, whenever it came to be."""
    return one.keys() == other.keys() and all(
        one[manager].fields == other[manager].fields
        and one[manager].api_version == other[manager].api_version
        for manager in one
    )


def name_error(name: str) -> str:
    """Say what keeps a text from naming a manager; "" is nothing."""
    if len(name.encode()) > MAX_NAME:
        return f"Too long: may not be more than {MAX_NAME} bytes"
    for place, char in enumerate(name):
        if not _printable(char):
            return f"invalid character U+{ord(char):04X} (at position {place})"
    return ""


def named_by_agent(user_agent: str) -> str:
    """The manager that a client is unless it says otherwise: what it calls itself."""
    name = "".join(char for char in user_agent.partition("/")[0] if _printable(char))
    return name.encode()[:MAX_NAME].decode(errors="ignore") or "unknown"


def _printable(char: str) -> bool:
    return char == " " or (char.isprintable() and not char.isspace())


def _manager(entry: Mapping[str, Any]) -> Manager:
    operation = entry["operation"]
    version = "" if operation == APPLY else entry["apiVersion"]
    return Manager(entry.get("manager") or "", operation, version, entry.get("subresource") or "")


def _owned(entry: Mapping[str, Any], fields: Set) -> Owned:
    return Owned(fields, entry["apiVersion"], entry.get("time") or "")


def _entry(manager: Manager, owned: Owned) -> Entry:
    entry = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": owned.api_version,
        "time": owned.time,
        "fieldsType": _FORMAT,
        "fieldsV1": owned.fields,
        "subresource": manager.subresource,
    }
    return {name: value for name, value in entry.items() if value != "" or name == "manager"}
