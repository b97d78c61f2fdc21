"""All that is wrong with a file that people write, each with its line, told together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from wharfinger.errors import BadInput, WharfingerError

SHOWN: int = 50
"""More faults than a person reads at once say only that the file is another one."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """`place` is the path of keys (`registries.insecure[0]`), empty for the whole file."""

    line: int
    place: str
    message: str
    remedy: str | None = None

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        remedy = f" ({self.remedy})" if self.remedy is not None else ""
        return f"{self.line}: {place}{self.message}{remedy}"


class UnreadableDocument(BadInput):
    """A file with faults; each stands in `faults`, and in `details` with file and line."""

    code = "unreadable-document"
    where_to_look: str | None = None

    def __init__(self, name: str, faults: tuple[Fault, ...]) -> None:
        number = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(f"cannot use {name}: it has {number}", remedy=self.where_to_look)
        self.faults = faults
        self.details = tuple(f"{name}:{fault}" for fault in faults[:SHOWN])


class InvalidSite(UnreadableDocument):
    """A site file with faults."""

    code = "invalid-site"
    where_to_look = "docs/reference/site.md lists every key"


@dataclass(slots=True)
class Faults:
    """Collects faults, so that one look at the file tells all of them."""

    found: list[Fault] = field(default_factory=list)

    def add(self, line: int, place: str, message: str, remedy: str | None = None) -> None:
        self.found.append(Fault(line, place, message, remedy))

    def of_error(self, line: int, place: str, error: WharfingerError) -> None:
        self.add(line, place, error.message, error.remedy)

    def __iter__(self) -> Iterator[Fault]:
        return iter(sorted(self.found, key=lambda fault: fault.line))

    def __bool__(self) -> bool:
        return bool(self.found)
