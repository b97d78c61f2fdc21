"""Rights and identity: numbers of users, profiles, and combinations that cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from wharfinger.cluster.kind import FieldError
from wharfinger.cluster.kinds.pods.rules.common import (
    MOST,
    Fields,
    named,
    supported,
    unique,
    within,
)

_SEGMENT: Final = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL: Final = rf"({_SEGMENT}[\./])*{_SEGMENT}"
_SYSCTL_LENGTH: Final = 253
_PROFILES: Final = ("Localhost", "RuntimeDefault", "Unconfined")


def of_pod(context: Fields, spec: Fields, path: str) -> Iterator[FieldError]:
    yield from _identity(context, path)
    yield from within(context.get("fsGroup"), f"{path}.fsGroup", 0, MOST)
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        yield from within(group, f"{path}.supplementalGroups[{index}]", 0, MOST)
    yield from supported(context, path, "fsGroupChangePolicy", ("Always", "OnRootMismatch"))
    yield from supported(context, path, "supplementalGroupsPolicy", ("Merge", "Strict"))
    yield from supported(context, path, "seLinuxChangePolicy", ("MountOption", "Recursive"))
    sysctls = context.get("sysctls") or ()
    for index, sysctl in enumerate(sysctls):
        yield from named(sysctl.get("name") or "", f"{path}.sysctls[{index}].name", _sysctl_name)
    yield from unique(
        (f"{path}.sysctls[{index}].name", (sysctl.get("name") or "").replace("/", "."))
        for index, sysctl in enumerate(sysctls)
    )
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield FieldError.invalid(f"{path.rpartition('.')[0]}.shareProcessNamespace", True, detail)


def of_container(context: Fields, path: str) -> Iterator[FieldError]:
    yield from _identity(context, path)
    yield from supported(context, path, "procMount", ("Default", "Unmasked"))
    if context.get("allowPrivilegeEscalation") is not False:
        return
    words = "cannot set `allowPrivilegeEscalation` to false and"
    if context.get("privileged"):
        yield FieldError.invalid(path, dict(context), f"{words} `privileged` to true")
    added = (context.get("capabilities") or {}).get("add") or ()
    if "CAP_SYS_ADMIN" in added:
        yield FieldError.invalid(path, dict(context), f"{words} `capabilities.Add` CAP_SYS_ADMIN")


def _identity(context: Fields, path: str) -> Iterator[FieldError]:
    for name in ("runAsUser", "runAsGroup"):
        yield from within(context.get(name), f"{path}.{name}", 0, MOST)
    for name in ("seccompProfile", "appArmorProfile"):
        if context.get(name) is not None:
            yield from _profile(context[name], f"{path}.{name}")


def _profile(profile: Fields, path: str) -> Iterator[FieldError]:
    field = path.rpartition(".")[2]
    what = field.removesuffix("Profile")
    kind, local = profile.get("type") or "", profile.get("localhostProfile")
    if not kind:
        yield FieldError.required(f"{path}.type", f"type is required when {field} is set")
    yield from supported(profile, path, "type", _PROFILES)
    if kind == "Localhost" and not local:
        detail = f"must be set when {what} type is Localhost"
        yield FieldError.required(f"{path}.localhostProfile", detail)
    elif kind != "Localhost" and local is not None:
        detail = f"can only be set when {what} type is Localhost"
        yield FieldError.invalid(f"{path}.localhostProfile", local, detail)


def _sysctl_name(name: str) -> list[str]:
    if len(name) <= _SYSCTL_LENGTH and re.fullmatch(_SYSCTL, name) is not None:
        return []
    return [f"must have at most {_SYSCTL_LENGTH} characters and match regex ^{_SYSCTL}$"]
