"""containerd, as the kubelet uses it: the `hosts.toml` of a registry, or its certificates alone."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from wharfinger.hosts.explain.verdict import Explanation, Source
from wharfinger.hosts.formats.registries_conf import Place
from wharfinger.hosts.formats.toml_text import TomlText
from wharfinger.hosts.on_host import runtime_trust
from wharfinger.hosts.on_host.facts import Facts
from wharfinger.hosts.runtimes import containerd, registry_hosts
from wharfinger.hosts.runtimes.containerd import Roots
from wharfinger.oci.reference import ImageReference
from wharfinger.oci.registry_host import RegistryHost


def explain(facts: Facts, image: ImageReference) -> Iterator[Explanation]:
    if not containerd.concerns(facts):
        return
    full = image.with_client_defaults()
    registry = RegistryHost.parse(full.registry)
    roots = runtime_trust.config_paths(facts.content(containerd.CONFIG) or b"")
    if not roots:
        reason = f"nothing is set for registries: {containerd.CONFIG} has no config_path"
        source = Source(f"{registry_hosts.address(registry)}/{full.repository}")
        yield Explanation(containerd.NAME, full.full(), True, reason, None, (source,))
        return
    folder = Roots(tuple(roots), facts).read_so_far(str(registry))
    yield _of_folder(facts, folder, registry, full)


def _of_folder(
    facts: Facts, folder: str, registry: RegistryHost, image: ImageReference
) -> Explanation:
    path = f"{folder}/{registry_hosts.FILE}"
    if facts.content(path) is None:
        sources: tuple[Source, ...] = (_by_names(facts, folder, registry, image),)
        reason = "no hosts.toml speaks of it"
        return Explanation(containerd.NAME, image.full(), True, reason, None, sources)
    text = TomlText.parse(facts.content(path), path)
    server = text.get("server")
    place = Place(path, text.line_of("server"))
    if server == registry_hosts.NOBODY:
        default = posixpath.basename(folder) == registry_hosts.DEFAULT
        reason = f"{'what has no directory' if default else registry} is blocked"
        return Explanation(containerd.NAME, image.full(), False, reason, place)
    sources = tuple(_sources(text, registry, image))
    return Explanation(containerd.NAME, image.full(), True, "not blocked", place, sources)


def _sources(text: TomlText, registry: RegistryHost, image: ImageReference) -> Iterator[Source]:
    """The hosts in the order of the file, and then the server."""
    for url, table in (text.get("host") or {}).items():
        if "pull" in (table.get("capabilities") or ("pull",)):
            place = Place(text.source.name, text.line_of("host", url))
            yield _source(url, table, image, place)
    default = posixpath.basename(posixpath.dirname(text.source.name)) == registry_hosts.DEFAULT
    given = None if default else text.get("server")
    url = str(given or f"https://{registry_hosts.address(registry)}")
    line = text.line_of("server") if given else None
    yield _source(url, text.value, image, Place(text.source.name, line))


def _source(url: str, table: dict[str, Any], image: ImageReference, place: Place) -> Source:
    scheme, _, rest = url.rpartition("://")
    host, _, path = rest.rstrip("/").partition("/")
    below = path.removeprefix("v2").strip("/")
    name = "/".join(part for part in (host, below, image.repository) if part)
    insecure = scheme == "http" or table.get("skip_verify") is True
    clients = list(_paths(table.get("client")))
    return Source(
        name, insecure, tuple(_paths(table.get("ca"))), clients[0] if clients else None, place
    )


def _paths(value: Any) -> Iterator[str]:
    """A path alone, a list of paths, or one of pairs with a key."""
    for item in value if isinstance(value, list) else [value] if value else []:
        yield str(item[0] if isinstance(item, list) and item else item)


def _by_names(facts: Facts, folder: str, registry: RegistryHost, image: ImageReference) -> Source:
    here = sorted(path for path in facts.files if posixpath.dirname(path) == folder)
    clients = (path for path in here if path.endswith(".cert"))
    return Source(
        f"{registry_hosts.address(registry)}/{image.repository}",
        authorities=tuple(path for path in here if path.endswith(".crt")),
        client=next(clients, None),
    )
