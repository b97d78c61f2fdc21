"""What a runtime will do when it is asked for an image, as a value that says where it is written."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from wharfinger.hosts.formats.registries_conf import Place
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.oci.reference import HUB, HUB_V2

SYSTEM: tuple[str, ...] = ("system",)


@dataclass(frozen=True, slots=True)
class Source:
    """A place that is asked, in order. `name` is what the image is called there, registry first.

    `authorities` are the files that are trusted beside the system's; `client` is the certificate that
    is shown. `insecure` says that any certificate will do, and plain HTTP too.
    """

    name: str
    insecure: bool = False
    authorities: tuple[str, ...] = ()
    client: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """`image` is the full name that is tried; `place` is the line that decides, `None` where no file
    speaks of it."""

    runtime: str
    image: str
    allowed: bool
    reason: str
    place: Place | None = None
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Certificates:
    """What a directory of `certs.d` has for a registry."""

    authorities: tuple[str, ...] = ()
    client: str | None = None


def certificates(facts: Facts, roots: tuple[str, ...], registry: str) -> Certificates:
    """Read the first of `roots` that has a directory for a registry, as its name is spelled."""
    for root in roots:
        folder = f"{root}/{registry}"
        found = sorted(path for path in facts.files if posixpath.dirname(path) == folder)
        if found:
            authorities = tuple(path for path in found if path.endswith(".crt"))
            clients = (path for path in found if path.endswith(".cert"))
            return Certificates(authorities, next(clients, None))
    return Certificates()


def address(registry: str) -> str:
    """The registry that answers: Docker Hub's does so under another name."""
    return HUB_V2 if registry == HUB else registry
