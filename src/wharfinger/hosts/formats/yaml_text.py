"""
YAML that somebody else keeps: the oldest `registries.conf`, a mapping of lists of names, edited in its
lines.

    registries:
      - registry.access.redhat.com
    insecure_registries: []
    block_registries:
      - all

ruamel.yaml reads the file and tells where each node stands; anchors, aliases, tags and further
documents have no place here and are refused before anything is built from them, and so is a key that
stands twice. An edit adds or takes out items, or writes one list anew. What it made is read again and
has to mean exactly what was asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    NodeEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from wharfinger.hosts.formats import arrays, places
from wharfinger.hosts.formats.source import (
    DEPTH_LIMIT,
    CannotEdit,
    FileTooLarge,
    Source,
    Span,
    UnreadableFile,
)

SIZE_LIMIT: Final = 64 * 1024

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9./-]*(?::[0-9]+)?(?:/[A-Za-z0-9._/-]+)?")
_WORDS: Final = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key of the mapping: `start` is where it stands, `node` its value."""

    start: int
    node: Node


@dataclass(frozen=True, slots=True)
class YamlText:
    """A YAML file whose root is a mapping; an edit returns another one."""

    source: Source
    value: dict[str, Any]
    """What the file says, each scalar as the text that is written. It is the caller's to read."""
    _entries: dict[str, _Entry]

    @classmethod
    def parse(cls, content: bytes | None, name: str) -> YamlText:
        """Read a file, or `None` for one that is yet to be made. Raise `UnreadableFile` or
        `FileTooLarge`."""
        return cls._of(Source.read(content or b"", name, limit=SIZE_LIMIT))

    @classmethod
    def _of(cls, source: Source) -> YamlText:
        root = _composed(source)
        if root is None:
            return cls(source, {}, {})
        value = _plain(source, root)
        if not isinstance(root, MappingNode):
            raise source.fault("it is no mapping", root.start_mark.index)
        entries = {key.value: _Entry(key.start_mark.index, node) for key, node in root.value}
        return cls(source, value, entries)

    @property
    def content(self) -> bytes:
        return self.source.content

    def get(self, key: str) -> Any:
        return self.value.get(key)

    def line_of(self, key: str, index: int | None = None) -> int | None:
        """The line of a key, or of an item of its list, counted from one."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if index is None:
            return self.source.line(entry.start)
        items = entry.node.value if isinstance(entry.node, SequenceNode) else []
        return self.source.line(items[index].start_mark.index) if index < len(items) else None

    def with_list(self, key: str, items: Sequence[str]) -> YamlText:
        """Set the list of `key`. Raise `CannotEdit` where that cannot be written in this file."""
        if self.value.get(key) == list(items):
            return self
        entry = self._entries.get(key)
        edited = self._added(key, items) if entry is None else self._replaced(key, entry, items)
        return self._checked(edited, {**self.value, key: list(items)})

    def without(self, key: str) -> YamlText:
        """Take out a key with its value; what is not there stays so."""
        if key not in self._entries:
            return self
        edited = self.source.with_edits((self._extent(key), ""))
        return self._checked(
            edited, {name: value for name, value in self.value.items() if name != key}
        )

    def _checked(self, source: Source, wanted: dict[str, Any]) -> YamlText:
        try:
            edited = YamlText._of(source)
        except UnreadableFile as error:
            raise CannotEdit(
                source.name, f"its layout has no place for it ({error.reason})"
            ) from None
        if not places.same(edited.value, wanted):
            raise CannotEdit(source.name, "the edited text would not say what is wanted")
        return edited

    def _added(self, key: str, items: Sequence[str]) -> Source:
        if self.source.body.lstrip().startswith("{"):
            raise CannotEdit(self.source.name, "it is written in braces")
        return self.source.with_lines(len(self.source.body), _lines(key, items, "  "))

    def _replaced(self, key: str, entry: _Entry, items: Sequence[str]) -> Source:
        node, old = entry.node, self.value[key]
        if isinstance(node, SequenceNode) and node.flow_style:
            spans = [_span(item) for item in node.value]
            edited = arrays.edited(self.source, spans, old, items, scalar)
            text = f"[{', '.join(map(scalar, items))}]"
            return edited or self.source.with_edits((_span(node), text))
        if isinstance(node, SequenceNode):
            edited = self._by_items(node, old, items)
            if edited is not None:
                return edited
        start, end = self._extent(key)
        dashes = isinstance(node, SequenceNode) and node.value
        indent = self._dash_indent(node) if dashes else "  "
        newline = self.source.newline
        text = newline.join(_lines(key, items, indent)) + newline
        return self.source.with_edits(((start, end), text))

    def _by_items(self, node: SequenceNode, old: list[Any], items: Sequence[str]) -> Source | None:
        """Whole lines out and in, if what stays keeps its order."""
        kept = [value for value in old if value in items]
        if not kept or kept != list(items[: len(kept)]):
            return None
        source = self.source
        gone = [item for item, value in zip(node.value, old, strict=True) if value not in items]
        if any(item.start_mark.line != item.end_mark.line for item in node.value):
            return None
        edits: list[tuple[Span, str]] = [
            (
                (source.line_start(item.start_mark.index), source.line_end(item.start_mark.index)),
                "",
            )
            for item in gone
        ]
        end = source.line_end(node.value[-1].start_mark.index)
        lead = "" if source.body[:end].endswith("\n") else source.newline
        indent = self._dash_indent(node)
        added = "".join(f"{indent}- {scalar(one)}{source.newline}" for one in items[len(kept) :])
        return source.with_edits(*edits, ((end, end), lead + added if added else ""))

    def _dash_indent(self, node: Node) -> str:
        return self.source.indent(node.value[-1].start_mark.index)

    def _extent(self, key: str) -> Span:
        """The lines of a key and its value, up to its last item: comments below it stay."""
        entry = self._entries[key]
        last = entry.node
        while isinstance(last, (SequenceNode, MappingNode)) and last.value and not last.flow_style:
            inner = last.value[-1]
            last = inner[1] if isinstance(inner, tuple) else inner
        end = max(last.start_mark.index, last.end_mark.index - 1) if last.value else entry.start
        if isinstance(last, SequenceNode):
            end = last.end_mark.index - 1
        return (self.source.line_start(entry.start), self.source.line_end(max(entry.start, end)))


def scalar(text: str) -> str:
    """Text that no reader of YAML takes for anything else."""
    if _PLAIN.fullmatch(text) and not _WORDS.fullmatch(text):
        return text
    return json.dumps(text, ensure_ascii=False)


def _lines(key: str, items: Sequence[str], indent: str) -> list[str]:
    if not items:
        return [f"{key}: []"]
    return [f"{key}:", *(f"{indent}- {scalar(item)}" for item in items)]


def _span(node: Node) -> Span:
    return (node.start_mark.index, node.end_mark.index)


def _composed(source: Source) -> Node | None:
    try:
        _require_plain(source)
        root: Node | None = YAML(typ="safe", pure=True).compose(source.body)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        column = None if mark is None else mark.column + 1
        reason = (error.problem or "it is no YAML")[:200]
        raise UnreadableFile(source.name, reason, line=line, column=column) from None
    except YAMLError as error:
        raise UnreadableFile(source.name, str(error).partition("\n")[0][:200]) from None
    return root


def _require_plain(source: Source) -> None:
    """Walk over the events, which build nothing and do not recurse."""
    depth = documents = 0
    for event in YAML(typ="safe", pure=True).parse(source.body):
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            raise UnreadableFile(source.name, "anchors and aliases have no place in it", line=line)
        if getattr(event, "ctag", None) and str(event.ctag) not in ("None", ""):
            raise UnreadableFile(source.name, "tags have no place in it", line=line)
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise UnreadableFile(source.name, "it has a second document", line=line)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            raise FileTooLarge(source.name, f"it is nested more than {DEPTH_LIMIT} levels deep")


def _plain(source: Source, node: Node) -> Any:
    """The node as dictionaries, lists and text; an empty value is `None`."""
    if isinstance(node, SequenceNode):
        return [_plain(source, item) for item in node.value]
    if isinstance(node, MappingNode):
        result: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise source.fault("a key is no text", key.start_mark.index)
            if key.value in result:
                raise source.fault(f"the key {key.value[:80]!r} stands twice", key.start_mark.index)
            result[key.value] = _plain(source, value)
        return result
    text: str = node.value
    return None if str(node.tag).endswith(":null") else text
