"""
What an `Image` object tells of an image, from its manifest and its config.

    dockerImageMetadata := {kind: DockerImage, Id, Created, Architecture, Config: {Labels, Env, …}, Size}

The form is the one that clients of OpenShift read. `Id` is the digest of the config, of an index its
own; `Size` counts each layer once, and the bytes of the config. Of a config only fields that we know
are taken over, each of its own type.

A config comes from whoever built the image. One that cannot be read, or is larger than an object may
be, is an error and never half a truth: labels decide what may run. Whoever keeps the image all the
same tells of it without its config, and then no rule on labels allows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.errors import BadInput
from wharfinger.oci import media_types, strict_json
from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import InvalidJson
from wharfinger.oci.manifest import Manifest

API_VERSION: Final = "image.openshift.io/v1"
LAYERS_ORDER: Final = "image.openshift.io/dockerLayersOrder"
CONFIG_LIMIT: Final = 4 << 20
"""What a config may weigh to be read at all."""

KEPT_LIMIT: Final = 256 << 10
"""What may be kept of it in an object."""

LAYERS_SHOWN: Final = 1000
_DEPTH: Final = 32
CONFIGS: Final = frozenset(
    {
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.oci.image.config.v1+json",
    }
)
"""The configs that are of images; others may say anything, and are not read."""

_UNKNOWN: Final = "unknown"
_TIME_LIMIT: Final = 64


class UnreadableConfig(BadInput):
    """The config of an image does not say what is in it, or says too much."""

    code = "unreadable-image-config"

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot read the config of the image: {reason}")
        self.reason = reason


def image(
    digest: Digest, reference: str, manifest: Manifest, config: bytes | None = None, *, now: str
) -> Object:
    """The `Image` of a manifest that is at `reference`.

    `config` None: nothing is told of it. Raise `UnreadableConfig`.
    """
    document = strict_json.decode(manifest.raw)
    obj: Object = {
        "apiVersion": API_VERSION,
        "kind": "Image",
        "metadata": {"name": str(digest), "annotations": {LAYERS_ORDER: "ascending"}},
        "dockerImageReference": reference,
        "dockerImageMetadata": _metadata(digest, manifest, document, config, now),
        "dockerImageMetadataVersion": "1.0",
        "dockerImageManifestMediaType": manifest.media_type,
    }
    if manifest.media_type in media_types.INDEXES:
        obj["dockerImageManifests"] = list(_children(document))
    else:
        obj["dockerImageLayers"] = [_layer(one) for one in _layers(document)[:LAYERS_SHOWN]]
    return obj


def size(layers: Mapping[str, int], config: int) -> int:
    """The bytes of an image: each layer once by its digest, and the config."""
    return sum(layers.values()) + config


def labels(obj: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The labels of the config that an `Image` tells of; None if it tells of no config.

    Raise `UnreadableConfig`: an object that a client has written may hold anything there.
    """
    told = obj.get("dockerImageMetadata")
    if told is None:
        return None
    if not isinstance(told, Mapping):
        raise UnreadableConfig("dockerImageMetadata is not an object")
    config = told.get("Config")
    if config is None:
        return None
    if not isinstance(config, Mapping):
        raise UnreadableConfig("Config is not an object")
    found = config.get("Labels")
    if found is None:
        return {}
    if not _is_text_map(found):
        raise UnreadableConfig("Labels is not a map of text")
    return dict(found)


def labels_of_config(raw: bytes) -> dict[str, str]:
    """The labels that the config of an image says. Raise `UnreadableConfig`."""
    return dict(labels({"dockerImageMetadata": _of_config(raw)}) or {})


def _metadata(
    digest: Digest,
    manifest: Manifest,
    document: Mapping[str, Any],
    config: bytes | None,
    now: str,
) -> Object:
    told: Object = {"kind": "DockerImage", "apiVersion": "image.openshift.io/1.0"}
    if manifest.media_type not in media_types.IMAGES:
        return {**told, "Id": str(digest), "Created": now, "ContainerConfig": {}}
    described = manifest.blobs[0]
    weights = {one["digest"]: one["size"] for one in _layers(document)}
    weight = described.size if config is None else len(config)
    told |= {"Id": str(described.digest), "ContainerConfig": {}, "Size": size(weights, weight)}
    if config is None or described.media_type not in CONFIGS:
        return told
    return told | _of_config(config)


