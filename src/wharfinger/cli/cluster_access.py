"""
From a kubeconfig, or from inside a pod, to the Kubernetes API of a cluster.

It understands what real clusters ask for and our own server does not: plug-ins that make
credentials, proofs in files that are renewed, proxies. What it cannot do it refuses by name, so
that nobody acts on a cluster as somebody else, or on another way, than the kubeconfig says.

The order is that of `kubectl`: a kubeconfig if there is one, else the account of the pod.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from wharfinger.cli import client, exec_credential, kubeconfig
from wharfinger.cli.errors import NoContext
from wharfinger.cli.exec_credential import ExecCredential
from wharfinger.cli.kubeconfig import Context, Entry, Found, Identity, text
from wharfinger.maintenance.api import ApiFault
from wharfinger.maintenance.kube.server import Credential, Fixed, Proof, Server

POD_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds the token of its account and the authority of its cluster."""

_IMPERSONATION: Final = ("as", "as-uid", "as-groups", "as-user-extra")


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A token in a file that somebody renews, so that it is read for each request."""

    path: Path

    async def proof(self, refused: Proof | None = None) -> Proof:  # noqa: ARG002 (is always fresh)
        return Proof(client.authorization(Identity(token=self._token())))

    def _token(self) -> str:
        try:
            return self.path.read_text(errors="replace").strip()
        except OSError as error:
            raise ApiFault(f"cannot read the token in {self.path}: {error.strerror}") from error


def server(
    explicit: Path | None,
    context: str | None,
    *,
    environment: Mapping[str, str] = os.environ,
    account: Path = POD_ACCOUNT,
) -> Server:
    """That of the context, or of the pod in which we run where there is no kubeconfig."""
    loaded = kubeconfig.load(kubeconfig.paths(explicit, environment))
    chosen = explicit is not None or context is not None or kubeconfig.current_name(loaded)
    if not chosen and (inside := _inside(environment, account)) is not None:
        return inside
    found = kubeconfig.look_up(loaded, context)
    client.address(found.context.server)
    identity, credential = _credential(found, environment)
    return Server(
        found.context.server,
        _trust(replace(found.context, identity=identity)),
        found.context.tls_name,
        credential,
        _proxy(found.cluster),
    )


def _inside(environment: Mapping[str, str], account: Path) -> Server | None:
    host, port = (environment.get(f"KUBERNETES_SERVICE_{part}", "") for part in ("HOST", "PORT"))
    if not host or not port or not (account / "token").is_file():
        return None
    url = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    try:
        authority = (account / "ca.crt").read_bytes()
    except OSError as error:
        raise NoContext(
            f"cannot read the authority of the cluster in {account}: {error.strerror}"
        ) from error
    context = Context("", url, authority=authority)
    return Server(url, _trust(context), credential=TokenFile(account / "token"))


def _credential(found: Found, environment: Mapping[str, str]) -> tuple[Identity, Credential]:
    """What holds for the connection, and what is shown with each request."""
    if found.user is None:
        return Identity(), Fixed()
    file, entry = found.user
    if given := [name for name in _IMPERSONATION if entry.get(name)]:
        raise NoContext(
            f"cannot act as somebody else, as {given[0]!r} of a user in {file.path} asks",
            remedy="use a context of a user who has the rights themselves",
        )
    if "exec" in entry:
        plugin = exec_credential.read(found, environment)
        return Identity(), ExecCredential(plugin, found.context)
    identity = kubeconfig.identity(found.user)
    if name := text(entry, "tokenFile"):
        return identity, TokenFile(file.path.parent / name)
    return identity, Fixed(Proof(client.authorization(identity)))


def _trust(context: Context) -> ssl.SSLContext | None:
    return client.trust_of(context) if context.server.startswith("https:") else None


def _proxy(cluster: Entry) -> str | None:
    file, entry = cluster
    address = text(entry, "proxy-url")
    if address and not address.startswith(("http://", "https://")):
        kind = address.partition(":")[0]
        raise NoContext(
            f"cannot use the {kind!r} proxy of a cluster in {file.path}",
            remedy="give an HTTP proxy as its proxy-url",
        )
    return address or None
