"""
What we count, under the names that dashboards of this field already know.

`registry_http_*` and `registry_storage_action_seconds` are docker-registry's. Labels are few and
bounded: a repository, user or project never becomes one, and no label ever holds a secret.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from wharfinger import __version__

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SIZES = (1024, 65536, 1048576, 16777216, 268435456, 4294967296)
_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class HandlerMetrics:
    """The series of one handler and method, looked up once and then kept."""

    __slots__ = ("_codes", "_duration", "_labels", "_received", "_requests", "_sent", "in_flight")

    def __init__(self, metrics: Metrics, handler: str, method: str) -> None:
        self._labels = (handler, method)
        self._duration = metrics.duration.labels(*self._labels)
        self._received = metrics.received.labels(*self._labels)
        self._sent = metrics.sent.labels(*self._labels)
        self._requests = metrics.requests
        self._codes: dict[int, Counter] = {}
        self.in_flight = metrics.in_flight.labels(handler)

    def finish(self, code: int, *, seconds: float, received: int, sent: int) -> None:
        """Count one answered request."""
        counter = self._codes.get(code)
        if counter is None:
            counter = self._codes[code] = self._requests.labels(str(code), *self._labels)
        counter.inc()
        self._duration.observe(seconds)
        self._received.observe(received)
        self._sent.observe(sent)


class Metrics:
    """One registry of series to a server, so that two in a test do not share any."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("handler", "method")
        self.requests = Counter(
            "registry_http_requests_total",
            "Answered requests.",
            ("code", *labels),
            registry=self.registry,
        )
        self.duration = Histogram(
            "registry_http_request_duration_seconds",
            "Time from the head of a request to the end of its answer.",
            labels,
            registry=self.registry,
        )
        self.received = Histogram(
            "registry_http_request_size_bytes",
            "Size of request bodies.",
            labels,
            buckets=_SIZES,
            registry=self.registry,
        )
        self.sent = Histogram(
            "registry_http_response_size_bytes",
            "Size of answers' bodies.",
            labels,
            buckets=_SIZES,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "registry_http_in_flight_requests",
            "Requests being answered now.",
            ("handler",),
            registry=self.registry,
        )
        self.storage = Histogram(
            "registry_storage_action_seconds",
            "Time of one action of a store.",
            ("driver", "action"),
            registry=self.registry,
        )
        self.certificate_expiry = Gauge(
            "wharfinger_certificate_expiry_timestamp_seconds",
            "When the server certificate ends.",
            registry=self.registry,
        )
        self.task_failures = Counter(
            "wharfinger_task_failures_total",
            "Times that a background task died and was started again.",
            ("task",),
            registry=self.registry,
        )
        self.audit_events = Counter(
            "wharfinger_audit_events_total",
            "Entries taken for the audit log.",
            registry=self.registry,
        )
        self.audit_dropped = Counter(
            "wharfinger_audit_events_dropped_total",
            "Entries lost since the audit log could not be written for too long.",
            registry=self.registry,
        )
        self.object_seats = Gauge(
            "wharfinger_object_seats_taken",
            "Seats that requests to the object API take while they run; administrators take none.",
            registry=self.registry,
        )
        self.object_waiting = Gauge(
            "wharfinger_object_requests_waiting",
            "Requests to the object API that wait for their turn.",
            registry=self.registry,
        )
        self.object_watches = Gauge(
            "wharfinger_object_watches",
            "Watches that go on.",
            registry=self.registry,
        )
        self.object_refused = Counter(
            "wharfinger_object_requests_refused_total",
            "Requests to the object API that were told to come again later.",
            ("reason",),
            registry=self.registry,
        )
        self.policy_generation = Gauge(
            "wharfinger_policy_generation",
            "How many image policies have been in force, the present one with them.",
            registry=self.registry,
        )
        self.policy_faulty = Gauge(
            "wharfinger_policy_faulty",
            "1 while the file of the image policy cannot be used, so that an older one is in force.",
            registry=self.registry,
        )
        build = Gauge("wharfinger_build_info", "Always 1.", ("version",), registry=self.registry)
        build.labels(__version__).set(1)
        self._handlers: dict[tuple[str, str], HandlerMetrics] = {}

    def handler(self, handler: str, method: str) -> HandlerMetrics:
        """The series to count a request in; made-up methods share one."""
        key = (handler, method if method in _KNOWN_METHODS else "other")
        series = self._handlers.get(key)
        if series is None:
            series = self._handlers[key] = HandlerMetrics(self, *key)
        return series

    @contextmanager
    def storage_action(self, driver: str, action: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.storage.labels(driver, action).observe(time.perf_counter() - begun)

    def certificate_ends(self, when: datetime) -> None:
        self.certificate_expiry.set(when.timestamp())

    def render(self) -> bytes:
        return generate_latest(self.registry)
