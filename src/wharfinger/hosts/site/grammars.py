"""
The texts of a site file, each with its grammar: how it is parsed, and what an editor can know of it.

The schema's patterns may be looser than the parser and are never stricter.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Final, TypeVar

from wharfinger.errors import BadInput
from wharfinger.hosts.site.model import Insecure, Mirror, Network
from wharfinger.hosts.site.shapes import Text
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.access import ALL
from wharfinger.policy.patterns import InvalidPattern, RegistryPattern

T = TypeVar("T")

WIDEST_IPV4: Final = 8
WIDEST_IPV6: Final = 16
_PRIVATE_IPV6: Final = ipaddress.IPv6Network("fc00::/7")

_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])"
_PATH: Final = "(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
_REGISTRY: Final = rf"{_HOST}(?::[0-9]{{1,5}})?"
_NETWORK: Final = r"(?:[0-9.]{7,15}|[0-9A-Fa-f:.]{2,45})/[0-9]{1,3}"
_ARTEFACT: Final = "\\*."


class InvalidStatement(BadInput):
    """A well-formed text that says what a site must not say."""

    code = "invalid-statement"


def _registry(text: str) -> RegistryHost:
    _refuse_all(text)
    return RegistryHost.parse(text)


def _pattern(text: str) -> RegistryPattern:
    _refuse_all(text)
    if text.startswith(_ARTEFACT):
        # The day-two guide prints wildcards so; the backslash is an artefact of its text.
        raise InvalidPattern(text, f"a wildcard has no backslash: write '{text[1:]}'")
    return RegistryPattern.parse(text)


def _blocked(text: str) -> RegistryPattern | str:
    return ALL if text == ALL else _pattern(text)


def _refuse_all(text: str) -> None:
    if text == ALL:
        raise InvalidStatement(
            f"cannot take {ALL!r} here: only registries.block knows the word",
            remedy="name the registries",
        )


def _without_wildcard(text: str) -> RegistryPattern:
    pattern = _pattern(text)
    if pattern.wildcard:
        raise InvalidPattern(text, "a mirror is of one registry and at one, not of a domain")
    return pattern


def _mirror(text: str) -> Mirror:
    return Mirror(_without_wildcard(text))


def _insecure(text: str) -> RegistryHost | Network:
    return _network(text) if re.fullmatch(_NETWORK, text) else _registry(text)


def _network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise InvalidStatement(
            f"cannot read network {text!r}: it is not ADDRESS/BITS", remedy="write 10.0.0.0/8"
        ) from None
    if ipaddress.ip_interface(text).ip != network.network_address:
        raise InvalidStatement(
            f"cannot read network {text!r}: it has bits beside its prefix",
            remedy=f"write {network}",
        )
    _refuse_everyone((network,))
    return network


def insecure(items: tuple[RegistryHost | Network, ...]) -> Insecure:
    """Sort what is given into registries and networks; refuse networks that together mean everyone."""
    networks = tuple(item for item in items if not isinstance(item, RegistryHost))
    _refuse_everyone(networks)
    return Insecure(tuple(item for item in items if isinstance(item, RegistryHost)), networks)


def _refuse_everyone(networks: tuple[Network, ...]) -> None:
    """With neighbours joined no network may be wider than the widest private ones are."""
    four = [one for one in networks if isinstance(one, ipaddress.IPv4Network)]
    six = [one for one in networks if isinstance(one, ipaddress.IPv6Network)]
    wide: list[Network] = [
        one for one in ipaddress.collapse_addresses(four) if one.prefixlen < WIDEST_IPV4
    ]
    wide += [
        one
        for one in ipaddress.collapse_addresses(six)
        if one.prefixlen < WIDEST_IPV6 and not one.subnet_of(_PRIVATE_IPV6)
    ]
    if wide:
        together = "" if len(networks) == 1 else " together"
        raise InvalidStatement(
            f"cannot take {', '.join(map(str, networks[:4]))} as insecure{together}: nobody in"
            f" {wide[0]} would have to prove who they are, which is as good as nobody at all",
            remedy="name the registries, or the private network that they are in",
        )


def _text(parse: Callable[[str], T], pattern: str, *, block: bool = False) -> Text[T]:
    refused = {} if block else {"not": {"const": ALL}}
    return Text(parse, {"pattern": f"^(?:{pattern})$", **refused})


REGISTRY: Final = _text(_registry, _REGISTRY)
PATTERN: Final = _text(_pattern, rf"{_REGISTRY}{_PATH}|\*\.{_HOST}")
BLOCKED: Final = _text(_blocked, rf"{_REGISTRY}{_PATH}|\*\.{_HOST}", block=True)
MIRRORED: Final = _text(_without_wildcard, rf"{_REGISTRY}{_PATH}")
MIRROR: Final = _text(_mirror, rf"{_REGISTRY}{_PATH}")
INSECURE: Final = _text(_insecure, rf"{_REGISTRY}|{_NETWORK}")
