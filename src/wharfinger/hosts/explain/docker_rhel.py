"""Docker as Red Hat built it: lists of registries to add, to block and to reach insecurely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from wharfinger.hosts.explain import docker
from wharfinger.hosts.explain.verdict import Explanation, Source
from wharfinger.hosts.formats import registries_conf, sysconfig
from wharfinger.hosts.formats.json_text import JsonText
from wharfinger.hosts.formats.registries_conf import Named, Place, Syntax
from wharfinger.hosts.formats.sysconfig import Sysconfig
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.runtimes import docker as upstream
from wharfinger.hosts.runtimes import docker_rhel
from wharfinger.oci.reference import HUB, ImageReference
from wharfinger.policy.access import ALL

_FLAGS = {
    "search": ("ADD_REGISTRY", "--add-registry"),
    "block": ("BLOCK_REGISTRY", "--block-registry"),
    "insecure": ("INSECURE_REGISTRY", "--insecure-registry"),
}

Lists = Mapping[str, tuple[Named, ...]]


def explain(facts: Facts, image: ImageReference) -> Iterator[Explanation]:
    """A name without a registry is tried in each that is added, and at last in Docker Hub."""
    if not docker_rhel.concerns(facts):
        return
    lists = _lists(facts)
    hosts = [image.registry] if image.registry else [one.name for one in lists["search"]]
    if not image.registry and HUB not in hosts:
        hosts.append(HUB)
    for host in hosts:
        yield _of(facts, lists, replace(image, registry=host).with_client_defaults())


def _of(facts: Facts, lists: Lists, image: ImageReference) -> Explanation:
    added = _named(lists["search"], image.registry)
    blocked = _named(lists["block"], image.registry) or _named(lists["block"], ALL)
    if added is None and blocked is not None:
        reason = f"{image.registry} is blocked by {blocked.name!r} and not added"
        return Explanation(docker_rhel.NAME, image.full(), False, reason, blocked.place)
    reason = "it is added" if added is not None else "it is not blocked"
    return Explanation(
        docker_rhel.NAME,
        image.full(),
        True,
        reason,
        None if added is None else added.place,
        tuple(_sources(facts, lists, image)),
    )


def _sources(facts: Facts, lists: Lists, image: ImageReference) -> Iterator[Source]:
    path = upstream.config_file(facts.runtimes[upstream.NAME])
    for source in docker.sources_of(facts, JsonText.parse(facts.content(path), path), image):
        insecure = _named(lists["insecure"], source.name.partition("/")[0])
        yield source if insecure is None else replace(source, insecure=True, place=insecure.place)


def _named(names: tuple[Named, ...], name: str) -> Named | None:
    return next((one for one in names if one.name == name), None)


def _lists(facts: Facts) -> Lists:
    """From `registries.conf`, if it is in a syntax of that time, else from `sysconfig`."""
    content = facts.content(registries_conf.MAIN)
    if content is not None:
        conf = registries_conf.parse(content, registries_conf.MAIN)
        if conf.syntax is not Syntax.V2:
            found = {"search": conf.search, "block": conf.blocked, "insecure": conf.insecure}
            return {kind: names or () for kind, names in found.items()}
    path = docker_rhel.SYSCONFIG
    document = Sysconfig.parse(facts.content(path), path)
    return {
        kind: tuple(
            Named(name, Place(path, document.line_of(place)))
            for place in ("OPTIONS", variable)
            for name in sysconfig.flags(document.get(place) or "", flag)
        )
        for kind, (variable, flag) in _FLAGS.items()
    }
