"""
The site file: every key that it may have, declared once, and the values that it becomes.

`parse` reads text and, through `Files`, what the text names. `schema` is the same declaration for
editors. Whether the certificates are ones to trust is judged elsewhere (`wharf site check` asks).
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.errors import BadInput, NotFound
from wharfinger.hosts.site import document, grammars, private_key, storage_room
from wharfinger.hosts.site.faults import Faults, InvalidSite
from wharfinger.hosts.site.model import (
    ClientCertificate,
    Mirror,
    Network,
    Registries,
    RegistryTrust,
    ShortNames,
    Site,
    Trust,
)
from wharfinger.hosts.site.shapes import (
    Choice,
    Either,
    Flag,
    Key,
    Made,
    Many,
    Record,
    Room,
    Schema,
    Shape,
    Table,
    Text,
)
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.access import ALL
from wharfinger.policy.patterns import RegistryPattern

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
LATER: Final = ("imagePolicy", "imports")


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that the site file names."""

    content: bytes
    mode: int = 0o600


Files = Callable[[str], GivenFile]
"""Reads a file by its path as it stands in the site file; raises a `WharfingerError`."""


class KeyForAll(BadInput):
    """A private key that everybody on the machine can read."""

    code = "key-readable-by-all"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"cannot take private key {path!r}: everybody on this machine can read it",
            remedy=f"run `chmod o= {path}`",
        )


class NoFile(NotFound):
    code = "no-such-file"

    def __init__(self, path: str) -> None:
        super().__init__(f"cannot read {path!r}: there is no such file")


def no_files(path: str) -> GivenFile:
    """For a site that names none."""
    raise NoFile(path)


def parse(content: bytes, *, name: str = "site.yaml", files: Files = no_files) -> Site:
    """The site that a file describes; raise `InvalidSite` with all its faults."""
    root = document.read(name, content)
    faults = Faults()
    site = _site(files).read(root, "", faults)
    if faults or site is None:
        raise InvalidSite(name, tuple(faults))
    return site


def schema() -> Schema:
    """The JSON Schema of a site file. It may accept what `parse` refuses, never the reverse."""
    return {
        "$schema": DIALECT,
        "title": "Site file of Wharfinger",
        "description": "What the hosts of a site search, use, block, trust and store.",
        **_site(no_files).schema(),
    }


def _site(files: Files) -> Record[Site]:
    return Record(
        {
            "registries": Key(_registries(), "Which registries hosts use, and how."),
            "trust": Key(_trust(files), "Whom hosts trust to vouch for a registry."),
            "storage": Key(storage_room.shape(), "Where hosts keep images and containers."),
            "imagePolicy": Key(Room(), "Kept for the image policy: an ImagePolicyConfig."),
            "imports": Key(Room(), "Kept for the import of images."),
        },
        _build_site,
    )


def _build_site(values: Mapping[str, Any]) -> Site:
    return Site(
        values.get("registries", Registries()),
        values.get("trust", Trust()),
        values.get("storage"),
        {name: values[name] for name in LATER if name in values},
    )


def _registries() -> Record[Registries]:
    mirror: Record[Mirror] = Record(
        {
            "location": Key(grammars.MIRRORED, "host[:port][/path] of the mirror.", needed=True),
            "insecure": Key(Flag(), "The mirror may be without TLS or with any certificate."),
        },
        lambda values: Mirror(values["location"], values.get("insecure", False)),
    )
    either: Either[Mirror] = Either(grammars.MIRROR, mirror)
    mirrors = Table(grammars.MIRRORED, Many(either))
    insecure: Many[RegistryHost | Network] = Many(grammars.INSECURE)
    return Record(
        {
            "search": Key(
                Many(grammars.REGISTRY),
                "Registries of images named without one: first named, first searched.",
            ),
            "allow": Key(
                Many(grammars.PATTERN),
                "The only registries, repositories or domains that may be used.",
            ),
            "block": Key(
                Many(grammars.BLOCKED),
                "What may not be used; the word all means everything that allow does not list.",
            ),
            "insecure": Key(
                Made(insecure, grammars.insecure),
                "Registries that may be without TLS or with any certificate. A network counts "
                "for Docker only.",
            ),
            "mirrors": Key(mirrors, "For a registry, where to ask before the registry itself."),
            "shortNames": Key(
                Choice(ShortNames), "What Podman and CRI-O do with a name without registry."
            ),
        },
        _build_registries,
    )


def _build_registries(values: Mapping[str, Any]) -> Registries:
    block: tuple[RegistryPattern | str, ...] | None = values.get("block")
    return Registries(
        values.get("search"),
        values.get("allow"),
        None if block is None else tuple(one for one in block if isinstance(one, RegistryPattern)),
        ALL in (block or ()),
        values.get("insecure"),
        values.get("mirrors"),
        values.get("shortNames"),
    )


def _trust(files: Files) -> Record[Trust]:
    authorities = _authorities(files)
    client: Record[ClientCertificate] = Record(
        {
            "cert": Key(
                Text(lambda text: b"".join(_certificates(text, files))),
                "The client certificate: a path beside this file, or PEM.",
                needed=True,
            ),
            "key": Key(
                Text(lambda path: _key(path, files)),
                "Its private key: a path beside this file.",
                needed=True,
            ),
        },
        lambda values: ClientCertificate(values["cert"], values["key"]),
    )
    registry: Record[RegistryTrust] = Record(
        {
            "ca": Key(authorities, "Authorities of this registry: paths beside this file, or PEM."),
            "client": Key(client, "What hosts show to a registry that asks who they are."),
        },
        lambda values: RegistryTrust(values.get("ca", ()), values.get("client")),
        never_empty=True,
    )
    return Record(
        {
            "registries": Key(
                Table(grammars.REGISTRY, registry), "For a registry, as host or host:port."
            ),
            "system": Key(authorities, "Authorities that the whole host trusts."),
        },
        lambda values: Trust(values.get("registries"), values.get("system")),
    )


def _authorities(files: Files) -> Shape[tuple[bytes, ...]]:
    one = Text(lambda text: _certificates(text, files))
    return Either(one, Made(Many(one, distinct=False), _joined))


def _joined(bundles: tuple[tuple[bytes, ...], ...]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(certificate for bundle in bundles for certificate in bundle))


def _certificates(text: str, files: Files) -> tuple[bytes, ...]:
    """Single certificates in PEM. A text with a PEM block is meant itself, any other names a file."""
    inline = private_key.BEGIN in text
    content = text.encode() if inline else files(text).content
    from wharfinger.hosts import certificates  # it takes a while, and many sites name none

    found = certificates.read(content, "this text" if inline else repr(text))
    return tuple(certificate.pem for certificate in found)


def _key(path: str, files: Files) -> bytes:
    if private_key.BEGIN in path:
        raise private_key.InvalidKey(
            "cannot take a private key within the site file: everybody who reads the file has it",
            remedy="put it in a file of its own and name that",
        )
    file = files(path)
    if file.mode & stat.S_IROTH:
        raise KeyForAll(path)
    return private_key.read(file.content)
