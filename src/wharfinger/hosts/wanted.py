"""
What a compiler says of a runtime: the files that the site's statements become on this host.

A compiler is a module of `hosts/runtimes` with `NAME`, and a pure function

    compile(site: Site, facts: Facts) -> Compiled

It reads what stands in `facts.files`, edits it by its lines, and returns the whole of each file as it
should be. `plan` compares. Files that are ours alone are named so that they can be known again
(`wharfinger` in the name), and a compiler asks for those that the site no longer wants to be absent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from wharfinger.hosts.on_host.changes import Action, Disruption, Proof
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.site.model import Site


@dataclass(frozen=True, slots=True)
class Effect:
    """What a changed file needs to take effect, what that costs, and why it is needed."""

    action: Action
    disruption: Disruption
    why: str


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file as it should be; `content` is `None` where none should be.

    `reason` names the statement of the site (`registries.insecure`). `effects` count only if the file
    changes. `secret` content is never printed. `mode` is for a file that is new.
    """

    path: str
    content: bytes | None = field(repr=False)
    reason: str
    effects: tuple[Effect, ...] = ()
    mode: int = 0o644
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """A statement of the site that this runtime cannot enforce, and what happens instead."""

    statement: str
    instead: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """`proofs` are to be shown after any change of this runtime's files."""

    files: tuple[WantedFile, ...] = ()
    proofs: tuple[Proof, ...] = ()
    limits: tuple[Limit, ...] = ()


class Compiler(Protocol):
    """A module of `hosts/runtimes`. `concerns` says whether the host has this runtime at all."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a constant of the module

    def concerns(self, facts: Facts, /) -> bool: ...

    def compile(self, site: Site, facts: Facts, /) -> Compiled: ...
