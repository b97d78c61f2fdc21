"""What is allowed to be disturbed, and whether a person agrees: asked before a host is changed."""

from __future__ import annotations

import sys
from enum import StrEnum

from wharfinger.cli.errors import Blocked, UsageError
from wharfinger.cli.terminal import ask
from wharfinger.hosts.on_host.changes import Disruption


class Allowed(StrEnum):
    """The largest disruption that an apply may cause."""

    NONE = "none"
    RELOAD = "reload"
    RESTART = "restart"
    DRAIN = "drain"

    @property
    def disruption(self) -> Disruption:
        return Disruption[self.name]


def require_allowed(needed: Disruption, allowed: Allowed) -> None:
    if needed > allowed.disruption:
        raise Blocked(
            f"cannot apply: it needs a {needed}, and at most {allowed} is allowed",
            remedy=f"allow it with --disruption {needed}; for a drain, move the containers away "
            "first",
        )


def require_person(what: str = "apply") -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            f"cannot ask whether to {what}: stdin is not a terminal", remedy="say so with --yes"
        )


def require(what: str = "apply") -> None:
    """Go on only with a yes."""
    require_person(what)
    if ask(f"{what.capitalize()}? [y/N]").strip().lower() not in ("y", "yes"):
        raise Blocked(f"cannot {what}: nobody agreed to it", remedy="answer y, or give --yes")


def require_typed(what: str, word: str) -> None:
    """Go on only if the person types this very word: for what cannot be taken back."""
    require_person(what)
    if ask(f"Type {word} to {what}").strip() != word:
        raise Blocked(f"cannot {what}: nobody agreed to it", remedy=f"type {word}, or give --yes")
