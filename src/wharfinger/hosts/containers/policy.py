"""
What `policy.json` asks of an image: containers-policy.json(5).

The most exact scope that the file has counts, and only that one: the image with its tag or digest,
its repository, the namespaces above, `host[:port]`, then `*.` domains from the longest; after these
the transport's `""` and the file's `default`. All requirements of a scope have to hold, so a `reject`
among them refuses the image whatever stands beside it. Scopes are compared as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.hosts.formats.json_text import JsonText
from wharfinger.hosts.formats.registries_conf import Place
from wharfinger.hosts.formats.source import Keys, UnreadableFile
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.oci.reference import ImageReference

PATH: Final = "/etc/containers/policy.json"
REGISTRIES: Final = "docker"
"""The transport that pulls from registries."""

ANY: Final = ""
ACCEPT: Final = "insecureAcceptAnything"
REJECT: Final = "reject"

Requirement = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """The requirements that decide, and where they stand."""

    scope: str
    requirements: tuple[Requirement, ...]
    place: Place

    @property
    def refuses(self) -> bool:
        return not self.requirements or REJECT in map(kind, self.requirements)

    @property
    def signatures(self) -> tuple[str, ...]:
        """The kinds of signature that it asks for."""
        return tuple(name for name in map(kind, self.requirements) if name not in (ACCEPT, REJECT))


def kind(requirement: Requirement) -> str:
    return str(requirement["type"])


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy file that the tools can read."""

    text: JsonText

    @property
    def scopes(self) -> Mapping[str, list[Requirement]]:
        """Those of the transport for registries."""
        scopes: Mapping[str, list[Requirement]] = self.text.get("transports", REGISTRIES) or {}
        return scopes

    def section(self, image: ImageReference) -> Section:
        """What decides on an image whose name is written out."""
        for scope in (*scopes_of(image), ANY):
            if scope in self.scopes:
                return self._section(scope, ("transports", REGISTRIES, scope))
        return self._section("default", ("default",))

    def _section(self, scope: str, keys: Keys) -> Section:
        place = Place(self.text.source.name, self.text.line_of(*keys))
        return Section(scope, tuple(self.text.get(*keys)), place)


def read(facts: Facts) -> Policy:
    """Raise `UnreadableFile` where there is no policy, or one that the tools refuse."""
    content = facts.content(PATH)
    if content is None:
        raise UnreadableFile(PATH, "it is not there, and the tools pull nothing without it")
    return parse(content)


def parse(content: bytes) -> Policy:
    text = JsonText.parse(content, PATH)
    if not isinstance(text.value, dict) or "default" not in text.value:
        raise UnreadableFile(PATH, "it has no `default`")
    if unknown := set(text.value) - {"default", "transports"}:
        raise UnreadableFile(PATH, f"the tools know no key {min(unknown)!r}")
    _require_requirements(text, ("default",))
    transports = text.value.get("transports", {})
    _require_objects(text, "transports", transports)
    for transport, scopes in transports.items():
        for scope in scopes:
            _require_requirements(text, ("transports", transport, scope))
    return Policy(text)


def _require_objects(text: JsonText, key: str, value: Any) -> None:
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        raise UnreadableFile(PATH, f"{key!r} is no object of objects", line=text.line_of(key))


def _require_requirements(text: JsonText, keys: Keys) -> None:
    value = text.get(*keys)
    if not isinstance(value, list) or not value or not all(map(_is_requirement, value)):
        raise UnreadableFile(
            PATH, f"{keys[-1]!r} is no list of requirements", line=text.line_of(*keys)
        )


def _is_requirement(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), str)


def scopes_of(image: ImageReference) -> Iterator[str]:
    """The scopes that speak of an image, the most exact first."""
    name = f"{image.registry}/{image.repository}"
    if image.id or image.tag:
        yield f"{name}@{image.id}" if image.id else f"{name}:{image.tag}"
    yield from above(name)


def above(name: str) -> Iterator[str]:
    """A name and what is above it, up to the widest domain."""
    yield name
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name
    host = name.removeprefix("*.").partition(":")[0]
    while "." in host:
        host = host.partition(".")[2]
        yield f"*.{host}"
