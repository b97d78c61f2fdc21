"""
The variables of an Ansible inventory, with the place and the scope of each.

    INI:   [group] and [group:vars] sections; hosts with `name=value` behind them
    YAML:  groups with `vars`, `hosts` and `children`
    group_vars/ and host_vars/ beside it: a mapping for each group or host

Nothing is evaluated: a template (`{{ … }}`) or a vault stays text. A value in INI may be a JSON or
Python literal in the text, which is read where it is used.
https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from wharfinger.errors import BadInput
from wharfinger.hosts.formats.registries_conf import Place
from wharfinger.hosts.formats.source import Source
from wharfinger.hosts.site import document
from wharfinger.hosts.site.document import Node

ALL: Final = "all"

_SECTION: Final = re.compile(
    r"\[(?P<group>[^\]:]+)(?::(?P<kind>vars|children|hosts))?\]\s*(?:#.*)?"
)
_VARIABLE: Final = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*)", re.ASCII)
_YAML: Final = (".yml", ".yaml", ".json")
_FOLDERS: Final = ("group_vars", "host_vars")


class InvalidInventory(BadInput):
    code = "invalid-inventory"

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(f"cannot read the inventory at {place}: {reason}")


@dataclass(frozen=True, slots=True)
class Variable:
    """`scope` is a group or a host; `value` is text, or what YAML had."""

    name: str
    value: object
    scope: str
    is_host: bool
    place: Place


def variables(files: Mapping[str, bytes]) -> Iterator[Variable]:
    """Those of an inventory and the files beside it, by path; raise `InvalidInventory`,
    `UnreadableDocument` or `UnreadableFile`.
    """
    for path, content in files.items():
        folder = _variables_folder(path)
        if folder is not None:
            yield from _of_folder(path, folder, content)
        elif _is_yaml(path, content):
            yield from _of_yaml(path, content)
        else:
            yield from _of_ini(Source.read(content, path))


def _variables_folder(path: str) -> str | None:
    return next((part for part in path.split("/")[:-1] if part in _FOLDERS), None)


def _of_folder(path: str, folder: str, content: bytes) -> Iterator[Variable]:
    """`group_vars/NAME`, `group_vars/NAME.yml` or `group_vars/NAME/anything`."""
    rest = path.split("/")
    scope = rest[rest.index(folder) + 1]
    root, extension = posixpath.splitext(scope)
    scope = root if extension in _YAML else scope
    if not _is_blank(content):
        node = document.read_foreign(path, content)
        yield from _variables(node, path, scope, is_host=folder == "host_vars")


def _is_blank(content: bytes) -> bool:
    """A file of comments only, as templates of projects have them."""
    lines = (line.strip() for line in content.splitlines())
    return all(not line or line.startswith(b"#") or line == b"---" for line in lines)


def _variables(node: Node, path: str, scope: str, *, is_host: bool) -> Iterator[Variable]:
    for name, inner in _mapping(node).items():
        line = (node.lines or {}).get(name, inner.line)
        yield Variable(name, inner.plain(), scope, is_host, Place(path, line))


def _mapping(node: Node | None) -> dict[str, Node]:
    return node.value if node is not None and isinstance(node.value, dict) else {}


# YAML


def _is_yaml(path: str, content: bytes) -> bool:
    if path.endswith(_YAML):
        return True
    lines = (line.strip() for line in content.decode(errors="replace").splitlines())
    first = next((line for line in lines if line and not line.startswith(("#", ";"))), "")
    return first == "---" or first.startswith("{") or bool(re.fullmatch(r"[\w.-]+:", first))


def _of_yaml(path: str, content: bytes) -> Iterator[Variable]:
    """Groups, or else a plain mapping of variables as `-e @FILE` takes it."""
    root = document.read_foreign(path, content)
    groups = _mapping(root)
    if any(_mapping(node).keys() & {"hosts", "children", "vars"} for node in groups.values()):
        for name, node in groups.items():
            yield from _of_group(name, node, path)
    else:
        yield from _variables(root, path, ALL, is_host=False)


def _of_group(name: str, node: Node, path: str) -> Iterator[Variable]:
    parts = _mapping(node)
    if "vars" in parts:
        yield from _variables(parts["vars"], path, name, is_host=False)
    for host, inner in _mapping(parts.get("hosts")).items():
        yield from _variables(inner, path, host, is_host=True)
    for child, inner in _mapping(parts.get("children")).items():
        yield from _of_group(child, inner, path)


# INI


def _of_ini(source: Source) -> Iterator[Variable]:
    group, kind = "ungrouped", "hosts"
    for number, raw in enumerate(source.body.splitlines(), 1):
        line, place = raw.strip(), Place(source.name, number)
        if not line or line.startswith(("#", ";")):
            continue
        section = _SECTION.fullmatch(line)
        if section is not None:
            group, kind = section["group"], section["kind"] or "hosts"
        elif line.startswith("["):
            raise InvalidInventory(place, "this is no section")
        elif kind == "vars":
            yield _of_line(line, group, place)
        elif kind == "hosts":
            yield from _of_host(line, place)


def _of_line(line: str, group: str, place: Place) -> Variable:
    """One variable of a group. What follows " #" is a comment, unless it is quoted."""
    found = _VARIABLE.fullmatch(line)
    if found is None:
        raise InvalidInventory(place, "a variable is written name=value")
    return Variable(found["name"], _bare(found["value"]), group, False, place)


def _bare(value: str) -> str:
    if value[:1] in ("'", '"'):
        end = value.find(value[0], 1)
        if end > 0 and not value[end + 1 :].split("#")[0].strip():
            return value[1:end]
    return re.split(r"\s#", value, maxsplit=1)[0].strip()


def _of_host(line: str, place: Place) -> Iterator[Variable]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise InvalidInventory(place, str(error).lower()) from None
    for word in words[1:]:
        found = _VARIABLE.fullmatch(word)
        if found is not None:
            yield Variable(found["name"], found["value"], words[0], True, place)
