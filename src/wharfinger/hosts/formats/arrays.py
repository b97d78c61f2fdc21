"""
Edit a list that is written with brackets and commas, item by item.

JSON and TOML write lists alike. Items that go are taken out, items that come are put at the end, and
all that stands between the others stays: line breaks, comments, a comma after the last item. Where
the order changes, or nothing of the list stays, this has no answer and the list is written anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from wharfinger.hosts.formats.source import Source, Span

Literal = Callable[[Any], str]
Edit = tuple[Span, str]

_REST_OF_LINE: Final = re.compile(r"[ \t]*(,?)[ \t]*(?:#[^\n]*)?\r?\n")


def edited(
    source: Source,
    items: Sequence[Span],
    old: Sequence[Any],
    new: Sequence[Any],
    literal: Literal,
) -> Source | None:
    """The source with the list whose items stand at `items` as `new`; `None` if it has no answer."""
    stays = [value in new for value in old]
    kept = [value for value in old if value in new]
    if not kept or kept != list(new[: len(kept)]):
        return None
    added = [literal(value) for value in new[len(kept) :]]
    rests = [_rest_of_own_line(source, item) for item in items]
    if all(rest is not None for rest in rests):
        edits = _by_lines(source, items, stays, added, [rest for rest in rests if rest is not None])
    else:
        edits = _within_lines(items, stays, added)
    return source.with_edits(*edits)


def _rest_of_own_line(source: Source, item: Span) -> re.Match[str] | None:
    """What follows an item that has its line for itself: a comma, a comment."""
    start, end = item
    if source.body[source.line_start(start) : start].strip():
        return None
    return _REST_OF_LINE.match(source.body, end)


def _by_lines(
    source: Source,
    items: Sequence[Span],
    stays: Sequence[bool],
    added: Sequence[str],
    rests: Sequence[re.Match[str]],
) -> list[Edit]:
    edits: list[Edit] = [
        ((source.line_start(start), rest.end()), "")
        for (start, _), stay, rest in zip(items, stays, rests, strict=True)
        if not stay
    ]
    last = max(index for index, stay in enumerate(stays) if stay)
    end, comma_at_end = rests[-1].end(), bool(rests[-1][1])
    if added:
        indent = source.indent(items[-1][0])
        final = "," if comma_at_end else ""
        lines = f",{source.newline}{indent}".join(added)
        edits.append(((end, end), f"{indent}{lines}{final}{source.newline}"))
    if not comma_at_end and added and not rests[last][1]:
        edits.append(((items[last][1],) * 2, ","))
    if not comma_at_end and not added and rests[last][1]:
        edits.append((rests[last].span(1), ""))
    return edits


def _within_lines(items: Sequence[Span], stays: Sequence[bool], added: Sequence[str]) -> list[Edit]:
    last = max(index for index, stay in enumerate(stays) if stay)
    edits: list[Edit] = [
        ((items[index][0], items[index + 1][0]), "")
        for index, stay in enumerate(stays[:last])
        if not stay
    ]
    tail = (items[last][1], items[-1][1])
    return [*edits, (tail, "".join(f", {text}" for text in added))]
