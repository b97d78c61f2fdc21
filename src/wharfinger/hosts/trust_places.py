"""
What stands in the trust directories of a host, file by file: whose it is, what it is, what is wrong.

Pure: it looks at facts. What a runtime makes of these files as a whole is seen in a handshake
(`on_host/handshake.py`); this says what each file is, and which of them nobody will read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from wharfinger.errors import TooLarge, WharfingerError
from wharfinger.hosts import authorities, certificates
from wharfinger.hosts.certificates import Certificate, UnreadableCertificate
from wharfinger.hosts.on_host import runtime_trust
from wharfinger.hosts.on_host.facts import Facts, FoundFile
from wharfinger.oci.registry_host import RegistryHost

AUTHORITY: Final = "authority"
CLIENT: Final = "client certificate"
KEY: Final = "client key"

_PORT: Final = re.compile(r"(.+)_([0-9]{1,5})_")
_TREES: Final = {
    "docker": (runtime_trust.DOCKER_CERTS,),
    "containers": ("/etc/containers/certs.d",),
    "containerd": (runtime_trust.CONTAINERD_CERTS,),
}
_PEM: Final = b"-----BEGIN "


@dataclass(frozen=True, slots=True)
class Standing:
    """A certificate in a file, or a file without one. `registry` is empty for the whole host.

    `trouble` says why it does not do what its name promises.
    """

    runtime: str
    registry: str
    path: str
    role: str
    ours: bool
    certificate: Certificate | None = None
    trouble: str = ""


def find(facts: Facts, now: datetime) -> list[Standing]:
    """Everything in the trust directories, ordered by runtime, registry and path."""
    found = (
        standing
        for path, file in sorted(facts.files.items())
        if file.kind != "directory"
        for standing in _of_file(path, file, facts, now)
    )
    return sorted(found, key=lambda one: (_order(one.runtime), one.registry))


def registries(facts: Facts) -> list[RegistryHost]:
    """The registries that some directory of this host is named after."""
    found = set()
    for path in facts.files:
        place = _place(path, facts)
        if place is not None and place[1]:
            try:
                found.add(RegistryHost.parse(place[1]))
            except WharfingerError:
                continue  # `_default`, or a name that no image can have
    return sorted(found, key=str)


def _order(runtime: str) -> int:
    return runtime_trust.RUNTIMES.index(runtime)


def _of_file(path: str, file: FoundFile, facts: Facts, now: datetime) -> Iterator[Standing]:
    place = _place(path, facts)
    if place is None:
        return
    runtime, registry = place
    role = _role(path, runtime)
    if role is None:
        return
    ours = posixpath.basename(path).startswith("wharfinger")
    plain = Standing(runtime, registry, path, role, ours)
    if role == KEY:
        yield _with(plain, None, _of_key(path, file, facts))
        return
    try:
        found = _read(path, file)
    except _Unseen as unseen:
        yield _with(plain, None, str(unseen))
        return
    for certificate in found:
        yield _with(plain, certificate, _trouble(plain, certificate, file, facts, now))


def _with(plain: Standing, certificate: Certificate | None, trouble: str) -> Standing:
    return Standing(
        plain.runtime, plain.registry, plain.path, plain.role, plain.ours, certificate, trouble
    )


def _place(path: str, facts: Facts) -> tuple[str, str] | None:
    """The runtime that reads the file, and for which registry."""
    folder = posixpath.dirname(path)
    if any(f"{path}/".startswith(f"{anchors}/") for anchors in runtime_trust.ANCHORS.values()):
        return ("system", "")
    above, directory = posixpath.split(folder)
    for runtime, trees in _TREES.items():
        if above in trees or (runtime == "containerd" and above in _configured(facts)):
            port = _PORT.fullmatch(directory) if runtime == "containerd" else None
            return (runtime, directory if port is None else f"{port[1]}:{port[2]}")
    return None


def _configured(facts: Facts) -> list[str]:
    config = facts.content(runtime_trust.CONTAINERD_CONFIG) or b""
    return runtime_trust.config_paths(config)


def _role(path: str, runtime: str) -> str | None:
    kind = posixpath.splitext(path)[1]
    if runtime == "system":
        return AUTHORITY
    if kind == ".pem":
        return AUTHORITY if runtime == "containerd" else None
    return {".crt": AUTHORITY, ".cert": CLIENT, ".key": KEY}.get(kind)


class _Unseen(Exception):
    """There is no certificate to look at; the text says why."""


def _read(path: str, file: FoundFile) -> tuple[Certificate, ...]:
    if file.kind == "symlink":
        raise _Unseen(f"a link to {file.target}")
    if file.content is None:
        raise _Unseen("there is a private key in it" if file.digest else "it was not read")
    try:
        return certificates.read(file.content, path)
    except UnreadableCertificate as error:
        raise _Unseen(error.reason) from None
    except TooLarge as error:
        raise _Unseen(error.message) from None


def _of_key(path: str, file: FoundFile, facts: Facts) -> str:
    certificate = f"{path.removesuffix('.key')}.cert"
    if certificate not in facts.files:
        return (
            f"{posixpath.basename(certificate)} is missing beside it: docker refuses the registry"
        )
    return "others can read it" if file.kind == "file" and file.mode & 0o007 else ""


def _trouble(
    plain: Standing, certificate: Certificate, file: FoundFile, facts: Facts, now: datetime
) -> str:
    if plain.role == CLIENT:
        return _of_client(plain.path, certificate, facts, now)
    if _PEM not in (file.content or b"") and plain.path.find("/etc/pki/") != 0:
        return "it is DER, and only PEM is read here"
    if plain.path.startswith("/usr/local/share/") and not plain.path.endswith(".crt"):
        return "only names that end in .crt are read here"
    return authorities.refusal(certificate, now, _registry(plain.registry)) or ""


def _of_client(path: str, certificate: Certificate, facts: Facts, now: datetime) -> str:
    key = f"{path.removesuffix('.cert')}.key"
    if key in facts.files:
        return "it has expired" if certificate.ends < now else ""
    trap = "; a CA is named .crt" if certificate.is_authority else ""
    return f"{posixpath.basename(key)} is missing beside it: docker refuses the registry{trap}"


def _registry(text: str) -> RegistryHost | None:
    try:
        return RegistryHost.parse(text)
    except WharfingerError:
        return None
