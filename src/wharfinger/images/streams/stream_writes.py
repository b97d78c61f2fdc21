"""
What every write of an image stream by a client goes through, whichever path it takes.

The server counts the generations, copies the events of tags that name other streams (which takes the
right to pull from there), says where the stream is pulled from, and refuses what may not be imported.
An admission, so that a patch of a stream and the update of one of its tags are under the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from wharfinger.cluster import metadata
from wharfinger.cluster.admission import Operation
from wharfinger.cluster.authorize import Access, Authorizer, Decision
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import ObjectInvalid
from wharfinger.cluster.kind import FieldError, Kind, Object
from wharfinger.cluster.kinds.openshift import image_sources
from wharfinger.cluster.kinds.openshift.image_spec import GROUP
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.subject import Subject
from wharfinger.images.streams import agreement, generations, tag_copies
from wharfinger.images.streams.tag_copies import StreamName
from wharfinger.policy.import_policy import ImportPolicy


def _now() -> datetime:
    return datetime.now(UTC)


class StreamWrites:
    """An `Admission` for image streams; `policy.internal` is the name of our own registry."""

    def __init__(
        self,
        cache: Cache,
        authorizer: Authorizer,
        policy: ImportPolicy,
        *,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._cache, self._authorizer, self._policy = cache, authorizer, policy
        self._now = now
        allowed = policy.allowed
        self._allowed = None if allowed is None else allowed.beside(policy.internal)

    def admit(
        self,
        operation: Operation,
        kind: Kind,
        _namespace: str,
        name: str,
        new: Object | None,
        old: Object | None,
        subject: Subject,
        /,
    ) -> None:
        if new is None or operation is Operation.DELETE or kind.resource != IMAGE_STREAM.resource:
            return
        written = self._written(new, old)
        status_only = old is not None and written.get("spec") == old.get("spec")
        errors = list(self._missing_rights(written, old, subject))
        if not errors:
            written, errors = self._copied(written, old)
        if old is not None and status_only:
            errors += image_sources.stream_status(written, self._allowed, old)
        else:
            errors += image_sources.stream(written, self._allowed, old)
        if errors:
            raise ObjectInvalid(kind, name, errors)
        new.clear()
        new.update(written)

    def _written(self, new: Object, old: Object | None) -> Object:
        counted = generations.prepared(new, old)
        place = f"{new['metadata']['namespace']}/{new['metadata']['name']}"
        public = f"{self._policy.external}/{place}" if self._policy.external else ""
        return agreement.named(counted, f"{self._policy.internal}/{place}", public) or counted

    def _missing_rights(
        self, new: Object, old: Object | None, subject: Subject
    ) -> Iterator[FieldError]:
        asked = tag_copies.accesses(new, old)
        for access in asked:
            decision = self._may_pull(subject, access.stream)
            if not decision.allowed:
                yield tag_copies.refusal(access, reason=decision.reason)
        # A copy brings the bytes along: of a stream of the same project, too, not all may pull.
        for source in sorted(tag_copies.sources(new, old) - {one.stream for one in asked}):
            decision = self._may_pull(subject, source)
            if not decision.allowed:
                words = f'{source.namespace}/{source.name}: "{decision.reason}" ""'
                yield FieldError.forbidden("spec.tags", words)

    def _may_pull(self, subject: Subject, stream: StreamName) -> Decision:
        access = Access("get", GROUP, IMAGE_STREAM.plural, "layers", stream.namespace, stream.name)
        return self._authorizer.decide(subject, access)

    def _copied(self, new: Object, old: Object | None) -> tuple[Object, list[FieldError]]:
        found = {
            source: stream
            for source in tag_copies.sources(new, old)
            if (stream := self._cache.get(IMAGE_STREAM.resource, *source)) is not None
        }
        return tag_copies.copied(
            new,
            old,
            found,
            now=metadata.timestamp(self._now()),
            registry=self._policy.internal,
        )
