"""
The services that handlers work with, made once by `app.create_app`.

A handler finds them as `request.app.state`. They are typed here so that no handler reaches for
a module-level client, and so that a test can build the few it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wharfinger.cluster.authenticate import Authenticator
    from wharfinger.cluster.authorize import Authorizer
    from wharfinger.cluster.cache import Cache
    from wharfinger.cluster.endpoint import Endpoint
    from wharfinger.cluster.objects import Objects
    from wharfinger.cluster.openshift.codes import Codes
    from wharfinger.cluster.sessions import Sessions
    from wharfinger.cluster.tokens import Tokens
    from wharfinger.images.streams.streams import Streams
    from wharfinger.registry.registry import Registry
    from wharfinger.server.addresses import Addresses
    from wharfinger.server.audit_log import AuditLog
    from wharfinger.server.imports import Imports
    from wharfinger.server.metrics import Metrics
    from wharfinger.server.settings import Settings
    from wharfinger.server.tasks import Tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All that requests are served from."""

    settings: Settings
    addresses: Addresses  # the URLs that we may name ourselves by
    registry: Registry
    cache: Cache
    objects: Objects
    streams: Streams  # kept in step with the registry
    imports: Imports
    virtual: Sequence[Endpoint]  # the kinds that are computed
    authorizer: Authorizer
    authenticator: Authenticator
    sessions: Sessions
    codes: Codes  # of logins that have not fetched their session
    tokens: Tokens
    metrics: Metrics
    audit: AuditLog | None  # None: no audit log is to be kept
    tasks: Tasks
