"""
Take reviews over HTTP, have them decided, and answer.

    POST /validate       AdmissionReview: allowed or not
    POST /mutate         the same, and images are replaced by what they were resolved to
    POST /image-review   ImageReview

What is no review is refused with a status of HTTP, which the API server takes for a failure of the
webhook. Once a review has been read there is always an answer to it, and if nobody could decide, that
is a refusal.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from functools import lru_cache
from typing import Final

from starlette.types import Receive, Scope, Send

from wharfinger.errors import BadInput, Unsupported
from wharfinger.images.lookup import pull_accounts
from wharfinger.images.lookup.pull_accounts import PullAccount
from wharfinger.policy.imagepolicy.model import Outcome, Question
from wharfinger.server import limits
from wharfinger.server.audit_log import AuditLog
from wharfinger.server.handlers import first_segment
from wharfinger.server.limits import BodyTooLarge
from wharfinger.server.webhook import admission_review, audit, image_review, judge
from wharfinger.server.webhook.admission_review import AdmissionReview
from wharfinger.server.webhook.judge import Judge
from wharfinger.server.webhook.metrics import WebhookMetrics
from wharfinger.server.webhook.room import Room

MUTATE: Final = "mutate"
VALIDATE: Final = "validate"
IMAGE_REVIEW: Final = "image-review"
SEGMENTS: Final = (MUTATE, VALIDATE, IMAGE_REVIEW)
_JSON: Final = b"application/json"
_TIMEOUT: Final = re.compile(rb"(?:^|&)timeout=([a-z0-9.]{1,20})(?:&|$)")
_CANNOT_DECIDE: Final = "image policy: cannot decide: an internal error occurred"

logger = logging.getLogger(__name__)


class NotPosted(Unsupported):
    code = "not-posted"


class UnknownMediaType(BadInput):
    code = "unknown-media-type"


class Reviews:
    """The app for the three paths."""

    def __init__(
        self,
        judge: Judge,
        metrics: WebhookMetrics,
        *,
        audit: AuditLog | None = None,
        room: Room | None = None,
    ) -> None:
        self._judge, self._audit = judge, audit
        self._room = room or Room()
        self._seconds = {one: metrics.duration.labels(one) for one in SEGMENTS}
        self._verdicts = {
            (one, verdict): metrics.requests.labels(one, verdict)
            for one in SEGMENTS
            for verdict in ("allowed", "refused", "passed", "error")
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        review = first_segment(scope["path"])
        if scope["method"] != "POST":
            raise NotPosted("cannot do anything here but POST a review")
        until = asyncio.get_running_loop().time() + _seconds(scope["query_string"])
        with self._room.take(_size(scope)):
            body = await _read(receive)
            begun = time.perf_counter()
            decide = self._image_review if review == IMAGE_REVIEW else self._admission_review
            answer = await decide(review, body, until)
            self._seconds[review].observe(time.perf_counter() - begun)
        await _send(send, answer)

    async def _admission_review(self, review: str, body: bytes, until: float) -> bytes:
        found = admission_review.read(body)
        if not found.request.judged:
            self._count(review, "passed")
            return admission_review.passed(found)
        request = found.request
        ignored = await self._judge.ignored_rules(request.namespace, until)
        asked = admission_review.question(
            request, validating=review != MUTATE, ignored_rules=ignored
        )
        puller = pull_accounts.of_object(asked.object)
        outcome = await self._outcome(review, asked, puller, until)
        if outcome is None:
            return admission_review.failed(found, _CANNOT_DECIDE)
        self._note(review, asked, outcome, found)
        return admission_review.answered(found, asked, outcome)

    async def _image_review(self, review: str, body: bytes, until: float) -> bytes:
        spec = image_review.read(body)
        ignored = await self._judge.ignored_rules(spec.namespace, until)
        asked = image_review.question(spec, ignored_rules=ignored)
        outcome = await self._outcome(review, asked, PullAccount(), until)
        if outcome is None:
            return image_review.failed(_CANNOT_DECIDE)
        self._note(review, asked, outcome)
        return image_review.answered(outcome)

    async def _outcome(
        self, review: str, asked: Question, puller: PullAccount, until: float
    ) -> Outcome | None:
        """None for a bug: an answer of HTTP would let the object in where failures are ignored."""
        try:
            return await self._judge.decide(asked, puller, until)
        except Exception:
            logger.exception("cannot decide on %s %s", asked.operation, asked.resource)
            self._count(review, "error")
            return None

    def _note(
        self,
        review: str,
        asked: Question,
        outcome: Outcome,
        found: AdmissionReview | None = None,
    ) -> None:
        if not outcome.verdicts and outcome.allowed:
            self._count(review, "passed")
            return
        self._count(review, "allowed" if outcome.allowed else "refused")
        if self._audit is not None:
            request = found.request if found is not None else None
            told = audit.entry(
                review,
                asked,
                outcome,
                uid=request.uid if request is not None else "",
                user=request.user_info.username if request is not None else "",
                dry_run=bool(request is not None and request.dry_run),
            )
            self._audit.write(told)

    def _count(self, review: str, verdict: str) -> None:
        self._verdicts[review, verdict].inc()


@lru_cache(maxsize=64)
def _seconds(query: bytes) -> float:
    """What the API server waits, less our margin; it says the same each time."""
    found = _TIMEOUT.search(query)
    return judge.budget(found[1].decode() if found is not None else "")


def _size(scope: Scope) -> int:
    """What the body may take; raise for one that is too large, or is no JSON."""
    announced, media_type = b"", _JSON
    for name, value in scope["headers"]:
        if name == b"content-length":
            announced = value
        elif name == b"content-type":
            media_type = value.partition(b";")[0].strip().lower()
    if media_type != _JSON:
        raise UnknownMediaType("cannot read a body that is not application/json")
    if not announced.isdigit():
        return limits.MAX_REVIEW_BYTES
    if int(announced) > limits.MAX_REVIEW_BYTES:
        raise BodyTooLarge(f"cannot take a review over {limits.MAX_REVIEW_BYTES} bytes")
    return int(announced)


async def _read(receive: Receive) -> bytes:
    """The whole body; `limits.Body` bounds its size and its pauses."""
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadInput("cannot read the review: the client left")
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks) if len(chunks) != 1 else chunks[0]


async def _send(send: Send, body: bytes) -> None:
    headers = [
        (b"content-type", _JSON),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
