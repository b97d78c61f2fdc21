"""One JSON POST to an address that somebody named. Nothing is sent twice, and no redirect followed."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from wharfinger.errors import BadInput, Unavailable

SECONDS: Final = 10.0


class InvalidWebhook(BadInput):
    code = "invalid-webhook"


class WebhookFailed(Unavailable):
    """The address is not told: it may hold a secret in its path."""

    code = "webhook-failed"


class Webhook:
    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        try:
            parts = urlsplit(url)
            self._host = parts.hostname or ""
        except ValueError:
            self._host = ""
        if not self._host or parts.scheme not in {"http", "https"}:
            raise InvalidWebhook(
                "cannot use the address of the webhook", remedy="write it as https://HOST/PATH"
            )
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=seconds)

    async def post(self, document: Mapping[str, Any]) -> None:
        """Raise `WebhookFailed` unless it is taken."""
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.post(self._url, json=document, allow_redirects=False) as answer,
            ):
                status = answer.status
        except TimeoutError as error:
            raise self._failed("no answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._failed(type(error).__name__) from error
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._failed(f"it answers {status}")

    def _failed(self, why: str) -> WebhookFailed:
        return WebhookFailed(f"cannot tell the webhook at {self._host}: {why}")
