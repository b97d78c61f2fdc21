"""
From which registries images may be imported: `allowedRegistriesForImport`.

    line := host-glob [":" port-glob]        "*" any run of characters, "?" one byte

The list belongs to a site that may have it from OpenShift, so its matching is that of OpenShift to
the letter: host and port are held against their globs apart, case counts, a path never matches.
A line without a port means port 443, or 80 if it is `insecure`. What is compared of an image name
depends on the transport that is asked for:

- `SECURE` and `INSECURE`: the host that answers for the name, with port 443 or 80 if none is written;
- `ANY` (a client that falls back): the name as written; without a port it fits lines whose port
  is written 80, 443 or `*`.

In OpenShift `insecure` says nothing else. Here it is besides what lets an import go without a
certificate that holds: a flag of the request alone never does (`insecure`).

Docker Hub answers at `registry-1.docker.io`, so lines are tried with `docker.io` first and then with
that. Nobody but OpenShift reads globs this way; the lists of a site file (`patterns.py`) do not.

Whoever asks has parsed the name (`oci/reference.py`): `docker.io.evil.test/x` can never be taken for
`docker.io`. A refusal names the list, and the line that nearly fits, if one does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from wharfinger.errors import BadInput
from wharfinger.oci.reference import HUB, HUB_V1, HUB_V2, ImageReference
from wharfinger.policy.globs import matches
from wharfinger.policy.imagepolicy.faults import Fault, Faults, Section

MAX_LINES: Final = 1000
LINE_LIMIT: Final = 300
_SHOWN: Final = 5
_EITHER_PORT: Final = ("80", "443", "*")


class Transport(StrEnum):
    SECURE = "secure"
    INSECURE = "insecure"
    ANY = "any"

    @classmethod
    def of(cls, *, insecure: bool) -> Transport:
        """How a tag is fetched: an insecure one may still be served with TLS."""
        return cls.ANY if insecure else cls.SECURE


class InvalidImportList(BadInput):
    code = "invalid-import-list"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"cannot read the registries allowed for import: {faults[0]}",
            remedy="write each as {domainName: host[:port], insecure: true or false}",
        )
        self.faults = tuple(faults)
        self.details = tuple(map(str, faults)) if len(faults) > 1 else ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """`text` is what clients of OpenShift know, to the letter; `reason` and `remedy` say more."""

    text: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Line:
    """Two are equal if they cover the same."""

    host: str
    port: str
    insecure: bool = field(default=False, compare=False)

    @classmethod
    def parse(cls, text: str, *, insecure: bool = False) -> Line:
        host, colon, port = text.partition(":")
        return cls(host, port if colon else "80" if insecure else "443", insecure)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def covers(self, host: str, port: str) -> bool:
        return matches(self.host, host) and self._takes(port)

    def _takes(self, port: str) -> bool:
        return matches(self.port, port) if port else self.port in _EITHER_PORT


@dataclass(frozen=True, slots=True)
class ImportList:
    """`repositories` are allowed whatever the lines say: those that an object names already."""

    lines: tuple[Line, ...] = ()
    repositories: frozenset[str] = frozenset()

    def allowed(self, reference: ImageReference, transport: Transport) -> Refusal | None:
        """Why images may not come from there; None if they may."""
        if self.repositories and canonical_repository(reference) in self.repositories:
            return None
        host, port = _asked(reference, transport)
        hosts = (HUB, host) if host in (HUB_V1, HUB_V2) else (host,)
        if any(line.covers(one, port) for one in hosts for line in self.lines):
            return None
        return self._refusal(reference, hosts, port)

    def insecure(self, reference: ImageReference) -> bool:
        """Whether a line says that the registry may be asked without a certificate that holds."""
        host, port = _asked(reference, Transport.ANY)
        return any(line.insecure and line.covers(host, port) for line in self.lines)

    def beside(self, registry: str) -> ImportList:
        """The same list, with the site's own registry in front."""
        return self.with_line(registry, Transport.SECURE) if registry else self

    def with_line(self, text: str, transport: Transport) -> ImportList:
        """Put a line in front. `ANY` without a port stands for both usual ports."""
        insecure = transport is Transport.INSECURE
        added = [Line.parse(text, insecure=insecure)]
        if transport is Transport.ANY and ":" not in text:
            added = [Line(text, "80"), Line(text, "443")]
        lines = self.lines
        for line in added:
            lines = lines if line in lines else (line, *lines)
        return replace(self, lines=lines)

    def with_repositories(self, references: Iterable[ImageReference]) -> ImportList:
        added = frozenset(map(canonical_repository, references))
        return replace(self, repositories=self.repositories | added)

    def _refusal(self, reference: ImageReference, hosts: tuple[str, ...], port: str) -> Refusal:
        asked = f"{hosts[-1]}:{port}" if port else hosts[-1]
        shown = reference.registry or (f"{hosts[0]}:{port}" if port else hosts[0])
        refused = f"registry {_quoted(shown)} not allowed by"
        if not self.lines:
            return Refusal(
                f"{refused} empty whitelist",
                "allowedRegistriesForImport is there and lists no registry",
                "ask an administrator to list the registries that images may be imported from",
            )
        return Refusal(
            f"{refused} whitelist: {_summary(self.lines)}",
            self._reason(asked, hosts, port),
            f"import from a registry of the list, or ask an administrator to add {asked} to it",
        )

    def _reason(self, asked: str, hosts: tuple[str, ...], port: str) -> str:
        near = next((one for one in self.lines if any(matches(one.host, h) for h in hosts)), None)
        if near is not None:
            wanted = f"port {port}" if port else "a usual port"
            return f"the line {near} of allowedRegistriesForImport allows port {near.port}, not {wanted}"
        path = next((one for one in self.lines if one.host.partition("/")[0] in hosts), None)
        if path is not None:
            return (
                f"the line {path} of allowedRegistriesForImport has a path, and those never match"
            )
        case = next(
            (one for one in self.lines if matches(one.host.lower(), hosts[-1].lower())), None
        )
        if case is not None:
            return f"the line {case} of allowedRegistriesForImport has other letters: case counts"
        return f"no line of allowedRegistriesForImport covers {asked}"


