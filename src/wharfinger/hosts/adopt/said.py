"""
What one source says, as texts with their places: an importer returns this, and `adopted` judges it.

`None` is what the source does not speak of. What it says and no site file can say is a note; a note
is for the person, and nothing becomes one in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wharfinger.hosts.formats.registries_conf import Place


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was not carried over, or that needs a person."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@dataclass(frozen=True, slots=True)
class Told:
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class ToldMirror:
    registry: str
    location: str
    place: Place
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class ToldAuthority:
    """A file of certificates; `registry` is `None` for those of the whole host."""

    registry: str | None
    content: bytes
    place: Place


@dataclass(frozen=True, slots=True)
class ToldClient:
    """A client certificate; its private key stays at `key` on the host."""

    registry: str
    content: bytes
    key: str
    place: Place


@dataclass(frozen=True, slots=True)
class Said:
    """`source` names it where sources disagree; `later` has the rooms of the site file."""

    source: str
    search: tuple[Told, ...] | None = None
    allow: tuple[Told, ...] | None = None
    block: tuple[Told, ...] | None = None
    insecure: tuple[Told, ...] | None = None
    mirrors: tuple[ToldMirror, ...] = ()
    short_names: Told | None = None
    authorities: tuple[ToldAuthority, ...] = ()
    clients: tuple[ToldClient, ...] = ()
    later: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
