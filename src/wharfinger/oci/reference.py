"""
The name of an image, as people and manifests spell it.

    reference := name [":" tag] ["@" digest]
    name      := [host [":" port] "/"] component ("/" component)*     at most 255 characters
    component := lowercase letters and digits, joined by ".", "_", "__" or any number of "-"
    tag       := a word character and up to 127 of word characters, "." and "-"
    digest    := algorithm ":" lowercase hex of the algorithm's length

This is the grammar of `distribution/reference`. The first component is a registry only if it has
a "." or a ":" or is `localhost`: so `quay.io.evil.test/x` names the registry `quay.io.evil.test`,
and `quay/x` names none. Nothing is filled in while parsing; the defaults of a Docker client are a
step of their own (`with_client_defaults`). A lone host name (`quay.io`, `localhost:5000`) is a
registry without a repository.

Whoever decides on an image compares the fields of a parsed reference, never the text.

Part of what is shipped to hosts: standard library only, Python 3.9.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from wharfinger.errors import BadInput

if TYPE_CHECKING:
    from typing import Self  # novm

HUB: Final = "docker.io"
HUB_V1: Final = "index.docker.io"
HUB_V2: Final = "registry-1.docker.io"
HUBS: Final = frozenset({HUB, HUB_V1, HUB_V2})
DEFAULT_TAG: Final = "latest"
NAME_LIMIT: Final = 255
TEXT_LIMIT: Final = NAME_LIMIT + 1 + 128 + 1 + len("sha512:") + 128

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
# The grammar has "-*" between the parts of a component. "-+" accepts the same words, and without
# the empty separator there is one way to match each of them: no backtracking.
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = rf"(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"\w[\w.-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}"

_REFERENCE = re.compile(rf"(?P<name>{_NAME})(?::(?P<tag>{_TAG}))?(?:@(?P<id>{_DIGEST}))?", re.ASCII)
_DIGEST_ALONE = re.compile(_DIGEST)
# What the field's grammar takes for a digest before it looks at the algorithm.
_LOOSE_DIGEST = re.compile(
    r"(?P<algorithm>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*):(?P<hex>[0-9a-fA-F]{32,})"
)
_HEX_LENGTHS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}


class InvalidReference(BadInput):
    """A text that is not the name of an image; `reason` says which rule it breaks."""

    code = "invalid-reference"

    def __init__(self, text: str, reason: str) -> None:
        shown = text if len(text) <= 80 else text[:77] + "..."
        super().__init__(
            f"cannot read image name {shown!r}: {reason}",
            remedy="write it as [registry[:port]/]repository[:tag][@digest]",
        )
        self.text, self.reason = text, reason


@dataclass(frozen=True)
class ImageReference:
    """An image name in its parts; an empty string stands for a part that is not there.

    `namespace` is the first component after the registry if more follow, `name` is the rest.
    `id` is a digest in all that `parse` returns.
    """

    registry: str = ""
    namespace: str = ""
    name: str = ""
    tag: str = ""
    id: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        match = _REFERENCE.fullmatch(text) if len(text) <= TEXT_LIMIT else None
        if match is None:
            raise InvalidReference(text, _fault(text))
        path, tag, digest = match["name"], match["tag"] or "", match["id"] or ""
        if len(path) > NAME_LIMIT:
            raise InvalidReference(text, _TOO_LONG)
        first, slash, rest = path.partition("/")
        if not slash:
            if not digest and _is_host_alone(first, tag):
                return cls(registry=text)
            return cls(name=first, tag=tag, id=digest)
        registry = ""
        if names_registry(first):
            registry, path = first, rest
        head, slash, tail = path.partition("/")
        namespace, name = (head, tail) if slash else ("", head)
        return cls(registry, namespace, name, tag, digest)

    def __str__(self) -> str:
        """Spell it as a pull specification; on Docker Hub the namespace `library` is implied."""
        if not self.namespace and self.registry in HUBS:
            return replace(self, namespace="library").exact()
        return self.exact()

    def exact(self) -> str:
        """Spell the parts that are set, and no others."""
        registry = f"{self.registry}/" if self.registry else ""
        if not self.name and not registry:
            return ""
        namespace = f"{self.namespace}/" if self.namespace else ""
        return registry + namespace + self.name_string()

    def name_string(self) -> str:
        """Spell the name with its digest or else its tag. A v1 image id goes in a tag's place."""
        if not self.name:
            return ""
        if self.id:
            return f"{self.name}{'@' if is_digest(self.id) else ':'}{self.id}"
        return f"{self.name}:{self.tag}" if self.tag else self.name

    def full(self) -> str:
        """Spell all parts, a tag beside a digest too: what `parse` reads back as this very value."""
        if self.tag and self.id:
            return f"{replace(self, id='').exact()}@{self.id}"
        return self.exact() if self.name else self.registry

    @property
    def repository(self) -> str:
        """The name that the registry knows the repository by."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def as_repository(self) -> Self:
        return replace(self, tag="", id="")

    def with_client_defaults(self) -> Self:
        """Fill in what a Docker client assumes."""
        registry = self.registry or HUB
        namespace = self.namespace or ("library" if registry in HUBS else "")
        return replace(self, registry=registry, namespace=namespace, tag=self.tag or DEFAULT_TAG)

    def same_image(self, other: ImageReference) -> bool:
        """Do both name the same image to a Docker client?"""
        return self.with_client_defaults() == other.with_client_defaults()

    def minimal(self) -> Self:
        return replace(self, tag="") if self.tag == DEFAULT_TAG else self

    def daemon_minimal(self) -> Self:
        """Leave out what a Docker daemon assumes, and fold the hub's old host names into one."""
        registry = HUB if self.registry in HUBS else self.registry
        namespace = "" if registry == HUB and self.namespace == "library" else self.namespace
        return replace(self, registry=registry, namespace=namespace).minimal()

    def as_v2(self) -> Self:
        """Name the host that answers the v2 protocol for Docker Hub."""
        return replace(self, registry=HUB_V2) if self.registry in {HUB, HUB_V1} else self

    def most_specific(self) -> Self:
        """Prefer the digest over the tag; a v1 image id takes the place of a missing tag."""
        if not self.id:
            return self
        if is_digest(self.id):
            return replace(self, tag="")
        return self if self.tag else replace(self, tag=self.id, id="")

    def registry_address(self, *, insecure: bool = False) -> tuple[str, str]:
        """Host and port to connect to. A bracketed IPv6 host is given without its brackets."""
        registry = (self.registry and self.as_v2().registry) or HUB
        host, port = registry, ""
        if re.search(r":[0-9]+$", registry):
            host, _, port = registry.rpartition(":")
        return host.removeprefix("[").removesuffix("]"), port or ("80" if insecure else "443")


