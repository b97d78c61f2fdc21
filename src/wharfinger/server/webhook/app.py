"""
Wire the webhook: its paths, with the same edge around them as around every server of ours.

Health and metrics may be served beside the reviews, and on a listener of their own for those who have
no certificate to show, as the kubelet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from wharfinger.errors import NotFound
from wharfinger.server import metrics as server_metrics
from wharfinger.server.answering import answering
from wharfinger.server.drain import Drain
from wharfinger.server.errors import ErrorEdge
from wharfinger.server.handlers import first_segment
from wharfinger.server.health import Check, Health
from wharfinger.server.logging import AccessLog
from wharfinger.server.metrics import Metrics
from wharfinger.server.observe import Observed
from wharfinger.server.policy_file import PolicyFile
from wharfinger.server.tasks import Tasks
from wharfinger.server.webhook import reviews
from wharfinger.server.webhook.certificate import ServedCertificate
from wharfinger.server.webhook.reviews import Reviews


class NoSuchPath(NotFound):
    code = "no-such-path"


def reviews_app(
    asked: Reviews, health: Health, metrics: Metrics, *, drain: Drain, log: AccessLog
) -> ASGIApp:
    apps: dict[str, ASGIApp] = {**_status(health, metrics)}
    apps |= dict.fromkeys(reviews.SEGMENTS, asked)
    return _edge(apps, metrics, drain, log)


def status_app(health: Health, metrics: Metrics, *, drain: Drain, log: AccessLog) -> ASGIApp:
    return _edge(_status(health, metrics), metrics, drain, log)


def health_of(
    policy: PolicyFile,
    certificate: ServedCertificate | None,
    tasks: Tasks,
    ending: Callable[[], bool],
) -> Health:
    """Ready as long as we can decide. What is merely old is told, and fails only who asks for it."""

    def ready() -> Mapping[str, Check]:
        return {
            "shutdown": lambda: "we are asked to end" if ending() else None,
            **{f"task-{name}": partial(tasks.fault, name) for name in tasks.names},
        }

    told: dict[str, Check] = {"policy": lambda: policy.fault}
    if certificate is not None:
        told["certificate"] = lambda: certificate.fault
    return Health({"ping": lambda: None}, ready, told)


def _status(health: Health, metrics: Metrics) -> dict[str, ASGIApp]:
    async def show(_: Request) -> Response:
        return Response(metrics.render(), media_type=server_metrics.CONTENT_TYPE)

    return {
        **dict.fromkeys(("livez", "readyz", "healthz"), answering(health.handle)),
        "metrics": answering(show),
    }


def _edge(apps: Mapping[str, ASGIApp], metrics: Metrics, drain: Drain, log: AccessLog) -> ASGIApp:
    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        app = apps.get(first_segment(scope["path"]))
        if app is None:
            raise NoSuchPath("cannot find this path")
        await app(scope, receive, send)

    return Observed(ErrorEdge(dispatch, {}), metrics=metrics, log=log, drain=drain, bodies={})
