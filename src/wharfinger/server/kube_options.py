"""Read what the query (and, for a deletion, the body) of a request asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final, TypeVar

from starlette.datastructures import QueryParams

from wharfinger.cluster import list_rules, selector
from wharfinger.cluster.apply import managers
from wharfinger.cluster.errors import BadRequest, OptionsInvalid
from wharfinger.cluster.kind import FieldError, Kind
from wharfinger.cluster.options import (
    DeleteOptions,
    FieldValidation,
    ListOptions,
    Options,
    Propagation,
    WatchOptions,
)
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.selector import Selector

MAX_WATCH_SECONDS: Final = 3600
_MAX_LIMIT: Final = 1 << 31
_LONGEST_GRACE: Final = 1 << 31
_Choice = TypeVar("_Choice", bound=StrEnum)


def of_write(
    query: QueryParams,
    warn: Callable[[str], None],
    *,
    agent: str = "",
    kind: str = "UpdateOptions",
) -> Options:
    """A client that says nothing about unknown fields is warned of them.

    Who does not say as whom it manages fields is what it calls itself, its `agent`. `kind` is
    that of these options, for errors.
    """
    manager = query.get("fieldManager", "")
    if error := managers.name_error(manager):
        raise OptionsInvalid(kind, [FieldError.invalid("fieldManager", manager, error)])
    asked = query.get("fieldValidation") or FieldValidation.WARN
    return Options(
        dry_run=_dry_run(query.getlist("dryRun")),
        field_validation=_choice("fieldValidation", asked, FieldValidation),
        field_manager=manager or managers.named_by_agent(agent),
        warn=warn,
    )


def of_patch(
    query: QueryParams, patch_type: PatchType, warn: Callable[[str], None], *, agent: str
) -> Options:
    """An apply says who applies, and may be forced; other patches cannot."""
    applies = patch_type is PatchType.APPLY
    if applies and not query.get("fieldManager"):
        missing = FieldError.required("fieldManager", "is required for apply patch")
        raise OptionsInvalid("PatchOptions", [missing])
    if not applies and query.get("force"):
        needless = FieldError.forbidden("force", "may not be specified for non-apply patch")
        raise OptionsInvalid("PatchOptions", [needless])
    options = of_write(query, warn, agent=agent, kind="PatchOptions")
    return replace(options, force=flag("force", query.get("force")))


def of_list(kind: Kind, query: QueryParams) -> ListOptions:
    list_rules.check(_asked(query, watch=False))
    return ListOptions(
        selector=_selector(kind, query),
        limit=limit(query),
        continue_token=query.get("continue", ""),
        resource_version=query.get("resourceVersion", ""),
        resource_version_match=query.get("resourceVersionMatch", ""),
    )


def of_watch(kind: Kind, query: QueryParams) -> WatchOptions:
    list_rules.check(_asked(query, watch=True))
    initial = query.get("sendInitialEvents")
    return WatchOptions(
        selector=_selector(kind, query),
        resource_version=query.get("resourceVersion", ""),
        bookmarks=flag("allowWatchBookmarks", query.get("allowWatchBookmarks")),
        initial_events=None if not initial else flag("sendInitialEvents", initial),
    )


def of_delete(
    query: QueryParams, body: Mapping[str, Any], warn: Callable[[str], None]
) -> DeleteOptions:
    """The body has the last word, as its fields are the newer way to ask."""
    preconditions = body.get("preconditions") or {}
    if not isinstance(preconditions, dict):
        raise BadRequest("preconditions: must be an object")
    return DeleteOptions(
        dry_run=_dry_run(body.get("dryRun") or query.getlist("dryRun")),
        uid=_text("preconditions.uid", preconditions.get("uid")),
        resource_version=_text(
            "preconditions.resourceVersion", preconditions.get("resourceVersion")
        ),
        propagation=_propagation(query, body),
        grace=_grace(body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))),
        warn=warn,
    )


def named(query: QueryParams) -> str:
    """The one object that a list or a watch can only be about, as its field selector says."""
    return selector.exact_name(query.get("fieldSelector", ""))


def limit(query: QueryParams) -> int:
    return number("limit", query.get("limit"), 0, _MAX_LIMIT)


def number(name: str, text: str | None, low: int, high: int) -> int:
    if not text:
        return low
    if re.fullmatch("[0-9]{1,12}", text, re.ASCII) is None or not low <= int(text) <= high:
        raise BadRequest(f"{name}: invalid value {text[:40]!r}: must be from {low} to {high}")
    return int(text)


def flag(name: str, text: str | None) -> bool:
    match text:
        case None | "" | "false" | "0":
            return False
        case "true" | "1":
            return True
    raise BadRequest(f"{name}: invalid value {text[:40]!r}: must be true or false")


def watches(query: QueryParams) -> bool:
    return flag("watch", query.get("watch"))


def _asked(query: QueryParams, *, watch: bool) -> list_rules.Asked:
    return list_rules.Asked(
        watch=watch,
        version=query.get("resourceVersion", ""),
        match=query.get("resourceVersionMatch", ""),
        goes_on=query.get("continue", ""),
        initial=bool(query.get("sendInitialEvents")),
    )


def _selector(kind: Kind, query: QueryParams) -> Selector:
    return selector.parse(kind, query.get("labelSelector", ""), query.get("fieldSelector", ""))


def _propagation(query: QueryParams, body: Mapping[str, Any]) -> Propagation | None:
    asked = body.get("propagationPolicy") or query.get("propagationPolicy")
    if asked:
        return _choice("propagationPolicy", asked, Propagation)
    orphan = body.get("orphanDependents")
    if orphan is None and (said := query.get("orphanDependents")):
        orphan = flag("orphanDependents", said)
    if orphan is None:
        return None
    return Propagation.ORPHAN if orphan is True else Propagation.BACKGROUND


def _grace(asked: Any) -> int | None:
    """Seconds to end in; what is below zero is a second, as in Kubernetes."""
    if asked is None or asked == "":
        return None
    if isinstance(asked, str) and re.fullmatch("-?[0-9]{1,12}", asked, re.ASCII):
        asked = int(asked)
    if not isinstance(asked, int) or isinstance(asked, bool) or asked > _LONGEST_GRACE:
        told = repr(asked)[:40]
        raise BadRequest(f"gracePeriodSeconds: invalid value {told}: must be a number of seconds")
    return asked if asked >= 0 else 1


def _dry_run(asked: Any) -> bool:
    if not isinstance(asked, list) or any(one not in ("All", "") for one in asked):
        raise BadRequest(f'dryRun: Unsupported value: {asked!r}: supported values: "All"')
    return "All" in asked


def _choice(name: str, value: Any, choices: type[_Choice]) -> _Choice:
    known: Sequence[_Choice] = list(choices)
    for one in known:
        if one == value:
            return one
    told = ", ".join(f'"{one}"' for one in known)
    raise BadRequest(f"{name}: Unsupported value: {str(value)[:40]!r}: supported values: {told}")


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRequest(f"{name}: must be a string")
    return value
