"""
Whom each runtime of a host trusts for a registry, as the runtime itself reads it.

- "system": the bundle that the distribution makes of its anchors. Everybody else adds to it.
- "docker": every `*.crt` of `/etc/docker/certs.d/<host[:port]>`, and client certificates: each
  `*.cert` with the `*.key` of the same name. One without the other is an error there, not a gap.
  What is on loopback or among its `insecure-registries` may show any certificate.
- "containers" (Podman, Skopeo, Buildah, CRI-O): the same files, from the first directory of its list
  that there is; what stands in the later ones does not count.
- "containerd": `hosts.toml` in the directory of the registry, or files as for Docker where it has
  none.

A directory is found by the registry as the image name spells it: `quay.test` and `quay.test:443` have
two. Links are followed, inside the root only, since the runtimes follow them too.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import posixpath
import re
import ssl
import stat
from dataclasses import dataclass, field, replace
from typing import Final, Union

from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host import hosts_toml
from wharfinger.hosts.on_host.changes import SystemTrusts
from wharfinger.hosts.on_host.results import Holds, Proven
from wharfinger.hosts.on_host.tree import Tree
from wharfinger.oci.registry_host import HTTPS_PORT, RegistryHost

RUNTIMES: Final = ("system", "docker", "containers", "containerd")
DOCKER_CONFIG: Final = "/etc/docker/daemon.json"
DOCKER_CERTS: Final = "/etc/docker/certs.d"
CONTAINERS_CERTS: Final = (
    "/root/.config/containers/certs.d",
    "/etc/containers/certs.d",
    DOCKER_CERTS,
)
"""containers-certs.d(5): the first that has a directory for the registry is the only one read."""
CONTAINERD_CERTS: Final = "/etc/containerd/certs.d"
CONTAINERD_CONFIG: Final = "/etc/containerd/config.toml"
BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""The first one that there is; https://go.dev/src/crypto/x509/root_linux.go"""

ANCHORS: Final = {
    "debian": "/usr/local/share/ca-certificates",
    "redhat": "/etc/pki/ca-trust/source/anchors",
}
"""Where each family of distributions has the authorities that an administrator adds."""

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

SIZE_LIMIT: Final = 16 << 20
_LOOPBACK: Final = ipaddress.ip_network("127.0.0.0/8")
_LINKS: Final = 40
_PEM: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----"
)
_CONFIG_PATH: Final = re.compile(r"""^\s*config_path\s*=\s*["']([^"':]+)""", re.MULTILINE)


@dataclass(frozen=True)
class Trusted:
    """What a runtime holds against a registry's certificate.

    `authorities` are DER, those of the system included. `client` is a certificate and its key, PEM.
    `unverified` says why it takes any certificate, and it does from addresses in `insecure`. `fault` says why the runtime does not get as far as a handshake. `places` are what was read
    besides the system's bundle.
    """

    authorities: tuple[bytes, ...] = ()
    client: tuple[bytes, bytes] | None = field(default=None, repr=False)
    unverified: str = ""
    insecure: tuple[Network, ...] = ()
    fault: str = ""
    places: tuple[str, ...] = ()


class _Fault(Exception):
    """The runtime would stop here; the text says why."""


def of(files: Tree, runtime: str, registry: RegistryHost) -> Trusted:
    """Whom `runtime` trusts for `registry`; what cannot be read becomes the `fault`."""
    try:
        own = _READERS[runtime](files, registry)
        bundle = system_bundle(files)
    except _Fault as fault:
        return Trusted(fault=str(fault))
    except (OSError, WharfingerError) as error:
        return Trusted(fault=str(error))
    return replace(own, authorities=(*own.authorities, *bundle))


def system_bundle(files: Tree) -> tuple[bytes, ...]:
    """The authorities of the whole host, DER."""
    for path in BUNDLES:
        content = _read(files, path)
        if content is not None:
            return authorities(content)
    return ()


def prove(files: Tree, proof: SystemTrusts) -> Proven:
    """Is the authority in the bundle that the distribution's tool has made?"""
    found = {hashlib.sha256(der).hexdigest() for der in system_bundle(files)}
    holds = Holds.YES if proof.fingerprint in found else Holds.NO
    return Proven(f"the system trusts {proof.fingerprint[:16]}", holds)


def authorities(content: bytes) -> tuple[bytes, ...]:
    """The certificates of a PEM file, DER. What is none is passed over, as the runtimes do."""
    blocks = (_decoded(block) for block in _PEM.findall(content))
    return tuple(block for block in blocks if block is not None)


def _decoded(block: bytes) -> bytes | None:
    try:
        return ssl.PEM_cert_to_DER_cert(block.decode("ascii"))
    except ValueError:
        return None


def containerd_directories(files: Tree) -> tuple[str, ...]:
    """Where containerd looks for registries: as it is set, and where we and most others put them."""
    named = config_paths(_read(files, CONTAINERD_CONFIG) or b"")
    return tuple(dict.fromkeys([*named, CONTAINERD_CERTS]))


def config_paths(config: bytes) -> list[str]:
    """The first directory of each `config_path` of containerd's configuration."""
    return _CONFIG_PATH.findall(config.decode("utf-8", "replace"))


def containerd_names(registry: RegistryHost) -> tuple[str, ...]:
    """The directories that containerd tries for a registry, in order."""
    name = str(registry)
    host, colon, port = name.rpartition(":")
    return (*((f"{host}_{port}_",) if colon else ()), name, "_default")


# One reader for each runtime


def _of_system(_files: Tree, _registry: RegistryHost) -> Trusted:
    return Trusted()


