"""What a webhook counts besides what every server counts."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from wharfinger.images.lookup.remote_images import Result

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class WebhookMetrics:
    """Labels are few and bounded: no namespace, image or rule becomes one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "wharfinger_admission_requests_total",
            "Reviews that were answered, by what was asked and decided.",
            ("review", "verdict"),
            registry=registry,
        )
        self.duration = Histogram(
            "wharfinger_admission_seconds",
            "Time from a review being read to its answer being made.",
            ("review",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.resolutions = Counter(
            "wharfinger_image_resolutions_total",
            "Questions about images to other registries, by how they ended.",
            ("result",),
            registry=registry,
        )
        self._resolutions = {one: self.resolutions.labels(one.value) for one in Result}
        self.namespaces_unread = Counter(
            "wharfinger_namespaces_unread_total",
            "Times that a namespace could not be read, so that no rule was ignored for it.",
            registry=registry,
        )

    def resolved(self, result: Result) -> None:
        self._resolutions[result].inc()
