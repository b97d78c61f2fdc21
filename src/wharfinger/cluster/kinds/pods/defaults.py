"""
What a pod is that does not say otherwise.

In place, and twice is as once: a pod that is read and written back is the same. Templates get what
`default_pod_spec` gives; a pod itself gets a little more, since a template may be completed otherwise
by who uses it. What a client sends for nothing (`hostNetwork: false`) is dropped, as the types of
Kubernetes do, so that it is no change when another client leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.pods import service_class

GRACE: Final = 30
FILE_MODE: Final = 0o644
TOKEN_SECONDS: Final = 3600

_SPEC: Final[Mapping[str, Any]] = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
}
_CONTAINER: Final[Mapping[str, Any]] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_PROBE: Final[Mapping[str, Any]] = {
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}
_VOLUMES: Final[Mapping[str, Mapping[str, Any]]] = {
    "azureDisk": {
        "cachingMode": "ReadWrite",
        "kind": "Shared",
        "fsType": "ext4",
        "readOnly": False,
    },
    "configMap": {"defaultMode": FILE_MODE},
    "downwardAPI": {"defaultMode": FILE_MODE},
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "projected": {"defaultMode": FILE_MODE},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
    "secret": {"defaultMode": FILE_MODE},
}
_NOTHING_SAID: Final = ("hostNetwork", "hostPID", "hostIPC", "hostname", "subdomain", "nodeName")
_NOTHING_SAID_OF_CONTAINER: Final = ("stdin", "stdinOnce", "tty", "workingDir")
_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")


def default_pod(pod: Object) -> None:
    """Complete a pod; a client sees what was meant, and an owner what it must count."""
    spec = pod.setdefault("spec", {})
    default_pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    for container in _containers(spec):
        _default_requests(container.get("resources") or {})
        if spec.get("hostNetwork"):
            _default_host_ports(container)
    status = pod.setdefault("status", {})
    status.setdefault("phase", "Pending")
    status.setdefault("qosClass", service_class.of(spec))
    _default_addresses(status)


def default_pod_spec(spec: dict[str, Any]) -> None:
    """Complete what a pod or a template of pods is to be."""
    _drop(spec, _NOTHING_SAID)
    _fill(spec, _SPEC)
    spec.setdefault("terminationGracePeriodSeconds", GRACE)
    spec.setdefault("securityContext", {})
    _default_account(spec)
    for container in _containers(spec):
        _default_container(container)
    for volume in spec.get("volumes") or ():
        _default_volume(volume)


def _default_account(spec: dict[str, Any]) -> None:
    """Old clients read, and some still write, the old name of the field."""
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    else:
        _drop(spec, ("serviceAccountName", "serviceAccount"))


def _default_container(container: dict[str, Any]) -> None:
    _drop(container, _NOTHING_SAID_OF_CONTAINER)
    _fill(container, _CONTAINER)
    container.setdefault("resources", {})
    _fill(container, {"imagePullPolicy": pull_policy(container.get("image") or "")})
    for port in container.get("ports") or ():
        _fill(port, {"protocol": "TCP"})
    for variable in container.get("env") or ():
        _default_reference(variable.get("valueFrom") or {})
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if name in container:
            _default_probe(container[name])
    for name in ("postStart", "preStop"):
        _default_http((container.get("lifecycle") or {}).get(name) or {})


def pull_policy(image: str) -> str:
    """An image that moves is asked for each time; one that is named exactly, once."""
    name, at, _ = image.partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    moves = tag == "latest" or not (colon or at)
    return "Always" if moves else "IfNotPresent"


def _default_probe(probe: dict[str, Any]) -> None:
    _fill(probe, _PROBE)
    _default_http(probe)
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")


def _default_http(handler: dict[str, Any]) -> None:
    if "httpGet" in handler:
        _fill(handler["httpGet"], {"path": "/", "scheme": "HTTP"})


def _default_reference(holder: dict[str, Any]) -> None:
    """Complete what names a field of the pod, or an amount of a container."""
    if "fieldRef" in holder:
        _fill(holder["fieldRef"], {"apiVersion": "v1"})
    if "resourceFieldRef" in holder:
        holder["resourceFieldRef"].setdefault("divisor", "0")


def _default_volume(volume: dict[str, Any]) -> None:
    if not volume.keys() - {"name"}:
        volume["emptyDir"] = {}
    for source, values in _VOLUMES.items():
        if source in volume:
            for name, value in values.items():
                volume[source].setdefault(name, value)
    for source, complete in _SOURCES.items():
        if source in volume:
            complete(volume[source])


def _default_files(source: dict[str, Any]) -> None:
    for item in source.get("items") or ():
        _default_reference(item)


def _default_projected(source: dict[str, Any]) -> None:
    for one in source.get("sources") or ():
        if "serviceAccountToken" in one:
            one["serviceAccountToken"].setdefault("expirationSeconds", TOKEN_SECONDS)
        _default_files(one.get("downwardAPI") or {})


def _default_image(source: dict[str, Any]) -> None:
    _fill(source, {"pullPolicy": pull_policy(source.get("reference") or "")})


def _default_claim(source: dict[str, Any]) -> None:
    claim = (source.get("volumeClaimTemplate") or {}).get("spec")
    if claim is not None:
        _fill(claim, {"volumeMode": "Filesystem"})


_SOURCES: Final[Mapping[str, Callable[[dict[str, Any]], None]]] = {
    "downwardAPI": _default_files,
    "ephemeral": _default_claim,
    "image": _default_image,
    "projected": _default_projected,
}


def _default_requests(resources: dict[str, Any]) -> None:
    """Who says only how much may be used needs that much."""
    if limits := resources.get("limits"):
        resources["requests"] = {**limits, **(resources.get("requests") or {})}


def _default_host_ports(container: Mapping[str, Any]) -> None:
    for port in container.get("ports") or ():
        if not port.get("hostPort") and port.get("containerPort"):
            port["hostPort"] = port["containerPort"]


def _default_addresses(status: dict[str, Any]) -> None:
    """Keep the one address that old clients read among those that new ones read."""
    address, addresses = status.get("podIP"), status.get("podIPs")
    if address and not addresses:
        status["podIPs"] = [{"ip": address}]
    elif addresses and not address and addresses[0].get("ip"):
        status["podIP"] = addresses[0]["ip"]


def _containers(spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in _CONTAINERS:
        yield from spec.get(name) or ()


def _fill(record: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Give values to fields that are absent, empty or zero."""
    for name, value in values.items():
        if not record.get(name):
            record[name] = value


def _drop(record: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in record and not record[name]:
            del record[name]
