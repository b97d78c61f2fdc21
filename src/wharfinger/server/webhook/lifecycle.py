"""
The life of a webhook: policy, certificate, listeners; then drain and close in reverse.

It keeps nothing and writes nothing but its audit log, so it can be killed at any moment, and many may
serve one cluster.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import uvloop

from wharfinger.images.lookup.remote_images import Result, wants_labels
from wharfinger.server import listener
from wharfinger.server import logging as server_logging
from wharfinger.server.audit_log import AuditFile, AuditLog, StandardOutput
from wharfinger.server.drain import Drain
from wharfinger.server.health import Health
from wharfinger.server.listener import Listener, ListenerEnded
from wharfinger.server.logging import AccessLog, FaultLog
from wharfinger.server.metrics import Metrics
from wharfinger.server.policy_file import LOOK_SECONDS, PolicyFile
from wharfinger.server.tasks import Tasks
from wharfinger.server.webhook import app
from wharfinger.server.webhook.certificate import ServedCertificate
from wharfinger.server.webhook.judge import Judge, World
from wharfinger.server.webhook.metrics import WebhookMetrics
from wharfinger.server.webhook.reviews import Reviews
from wharfinger.server.webhook.settings import STDOUT, WebhookSettings
from wharfinger.system import signals

logger = logging.getLogger(__name__)


class OpenWorld(Protocol):
    def __call__(
        self, *, labels: Callable[[], bool], count: Callable[[Result], None]
    ) -> AbstractAsyncContextManager[World]:
        """Open what may be looked up. `labels`: whether the policy asks for those of configs."""
        ...


def run(settings: WebhookSettings, world: OpenWorld, *, ready: Callable[[str], None]) -> None:
    """Serve until a signal; `ready` is called once with our URL."""
    server_logging.configure()
    uvloop.run(serve(settings, world, ready))


async def serve(settings: WebhookSettings, world: OpenWorld, ready: Callable[[str], None]) -> None:
    metrics = Metrics()
    drain, log, tasks = Drain(), FaultLog(sys.stderr), Tasks(metrics)
    async with AsyncExitStack() as stack:
        asked = stack.enter_context(signals.ending(asyncio.get_running_loop()))
        look = stack.enter_context(signals.looking_again(asyncio.get_running_loop()))
        stack.callback(log.flush)
        policy = PolicyFile(settings.policy, metrics)
        certificate = _certificate(settings, stack, metrics)
        counts = WebhookMetrics(metrics.registry)
        opened = await stack.enter_async_context(
            world(labels=lambda: wants_labels(policy.policy), count=counts.resolved)
        )
        audit = _audit(settings, metrics)
        if audit is not None:
            stack.push_async_callback(audit.close)
            tasks.start("audit", audit.run)
        judge = Judge(
            policy, opened, registry=settings.registry, unread=counts.namespaces_unread.inc
        )
        health = app.health_of(policy, certificate, tasks, asked.is_set)
        reviews = Reviews(judge, counts, audit=audit)
        listeners = _Listeners(settings, certificate, health, metrics, drain, log)
        serving = await listeners.start(reviews)
        stack.push_async_callback(listeners.stop)
        stack.push_async_callback(tasks.stop)
        keeper = _Keeper(policy, certificate, serving, look)
        tasks.start("files", keeper.run)
        scheme = "https" if certificate is not None else "http"
        gc.freeze()  # what is there now stays: nobody has to look at it again and again
        signals.notify(signals.READY)
        ready(f"{scheme}://{listeners.listen}")
        await listener.first(asked.wait(), serving.ended())
        signals.notify(signals.STOPPING)
        if asked.is_set():
            await asyncio.sleep(settings.linger_seconds)
        drain.begin()
        if cut := await drain.finish(settings.drain_seconds):
            logger.warning("%d reviews were not answered in time and were cut", cut)
        if not asked.is_set():
            raise ListenerEnded("cannot go on serving: the listener ended by itself")
    logger.info("ended")


def _audit(settings: WebhookSettings, metrics: Metrics) -> AuditLog | None:
    if settings.audit is None:
        return None
    sink = StandardOutput() if settings.audit == STDOUT else AuditFile(settings.audit)
    return AuditLog(sink, metrics)


def _certificate(
    settings: WebhookSettings, stack: AsyncExitStack, metrics: Metrics
) -> ServedCertificate | None:
    if settings.certificate is None:
        return None
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wharf-webhook-")))
    return ServedCertificate(settings.certificate, folder, metrics)


class _Listeners:
    """One for reviews, and one for health and metrics if that is asked for."""

    def __init__(
        self,
        settings: WebhookSettings,
        certificate: ServedCertificate | None,
        health: Health,
        metrics: Metrics,
        drain: Drain,
        log: AccessLog,
    ) -> None:
        self._settings, self._certificate, self._health = settings, certificate, health
        self._metrics, self._drain, self._log = metrics, drain, log
        self._started: list[Listener] = []
        self.listen = listener.claim(settings.listen)

    async def start(self, reviews: Reviews) -> Listener:
        files = self._certificate.files if self._certificate is not None else None
        asked = app.reviews_app(
            reviews, self._health, self._metrics, drain=self._drain, log=self._log
        )
        serving = Listener(asked, self.listen, files)
        await self._start(serving)
        if self._settings.status is not None:
            shown = app.status_app(self._health, self._metrics, drain=self._drain, log=self._log)
            await self._start(Listener(shown, listener.claim(self._settings.status), None))
        return serving

    async def _start(self, one: Listener) -> None:
        await one.start()
        self._started.append(one)

    async def stop(self) -> None:
        for one in self._started:
            await one.stop()


@dataclass(frozen=True, slots=True)
class _Keeper:
    """Looks at the files again and again, and when it is told to look."""

    policy: PolicyFile
    certificate: ServedCertificate | None
    serving: Listener
    look: asyncio.Event

    async def run(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.look.wait(), LOOK_SECONDS)
            self.look.clear()
            self.policy.look()
            if self.certificate is not None and self.certificate.look():
                self.serving.read_certificate_again()
