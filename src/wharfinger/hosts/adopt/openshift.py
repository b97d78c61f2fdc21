"""
What OpenShift's own configuration says: `master-config.yaml` of version 3, and the object
`image.config.openshift.io` of version 4.

The image policy and the rules of imports are kept as they are, in the rooms of the site file.
https://docs.openshift.com/container-platform/3.11/admin_guide/image_policy.html
https://docs.openshift.com/container-platform/4.16/openshift_images/image-configuration.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wharfinger.hosts.adopt.said import Note, Said, Told, ToldAuthority
from wharfinger.hosts.formats.registries_conf import Place
from wharfinger.hosts.site import document
from wharfinger.hosts.site.document import Node

PLUGIN: Final = "openshift.io/ImagePolicy"
ROOM_OF_POLICY: Final = "imagePolicy"
ROOM_OF_IMPORTS: Final = "imports"

_SEARCH: Final = "containerRuntimeSearchRegistries"
_ALLOW: Final = "allowedRegistries"
_BLOCK: Final = "blockedRegistries"
_INSECURE: Final = "insecureRegistries"
_FOR_IMPORTS: Final = "allowedRegistriesForImport"


def plugins(value: Any, source: str, place: Place) -> Said:
    """A mapping of admission plugins (`pluginConfig`): of these the image policy is ours."""
    if not isinstance(value, dict):
        return Said(source, notes=(Note(place, f"left out: {source} is no mapping"),))
    notes = [
        Note(place, f"left out: the admission plugin {name}") for name in value if name != PLUGIN
    ]
    plugin = value.get(PLUGIN)
    policy = plugin.get("configuration") if isinstance(plugin, dict) else None
    if isinstance(plugin, dict) and plugin.get("location"):
        notes.append(Note(place, f"left out: {PLUGIN} stands in the file {plugin['location']}"))
    elif plugin is not None and not isinstance(policy, dict):
        notes.append(Note(place, f"left out: {PLUGIN} has no configuration"))
    later = {ROOM_OF_POLICY: policy} if isinstance(policy, dict) else {}
    return Said(source, later=later, notes=tuple(notes))


def imports(value: Any, source: str, place: Place) -> Said:
    """An `imagePolicyConfig`, kept as it is."""
    if not isinstance(value, dict):
        return Said(source, notes=(Note(place, f"left out: {source} is no mapping"),))
    notes = []
    if value.get("additionalTrustedCA"):
        text = f"bring {value['additionalTrustedCA']}, the authorities of imports, to the host"
        notes.append(Note(place, text))
    return Said(source, later={ROOM_OF_IMPORTS: value} if value else {}, notes=tuple(notes))


def master_config(content: bytes, path: str) -> Iterator[Said]:
    """`master-config.yaml`, or a part of it; raise `UnreadableDocument`."""
    root = document.read_foreign(path, content)
    admission = _at(_at(root, "admissionConfig"), "pluginConfig")
    policy = _at(root, "imagePolicyConfig")
    if (plugin := _at(admission, PLUGIN)) is not None:
        yield plugins({PLUGIN: plugin.plain()}, path, Place(path, plugin.line))
    if policy is not None:
        yield imports(policy.plain(), path, Place(path, policy.line))
    if plugin is None and policy is None:
        text = f"there is neither {PLUGIN} in admissionConfig.pluginConfig nor imagePolicyConfig"
        yield Said(path, notes=(Note(Place(path), text),))


def image_config(content: bytes, path: str, authorities: bytes | None = None) -> Iterator[Said]:
    """`oc get image.config.openshift.io/cluster -o yaml`, and if given the ConfigMap that it names;
    raise `UnreadableDocument`.
    """
    root = document.read_foreign(path, content)
    spec = _at(root, "spec")
    if spec is None or not isinstance(spec.value, dict):
        yield Said(path, notes=(Note(Place(path), "it has no spec"),))
        return
    sources = _at(spec, "registrySources")
    notes = list(_left_out(spec, sources, path, has_authorities=authorities is not None))
    imported = _at(spec, _FOR_IMPORTS)
    later = {} if imported is None else {ROOM_OF_IMPORTS: {_FOR_IMPORTS: imported.plain()}}
    if sources is not None and not isinstance(sources.value, dict):
        notes.append(Note(Place(path, sources.line), "left out: registrySources is no mapping"))
    yield Said(
        path,
        search=_told(sources, _SEARCH, path, notes),
        allow=_told(sources, _ALLOW, path, notes),
        block=_told(sources, _BLOCK, path, notes),
        insecure=_told(sources, _INSECURE, path, notes),
        later=later,
        notes=tuple(notes),
    )
    if authorities is not None:
        yield config_map(authorities, f"the authorities of {path}")


def _at(node: Node | None, key: str) -> Node | None:
    found = node.value.get(key) if node is not None and isinstance(node.value, dict) else None
    return None if found is None or found.value is None else found


def _told(sources: Node | None, name: str, path: str, notes: list[Note]) -> tuple[Told, ...] | None:
    if (node := _at(sources, name)) is None:
        return None
    items = node.value if isinstance(node.value, list) else [node]
    told = [Told(str(one.value), Place(path, one.line)) for one in items if _is_text(one)]
    if len(told) < len(items):
        notes.append(
            Note(Place(path, node.line), f"left out: {name} has something that is no text")
        )
    return tuple(told)


def _is_text(node: Node) -> bool:
    return isinstance(node.value, str)


def _left_out(
    spec: Node, sources: Node | None, path: str, *, has_authorities: bool
) -> Iterator[Note]:
    known: Mapping[str, Node] = spec.value if isinstance(spec.value, dict) else {}
    for key, node in known.items():
        place = Place(path, node.line)
        if key == "additionalTrustedCA" and not has_authorities:
            name = _at(node, "name")
            named = "" if name is None else f" {name.value}"
            yield Note(
                place,
                f"left out: the authorities of the ConfigMap{named} in openshift-config; give it with"
                " --trusted-ca",
            )
        elif key not in ("registrySources", _FOR_IMPORTS, "additionalTrustedCA"):
            yield Note(place, f"left out: {key}")
    inner: Mapping[str, Node] = (
        sources.value if sources is not None and isinstance(sources.value, dict) else {}
    )
    for key, node in inner.items():
        if key not in (_SEARCH, _ALLOW, _BLOCK, _INSECURE):
            yield Note(Place(path, node.line), f"left out: registrySources.{key}")


def config_map(content: bytes, path: str) -> Said:
    """A ConfigMap of authorities: a key is a registry, with ".." before its port."""
    data = _at(document.read_foreign(path, content), "data")
    if data is None or not isinstance(data.value, dict):
        return Said(path, notes=(Note(Place(path), "left out: it has no data"),))
    return Said(
        path,
        authorities=tuple(
            ToldAuthority(key.replace("..", ":"), str(node.value).encode(), Place(path, node.line))
            for key, node in data.value.items()
        ),
    )
