"""
Containers: names, images, ports, and volumes that the pod has.

Containers that run before the others, and those for debugging, may say less than these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import FieldError
from wharfinger.cluster.kinds.pods.rules import environment, probes, resources, security
from wharfinger.cluster.kinds.pods.rules.common import (
    Fields,
    descending,
    given,
    named,
    port_name,
    supported,
    unique,
    within,
)

PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_RESTARTS: Final = ("Always", "Never", "OnFailure")
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_PROPAGATIONS: Final = ("Bidirectional", "HostToContainer", "None")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_NOT_BEFORE: Final = ("lifecycle", *_PROBES)
_NOT_FOR_DEBUGGING: Final = ("ports", "resizePolicy", *_NOT_BEFORE)
_LAST_WORDS: Final = "must be 'File' or 'FallbackToLogsOnError'"


def all_of(spec: Fields, path: str) -> Iterator[FieldError]:
    """Judge all containers of a pod."""
    volumes = {volume.get("name"): volume for volume in spec.get("volumes") or ()}
    kinds = ("containers", "initContainers", "ephemeralContainers")
    found = [(f"{path}.{kind}", spec.get(kind) or ()) for kind in kinds]
    if not found[0][1]:
        yield FieldError.required(found[0][0])
    for at, containers in found:
        for index, container in enumerate(containers):
            yield from _container(container, volumes, f"{at}[{index}]")
    for index, container in enumerate(found[1][1]):
        yield from _runs_before(container, f"{found[1][0]}[{index}]")
    for index, container in enumerate(found[2][1]):
        yield from _for_debugging(container, spec, f"{found[2][0]}[{index}]")
    yield from unique(
        (f"{at}[{index}].name", container.get("name") or "")
        for at, containers in found
        for index, container in enumerate(containers)
    )
    yield from _host_ports(found[0][1], found[0][0])


def _container(
    container: Fields, volumes: dict[str | None, Any], path: str
) -> Iterator[FieldError]:
    yield from named(container.get("name") or "", f"{path}.name", validation.label)
    yield from given(container, path, "image")
    yield from supported(container, path, "imagePullPolicy", PULL_POLICIES, required=True)
    yield from supported(container, path, "restartPolicy", _RESTARTS)
    policy = container.get("terminationMessagePolicy")
    if policy not in ("File", "FallbackToLogsOnError"):
        yield FieldError.invalid(f"{path}.terminationMessagePolicy", policy, _LAST_WORDS)
    yield from _ports(container.get("ports") or (), f"{path}.ports")
    yield from environment.variables(container.get("env") or (), f"{path}.env")
    yield from environment.many_variables(container.get("envFrom") or (), f"{path}.envFrom")
    yield from resources.requirements(container.get("resources") or {}, f"{path}.resources")
    yield from security.of_container(
        container.get("securityContext") or {}, f"{path}.securityContext"
    )
    yield from probes.lifecycle(container.get("lifecycle") or {}, f"{path}.lifecycle")
    for name in _PROBES:
        if container.get(name) is not None:
            yield from probes.probe(container[name], f"{path}.{name}")
    yield from _mounts(container, volumes, path)
    yield from _devices(container, volumes, path)


def _ports(ports: Sequence[Fields], path: str) -> Iterator[FieldError]:
    for index, port in enumerate(ports):
        at = f"{path}[{index}]"
        yield from named(port.get("name") or "", f"{at}.name", port_name, required=False)
        if not port.get("containerPort"):
            yield FieldError.required(f"{at}.containerPort")
        for name in ("containerPort", "hostPort"):
            yield from within(port.get(name) or None, f"{at}.{name}", 1, 65535)
        yield from supported(port, at, "protocol", _PROTOCOLS, required=True)
    yield from unique(
        (f"{path}[{index}].name", port.get("name") or "") for index, port in enumerate(ports)
    )


def _host_ports(containers: Sequence[Fields], path: str) -> Iterator[FieldError]:
    """Two containers of a pod cannot have the same port of the host."""
    yield from unique(
        (
            f"{path}[{index}].ports[{place}].hostPort",
            f"{port.get('protocol')}/{port.get('hostIP') or ''}/{port['hostPort']}",
        )
        for index, container in enumerate(containers)
        for place, port in enumerate(container.get("ports") or ())
        if port.get("hostPort")
    )


def _mounts(container: Fields, volumes: dict[str | None, Any], path: str) -> Iterator[FieldError]:
    devices = {device.get("name") for device in container.get("volumeDevices") or ()}
    seen: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        at = f"{path}.volumeMounts[{index}]"
        yield from _volume(mount, volumes, at)
        yield from given(mount, at, "mountPath")
        where = mount.get("mountPath") or ""
        if where in seen:
            yield FieldError.invalid(f"{at}.mountPath", where, "must be unique")
        seen.add(where)
        if mount.get("name") in devices:
            detail = "must not already exist in volumeDevices"
            yield FieldError.invalid(f"{at}.name", mount.get("name"), detail)
        yield from _part(mount, at)
        yield from supported(mount, at, "mountPropagation", _PROPAGATIONS)
        privileged = (container.get("securityContext") or {}).get("privileged")
        if mount.get("mountPropagation") == "Bidirectional" and not privileged:
            detail = "Bidirectional mount propagation is available only to privileged containers"
            yield FieldError.forbidden(f"{at}.mountPropagation", detail)


def _part(mount: Fields, path: str) -> Iterator[FieldError]:
    """Judge which part of a volume is shown."""
    for name in ("subPath", "subPathExpr"):
        yield from descending(mount.get(name) or "", f"{path}.{name}")
    if mount.get("subPath") and mount.get("subPathExpr"):
        detail = "subPathExpr and subPath are mutually exclusive"
        yield FieldError.invalid(f"{path}.subPathExpr", mount["subPathExpr"], detail)


def _devices(container: Fields, volumes: dict[str | None, Any], path: str) -> Iterator[FieldError]:
    for index, device in enumerate(container.get("volumeDevices") or ()):
        at = f"{path}.volumeDevices[{index}]"
        yield from _volume(device, volumes, at)
        yield from given(device, at, "devicePath")
        volume = volumes.get(device.get("name")) or {}
        if volume and not volume.keys() & {"persistentVolumeClaim", "ephemeral"}:
            detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            yield FieldError.invalid(f"{at}.name", device.get("name"), detail)


def _volume(user: Fields, volumes: Collection[str | None], path: str) -> Iterator[FieldError]:
    name = user.get("name") or ""
    if not name:
        yield FieldError.required(f"{path}.name")
    elif name not in volumes:
        yield FieldError.not_found(f"{path}.name", name)


def _runs_before(container: Fields, path: str) -> Iterator[FieldError]:
    if container.get("restartPolicy") == "Always":
        return
    for name in _NOT_BEFORE:
        if container.get(name) is not None:
            detail = "may not be set for init containers without restartPolicy=Always"
            yield FieldError.forbidden(f"{path}.{name}", detail)


def _for_debugging(container: Fields, spec: Fields, path: str) -> Iterator[FieldError]:
    for name in _NOT_FOR_DEBUGGING:
        if container.get(name):
            yield FieldError.forbidden(f"{path}.{name}", "cannot be set for an Ephemeral Container")
    if container.get("resources"):
        detail = "cannot be set for an Ephemeral Container"
        yield FieldError.forbidden(f"{path}.resources", detail)
    target = container.get("targetContainerName")
    others = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    if target and target not in {one.get("name") for one in others}:
        yield FieldError.not_found(f"{path}.targetContainerName", target)
