"""Reading an image policy from disk; what is wrong with it is told with its lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wharfinger.cli import site_file
from wharfinger.errors import NotFound
from wharfinger.hosts.site import document as documents
from wharfinger.hosts.site.document import Node
from wharfinger.hosts.site.faults import Fault, UnreadableDocument
from wharfinger.hosts.site.file import NoFile
from wharfinger.policy.imagepolicy import config, document, remarks
from wharfinger.policy.imagepolicy.config import Policy
from wharfinger.policy.imagepolicy.faults import InvalidImagePolicy, dotted
from wharfinger.policy.imagepolicy.faults import Path as Place


class UnusableImagePolicy(UnreadableDocument):
    """A file of image policy with faults."""

    code = "unusable-image-policy"
    where_to_look = "docs/reference/image-policy.md lists every field"


class NoPolicyFile(NotFound):
    code = "no-policy-file"

    def __init__(self, path: Path) -> None:
        super().__init__(f"cannot read {str(path)!r}: there is no such file")


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """`remarks` say what it has that is never done, each with its line."""

    policy: Policy
    remarks: tuple[Fault, ...]


def load(path: Path) -> PolicyFile:
    """The policy in a file of any of its forms; raise `UnusableImagePolicy` with all faults."""
    try:
        content = site_file.read(path, str(path), limit=documents.MAX_BYTES).content
    except NoFile:
        raise NoPolicyFile(path) from None
    return parse(str(path), content)


def parse(name: str, content: bytes) -> PolicyFile:
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
    return PolicyFile(policy, tuple(told))


def _with_lines(error: InvalidImagePolicy, node: Node) -> Iterator[Fault]:
    for fault in error.faults:
        yield Fault(_line(node, fault.path), dotted(fault.path), fault.message, error.remedy)


def _line(node: Node, place: Place) -> int:
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
