"""What a pod is to be, as a whole: `validate_pod_spec`, for pods and for templates of pods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import FieldError, Object
from wharfinger.cluster.kinds.pods.rules import containers, resources, scheduling, security
from wharfinger.cluster.kinds.pods.rules import volumes as volume_rules
from wharfinger.cluster.kinds.pods.rules.common import (
    MOST,
    Fields,
    address,
    named,
    supported,
    unique,
    within,
)

_RESTARTS: Final = ("Always", "OnFailure", "Never")
_DNS: Final = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_NAMES: Final = {
    "serviceAccountName": validation.subdomain,
    "nodeName": validation.subdomain,
    "priorityClassName": validation.subdomain,
    "runtimeClassName": validation.subdomain,
    "hostname": validation.label,
    "subdomain": validation.label,
}
_MOST_SERVERS: Final = 3
_MOST_DOMAINS: Final = 32
_LONGEST_SEARCH: Final = 2048


def validate_pod(pod: Object) -> Sequence[FieldError]:
    """Judge a pod, which must say more than a template: there " " can stand for an image."""
    spec = pod.get("spec") or {}
    return (*validate_pod_spec(spec, "spec"), *_images(spec))


def validate_new_pod(pod: Object) -> Sequence[FieldError]:
    """Containers for debugging join a pod that is there, by the path that they have for it."""
    if not (pod.get("spec") or {}).get("ephemeralContainers"):
        return ()
    return (FieldError.forbidden("spec.ephemeralContainers", "cannot be set on create"),)


def _images(spec: Fields) -> Iterator[FieldError]:
    for name in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(name) or ()):
            image = container.get("image") or ""
            if image != image.strip():
                detail = "must not have leading or trailing whitespace"
                yield FieldError.invalid(f"spec.{name}[{index}].image", image, detail)


def validate_pod_spec(spec: Fields, path: str) -> Iterator[FieldError]:
    """List what keeps `spec` from being that of a pod; its defaults are there already."""
    yield from volume_rules.volumes(spec.get("volumes") or (), f"{path}.volumes")
    yield from containers.all_of(spec, path)
    yield from supported(spec, path, "restartPolicy", _RESTARTS, required=True)
    yield from supported(spec, path, "dnsPolicy", _DNS, required=True)
    yield from supported(spec, path, "preemptionPolicy", ("PreemptLowerPriority", "Never"))
    for name, judge in _NAMES.items():
        yield from named(spec.get(name) or "", f"{path}.{name}", judge, required=False)
    yield from within(spec.get("activeDeadlineSeconds"), f"{path}.activeDeadlineSeconds", 1, MOST)
    yield from security.of_pod(spec.get("securityContext") or {}, spec, f"{path}.securityContext")
    yield from validation.labels(spec.get("nodeSelector") or {}, f"{path}.nodeSelector")
    yield from scheduling.affinity(spec.get("affinity") or {}, f"{path}.affinity")
    yield from scheduling.tolerations(spec.get("tolerations") or (), f"{path}.tolerations")
    constraints = spec.get("topologySpreadConstraints") or ()
    yield from scheduling.spreading(constraints, f"{path}.topologySpreadConstraints")
    yield from _host_aliases(spec.get("hostAliases") or (), f"{path}.hostAliases")
    yield from _dns(spec, path)
    yield from _gates(spec, path)
    yield from resources.amounts(spec.get("overhead") or {}, f"{path}.overhead")
    yield from resources.requirements(spec.get("resources") or {}, f"{path}.resources")
    yield from _claims(spec.get("resourceClaims") or (), f"{path}.resourceClaims")
    if spec.get("os") is not None:
        yield from supported(spec["os"], f"{path}.os", "name", ("linux", "windows"), required=True)


def _host_aliases(aliases: Sequence[Fields], path: str) -> Iterator[FieldError]:
    for index, alias in enumerate(aliases):
        yield from address(alias.get("ip") or "", f"{path}[{index}].ip")
        for place, name in enumerate(alias.get("hostnames") or ()):
            yield from named(name, f"{path}[{index}].hostnames[{place}]", validation.subdomain)


def _dns(spec: Fields, path: str) -> Iterator[FieldError]:
    config, alone = spec.get("dnsConfig"), spec.get("dnsPolicy") == "None"
    at = f"{path}.dnsConfig"
    if config is None:
        if alone:
            detail = "must provide `dnsConfig` when `dnsPolicy` is None"
            yield FieldError.required(at, detail)
        return
    servers, searches = config.get("nameservers") or (), config.get("searches") or ()
    if alone and not servers:
        detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        yield FieldError.required(f"{at}.nameservers", detail)
    if len(servers) > _MOST_SERVERS:
        detail = f"must not have more than {_MOST_SERVERS} nameservers"
        yield FieldError.invalid(f"{at}.nameservers", servers, detail)
    for index, server in enumerate(servers):
        yield from address(server, f"{at}.nameservers[{index}]")
    if len(searches) > _MOST_DOMAINS:
        detail = f"must not have more than {_MOST_DOMAINS} search paths"
        yield FieldError.invalid(f"{at}.searches", searches, detail)
    if len(" ".join(searches)) > _LONGEST_SEARCH:
        detail = f"must not have more than {_LONGEST_SEARCH} characters (including spaces) in the search list"
        yield FieldError.invalid(f"{at}.searches", searches, detail)
    for index, search in enumerate(searches):
        name = search.removesuffix(".")
        if name:
            yield from named(name, f"{at}.searches[{index}]", validation.subdomain)
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            yield FieldError.required(f"{at}.options[{index}]", "must not be empty")


def _gates(spec: Fields, path: str) -> Iterator[FieldError]:
    gates = spec.get("schedulingGates") or ()
    for index, gate in enumerate(gates):
        at = f"{path}.schedulingGates[{index}]"
        yield from named(gate.get("name") or "", at, validation.qualified_name)
    yield from unique(
        (f"{path}.schedulingGates[{index}]", gate.get("name") or "")
        for index, gate in enumerate(gates)
    )
    if gates and spec.get("nodeName"):
        detail = "cannot be set until all schedulingGates have been cleared"
        yield FieldError.forbidden(f"{path}.nodeName", detail)
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        at = f"{path}.readinessGates[{index}].conditionType"
        yield from named(gate.get("conditionType") or "", at, validation.qualified_name)


def _claims(claims: Sequence[Fields], path: str) -> Iterator[FieldError]:
    for index, claim in enumerate(claims):
        yield from named(claim.get("name") or "", f"{path}[{index}].name", validation.label)
    yield from unique(
        (f"{path}[{index}].name", claim.get("name") or "") for index, claim in enumerate(claims)
    )
