"""
Find the configuration of image policy in what an administrator has.

    ImagePolicyConfig itself
    master-config.yaml                    its `admissionConfig`
    an admissionConfig                    its `pluginConfig`
    a pluginConfig                        its plug-in; so is the variable of the 3.x installer
    variables of the installer            `openshift_master_admission_plugin_config`, perhaps as JSON text

What is found is given back as it stands there, unread: `config.read` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wharfinger.oci import strict_json
from wharfinger.oci.errors import InvalidJson
from wharfinger.policy.imagepolicy.config import KIND
from wharfinger.policy.imagepolicy.faults import Fault, InvalidImagePolicy, Path

PLUGINS: Final = ("image.openshift.io/ImagePolicy", "openshift.io/ImagePolicy")
VARIABLE: Final = "openshift_master_admission_plugin_config"
_AROUND: Final = ("kubernetesMasterConfig", "admissionConfig", "pluginConfig", VARIABLE)
_DEPTH: Final = 8


def extract(document: Any) -> Mapping[str, Any]:
    """Find the one configuration in a document; raise `InvalidImagePolicy` if there is none."""
    found = list(_configurations(document, (), _DEPTH))
    if not found:
        raise _fault((), f"it has no {KIND}, and no configuration of {PLUGINS[0]} either")
    if len(found) > 1:
        places = " and ".join(".".join(map(str, path)) for path, _ in found)
        raise _fault(found[1][0], f"it has more than one: {places}")
    path, value = found[0]
    if not isinstance(value, Mapping):
        raise _fault(path, f"must be an object of kind {KIND}")
    return value


def _configurations(value: Any, path: Path, depth: int) -> Iterator[tuple[Path, Any]]:
    if path and path[-1] == VARIABLE and isinstance(value, str):
        value = _json(value, path)
    if not isinstance(value, Mapping) or not depth:
        return
    if value.get("kind") == KIND:
        yield path, value
        return
    for key in _AROUND:
        if value.get(key) is not None:
            yield from _configurations(value[key], (*path, key), depth - 1)
    for plugin in PLUGINS:
        if plugin in value:
            yield _plugin(value[plugin], (*path, plugin))


def _plugin(value: Any, path: Path) -> tuple[Path, Any]:
    parts = value if isinstance(value, Mapping) else {}
    location, configuration = parts.get("location"), parts.get("configuration")
    if location and configuration is not None:
        raise _fault(path, "cannot specify both location and embedded config")
    if location:
        raise _fault((*path, "location"), f"it is in another file: read {location} instead")
    if configuration is None:
        raise _fault(path, "must specify either a location or an embedded config")
    return (*path, "configuration"), configuration


def _json(text: str, path: Path) -> Any:
    try:
        return strict_json.decode(text.encode())
    except (InvalidJson, UnicodeEncodeError) as error:
        raise _fault(path, f"is not JSON: {error}") from None


def _fault(path: Path, message: str) -> InvalidImagePolicy:
    return InvalidImagePolicy(
        [Fault(path, "FieldValueInvalid", message)],
        remedy=f"give a file of kind {KIND}, or the master configuration that holds one",
    )
