"""
Volumes: one name, one source, and what the source needs.

The sources that a cluster without providers can have are judged in full. Of the others we know only
what they cannot do without: nothing here mounts them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from wharfinger.cluster import label_selector, validation
from wharfinger.cluster.kind import FieldError
from wharfinger.cluster.kinds import quantity
from wharfinger.cluster.kinds.pods.remote_volumes import REMOTE_SOURCES
from wharfinger.cluster.kinds.pods.rules import environment
from wharfinger.cluster.kinds.pods.rules.common import (
    Fields,
    descending,
    given,
    named,
    no_way_up,
    only_one,
    sources,
    supported,
    unique,
)

_MODE: Final = "must be a number between 0 and 0777 (octal), both inclusive"
_HOST_PATHS: Final = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate",
    "Socket",
)  # fmt: skip
_ACCESS: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_SHORTEST_TOKEN: Final = 600
_LONGEST_TOKEN: Final = 1 << 32


def volumes(found: Sequence[Fields], path: str) -> Iterator[FieldError]:
    for index, volume in enumerate(found):
        at = f"{path}[{index}]"
        present = sources(volume, _KNOWN)
        for name in present[:1]:
            yield from _source(name, volume[name], f"{at}.{name}")
        yield from only_one(volume, at, present, "volume")
        yield from named(volume.get("name") or "", f"{at}.name", validation.label)
    yield from unique(
        (f"{path}[{index}].name", volume.get("name") or "") for index, volume in enumerate(found)
    )


def _source(name: str, source: Fields, path: str) -> Iterator[FieldError]:
    if name in _JUDGES:
        yield from _JUDGES[name](source, path)
    for field in _REMOTE_NEEDS.get(name, ()):
        if source.get(field) in (None, ""):
            yield FieldError.required(f"{path}.{field}")


def _host_path(source: Fields, path: str) -> Iterator[FieldError]:
    yield from given(source, path, "path")
    yield from no_way_up(source.get("path") or "", f"{path}.path")
    yield from supported(source, path, "type", _HOST_PATHS)


def _empty_dir(source: Fields, path: str) -> Iterator[FieldError]:
    size = source.get("sizeLimit")
    if size is not None and quantity.amount(size) < 0:
        detail = "SizeLimit field must be a valid resource quantity"
        yield FieldError.forbidden(f"{path}.sizeLimit", detail)


def _nfs(source: Fields, path: str) -> Iterator[FieldError]:
    yield from given(source, path, "server", "path")
    directory = source.get("path") or ""
    if directory and not directory.startswith("/"):
        yield FieldError.invalid(f"{path}.path", directory, "must be an absolute path")


def _claim(source: Fields, path: str) -> Iterator[FieldError]:
    yield from given(source, path, "claimName")


def _csi(source: Fields, path: str) -> Iterator[FieldError]:
    yield from given(source, path, "driver")
    reference = source.get("nodePublishSecretRef")
    if reference is not None and not reference.get("name"):
        yield FieldError.required(f"{path}.nodePublishSecretRef.name")


def _image(source: Fields, path: str) -> Iterator[FieldError]:
    policies = ("Always", "IfNotPresent", "Never")
    yield from supported(source, path, "pullPolicy", policies, required=True)


def _ephemeral(source: Fields, path: str) -> Iterator[FieldError]:
    template = source.get("volumeClaimTemplate")
    at = f"{path}.volumeClaimTemplate"
    if template is None:
        yield FieldError.required(at)
    else:
        yield from claim_spec(template.get("spec") or {}, f"{at}.spec")


def claim_spec(spec: Fields, path: str) -> Iterator[FieldError]:
    """Judge what a volume that is made for a claim is to be."""
    modes = spec.get("accessModes") or ()
    if not modes:
        yield FieldError.required(f"{path}.accessModes", "at least 1 access mode is required")
    for mode in modes:
        if mode not in _ACCESS:
            yield FieldError.unsupported(f"{path}.accessModes", mode, _ACCESS)
    yield from label_selector.errors(spec.get("selector") or {}, f"{path}.selector")
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if size is None:
        yield FieldError.required(f"{path}.resources[storage]")
    elif quantity.amount(size) <= 0:
        at = f"{path}.resources[storage]"
        yield FieldError.invalid(at, size, "must be greater than zero")
    yield from supported(spec, path, "volumeMode", ("Block", "Filesystem"))


def _secret(source: Fields, path: str) -> Iterator[FieldError]:
    yield from given(source, path, "secretName")
    yield from _mode(source, path, "defaultMode")
    yield from _keys(source.get("items") or (), f"{path}.items")


def _config_map(source: Fields, path: str) -> Iterator[FieldError]:
    yield from given(source, path, "name")
    yield from _mode(source, path, "defaultMode")
    yield from _keys(source.get("items") or (), f"{path}.items")


def _pod_values(source: Fields, path: str) -> Iterator[FieldError]:
    yield from _mode(source, path, "defaultMode")
    yield from _pod_files(source.get("items") or (), path)


def _projected(source: Fields, path: str) -> Iterator[FieldError]:
    yield from _mode(source, path, "defaultMode")
    for index, one in enumerate(source.get("sources") or ()):
        at = f"{path}.sources[{index}]"
        found = sources(one, _PROJECTIONS)
        for name in found[:1]:
            yield from _PROJECTIONS[name](one[name], f"{at}.{name}")
        for name in found[1:]:
            detail = "may not specify more than 1 volume type per source"
            yield FieldError.forbidden(f"{at}.{name}", detail)
        if not found:
            yield FieldError.required(at, "must specify a volume type")


def _projected_values(source: Fields, path: str) -> Iterator[FieldError]:
    yield from given(source, path, "name")
    yield from _keys(source.get("items") or (), f"{path}.items")


def _projected_pod(source: Fields, path: str) -> Iterator[FieldError]:
    yield from _pod_files(source.get("items") or (), path)


def _token(source: Fields, path: str) -> Iterator[FieldError]:
    seconds = source.get("expirationSeconds") or 0
    if seconds < _SHORTEST_TOKEN:
        detail = "may not specify a duration less than 10 minutes"
        yield FieldError.invalid(f"{path}.expirationSeconds", seconds, detail)
    elif seconds > _LONGEST_TOKEN:
        detail = "may not specify a duration larger than 2^32 seconds"
        yield FieldError.invalid(f"{path}.expirationSeconds", seconds, detail)
    yield from _file(source, path)


def _bundle(source: Fields, path: str) -> Iterator[FieldError]:
    if not source.get("name") and not source.get("signerName"):
        yield FieldError.required(path, "either name or signerName must be specified")
    yield from _file(source, path)


def _certificate(source: Fields, path: str) -> Iterator[FieldError]:
    yield from given(source, path, "signerName", "keyType")


def _keys(items: Sequence[Fields], path: str) -> Iterator[FieldError]:
    for index, item in enumerate(items):
        at = f"{path}[{index}]"
        yield from given(item, at, "key")
        yield from _file(item, at)
        yield from _mode(item, at, "mode")


def _pod_files(items: Sequence[Fields], path: str) -> Iterator[FieldError]:
    for item in items:
        yield from _file(item, path)
        found = sources(item, ("fieldRef", "resourceFieldRef"))
        if len(found) > 1:
            detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
            yield FieldError.invalid(path, "resource", detail)
        elif found == ["fieldRef"]:
            at, allowed = f"{path}.fieldRef", environment.FILE_FIELDS
            yield from environment.field_reference(item["fieldRef"], at, allowed)
        elif found:
            at = f"{path}.resourceFieldRef"
            yield from environment.amount_reference(item["resourceFieldRef"], at, in_volume=True)
        else:
            yield FieldError.required(path, "one of fieldRef and resourceFieldRef is required")
        yield from _mode(item, path, "mode")


def _file(item: Fields, path: str) -> Iterator[FieldError]:
    """Judge where a file is put: below the volume, and not among those that start with `..`."""
    file = item.get("path") or ""
    if not file:
        yield FieldError.required(f"{path}.path")
        return
    yield from descending(file, f"{path}.path")
    if file.startswith("..") and not file.startswith("../"):
        yield FieldError.invalid(f"{path}.path", file, "must not start with '..'")


def _mode(source: Fields, path: str, name: str) -> Iterator[FieldError]:
    mode = source.get(name)
    if mode is not None and not 0 <= mode <= 0o777:
        yield FieldError.invalid(f"{path}.{name}", mode, _MODE)


_Judge = Callable[[Fields, str], Iterator[FieldError]]
_JUDGES: Final[Mapping[str, _Judge]] = {
    "hostPath": _host_path,
    "emptyDir": _empty_dir,
    "secret": _secret,
    "nfs": _nfs,
    "persistentVolumeClaim": _claim,
    "downwardAPI": _pod_values,
    "configMap": _config_map,
    "projected": _projected,
    "csi": _csi,
    "ephemeral": _ephemeral,
    "image": _image,
}
_PROJECTIONS: Final[Mapping[str, _Judge]] = {
    "secret": _projected_values,
    "downwardAPI": _projected_pod,
    "configMap": _projected_values,
    "serviceAccountToken": _token,
    "clusterTrustBundle": _bundle,
    "podCertificate": _certificate,
}
_REMOTE_NEEDS: Final[Mapping[str, Sequence[str]]] = {
    name: schema.get("required", ()) for name, schema in REMOTE_SOURCES.items()
}
_KNOWN: Final = (*_JUDGES, *REMOTE_SOURCES)
