"""
From what is wanted and what is found to the changes between, in the order in which they are made.

Pure: no file is read here and none written. An empty plan means "already so". Where two compilers
want one file differently, that is a fault of ours and is refused, never decided by order.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from wharfinger.errors import Conflict
from wharfinger.hosts import runtimes
from wharfinger.hosts.on_host.changes import (
    Action,
    Disruption,
    DockerAnswers,
    FileChange,
    Order,
    Proof,
    RemoveFile,
    WriteFile,
)
from wharfinger.hosts.on_host.facts import Facts, FoundFile
from wharfinger.hosts.site.model import Site
from wharfinger.hosts.wanted import Compiled, Compiler, Effect, Limit, WantedFile

_COVERED_BY_RESTART = {Action.RELOAD_DOCKER: Action.RESTART_DOCKER}


class NotAFile(Conflict):
    """Where a file belongs stands something else: a link, a directory, a pipe, or far too much."""

    code = "not-a-file"

    def __init__(self, path: str, found: FoundFile) -> None:
        stands = "what stands there is too large" if found.kind == "file" else _stands(found)
        super().__init__(
            f"cannot plan for {path}: {stands}",
            remedy=f"look at it, and move it away (`mv {path} {path}.old`) if nobody needs it",
        )
        self.path = path


class Disagreement(Conflict):
    """Two compilers want one file differently."""

    code = "compilers-disagree"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"cannot plan for {path}: two runtimes read it and want it differently",
            remedy="report this with the output of `wharf hosts facts`",
        )
        self.path = path


@dataclass(frozen=True, slots=True)
class Change:
    """One file that changes: `before` is `None` for one that is new, `wanted.content` for one to go."""

    wanted: WantedFile
    before: FoundFile | None

    @property
    def disruption(self) -> Disruption:
        return max((effect.disruption for effect in self.wanted.effects), default=Disruption.NONE)

    def diff(self) -> str:
        """The change as a unified diff. Of certificates, keys and programs one line says what they are."""
        old = b"" if self.before is None else self.before.content or b""
        new = self.wanted.content or b""
        names = (
            "/dev/null" if self.before is None else self.wanted.path,
            "/dev/null" if self.wanted.content is None else self.wanted.path,
        )
        if summary := self._summary(new or old):
            return f"--- {names[0]}\n+++ {names[1]}\n({summary})\n"
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in difflib.unified_diff(_lines(old), _lines(new), *names)
        )

    def _summary(self, content: bytes) -> str:
        """What a file is whose lines tell a person nothing; empty if they do."""
        if self.wanted.secret:
            return "private key, not shown"
        if b"\0" in content:
            return f"program of {len(content) >> 10} KiB, not shown"
        return _certificate(content)

    def order(self) -> FileChange:
        expect = None if self.before is None else self.before.digest
        if self.wanted.content is None:
            assert expect is not None
            return RemoveFile(self.wanted.path, expect)
        return WriteFile(self.wanted.path, self.wanted.content, expect, self.wanted.mode)


@dataclass(frozen=True, slots=True)
class Plan:
    """`effects` are what the changes need, each action once with its largest disruption."""

    changes: tuple[Change, ...] = ()
    effects: tuple[Effect, ...] = ()
    proofs: tuple[Proof, ...] = ()
    limits: tuple[tuple[str, Limit], ...] = ()
    """Beside each limit the runtime that has it."""
    claims: tuple[Proof, ...] = ()
    """All that should hold on this host, whether or not anything changes; `proofs` are among them."""

    @property
    def disruption(self) -> Disruption:
        return max((effect.disruption for effect in self.effects), default=Disruption.NONE)

    @property
    def order(self) -> Order:
        return Order(
            tuple(change.order() for change in self.changes),
            tuple(effect.action for effect in self.effects),
            self.proofs if self.changes else (),
        )


def plan(site: Site, facts: Facts, *, compilers: Iterable[Compiler] | None = None) -> Plan:
    """List what has to change on a host for it to be as the site says."""
    compiled = {
        compiler.NAME: compiler.compile(site, facts)
        for compiler in (runtimes.COMPILERS if compilers is None else compilers)
        if compiler.concerns(facts)
    }
    changes = tuple(_changes(compiled.values(), facts))
    changed = {change.wanted.path for change in changes}
    effects = _merged(effect for change in changes for effect in change.wanted.effects)
    actions = {effect.action for effect in effects}
    restarts = Action.RESTART_DOCKER in actions
    proofs = [
        _of_another_process(proof) if restarts else proof
        for one in compiled.values()
        if any(file.path in changed for file in one.files)
        for proof in one.proofs
    ]
    claims = [proof for one in compiled.values() for proof in one.proofs]
    return Plan(
        changes,
        tuple(
            effect for effect in effects if _COVERED_BY_RESTART.get(effect.action) not in actions
        ),
        tuple(dict.fromkeys(proofs)),
        tuple((name, limit) for name, one in compiled.items() for limit in one.limits),
        tuple(dict.fromkeys(claims)),
    )


def _changes(compiled: Iterable[Compiled], facts: Facts) -> Iterator[Change]:
    wanted: dict[str, WantedFile] = {}
    for file in (file for one in compiled for file in one.files):
        if (other := wanted.setdefault(file.path, file)).content != file.content:
            raise Disagreement(other.path)
    for path, file in wanted.items():
        before = facts.files.get(path)
        if before is not None and before.digest is None:
            raise NotAFile(path, before)
        if not _is_so(file, before):
            yield Change(file, before)


def _stands(found: FoundFile) -> str:
    target = "" if found.target is None else f" to {found.target}"
    return f"there stands a {found.kind}{target} instead of a file"


def _is_so(wanted: WantedFile, before: FoundFile | None) -> bool:
    if before is None or wanted.content is None:
        return before is None and wanted.content is None
    return before.digest == digest(wanted.content)


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _certificate(content: bytes) -> str:
    if not content.startswith(b"-----BEGIN CERTIFICATE-----"):
        return ""
    from wharfinger.hosts import certificates  # it takes a while, and many plans have none

    try:
        read = certificates.read(content, "the plan")
    except certificates.UnreadableCertificate:
        return ""
    return ", ".join(f"certificate of {one.subject} until {one.ends:%Y-%m-%d}" for one in read)


def _merged(effects: Iterable[Effect]) -> list[Effect]:
    """Each action once, at its highest price, in the order in which actions are done."""
    dearest: dict[Action, Effect] = {}
    for effect in effects:
        known = dearest.get(effect.action)
        if known is None or known.disruption < effect.disruption:
            dearest[effect.action] = effect
    return [dearest[action] for action in Action if action in dearest]


def _of_another_process(proof: Proof) -> Proof:
    """What a compiler takes for a reload may be part of a restart that another one asks for."""
    return replace(proof, same_pid=False) if isinstance(proof, DockerAnswers) else proof


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "backslashreplace").splitlines(keepends=True)
