"""What a webhook is told, as values that make sense together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wharfinger.server.settings import BadSettings, Listen
from wharfinger.server.webhook.certificate import Given

STDOUT: Final = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Without a certificate we speak plain HTTP, on a loopback address only."""

    policy: Path
    listen: Listen
    certificate: Given | None = None
    status: Listen | None = None
    """Where health and metrics are served without TLS; None: only beside the reviews."""
    registry: str = ""
    """The integrated registry of the cluster, as `host[:port]`."""
    audit: Path | None = None
    """Where each decision is written, `STDOUT` for standard output."""
    linger_seconds: float = 5.0
    """How long reviews are still taken once we are asked to end: so long a cluster may send them."""
    drain_seconds: int = 10

    def __post_init__(self) -> None:
        if self.certificate is None and not self.listen.loopback:
            raise BadSettings(
                f"cannot answer reviews without TLS on {self.listen}: no API server would ask",
                remedy="give --tls-cert and --tls-key",
            )
        clients = self.certificate is not None and self.certificate.clients is not None
        if clients and self.status is None:
            raise BadSettings(
                "cannot show health to those who have no certificate",
                remedy="give --status-listen ADDRESS:PORT besides --client-ca",
            )