def _of_config(raw: bytes) -> Object:
    document = _decoded(raw)
    told = dict(_fields(document, _TOP))
    config = document.get("config")
    if config is not None and not isinstance(config, dict):
        raise UnreadableConfig("its 'config' is not an object")
    told["Config"] = dict(_fields(config or {}, _CONFIG))
    if len(json.dumps(told, ensure_ascii=False).encode()) > KEPT_LIMIT:
        raise UnreadableConfig(f"labels, environment and the like have over {KEPT_LIMIT} bytes")
    return told


def _decoded(raw: bytes) -> Mapping[str, Any]:
    if len(raw) > CONFIG_LIMIT:
        raise UnreadableConfig(f"it has more than {CONFIG_LIMIT} bytes")
    try:
        document = strict_json.decode(raw, max_depth=_DEPTH)
    except InvalidJson as error:
        raise UnreadableConfig(error.reason) from None
    if not isinstance(document, dict):
        raise UnreadableConfig("it is not a JSON object")
    return document


def _fields(
    holder: Mapping[str, Any], known: Mapping[str, tuple[str, Callable[[Any], bool]]]
) -> Iterator[tuple[str, Any]]:
    """What is there under each name, under the name that clients read."""
    for name, (shown, fits) in known.items():
        value = holder.get(name)
        if value is None or value in ("", [], {}):
            continue
        if not fits(value):
            raise UnreadableConfig(f"its {name!r} is of another type")
        yield shown, value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _TIME_LIMIT


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_command(value: Any) -> bool:
    return _is_text(value) or _is_texts(value)


def _is_text_map(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(key, str) and isinstance(one, str) for key, one in value.items()
    )


def _is_set(value: Any) -> bool:
    """Ports and volumes: names that stand for nothing but themselves."""
    return isinstance(value, dict) and all(one in ({}, None) for one in value.values())


_TOP: Final = {
    "created": ("Created", _is_time),
    "architecture": ("Architecture", _is_text),
    "os": ("Os", _is_text),
    "variant": ("Variant", _is_text),
    "author": ("Author", _is_text),
    "comment": ("Comment", _is_text),
    "docker_version": ("DockerVersion", _is_text),
    "parent": ("Parent", _is_text),
}
_CONFIG: Final = {
    "User": ("User", _is_text),
    "WorkingDir": ("WorkingDir", _is_text),
    "Hostname": ("Hostname", _is_text),
    "Image": ("Image", _is_text),
    "StopSignal": ("StopSignal", _is_text),
    "Env": ("Env", _is_texts),
    "Cmd": ("Cmd", _is_command),
    "Entrypoint": ("Entrypoint", _is_command),
    "OnBuild": ("OnBuild", _is_texts),
    "Labels": ("Labels", _is_text_map),
    "ExposedPorts": ("ExposedPorts", _is_set),
    "Volumes": ("Volumes", _is_set),
    "Tty": ("Tty", _is_flag),
    "OpenStdin": ("OpenStdin", _is_flag),
}


def _layers(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All layers, with those that stay with their owner; the manifest has been checked."""
    return list(document.get("layers") or ())


def _layer(one: Mapping[str, Any]) -> Object:
    return {"name": one["digest"], "size": one["size"], "mediaType": one["mediaType"]}


def _children(document: Mapping[str, Any]) -> Iterator[Object]:
    for one in document["manifests"]:
        platform = one.get("platform") if isinstance(one.get("platform"), dict) else {}
        told = {
            "digest": one["digest"],
            "mediaType": one["mediaType"],
            "manifestSize": one["size"],
            "architecture": _named(platform, "architecture") or _UNKNOWN,
            "os": _named(platform, "os") or _UNKNOWN,
        }
        variant = _named(platform, "variant")
        yield {**told, "variant": variant} if variant else told


def _named(platform: Mapping[str, Any], key: str) -> str:
    value = platform.get(key)
    return value[:_TIME_LIMIT] if isinstance(value, str) else ""