def names_registry(component: str) -> bool:
    """Is the first of several components a registry? Docker's rule, since its first version."""
    return component == "localhost" or "." in component or ":" in component


def is_digest(text: str) -> bool:
    return _DIGEST_ALONE.fullmatch(text) is not None


_TOO_LONG: Final = f"repository name must not be more than {NAME_LIMIT} characters"


def _fault(text: str) -> str:
    if not text:
        return "repository name must have at least one component"
    if len(text) > TEXT_LIMIT:
        return _TOO_LONG
    name, at, digest = text.partition("@")
    if at and _REFERENCE.fullmatch(name) and (loose := _LOOSE_DIGEST.fullmatch(digest)):
        return _digest_fault(loose["algorithm"], loose["hex"])
    if _REFERENCE.fullmatch(text.lower()):
        return "repository name must be lowercase"
    return "invalid reference format"


def _digest_fault(algorithm: str, digits: str) -> str:
    if algorithm not in _HEX_LENGTHS:
        return "unsupported digest algorithm"
    if len(digits) != _HEX_LENGTHS[algorithm]:
        return "invalid checksum digest length"
    return "invalid checksum digest format"


def _is_host_alone(name: str, tag: str) -> bool:
    """`quay.io` and `localhost:5000` are hosts; the digits of a port look like a tag."""
    return (name == "localhost" or "." in name) and (not tag or tag.isdecimal())
