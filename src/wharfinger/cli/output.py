"""
Results as a person reads them (a table), or as a program does (JSON, YAML, names).

Only tables are sanitised and only tables are cut to columns: a program gets the whole object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from wharfinger.cli.options import Format
from wharfinger.cli.terminal import sanitized, say

if TYPE_CHECKING:
    from wharfinger.cli.client import Object

CELL_LIMIT: Final = 200
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


@dataclass(frozen=True, slots=True)
class Column:
    header: str
    value: Callable[[Object], str]
    wide: bool = False


def show(found: Object, form: Format, *, columns: Sequence[Column], kind: str) -> None:
    """Print an object or a list of them; `kind` is what `-o name` puts before each name."""
    match form:
        case Format.JSON | Format.YAML:
            say(documents(found, form))
        case Format.NAME:
            for item in items(found):
                say(f"{kind}/{sanitized(name(item))}")
        case _:
            chosen = [column for column in columns if form is Format.WIDE or not column.wide]
            say(table(items(found), chosen))


def tell(
    found: Object, form: Format, message: str, *, columns: Sequence[Column], kind: str
) -> None:
    """Print a sentence for a person where a program would get the object."""
    if form in (Format.TABLE, Format.WIDE):
        say(message)
    else:
        show(found, form, columns=columns, kind=kind)


def documents(found: Any, form: Format) -> str:
    """The whole of an object as text for a program."""
    if form is Format.YAML:
        from wharfinger.cli import yaml

        return yaml.text_of(found).rstrip("\n")
    return json.dumps(found, indent=2)


def items(found: Object) -> list[Object]:
    return found["items"] if isinstance(found.get("items"), list) else [found]


def table(rows: Sequence[Object], columns: Sequence[Column]) -> str:
    lines = [[column.header for column in columns]]
    lines += [[_cell(column.value(row)) for column in columns] for row in rows]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cell(text: str) -> str:
    text = sanitized(text)
    return text if len(text) <= CELL_LIMIT else text[: CELL_LIMIT - 1] + "…"


def name(item: Object) -> str:
    return str(item.get("metadata", {}).get("name", ""))


def age(item: Object) -> str:
    """How long ago an object was made, as `kubectl` rounds it."""
    created = item.get("metadata", {}).get("creationTimestamp")
    if not isinstance(created, str):
        return "<unknown>"
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return "<unknown>"
    return duration((datetime.now(UTC) - moment).total_seconds())


def duration(seconds: float) -> str:
    whole = max(int(seconds), 0)
    for unit, size, above in (("d", 86400, 2 * 86400), ("h", 3600, 3 * 3600), ("m", 60, 120)):
        if whole >= above:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def size(amount: int) -> str:
    """In binary units, with as many digits as one wants to read: `512 MiB`, `1.5 GiB`."""
    value, unit = float(amount), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    digits = 0 if unit == 0 or value >= 99.95 else 1
    return f"{value:.{digits}f} {_UNITS[unit]}"


NAME: Final = Column("NAME", name)
AGE: Final = Column("AGE", age)
