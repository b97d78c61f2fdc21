"""`wharf webhook`: decide for the API server of a cluster which images may run."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from wharfinger.cli.errors import UsageError
from wharfinger.cli.options import CONNECTION, Connection, Flag, Many
from wharfinger.remote.reach import Network, Reach
from wharfinger.server.settings import Listen

TlsGroup = Group("TLS options", sort_key=10)
WorldGroup = Group("What may be asked", sort_key=20)
FileOption = Annotated[Path | None, Parameter(show_default=False)]


def webhook(
    *,
    policy: Path,
    listen: str = "127.0.0.1:8443",
    status_listen: str | None = None,
    registry: str = "",
    audit_log: FileOption = None,
    linger_seconds: float = 5.0,
    tls_cert: Annotated[FileOption, Parameter(group=TlsGroup)] = None,
    tls_key: Annotated[FileOption, Parameter(group=TlsGroup)] = None,
    client_ca: Annotated[FileOption, Parameter(group=TlsGroup)] = None,
    site: Annotated[FileOption, Parameter(group=WorldGroup)] = None,
    inside: Annotated[Many, Parameter(group=WorldGroup)] = (),
    inside_registry: Annotated[Many, Parameter(group=WorldGroup)] = (),
    no_cluster: Annotated[Flag, Parameter(group=WorldGroup)] = False,
    connection: Connection = CONNECTION,
) -> None:
    """Answer the reviews of a Kubernetes API server by an image policy.

    POST /validate and /mutate take an AdmissionReview, /image-review an ImageReview. Files are read
    again when they change. The cluster is read by the kubeconfig, or in a pod by its account.

    Parameters
    ----------
    policy
        File with the ImagePolicyConfig, or one that has it in it, as master-config.yaml.
    listen
        Address and port to take reviews on.
    status_listen
        Address and port to show health and metrics on, without TLS.
    registry
        Host and port of the integrated registry of the cluster.
    audit_log
        File to write each decision to, as a line of JSON; - is standard output.
    linger_seconds
        How long reviews are still taken after SIGTERM.
    tls_cert
        Certificate to show, its chain after it.
    tls_key
        The key of that certificate.
    client_ca
        Authorities of client certificates: who shows none of theirs is turned away.
    site
        Site file that says whom to trust and which registries are insecure.
    inside
        Network that is not public and has registries; may be given again.
    inside_registry
        Registry, as host:port, that may be at an address that is not public; may be given again.
    no_cluster
        Ask no cluster: no namespace ignores a rule, and registries are asked without logins.
    """
    from wharfinger.cli import cluster_access, site_file
    from wharfinger.cli.webhook_world import OpenedWorld
    from wharfinger.hosts.site.model import Site
    from wharfinger.server.webhook import lifecycle
    from wharfinger.server.webhook.certificate import Given
    from wharfinger.server.webhook.settings import WebhookSettings

    certificate = None
    if tls_cert is not None and tls_key is not None:
        certificate = Given(tls_cert, tls_key, client_ca)
    elif tls_cert is not None or tls_key is not None or client_ca is not None:
        raise UsageError("cannot use TLS: give both --tls-cert and --tls-key")
    settings = WebhookSettings(
        policy=policy,
        listen=Listen.parse(listen),
        certificate=certificate,
        status=Listen.parse(status_listen) if status_listen is not None else None,
        registry=registry,
        audit=audit_log,
        linger_seconds=linger_seconds,
    )
    world = OpenedWorld(
        server=None
        if no_cluster
        else cluster_access.server(connection.kubeconfig, connection.context),
        site=site_file.load(site) if site is not None else Site(),
        reach=Reach.outside(map(_network, inside), inside_registry),
    )
    lifecycle.run(
        settings, world, ready=lambda url: print(f"answering reviews at {url}", flush=True)
    )


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise UsageError(f"cannot use {text!r} as --inside: write it as 10.0.0.0/8") from None
