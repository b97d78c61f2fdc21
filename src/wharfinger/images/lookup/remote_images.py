"""
What other registries have: the digest that a tag means, and the labels of an image's config.

An answer is kept for a while, a digest's labels for long, since they cannot change; a failure is kept
for a moment, so that whoever asks in a loop does not have a registry asked in one. What was learnt with
a login is told only to those who bring the same login. How many questions go on at a time is bounded,
in all and for each namespace, so that one of them cannot hold up the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from wharfinger.errors import NotFound, WharfingerError
from wharfinger.images.lookup import config_labels
from wharfinger.images.lookup.remembered import Remembered
from wharfinger.images.lookup.seats import Busy, Seats
from wharfinger.images.signatures import verification
from wharfinger.oci.credentials import Credential
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy.config import Policy
from wharfinger.policy.imagepolicy.model import (
    Image,
    LookupFailed,
    SignatureKey,
    SignatureVerdict,
)
from wharfinger.remote.repository import Source

TAG_SECONDS: Final = 30.0
"""How long a tag is taken to mean what it meant."""
LABELS_SECONDS: Final = 3600.0
SIGNED_SECONDS: Final = 300.0
"""A signature can be taken back by who keeps the repository."""
FAILURE_SECONDS: Final = 5.0
ROOM: Final = 10_000
AT_A_TIME: Final = 64
AT_A_TIME_OF_ONE: Final = 16
"""Of one namespace."""
SECONDS: Final = 20.0
"""For one question, whoever still waits for it."""


class Result(StrEnum):
    """How a question ended, for who counts them."""

    CACHED = "cached"
    RESOLVED = "resolved"
    ABSENT = "absent"
    FAILED = "failed"
    LATE = "late"
    BUSY = "busy"


class Registries(Protocol):
    def source(
        self, name: ImageReference, *, logins: Sequence[Credential] = (), seconds: float
    ) -> Source: ...


@dataclass(frozen=True, slots=True)
class _Asked:
    reference: ImageReference
    logins: tuple[Credential, ...]


@dataclass(frozen=True, slots=True)
class _Failure:
    message: str


class RemoteImages:
    """Shared by all reviews. `labels`: whether anybody asks for labels of configs."""

    def __init__(
        self,
        registries: Registries,
        *,
        labels: Callable[[], bool] = lambda: True,
        count: Callable[[Result], None] = lambda _: None,
    ) -> None:
        self._registries, self._labels, self._count = registries, labels, count
        self._images = Remembered[_Asked, Image | _Failure](ROOM, _seconds_of_image)
        self._labels_of = Remembered[_Asked, dict[str, str]](ROOM, lambda _: LABELS_SECONDS)
        self._signed = Remembered[tuple[_Asked, tuple[SignatureKey, ...]], SignatureVerdict](
            ROOM, _seconds_of_signature
        )
        self._seats = Seats(AT_A_TIME, AT_A_TIME_OF_ONE)

    async def image(
        self,
        reference: ImageReference,
        logins: Sequence[Credential],
        namespace: str,
        until: float | None = None,
    ) -> Image:
        """What `reference` means now; raise `LookupFailed`, or `TimeoutError` at that moment."""
        asked = _Asked(reference, tuple(logins))
        found = self._images.recall(asked)
        if found is None:
            found = await self._images.get(asked, lambda: self._tried(asked, namespace), until)
        else:
            self._count(Result.CACHED)
        if isinstance(found, _Failure):
            raise LookupFailed(found.message)
        return found

    async def signature(
        self,
        image: ImageReference,
        keys: Sequence[SignatureKey],
        logins: Sequence[Credential],
        namespace: str,
        until: float | None = None,
    ) -> SignatureVerdict:
        """Whether one of the keys has signed the digest that `image` names."""
        full = image.with_client_defaults()
        asked = _Asked(replace(full, tag=""), tuple(logins))
        key = (asked, tuple(keys))
        known = self._signed.recall(key)
        if known is not None:
            self._count(Result.CACHED)
            return known

        async def ask() -> SignatureVerdict:
            with self._seats.take(namespace):
                async with asyncio.timeout(SECONDS):
                    source = self._source(asked, asked.reference)
                    digest = Digest.parse(asked.reference.id)
                    return await verification.verify(source, digest, keys, full)

        try:
            verdict = await self._signed.get(key, ask, until)
        except Busy:
            self._count(Result.BUSY)
            raise LookupFailed(f"{full.full()}: too many images are being looked up") from None
        self._count(Result.RESOLVED if verdict.signed else Result.FAILED)
        return verdict

    async def close(self) -> None:
        for kept in (self._images, self._labels_of, self._signed):
            await kept.close()

    async def _tried(self, asked: _Asked, namespace: str) -> Image | _Failure:
        place = asked.reference.full()
        try:
            with self._seats.take(namespace):
                async with asyncio.timeout(SECONDS):
                    found = await self._ask(asked)
        except Busy:
            self._count(Result.BUSY)
            return _Failure(f"{place}: too many images are being looked up, try again soon")
        except LookupFailed as error:
            self._count(Result.FAILED)
            return _Failure(error.message)
        except NotFound:
            self._count(Result.ABSENT)
            return _Failure(f"{place}: its registry has no such image")
        except WharfingerError as error:
            self._count(Result.FAILED)
            return _Failure(f"{place}: {error.message}")
        except TimeoutError:
            self._count(Result.LATE)
            return _Failure(f"{place}: its registry did not answer within {SECONDS:g} s")
        self._count(Result.RESOLVED)
        return found

    async def _ask(self, asked: _Asked) -> Image:
        full = asked.reference.with_client_defaults()
        source = self._source(asked, full)
        digest = Digest.parse(full.id) if full.id else await source.digest(Tag.parse(full.tag))
        exact = replace(full, tag="", id=str(digest))
        labels: Mapping[str, str] | None = None
        if self._labels():
            labels = await self._labels_of.get(
                _Asked(exact, asked.logins), lambda: config_labels.read(source, digest)
            )
        return Image(digest=str(digest), reference=exact.exact(), config_labels=labels)

    def _source(self, asked: _Asked, full: ImageReference) -> Source:
        return self._registries.source(full.as_repository(), logins=asked.logins, seconds=SECONDS)


def wants_labels(policy: Policy) -> bool:
    """Whether a rule asks for labels of configs, which takes more requests."""
    return any(rule.config_labels for rule in policy.execution_rules)


def _seconds_of_image(found: Image | _Failure) -> float:
    return FAILURE_SECONDS if isinstance(found, _Failure) else TAG_SECONDS


def _seconds_of_signature(found: SignatureVerdict) -> float:
    return SIGNED_SECONDS if found.signed else FAILURE_SECONDS