def _of_docker(files: Tree, registry: RegistryHost) -> Trusted:
    trusted = _of_directory(files, f"{DOCKER_CERTS}/{registry}")
    told = _insecure_registries(files)
    return replace(
        trusted,
        unverified="insecure-registries" if str(registry) in told else "",
        insecure=(_LOOPBACK, *(network for network in map(_network, told) if network is not None)),
    )


def _insecure_registries(files: Tree) -> list[str]:
    try:
        told = json.loads(_read(files, DOCKER_CONFIG) or b"{}").get("insecure-registries") or []
    except (ValueError, AttributeError, RecursionError):
        raise _Fault(f"{DOCKER_CONFIG} cannot be read") from None
    return [str(one) for one in told]


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def _of_containers(files: Tree, registry: RegistryHost) -> Trusted:
    for above in CONTAINERS_CERTS:
        if _kind(files, f"{above}/{registry}") is not None:
            return _of_directory(files, f"{above}/{registry}")
    return Trusted()


def _of_containerd(files: Tree, registry: RegistryHost) -> Trusted:
    above = containerd_directories(files)[0]
    for name in containerd_names(registry):
        directory = f"{above}/{name}"
        if _kind(files, directory) is None:
            continue
        content = _read(files, f"{directory}/hosts.toml")
        if content is None:
            return _of_directory(files, directory)
        return _of_hosts_file(files, directory, content.decode("utf-8", "replace"), registry)
    return Trusted()


_READERS: Final = {
    "system": _of_system,
    "docker": _of_docker,
    "containers": _of_containers,
    "containerd": _of_containerd,
}


def _of_directory(files: Tree, directory: str) -> Trusted:
    """Docker's pattern: `*.crt` are authorities, `*.cert` with `*.key` a client certificate."""
    names = _names(files, directory)
    found: list[bytes] = []
    client = None
    for name in names:
        stem, _, kind = name.rpartition(".")
        path = f"{directory}/{name}"
        if kind == "crt":
            found += authorities(_required(files, path))
        elif kind == "cert":
            if f"{stem}.key" not in names:
                raise _Fault(f"{path} has no {stem}.key beside it; a CA is named .crt")
            client = client or (
                _required(files, path),
                _required(files, f"{directory}/{stem}.key"),
            )
        elif kind == "key" and f"{stem}.cert" not in names:
            raise _Fault(f"{path} has no {stem}.cert beside it")
    return Trusted(tuple(found), client, places=(directory,) if names else ())


def _of_hosts_file(files: Tree, directory: str, text: str, registry: RegistryHost) -> Trusted:
    path = f"{directory}/hosts.toml"
    try:
        hosts = hosts_toml.read(text)
    except ValueError as error:
        raise _Fault(f"{path} cannot be read: {error}") from None
    chosen = next((host for host in hosts if _is_at(host.url, registry)), hosts[-1])
    if chosen.url and not _is_at(chosen.url, registry):
        raise _Fault(f"{path} sends pulls to {chosen.url} instead")
    found: list[bytes] = []
    for name in chosen.authorities:
        content = authorities(_required(files, posixpath.join(directory, name)))
        if not content:
            raise _Fault(f"{path} names {name}, which has no certificate in it")
        found += content
    client = None
    for pair in chosen.clients[:1]:
        certificate, key = (_required(files, posixpath.join(directory, name)) for name in pair)
        client = (certificate, key)
    return Trusted(
        tuple(found), client, "skip_verify" if chosen.skip_verify else "", places=(path,)
    )


def _is_at(url: str, registry: RegistryHost) -> bool:
    scheme, mark, rest = url.partition("://")
    try:
        named = RegistryHost.parse((rest if mark else scheme).partition("/")[0])
    except WharfingerError:
        return False
    default = 80 if scheme == "http" and mark else HTTPS_PORT
    return (named.host, named.port or default) == (registry.host, registry.port or HTTPS_PORT)


# Reading below the root, where links are followed but not out of it


def _required(files: Tree, path: str) -> bytes:
    content = _read(files, path)
    if content is None:
        raise _Fault(f"{path} is not there, or cannot be read")
    return content


def _read(files: Tree, path: str) -> bytes | None:
    real = _resolved(files, path)
    if real is None or _kind(files, real) != "file":
        return None
    return files.read(real, limit=SIZE_LIMIT)


def _names(files: Tree, path: str) -> list[str]:
    real = _resolved(files, path)
    return [] if real is None or _kind(files, real) != "directory" else files.names(real)


def _kind(files: Tree, path: str) -> str | None:
    real = _resolved(files, path)
    found = None if real is None else files.look(real)
    if found is None:
        return None
    if stat.S_ISDIR(found.st_mode):
        return "directory"
    return "file" if stat.S_ISREG(found.st_mode) else "other"


def _resolved(files: Tree, path: str) -> str | None:
    """The path without links, `None` if it leads nowhere."""
    pending = path.strip("/").split("/")[::-1]
    walked: list[str] = []
    links = 0
    while pending:
        name = pending.pop()
        if name in ("", "."):
            continue
        if name == "..":
            del walked[-1:]
            continue
        here = "/" + "/".join([*walked, name])
        found = files.look(here)
        if found is None:
            return None
        if not stat.S_ISLNK(found.st_mode):
            walked.append(name)
            continue
        links += 1
        if links > _LINKS:
            return None
        target = files.target(here)
        if target.startswith("/"):
            walked = []
        pending += target.strip("/").split("/")[::-1]
    return "/" + "/".join(walked)
