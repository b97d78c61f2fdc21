"""What a client may ask of a request beside its object; parsed by the server, obeyed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from wharfinger.cluster.selector import EVERYTHING, Selector


class FieldValidation(StrEnum):
    """What to do about fields that the kind does not have."""

    STRICT = "Strict"
    WARN = "Warn"
    IGNORE = "Ignore"


class Propagation(StrEnum):
    """What becomes of the objects that a deleted one owns."""

    ORPHAN = "Orphan"
    BACKGROUND = "Background"
    FOREGROUND = "Foreground"


def _unheard(_: str) -> None:
    return None


def _anyway() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Of a create, update or patch. `warn` gets what the client should read.

    The last three are for a server-side apply: whether it takes over what others manage; what
    is asked (and may raise) before it makes an object, and what is told once it has made one.
    """

    dry_run: bool = False
    field_validation: FieldValidation = FieldValidation.STRICT
    field_manager: str = ""
    warn: Callable[[str], None] = _unheard
    force: bool = False
    allow_creation: Callable[[], None] = _anyway
    tell_created: Callable[[], None] = _anyway


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOptions:
    """Of a delete; `uid` and `resource_version` are preconditions, "" is none.

    `warn` gets what the client should read.
    """

    dry_run: bool = False
    uid: str = ""
    resource_version: str = ""
    propagation: Propagation | None = None  # None: what the kind says
    grace: int | None = None  # seconds to end gracefully; None: what the kind says
    warn: Callable[[str], None] = _unheard


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    selector: Selector = EVERYTHING
    limit: int = 0  # 0: no limit
    continue_token: str = ""
    resource_version: str = ""
    resource_version_match: str = ""  # "", Exact or NotOlderThan


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    selector: Selector = EVERYTHING
    resource_version: str = ""
    bookmarks: bool = False
    initial_events: bool | None = None  # None: what the resource version implies

    @property
    def tells_end(self) -> bool:
        """Whether a bookmark tells where the initial events end: who wants none gets none."""
        return bool(self.initial_events) and self.bookmarks
