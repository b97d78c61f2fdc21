"""
Give objects the form that a client asks for: as they are, as a Table, or their metadata alone.

Which form that is, `kube_accept` has read from the request.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from wharfinger.cluster import tables
from wharfinger.cluster.errors import BadRequest
from wharfinger.cluster.feed import WatchEvent
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.paging import Page
from wharfinger.cluster.states import States
from wharfinger.cluster.tables import Include
from wharfinger.server.kube_accept import Form
from wharfinger.server.kube_warnings import warned


@dataclass(frozen=True, slots=True)
class Shape:
    """How one client wants the objects of one kind."""

    kind: Kind
    form: Form
    include: Include
    now: datetime

    def object(self, obj: Object) -> Object:
        match self.form:
            case Form.TABLE:
                version = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
                return self._table([obj], version)
            case Form.PARTIAL:
                return tables.partial(obj)
        return obj

    def list(self, page: Page) -> Object:
        metadata: dict[str, Any] = {"resourceVersion": str(page.revision)}
        if page.continue_token:
            metadata["continue"] = page.continue_token
        if page.remaining is not None:
            metadata["remainingItemCount"] = page.remaining
        match self.form:
            case Form.TABLE:
                return self._table(page.items, metadata)
            case Form.PARTIAL:
                return tables.partial_list(page.items, metadata)
        return {
            "kind": f"{self.kind.kind}List",
            "apiVersion": self.kind.api_version,
            "metadata": metadata,
            "items": page.items.json if isinstance(page.items, States) else page.items,
        }

    def event(self, event: WatchEvent, *, first: bool) -> dict[str, Any]:
        """One line of a watch; a Table tells its columns in the `first` one only."""
        return {"type": event.type, "object": self._watched(event, first=first)}

    def _watched(self, event: WatchEvent, *, first: bool) -> Object | msgspec.Raw:
        if self.form is Form.PLAIN:
            return event.json
        if self.form is Form.PARTIAL:
            return tables.partial(event.object)
        version = event.object["metadata"].get("resourceVersion", "")
        rows = [] if event.type == "BOOKMARK" else [event.object]
        return self._table(rows, {"resourceVersion": version}, headers=first)

    def _table(
        self, objects: Iterable[Object], metadata: dict[str, Any], *, headers: bool = True
    ) -> Object:
        return tables.table(
            self.kind,
            objects,
            self.now,
            metadata=metadata,
            include=self.include,
            headers=headers,
        )


def included(asked: str | None) -> Include:
    """What `includeObject` of a Table asks for."""
    try:
        return Include(asked or Include.METADATA)
    except ValueError:
        raise BadRequest(f"unsupported includeObject value: {str(asked)[:40]!r}") from None


def respond(content: Any, status: int = 200, warnings: Sequence[str] = ()) -> Response:
    return warned(
        Response(msgspec.json.encode(content), status, media_type="application/json"), warnings
    )