def canonical_repository(reference: ImageReference) -> str:
    """The repository with all that a Docker client fills in, however it was written."""
    return reference.with_client_defaults().as_repository().exact()


def read(entries: Any) -> ImportList:
    """Read a list of `{domainName, insecure}`; raise `InvalidImportList` with all that is wrong."""
    faults = Faults()
    found = from_section(Section({_KEY: entries}, (), faults))
    if faults.found:
        raise InvalidImportList(faults.found)
    return found or ImportList()


def from_section(section: Section) -> ImportList | None:
    """The list of a configuration, None if it has none; what is wrong is added to its faults."""
    if section.values.get(_KEY) is None:
        return None
    entries = list(section.sections(_KEY, ("domainName", "insecure")))
    if len(entries) > MAX_LINES:
        section.faults.forbidden(section.at(_KEY), f"at most {MAX_LINES} lines")
        return ImportList()
    named = [(entry, entry.text("domainName"), entry.flag("insecure")) for entry in entries]
    for entry, text, _ in named:
        for fault in line_faults(text):
            section.faults.invalid(entry.at("domainName"), text, fault)
    lines: tuple[Line, ...] = ()
    # From the end, since of two equal lines OpenShift keeps the second, and says so in refusals.
    for _, text, insecure in reversed(named):
        line = Line.parse(text, insecure=insecure)
        lines = lines if line in lines else (line, *lines)
    return ImportList(lines)


def line_faults(text: str) -> list[str]:
    """Say what keeps a line from being one, in the words of OpenShift where it has some."""
    host, colon, port = text.partition(":")
    if not text:
        return ["cannot be an empty string", _NO_DOMAIN]
    if "\\" in text:
        meant = json.dumps(text.replace("\\", ""), ensure_ascii=False)
        return [f"write {meant}: the backslash in some guides belongs to their typesetting"]
    if len(text) > LINE_LIMIT:
        return [f"must be no more than {LINE_LIMIT} characters"]
    if not host:
        return [_NO_DOMAIN]
    if ":" in port:
        return [f"invalid format, {_FORM}"]
    if colon and not (port and set(port) <= _PORT_GLOB):
        return ["invalid port format, must be a number"]
    return []


_KEY: Final = "allowedRegistriesForImport"
_PORT_GLOB: Final = frozenset("0123456789*?")
_FORM: Final = "must be registry.url.local[:port]"
_NO_DOMAIN: Final = f"invalid domain specified, {_FORM}"


def _asked(reference: ImageReference, transport: Transport) -> tuple[str, str]:
    if transport is not Transport.ANY:
        return reference.registry_address(insecure=transport is Transport.INSECURE)
    if not reference.registry:
        return HUB, ""
    host, colon, port = reference.registry.rpartition(":")
    if colon and port.isdecimal():
        return host.removeprefix("[").removesuffix("]"), port
    return reference.registry, ""


def _summary(lines: Sequence[Line]) -> str:
    if len(lines) <= _SHOWN:
        return ", ".join(_quoted(str(line)) for line in lines)
    first = ", ".join(_quoted(str(line)) for line in lines[: _SHOWN - 1])
    return f"{first}, and {len(lines) - _SHOWN + 1} more ..."


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
