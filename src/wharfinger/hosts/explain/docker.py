"""Docker as upstream builds it: the plugin decides, `daemon.json` says from where."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator

from wharfinger.hosts.explain import verdict
from wharfinger.hosts.explain.verdict import Explanation, Source
from wharfinger.hosts.formats.json_text import JsonText
from wharfinger.hosts.formats.registries_conf import Place
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.runtimes import access_file, docker
from wharfinger.oci.reference import HUB, HUBS, ImageReference
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.access import AccessPolicy, InvalidAccessPolicy

_LOOPBACK = ("127.0.0.0/8", "::1/128")
"""What dockerd takes for insecure by itself."""


def explain(facts: Facts, image: ImageReference) -> Iterator[Explanation]:
    if not docker.concerns(facts):
        return
    path = docker.config_file(facts.runtimes[docker.NAME])
    daemon = JsonText.parse(facts.content(path), path)
    full = image.with_client_defaults()
    allowed, reason, place = _judged(facts, daemon, full)
    sources = tuple(sources_of(facts, daemon, full)) if allowed else ()
    yield Explanation(docker.NAME, full.full(), allowed, reason, place, sources)


def _judged(
    facts: Facts, daemon: JsonText, image: ImageReference
) -> tuple[bool, str, Place | None]:
    name = daemon.source.name
    if docker.PLUGIN not in (daemon.get(docker.PLUGINS) or ()):
        there = Place(name, daemon.line_of(docker.PLUGINS))
        return True, "no plugin of ours is asked", there if name in facts.files else None
    content = facts.content(access_file.PATH)
    try:
        policy = AccessPolicy.from_json(json.loads(content or b""))
    except (ValueError, InvalidAccessPolicy):
        there = Place(name, daemon.line_of(docker.PLUGINS))
        return False, f"the plugin has no policy in {access_file.PATH} to decide by", there
    found = policy.decide(image)
    return found.allowed, found.reason, _rule_place(content, found.rule)


def _rule_place(content: bytes | None, rule: str) -> Place:
    """Where a rule (`list: pattern`) stands in the compiled policy."""
    text = JsonText.parse(content, access_file.PATH)
    kind, _, pattern = rule.partition(": ")
    lines = text.get(kind) or [] if kind else []
    keys = (kind, lines.index(pattern)) if pattern in lines else (kind,)
    return Place(access_file.PATH, text.line_of(*keys) if kind else None)


def sources_of(facts: Facts, daemon: JsonText, image: ImageReference) -> Iterator[Source]:
    """Mirrors stand for Docker Hub only."""
    path = daemon.source.name
    if image.registry in HUBS:
        for index, url in enumerate(daemon.get(docker.MIRRORS) or ()):
            scheme, _, host = str(url).rstrip("/").partition("://")
            place = Place(path, daemon.line_of(docker.MIRRORS, index))
            insecure = scheme == "http" or _insecure_line(daemon, host) is not None
            yield _source(facts, image, host, insecure, place)
    registry = HUB if image.registry in HUBS else image.registry
    line = _insecure_line(daemon, registry)
    insecure = registry != HUB and (line is not None or _is_loopback(registry))
    named = None if line is None else Place(path, line)
    yield _source(facts, image, verdict.address(registry), insecure, named)


def _source(
    facts: Facts, image: ImageReference, host: str, insecure: bool, place: Place | None
) -> Source:
    found = verdict.certificates(facts, (docker.CERTS_D,), host)
    name = f"{host}/{image.repository}"
    return Source(name, insecure, found.authorities, found.client, place)


def _insecure_line(daemon: JsonText, registry: str) -> int | None:
    for index, entry in enumerate(daemon.get(docker.INSECURE) or ()):
        if entry == registry or _lies_in(registry, str(entry)):
            return daemon.line_of(docker.INSECURE, index)
    return None


def _is_loopback(registry: str) -> bool:
    return RegistryHost.parse(registry).host == "localhost" or any(
        _lies_in(registry, network) for network in _LOOPBACK
    )


def _lies_in(registry: str, network: str) -> bool:
    try:
        address = ipaddress.ip_address(RegistryHost.parse(registry).address)
        return "/" in network and address in ipaddress.ip_network(network)
    except ValueError:
        return False
