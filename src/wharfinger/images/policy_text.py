"""
An image policy as text, in any of its forms; what is wrong with it is told with its lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wharfinger.hosts.site import document as documents
from wharfinger.hosts.site.document import Node
from wharfinger.hosts.site.faults import Fault, UnreadableDocument
from wharfinger.policy.imagepolicy import config, document, remarks
from wharfinger.policy.imagepolicy.config import Policy
from wharfinger.policy.imagepolicy.faults import InvalidImagePolicy, Path, dotted


class UnusableImagePolicy(UnreadableDocument):
    """A file of image policy with faults."""

    code = "unusable-image-policy"
    where_to_look = "docs/reference/image-policy.md lists every field"


@dataclass(frozen=True, slots=True)
class PolicyText:
    """`remarks` say what it has that is never done, each with its line."""

    policy: Policy
    remarks: tuple[Fault, ...]


def parse(name: str, content: bytes) -> PolicyText:
    """Raise `UnusableImagePolicy` with all faults."""
    root = documents.read_foreign(name, content)
    plain = root.plain()
    try:
        found = document.extract(plain)
    except InvalidImagePolicy as error:
        raise UnusableImagePolicy(name, tuple(_with_lines(error, root))) from None
    node = next(_nodes_of(root, plain, found), root)
    try:
        policy = config.read(found)
    except InvalidImagePolicy as error:
        raise UnusableImagePolicy(name, tuple(_with_lines(error, node))) from None
    told = (
        Fault(_line(node, remark.path), dotted(remark.path), remark.message)
        for remark in remarks.remarks(policy)
    )
    return PolicyText(policy, tuple(told))


def _with_lines(error: InvalidImagePolicy, node: Node) -> Iterator[Fault]:
    for fault in error.faults:
        yield Fault(_line(node, fault.path), dotted(fault.path), fault.message, error.remedy)


def _line(node: Node, place: Path) -> int:
    """That of the place, or of the last thing on the way there that is in the file."""
    line = node.line
    for step in place:
        value = node.value
        if isinstance(value, dict) and isinstance(step, str) and step in value:
            line = (node.lines or {}).get(step, value[step].line)
            node = value[step]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            node = value[step]
            line = node.line
        else:
            break
    return line


def _nodes_of(node: Node, plain: Any, wanted: Any) -> Iterator[Node]:
    """The node whose value is this very object; none for one that stood there as text."""
    if plain is wanted:
        yield node
    elif isinstance(node.value, dict):
        for key, inner in node.value.items():
            yield from _nodes_of(inner, plain[key], wanted)
