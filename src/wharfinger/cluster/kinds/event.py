"""Events: what happened to an object, told for people; they say nothing that one could rely on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from wharfinger.cluster import validation
from wharfinger.cluster.kind import Column, FieldError, Kind, Object
from wharfinger.cluster.kinds.columns import NAME, age
from wharfinger.cluster.kinds.core import OBJECT_REFERENCE
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import Record, integer, moment, text

_SOURCE = Record(
    "io.k8s.api.core.v1.EventSource",
    "Who reports an event.",
    {"component": text("The program."), "host": text("The host it runs on.")},
)
_SERIES = Record(
    "io.k8s.api.core.v1.EventSeries",
    "How often an event came again.",
    {
        "count": integer("How often so far."),
        "lastObservedTime": moment("When it came last."),
    },
)


def _validate(obj: Object) -> Iterator[FieldError]:
    own = (obj.get("metadata") or {}).get("namespace", "")
    involved = (obj.get("involvedObject") or {}).get("namespace", "")
    if involved != own and not (involved == "" and own == "default"):
        detail = "does not match event.namespace"
        yield FieldError.invalid("involvedObject.namespace", involved, detail)
    if obj.get("eventTime"):
        yield from _validate_new_style(obj)


def _validate_new_style(obj: Object) -> Iterator[FieldError]:
    """Judge what only reporters that set eventTime must give."""
    controller = obj.get("reportingComponent") or ""
    if not controller:
        yield FieldError.required("reportingComponent")
    for error in validation.qualified_name(controller) if controller else ():
        yield FieldError.invalid("reportingComponent", controller, error)
    for field in ("reportingInstance", "action", "reason"):
        value = obj.get(field) or ""
        if not value:
            yield FieldError.required(field)
        elif len(value.encode()) > 128:
            yield FieldError.invalid(field, "", "can have at most 128 characters")
    if len((obj.get("message") or "").encode()) > 1024:
        yield FieldError.invalid("message", "", "can have at most 1024 characters")


def _part(field: str, name: str) -> Callable[[Object], str]:
    return lambda obj: str((obj.get(field) or {}).get(name) or "")


def _text(field: str) -> Callable[[Object], str]:
    return lambda obj: str(obj.get(field) or "")


def _reporter(obj: Object) -> str:
    return _part("source", "component")(obj) or _text("reportingComponent")(obj)


def _first(obj: Object) -> str | None:
    return obj.get("firstTimestamp") or obj.get("eventTime")


def _last_seen(obj: Object, now: datetime) -> str:
    series: dict[str, Any] = obj.get("series") or {}
    last = series.get("lastObservedTime") or obj.get("lastTimestamp") or _first(obj)
    times = series.get("count") or obj.get("count") or 1
    since = age(last, now)
    return f"{since} (x{times} over {age(_first(obj), now)})" if times > 1 else since


def _about(obj: Object, _: datetime) -> str:
    involved = obj.get("involvedObject") or {}
    return f"{str(involved.get('kind') or '').lower()}/{involved.get('name') or ''}"


def _source(obj: Object, _: datetime) -> str:
    host = _part("source", "host")(obj) or _text("reportingInstance")(obj)
    return f"{_reporter(obj)}, {host}" if host else _reporter(obj)


EVENT = Kind(
    group="",
    version="v1",
    kind="Event",
    plural="events",
    singular="event",
    short_names=("ev",),
    namespaced=True,
    schema=top(
        "io.k8s.api.core.v1.Event",
        "Something that happened to an object, told for people.",
        {
            "involvedObject": OBJECT_REFERENCE.of("What the event is about."),
            "reason": text("Why, in one CamelCase word."),
            "message": text("What happened, for people."),
            "source": _SOURCE.of("Who reports the event."),
            "firstTimestamp": moment("When the event was first seen."),
            "lastTimestamp": moment("When the event was last seen."),
            "count": integer("How often the event came."),
            "type": text("Normal or Warning."),
            "eventTime": moment("When the event was first seen, to the microsecond."),
            "series": _SERIES.of("How often the event came again."),
            "action": text("What was done or failed."),
            "related": OBJECT_REFERENCE.of("A second object that the event is about."),
            "reportingComponent": text("The controller that reports."),
            "reportingInstance": text("The instance of that controller."),
        },
        required=("metadata", "involvedObject"),
    ),
    validate=lambda obj: tuple(_validate(obj)),
    columns=(
        Column("Last Seen", _last_seen, description="Time since the event was last seen."),
        Column("Type", lambda obj, _: _text("type")(obj), description="Normal or Warning."),
        Column("Reason", lambda obj, _: _text("reason")(obj), description="Why, in one word."),
        Column("Object", _about, description="What the event is about."),
        Column(
            "Subobject",
            lambda obj, _: _part("involvedObject", "fieldPath")(obj),
            description="The part of the object.",
            wide=True,
        ),
        Column("Source", _source, description="Who reports the event.", wide=True),
        Column(
            "Message", lambda obj, _: _text("message")(obj).strip(), description="What happened."
        ),
        Column(
            "First Seen",
            lambda obj, now: age(_first(obj), now),
            description="Time since the event was first seen.",
            wide=True,
        ),
        Column(
            "Count",
            lambda obj, _: (obj.get("series") or {}).get("count") or obj.get("count") or 1,
            type="integer",
            description="How often the event came.",
            wide=True,
        ),
        Column(NAME.name, NAME.value, format="name", description=NAME.description, wide=True),
    ),
    selectable={
        "involvedObject.kind": _part("involvedObject", "kind"),
        "involvedObject.namespace": _part("involvedObject", "namespace"),
        "involvedObject.name": _part("involvedObject", "name"),
        "involvedObject.uid": _part("involvedObject", "uid"),
        "involvedObject.apiVersion": _part("involvedObject", "apiVersion"),
        "involvedObject.resourceVersion": _part("involvedObject", "resourceVersion"),
        "involvedObject.fieldPath": _part("involvedObject", "fieldPath"),
        "reason": _text("reason"),
        "reportingComponent": _reporter,
        "source": _reporter,
        "type": _text("type"),
    },
)
