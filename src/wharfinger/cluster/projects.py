"""
Projects: the namespaces that the caller may see, under their OpenShift name.

A project has no object of its own. Reading, changing and deleting one is done to its namespace,
but the right is asked on `projects` in that namespace, so that an administrator of a project needs
no right on namespaces. Lists and watches show each caller what they may get, and a watch follows
rights too: a project appears when access is granted and goes when it is taken away.
"""

# ruff: noqa: ARG002 (an endpoint need not look at all that it is told)

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from wharfinger.cluster import paging
from wharfinger.cluster.authorize import Access, Authorizer
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import Expired, ObjectInvalid
from wharfinger.cluster.feed import Feed, WatchEvent, bookmark
from wharfinger.cluster.kind import FieldError, Object
from wharfinger.cluster.kinds.core import NAMESPACE
from wharfinger.cluster.kinds.project import DESCRIPTION, DISPLAY_NAME, PROJECT
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import Options, WatchOptions
from wharfinger.cluster.rbac import GROUP as RBAC
from wharfinger.cluster.reviews import question
from wharfinger.cluster.selector import Selector
from wharfinger.cluster.subject import Subject
from wharfinger.cluster.view import WritableView
from wharfinger.cluster.watch import Event, Watch

_CHANGEABLE = (DISPLAY_NAME, DESCRIPTION)


class Projects(WritableView):
    def __init__(self, objects: Objects, authorizer: Authorizer) -> None:
        super().__init__(PROJECT, objects, NAMESPACE)
        self._authorizer = authorizer

    def show(self, stored: Object) -> Object:
        return project_of(stored)

    def sees(self, subject: Subject, stored: Object) -> bool:
        return sees(self._authorizer, subject, stored)

    def keep(self, shown: Object) -> Object:
        return {**shown, "apiVersion": NAMESPACE.api_version, "kind": NAMESPACE.kind}

    async def watch(self, subject: Subject, namespace: str | None, options: WatchOptions) -> Feed:
        asked = paging.parse_revision(options.resource_version or "0")
        initial = options.initial_events if options.initial_events is not None else asked == 0
        cache = self._cache
        since = None if initial or asked == 0 else asked
        feed = ProjectFeed(
            cache,
            self._authorizer,
            subject,
            options.selector,
            watch=cache.watch(since=since),
            known=() if initial else cache.list_at(NAMESPACE.resource, since or cache.revision),
        )
        if initial:
            feed.begin(told_end=options.tells_end)
        else:
            feed.resume()
        return feed

    async def update(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        old = self._find(subject, namespace, name)
        asked = question(PROJECT, namespace, name, obj, options)
        _require_changeable(asked, old)
        return await super().update(subject, namespace, name, asked, options)


class ProjectFeed:
    """Projects as one caller sees them come, change and go."""

    def __init__(
        self,
        cache: Cache,
        authorizer: Authorizer,
        subject: Subject,
        selector: Selector,
        *,
        watch: Watch,
        known: Iterable[Object] = (),
    ) -> None:
        self._cache = cache
        self._authorizer = authorizer
        self._subject = subject
        self._selector = selector
        self._watch = watch
        self._waiting: list[WatchEvent] = []
        self._told = {one["metadata"]["name"]: one for one in known if self._shows(one)}

    @property
    def revision(self) -> int:
        return self._watch.revision

    def begin(self, *, told_end: bool) -> None:
        """Tell what there is; with `told_end`, also that this was all."""
        self._waiting = list(self._compare())
        if told_end:
            end = bookmark(PROJECT, self.revision, ends_initial=True)
            self._waiting.append(WatchEvent("BOOKMARK", end))

    def resume(self) -> None:
        """Tell what happened since; raise `Expired` if something was taken away meanwhile.

        What the caller saw before a right or a project went is not known any more, so they
        cannot be told what they lost: they list again.
        """
        events = self._watch.catch_up()
        if any(_takes_away(event) for event in events):
            raise Expired("too old resource version: projects or rights were taken away since")
        self._waiting = list(self._translate(events))

    async def batch(self, within: float | None = None) -> Sequence[WatchEvent] | None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            return waiting
        try:
            async with asyncio.timeout(within):
                while (events := await self._watch.batch()) is not None:
                    if told := list(self._translate(events)):
                        return told
        except TimeoutError:
            return ()
        return None

    def _translate(self, events: Iterable[Event]) -> Iterator[WatchEvent]:
        rights_changed = False
        for event in events:
            if event.key.resource == NAMESPACE.resource:
                yield from self._follow(event)
            rights_changed |= event.key.resource.group == RBAC
        if rights_changed:
            yield from self._compare()

    def _follow(self, event: Event) -> Iterator[WatchEvent]:
        name = event.key.name
        known = self._told.pop(name, None)
        if not event.deleted and self._shows(event.object):
            self._told[name] = event.object
            yield WatchEvent("ADDED" if known is None else "MODIFIED", project_of(event.object))
        elif known is not None:
            yield WatchEvent("DELETED", project_of(_at(event.object, event.revision)))

    def _compare(self) -> Iterator[WatchEvent]:
        """Hold what was told against what the caller may see now."""
        shown = {
            one["metadata"]["name"]: one
            for one in self._cache.list(NAMESPACE.resource)
            if self._shows(one)
        }
        for name in self._told.keys() - shown.keys():
            yield WatchEvent("DELETED", project_of(_at(self._told[name], self.revision)))
        for name in shown.keys() - self._told.keys():
            yield WatchEvent("ADDED", project_of(shown[name]))
        self._told = shown

    def _shows(self, namespace: Object) -> bool:
        return self._selector.matches(namespace) and sees(
            self._authorizer, self._subject, namespace
        )


def sees(authorizer: Authorizer, subject: Subject, namespace: Object) -> bool:
    name = namespace["metadata"]["name"]
    resource = PROJECT.resource
    access = Access("get", resource.group, resource.resource, namespace=name, name=name)
    return authorizer.decide(subject, access).allowed


def project_of(namespace: Object) -> Object:
    return {**namespace, "apiVersion": PROJECT.api_version, "kind": PROJECT.kind}


def _require_changeable(new: Object, old: Object) -> None:
    """Labels and other annotations of a namespace steer the platform: they are not its users'."""
    fresh, known = new.get("metadata") or {}, old["metadata"]
    causes = [
        FieldError.invalid(f"metadata.{field}", None, "field is immutable, try the namespace")
        for field in ("labels", "annotations")
        if _fixed(fresh, field) != _fixed(known, field)
    ]
    if causes:
        raise ObjectInvalid(PROJECT, known["name"], causes)


def _fixed(metadata: Object, field: str) -> dict[str, Any]:
    values = metadata.get(field) or {}
    return {name: value for name, value in values.items() if name not in _CHANGEABLE}


def _takes_away(event: Event) -> bool:
    if event.key.resource == NAMESPACE.resource:
        return event.deleted
    return event.key.resource.group == RBAC and event.previous is not None


def _at(obj: Object, revision: int) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(revision)}}
